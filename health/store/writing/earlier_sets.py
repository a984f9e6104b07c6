"""What a source's stored sets mean for its next one: the types that it has to have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, or_, select

from health.facts import BASIS_STATUSES
from health.sources.missing_types import missing_types_in, stands_for_folder
from health.store.writing.tables import backup_items, backup_sets, tenants


def types_of_last_completed_set(
    connection: Connection,
    external_id: str,
    source: str,
    before: datetime | None = None,
    reference: str | None = None,
) -> frozenset[str]:
    """The policy types with files in a tenant's last completed set of a source: what its next run has to have.

    With `before`, the last one that was completed earlier than that instant: an old run may be imported later. With
    `reference`, what is stored of that very set comes before all others: imported again, it is held against itself;
    one that is not stored yet comes after those that were completed at its instant.

    A set may have taken the place of the last completed one and be partial. Then what it has and what it names as
    missing are still expected, so that no import makes a type forgotten but one that is told that it is gone.
    """
    query = _sets_to_hold_against(external_id, source, before, reference)
    latest = connection.execute(query.limit(1)).one_or_none()
    if latest is None or latest.status == "completed":
        return frozenset() if latest is None else frozenset(_types_in(connection, latest))
    expected: set[str] = set()
    partial: list[tuple[Row[Any], frozenset[str]]] = []
    for row in connection.execute(query):
        if row.status == "completed":
            expected |= _types_in(connection, row)
            break
        partial.append((row, missing_types_in(row.error)))
    for row, missing in reversed(partial):
        if missing - expected:
            expected |= missing | _types_in(connection, row)
    return frozenset(expected)


def _sets_to_hold_against(external_id: str, source: str, before: datetime | None, reference: str | None) -> Select[Any]:
    """Tenant, id, status and error of a source's sets with something kept: that of the reference, then the latest."""
    usable: ColumnElement[bool] = backup_sets.c.deleted_at.is_(None)
    if before is not None:
        completed_at = backup_sets.c.completed_at
        # A set that is named comes after those of its own instant: among them the greater id is the later one.
        usable = and_(usable, completed_at < before if reference is None else completed_at <= before)
    its_own = backup_sets.c.source_ref == reference
    columns = (backup_sets.c.tenant_id, backup_sets.c.id, backup_sets.c.status, backup_sets.c.error)
    return (
        select(*columns)
        .join(tenants, tenants.c.id == backup_sets.c.tenant_id)
        .where(
            tenants.c.external_id == external_id,
            backup_sets.c.source == source,
            backup_sets.c.status.in_(BASIS_STATUSES),
            usable if reference is None else or_(usable, its_own),
        )
        .order_by(
            *(() if reference is None else (case((its_own, 0), else_=1),)),
            backup_sets.c.completed_at.desc(),
            backup_sets.c.id.desc(),
        )
    )


def _types_in(connection: Connection, the_set: Row[Any]) -> set[str]:
    """The types that have files in a set, deleted ones left out."""
    columns = (backup_items.c.policy_type, backup_items.c.policy_identifier, backup_items.c.capture_mode)
    of_the_set = and_(
        backup_items.c.tenant_id == the_set.tenant_id,
        backup_items.c.backup_set_id == the_set.id,
        backup_items.c.deleted_at.is_(None),
    )
    unread = backup_items.c.capture_mode.is_(None)
    types = set(connection.execute(select(columns[0]).where(of_the_set, ~unread).distinct()).scalars())
    for item in connection.execute(select(*columns).where(of_the_set, unread)):
        if not stands_for_folder(*item):
            types.add(item.policy_type)
    return types
