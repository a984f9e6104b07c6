"""What the store has of a source's sets already, so that an import need not read again what it would find unchanged."""

from __future__ import annotations

from sqlalchemy import Connection, exists, or_, select

from health.captured import CapturedSet, StoredSet
from health.store.rows import instant_parser
from health.store.schema import backup_items, backup_sets, tenants
from health.store.statements import tally_columns

_FRAME = ("name", "source", "source_ref", "status", "item_count", "error", "started_at", "completed_at")


def stored_sets(connection: Connection, external_id: str, source: str) -> dict[str, StoredSet]:
    """A tenant's sets of one source by their source reference, whether somebody deleted them or not.

    Left out are those that an import would bring to something else: of a schedule, or with an instant that is none.
    """
    same_set = (backup_items.c.tenant_id == backup_sets.c.tenant_id) & (
        backup_items.c.backup_set_id == backup_sets.c.id
    )
    holds_json = exists().where(
        same_set, or_(backup_items.c.payload.is_not(None), backup_items.c.assignments.is_not(None))
    )
    items, *_ = tally_columns(connection.dialect.name)
    query = (
        select(*(backup_sets.c[name] for name in _FRAME), backup_sets.c.created_at, items, holds_json)
        .join(tenants, tenants.c.id == backup_sets.c.tenant_id)
        .where(
            tenants.c.external_id == external_id,
            backup_sets.c.source == source,
            backup_sets.c.source_ref.is_not(None),
            backup_sets.c.schedule_id.is_(None),
        )
    )
    parse = instant_parser(connection.dialect.name)
    found = {}
    for row in connection.execute(query):
        values = dict(zip(_FRAME, row, strict=False))
        *_, created_at, present, holds = row
        try:
            for name in ("started_at", "completed_at"):
                values[name] = None if values[name] is None else parse(values[name])
            frame = CapturedSet(external_id=external_id, items=(), **values)
            found[frame.source_ref] = StoredSet(frame, present, bool(holds), parse(created_at))
        except ValueError:
            continue
    return found
