"""What the store already has of a source's sets, so that an import need not read unchanged backups again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, exists, func, or_, select

from health.sources.captured import CapturedSet, StoredSet
from health.store.reading.rows import instant_parser
from health.store.writing.tables import backup_items, backup_schedules, backup_sets, captured_payloads, tenants

_NOT_OF_THE_FRAME: Final = ("created_at", "deleted_at")
_FRAME: Final = tuple(name for name in CapturedSet._fields if name in backup_sets.c and name not in _NOT_OF_THE_FRAME)

_OF_THE_SET: Final = and_(
    backup_items.c.tenant_id == backup_sets.c.tenant_id, backup_items.c.backup_set_id == backup_sets.c.id
)

_ITS_SCHEDULE: Final = and_(
    backup_schedules.c.tenant_id == backup_sets.c.tenant_id,
    backup_schedules.c.id == backup_sets.c.schedule_id,
    backup_schedules.c.deleted_at.is_(None),
)

_CONTENT_IS_KEPT: Final = (
    exists()
    .where(
        captured_payloads.c.tenant_id == backup_items.c.tenant_id,
        captured_payloads.c.digest == backup_items.c.payload_digest,
    )
    .correlate(backup_items)
)
ITEM_HOLDS_JSON: Final = or_(
    backup_items.c.payload.is_not(None), backup_items.c.assignments.is_not(None), _CONTENT_IS_KEPT
)
"""Whether an item has its captured JSON, in a query over `backup_items`."""
SET_HOLDS_JSON: Final = exists().where(_OF_THE_SET, ITEM_HOLDS_JSON).correlate(backup_sets)
"""Whether any item of a set has its captured JSON, in a query over `backup_sets`."""


def stored_sets(connection: Connection, external_id: str, source: str) -> dict[str, StoredSet]:
    """A tenant's sets of one source by their source reference, whether somebody deleted them or not.

    Sets with an instant that cannot be read are left out: an import will correct them.
    """
    query = (
        select(
            *(backup_sets.c[name] for name in _FRAME),
            backup_sets.c.created_at,
            select(func.count()).where(_OF_THE_SET).correlate(backup_sets).scalar_subquery(),
            SET_HOLDS_JSON,
            backup_schedules.c.name.label("schedule"),
        )
        .join(tenants, tenants.c.id == backup_sets.c.tenant_id)
        .join(backup_schedules, _ITS_SCHEDULE, isouter=True)
        .where(
            tenants.c.external_id == external_id,
            backup_sets.c.source == source,
            backup_sets.c.source_ref.is_not(None),
        )
    )
    parse = instant_parser(connection.dialect.name)
    found: dict[str, StoredSet] = {}
    for *columns, created_at, items, holds_json, schedule in connection.execute(query):
        values = dict(zip(_FRAME, columns, strict=True))
        try:
            for name in ("started_at", "completed_at"):
                values[name] = None if values[name] is None else parse(values[name])
            frame = CapturedSet(external_id=external_id, items=(), **values)
            found[frame.source_ref] = StoredSet(frame, items, bool(holds_json), parse(created_at), schedule)
        except ValueError:
            continue
    return found
