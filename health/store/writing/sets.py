"""Write captured facts by their identity, so that importing twice changes nothing.

Every function uses the caller's transaction: an import is written whole or not at all
(docs/import-folders.md, "The door").
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, delete, insert, select, update

from health.digests import digest_of
from health.losses import Identity
from health.sources.captured import (
    NOT_DELETED,
    CapturedItem,
    CapturedSchedule,
    CapturedSet,
    CapturedTenant,
)
from health.store.opening.errors import StoreConflict
from health.store.reading.roster import no_such_tenant
from health.store.reading.rows import ParseInstant, instant_parser
from health.store.writing.committed import note_created
from health.store.writing.contents import content_of, keep_contents
from health.store.writing.loading import insert_rows
from health.store.writing.tables import backup_items, backup_schedules, backup_sets, captured_payloads, tenants

_ITEM_FIELDS: Final = CapturedItem._fields
_JSON: Final = ("assignments", "payload")
_CONTENT: Final = ("payload", "payload_digest")
_COMPARED: Final = tuple(name for name in _ITEM_FIELDS if name not in _CONTENT)


class ImportSummary(NamedTuple):
    """What an import did, as numbers of rows: its sets by outcome, and the items of the written sets.

    `sets_cancelled` are sets of earlier imports that were not runs.
    """

    sets_created: int = 0
    sets_replaced: int = 0
    sets_unchanged: int = 0
    items_written: int = 0
    sets_cancelled: int = 0

    def plus(self, other: ImportSummary) -> ImportSummary:
        """The sum of the two."""
        return ImportSummary(*(one + two for one, two in zip(self, other, strict=True)))


def tenant_id_of(connection: Connection, external_id: str) -> int:
    """The id of a tenant. Raises StoreConflict if there is none."""
    found = connection.execute(select(tenants.c.id).where(tenants.c.external_id == external_id)).scalar_one_or_none()
    if found is None:
        raise no_such_tenant(external_id)
    return int(found)


def write_tenant(connection: Connection, tenant: CapturedTenant, now: datetime) -> None:
    """Add a tenant, or update the name and archiving of the one with this external id."""
    parse = instant_parser(connection.dialect.name)
    known = connection.execute(
        select(tenants.c.id, tenants.c.name, tenants.c.archived_at).where(tenants.c.external_id == tenant.external_id)
    ).one_or_none()
    if known is None:
        insert_tenant(connection, tenant, now)
    elif known.name != tenant.name or not _same_instant(parse, known.archived_at, tenant.archived_at):
        changed = {"name": tenant.name, "archived_at": tenant.archived_at}
        connection.execute(update(tenants).where(tenants.c.id == known.id).values(changed))


def insert_tenant(connection: Connection, tenant: CapturedTenant, now: datetime) -> None:
    """Add a tenant that does not exist. Raises IntegrityError if somebody else has just added it."""
    values = tenant._replace(created_at=tenant.created_at or now)._asdict()
    connection.execute(insert(tenants).values(values))
    note_created(connection, tenant.external_id)


def write_schedule(connection: Connection, schedule: CapturedSchedule, now: datetime) -> int:
    """Add a schedule, or update the one of this tenant and name. Returns its id."""
    tenant_id = tenant_id_of(connection, schedule.external_id)
    values = schedule._asdict()
    del values["external_id"]
    known = schedule_id_of(connection, tenant_id, schedule.name)
    if known is None and schedule.deleted_at is not None:
        # An earlier import may have deleted it.
        known = schedule_id_of(connection, tenant_id, schedule.name, deleted=True)
    if known is None:
        values |= {"tenant_id": tenant_id, "created_at": schedule.created_at or now}
        inserted = connection.execute(insert(backup_schedules).values(values).returning(backup_schedules.c.id))
        return int(inserted.scalar_one())
    if schedule.created_at is None:
        del values["created_at"]
    connection.execute(
        update(backup_schedules)
        .where(backup_schedules.c.tenant_id == tenant_id, backup_schedules.c.id == known)
        .values(values)
    )
    return known


def schedule_id_of(connection: Connection, tenant_id: int, name: str, *, deleted: bool = False) -> int | None:
    """The id of a tenant's newest schedule of a name: of those that are not deleted, or of those that are."""
    deleted_at = backup_schedules.c.deleted_at
    found = connection.execute(
        select(backup_schedules.c.id)
        .where(
            backup_schedules.c.tenant_id == tenant_id,
            backup_schedules.c.name == name,
            deleted_at.is_not(None) if deleted else deleted_at.is_(None),
        )
        .order_by(backup_schedules.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if found is None else int(found)


def write_set(
    connection: Connection, captured: CapturedSet, now: datetime, dropped: Set[tuple[int, str]] = frozenset()
) -> ImportSummary:
    """Write one set with its items: a new one, or a replacement of the one with the same source and reference.

    A set that is equal in every item is not changed. A deleted set or item stays deleted, unless the facts explicitly
    say that it is not. `dropped` are the contents, by tenant id and digest, that this import removed.
    """
    tenant_id = tenant_id_of(connection, captured.external_id)
    known = _known_set(connection, tenant_id, captured)
    if known is None:
        set_id = _insert_set(connection, tenant_id, captured, now)
        _insert_items(connection, tenant_id, set_id, _with_deletions(captured.items, {}))
        return ImportSummary(sets_created=1, items_written=len(captured.items))
    values, items = _in_place_of(connection, tenant_id, captured, known)
    lost_content = any((tenant_id, item.payload_digest) in dropped for item in items)
    same = _same_set(connection, known, values) and _same_items(connection, tenant_id, known.id, items)
    if same and not lost_content:
        return ImportSummary(sets_unchanged=1)
    the_set = and_(backup_sets.c.tenant_id == tenant_id, backup_sets.c.id == known.id)
    connection.execute(update(backup_sets).where(the_set).values(values))
    connection.execute(
        delete(backup_items).where(backup_items.c.tenant_id == tenant_id, backup_items.c.backup_set_id == known.id)
    )
    _insert_items(connection, tenant_id, known.id, items)
    return ImportSummary(sets_replaced=1, items_written=len(items))


def would_change(connection: Connection, captured: CapturedSet) -> bool:
    """Whether writing a set would change anything that is stored."""
    tenant_id = tenant_id_of(connection, captured.external_id)
    known = _known_set(connection, tenant_id, captured)
    if known is None:
        return True
    values, items = _in_place_of(connection, tenant_id, captured, known)
    return not (_same_set(connection, known, values) and _same_items(connection, tenant_id, known.id, items))


def keep_place(connection: Connection, captured: CapturedSet, now: datetime) -> bool:
    """Give a set its id before it is written, if it is not stored yet: as a `running` set without items.

    Returns whether it is new. Raises StoreConflict.
    """
    tenant_id = tenant_id_of(connection, captured.external_id)
    if _known_set(connection, tenant_id, captured) is not None:
        return False
    _insert_set(connection, tenant_id, captured._replace(status="running", completed_at=None), now)
    return True


def stored_items(
    connection: Connection, tenant_id: int, set_id: int, identities: Collection[Identity]
) -> list[CapturedItem]:
    """These items of a stored set, by type and identifier, with their captured values.

    If content is stored by its digest, the item has only the digest.
    """
    if not identities:
        return []
    rows = connection.execute(
        select(*_item_columns()).where(backup_items.c.tenant_id == tenant_id, backup_items.c.backup_set_id == set_id)
    )
    parse = instant_parser(connection.dialect.name)
    return [_as_captured(parse, row) for row in rows if (row.policy_type, row.policy_identifier) in identities]


def _as_captured(parse: ParseInstant, row: Any) -> CapturedItem:
    values = dict(zip(_ITEM_FIELDS, row, strict=True))
    for name in (name for name in _ITEM_FIELDS if name.endswith("_at") and values[name] is not None):
        try:
            values[name] = parse(values[name])
        except ValueError:
            values[name] = None
    return CapturedItem(**values)


def _known_set(connection: Connection, tenant_id: int, captured: CapturedSet) -> Any:
    identity = and_(
        backup_sets.c.tenant_id == tenant_id,
        backup_sets.c.source == captured.source,
        backup_sets.c.source_ref == captured.source_ref,
    )
    return connection.execute(select(backup_sets).where(identity)).one_or_none()


def _insert_set(connection: Connection, tenant_id: int, captured: CapturedSet, now: datetime) -> int:
    values = _set_values(connection, tenant_id, captured)
    values |= {"tenant_id": tenant_id, "created_at": captured.created_at or now}
    return int(connection.execute(insert(backup_sets).values(values).returning(backup_sets.c.id)).scalar_one())


def _in_place_of(
    connection: Connection, tenant_id: int, captured: CapturedSet, known: Any
) -> tuple[dict[str, Any], Sequence[CapturedItem]]:
    """The new columns and items of a stored set."""
    values = _set_values(connection, tenant_id, captured)
    if captured.deleted_at is None:
        del values["deleted_at"]
    if captured.created_at is not None:
        values["created_at"] = captured.created_at
    return values, _with_deletions(captured.items, _deleted_items(connection, tenant_id, known.id))


def _set_values(connection: Connection, tenant_id: int, captured: CapturedSet) -> dict[str, Any]:
    schedule_id = None
    if captured.schedule is not None:
        schedule_id = schedule_id_of(connection, tenant_id, captured.schedule)
        if schedule_id is None:
            raise StoreConflict(
                f"The tenant {captured.external_id!r} has no schedule {captured.schedule!r}:"
                " add it with 'tenantpilot schedule add'."
            )
    deleted_at = None if captured.deleted_at is NOT_DELETED else captured.deleted_at
    values = captured._asdict() | {"schedule_id": schedule_id, "deleted_at": deleted_at}
    for name in ("external_id", "items", "schedule", "created_at"):
        del values[name]
    return values


def _insert_items(connection: Connection, tenant_id: int, set_id: int, items: Sequence[CapturedItem]) -> None:
    columns = ("tenant_id", "backup_set_id", *_ITEM_FIELDS)
    rows = keep_contents(connection, tenant_id, items)
    insert_rows(connection, backup_items, columns, ((tenant_id, set_id, *row) for row in rows))


def _deleted_items(connection: Connection, tenant_id: int, set_id: int) -> dict[tuple[str, str], datetime]:
    """The instant of deletion of each deleted stored item."""
    deleted = connection.execute(
        select(backup_items.c.policy_type, backup_items.c.policy_identifier, backup_items.c.deleted_at).where(
            backup_items.c.tenant_id == tenant_id,
            backup_items.c.backup_set_id == set_id,
            backup_items.c.deleted_at.is_not(None),
        )
    ).fetchall()
    parse = instant_parser(connection.dialect.name)
    known: dict[tuple[str, str], datetime] = {}
    for row in deleted:
        with suppress(ValueError):
            known[row.policy_type, row.policy_identifier] = parse(row.deleted_at)
    return known


def _with_deletions(items: Sequence[CapturedItem], known: Mapping[tuple[str, str], datetime]) -> Sequence[CapturedItem]:
    """The items to store. An item that says nothing about a deletion gets the `known` one."""
    if not known and all(item.deleted_at is not NOT_DELETED for item in items):
        return items
    return [item._replace(deleted_at=_deletion_of(item, known)) for item in items]


def _deletion_of(item: CapturedItem, known: Mapping[tuple[str, str], datetime]) -> datetime | None:
    if item.deleted_at is NOT_DELETED:
        return None
    return item.deleted_at or known.get((item.policy_type, item.policy_identifier))


def _same_set(connection: Connection, known: Any, values: dict[str, Any]) -> bool:
    parse = instant_parser(connection.dialect.name)
    return all(
        _same_instant(parse, getattr(known, name), value) if name.endswith("_at") else getattr(known, name) == value
        for name, value in values.items()
    )


def _item_columns() -> list[ColumnElement[Any]]:
    """The columns of an item that a source gives; JSON as text."""
    return [
        cast(backup_items.c[name], Text).label(name) if name in _JSON else backup_items.c[name] for name in _ITEM_FIELDS
    ]


def _same_items(connection: Connection, tenant_id: int, set_id: int, items: Sequence[CapturedItem]) -> bool:
    by_digest = and_(
        captured_payloads.c.tenant_id == backup_items.c.tenant_id,
        captured_payloads.c.digest == backup_items.c.payload_digest,
    )
    rows = connection.execute(
        select(*_item_columns(), captured_payloads.c.digest.label("kept"))
        .join_from(backup_items, captured_payloads, by_digest, isouter=True)
        .where(backup_items.c.tenant_id == tenant_id, backup_items.c.backup_set_id == set_id)
    ).fetchall()
    if len(rows) != len(items):
        return False
    parse = instant_parser(connection.dialect.name)
    known = {(row.policy_type, row.policy_identifier): row for row in rows}
    for item in items:
        row = known.get((item.policy_type, item.policy_identifier))
        if row is None or not _same_item(parse, row, item) or not _same_content(connection, tenant_id, row, item):
            return False
    return True


def _same_item(parse: ParseInstant, row: Any, item: CapturedItem) -> bool:
    """Whether everything but the content is equal."""
    for name in _COMPARED:
        stored, captured = getattr(row, name), getattr(item, name)
        if name.endswith("_at"):
            same = _same_instant(parse, stored, captured)
        elif name in _JSON:
            same = _same_json(stored, captured)
        else:
            same = stored == captured
        if not same:
            return False
    return True


def _same_content(connection: Connection, tenant_id: int, row: Any, item: CapturedItem) -> bool:
    """Whether the content is equal, and stored if the item has it."""
    if item.payload is None:
        # Content of this digest may still be stored, because another set has it.
        return row.payload is None and bool(row.payload_digest == item.payload_digest)
    if row.kept is None:
        return _same_json(row.payload, item.payload)
    if row.kept == (item.payload_digest or digest_of(item.payload)):
        return True
    # Two texts that RFC 8785 refuses may differ only in white space.
    return _same_json(content_of(connection, tenant_id, row.kept), item.payload)


def _same_instant(parse: ParseInstant, stored: Any, captured: datetime | None) -> bool:
    if stored is None or captured is None:
        return stored is captured
    try:
        return parse(stored) == captured
    except ValueError:
        return False


def _same_json(stored: str | None, captured: str | None) -> bool:
    """Compared as values: PostgreSQL keeps neither the order of keys nor white space."""
    if stored is None or captured is None or stored == captured:
        return stored == captured
    try:
        return _same_value(_exact(stored), _exact(captured))
    except ValueError:
        return False


def _same_value(one: Any, other: Any) -> bool:
    """Equal as JSON, where `true` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_value(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same_value, one, other))
    return bool(one == other)


def _exact(text: str) -> Any:
    """JSON with every digit: PostgreSQL gives 1e23 back written out, and 1e-400 is not 0."""
    return json.loads(text, parse_float=Decimal)
