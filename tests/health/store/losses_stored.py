"""A tenant's stored sets, in the terms of the second implementation of the losses."""

from __future__ import annotations

from sqlalchemy import Connection, select

from health.store.writing.tables import backup_items, backup_sets
from tests.oracle.losses import Identity, Item

Items = dict[Identity, Item]


def sets_as_stored(connection: Connection, tenant_id: int) -> dict[str, tuple[str, str | None, Items]]:
    """Status, error and items of each set, by source reference in the order of their ids."""
    frames = select(backup_sets).where(backup_sets.c.tenant_id == tenant_id).order_by(backup_sets.c.id)
    found: dict[int, tuple[str, tuple[str, str | None, Items]]] = {}
    for row in connection.execute(frames):
        found[row.id] = (row.source_ref, (row.status, row.error, {}))
    for row in connection.execute(select(backup_items).where(backup_items.c.tenant_id == tenant_id)):
        item = Item(row.assignments_state, row.integrity_warning)
        found[row.backup_set_id][1][2][row.policy_type, row.policy_identifier] = item
    return dict(found.values())
