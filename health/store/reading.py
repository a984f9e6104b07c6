"""Facts out of one snapshot, in a number of statements that depends on neither tenants nor history (`design.md` 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable

from health.collector import collector_paused
from health.coverage import PastSet, PastSets
from health.details import CapturedJson, ListedSet, PartInVerdict, SetKey, part_in_verdict
from health.facts import BASIS_STATUSES, BackupItem, BackupSchedule, Tenant, TenantFacts, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.quality import BackupQualityResolver
from health.store import statements
from health.store.rows import SET_WIDTH, RowReader, UnreadableRow, as_text, by_tenant, tally, unreadable


def read_facts(connection: Connection, external_ids: Sequence[str] | None = None) -> list[TenantFacts]:
    """The facts of every tenant to judge, or of those named that exist and are not archived; in no order."""
    # The rows are gone, in the function called, before the collector comes back and would go through them.
    with collector_paused():
        return _read_facts(connection, external_ids)


def _read_facts(connection: Connection, external_ids: Sequence[str] | None) -> list[TenantFacts]:
    dialect, narrowed = connection.dialect.name, external_ids is not None
    parameters = {} if external_ids is None else {"external_ids": list(external_ids)}
    tenants = _rows(connection, statements.judged_tenants(dialect, narrowed), parameters)
    sets = _rows(connection, statements.basis_sets(dialect, narrowed), parameters)
    schedules = _rows(connection, statements.enabled_schedules(dialect, narrowed), parameters)
    lost = _rows(connection, statements.unreadable_candidates(dialect))
    assembly = _Assembly(RowReader(dialect), sets, schedules, lost)
    return [assembly.facts(row) for row in tenants]


def _rows(connection: Connection, statement: Executable, parameters: dict[str, Any] | None = None) -> list[Any]:
    """All rows, some hundred at a time: while a driver makes rows of bytes, no other thread runs, nor the screens."""
    return [row for rows in connection.execute(statement, parameters).partitions(500) for row in rows]


def read_sets(
    connection: Connection, health: TenantBackupHealth, policy: HealthPolicy, limit: int, before: SetKey | None = None
) -> tuple[ListedSet, ...]:
    """A tenant's sets, newest first, whatever their status; those older than `before` where it is given."""
    listing = _Listing(RowReader(connection.dialect.name), health, policy)
    parameters = {"tenant_id": health.tenant.id, "most": limit}
    if before is not None:
        parameters |= before._asdict()
    rows = connection.execute(statements.sets_page(connection.dialect.name, before is not None), parameters)
    return tuple(map(listing.listed, rows))


def read_past_sets(connection: Connection, tenant_id: int, begin: datetime, end: datetime, limit: int) -> PastSets:
    """The sets that were the basis of a readable tenant between two instants: the latest `limit` of them."""
    reader = RowReader(connection.dialect.name)
    # One more, to know whether there are older ones without counting them all.
    parameters = {"tenant_id": tenant_id, "begin": begin, "end": end, "most": limit + 1}
    rows = _rows(connection, statements.past_sets(connection.dialect.name), parameters)
    return PastSets([_past_set(reader, row) for row in rows[:limit]], len(rows) > limit)


def _past_set(reader: RowReader, row: Any) -> PastSet:
    completed_at = reader.instant(row[10], "backup_sets", "completed_at", row[0])
    try:
        backup_set = reader.backup_set(row)
    except UnreadableRow:
        backup_set = None
    return PastSet(completed_at, row[0], backup_set, *row[SET_WIDTH:])


def read_set(connection: Connection, health: TenantBackupHealth, policy: HealthPolicy, set_id: int) -> ListedSet | None:
    """One set of a tenant; None where there is none of this id."""
    row = connection.execute(statements.one_set(connection.dialect.name, health.tenant.id, set_id)).one_or_none()
    return None if row is None else _Listing(RowReader(connection.dialect.name), health, policy).listed(row)


def read_items(connection: Connection, tenant_id: int, set_id: int) -> tuple[BackupItem, ...]:
    """The items of a set that are not deleted, degraded ones first."""
    reader = RowReader(connection.dialect.name)
    return tuple(map(reader.item, connection.execute(statements.items_of(tenant_id, set_id))))


def read_captured(connection: Connection, tenant_id: int, set_id: int, item_id: int) -> CapturedJson:
    """The captured JSON of one item."""
    row = connection.execute(statements.captured_json(tenant_id, set_id, item_id)).one_or_none()
    return CapturedJson(None, None) if row is None else CapturedJson(*row)


def read_schedules(
    connection: Connection, tenant_id: int
) -> tuple[tuple[BackupSchedule | None, UnreadableEvidence | None], ...]:
    """A tenant's schedules that are not deleted; the evidence instead of one that cannot be read."""
    reader = RowReader(connection.dialect.name)
    found: list[tuple[BackupSchedule | None, UnreadableEvidence | None]] = []
    for row in connection.execute(statements.all_schedules(tenant_id)):
        try:
            found.append((reader.schedule(row), None))
        except UnreadableRow as problem:
            found.append((None, problem.evidence))
    return tuple(found)


class _Listing:
    """Rows of sets as a tenant's verdict sees them."""

    def __init__(self, reader: RowReader, health: TenantBackupHealth, policy: HealthPolicy) -> None:
        self._reader = reader
        self._basis = health.basis
        self._quality = BackupQualityResolver(policy)

    def listed(self, row: Any) -> ListedSet:
        """A set's columns, its counts and when it happened -> the set as a list shows it."""
        set_id, name, status, deleted_at = row[0], as_text(row[3]), row[6], row[12]
        key = SetKey(row.happened_at, set_id)
        counts = tally(row[SET_WIDTH:-1])
        try:
            backup_set = self._reader.backup_set(row)
            if status in BASIS_STATUSES and deleted_at is None:
                self._reader.instant(row[10], "backup_sets", "completed_at", set_id)
        except UnreadableRow as problem:
            return ListedSet(key, name, status, PartInVerdict.UNREADABLE, None, None, problem.evidence)
        part = part_in_verdict(set_id, status, deleted_at is not None, self._basis)
        return ListedSet(key, name, status, part, backup_set, self._quality.resolve(backup_set, counts), None)


class _Assembly:
    """Puts the rows of the statements together, tenant by tenant."""

    def __init__(self, reader: RowReader, sets: Sequence[Any], schedules: Sequence[Any], lost: Sequence[Any]) -> None:
        self._reader = reader
        self._sets = {row[1]: row for row in sets}
        self._schedules = by_tenant(schedules, 1)
        self._lost = by_tenant(lost, 0)

    def facts(self, row: Any) -> TenantFacts:
        """One tenant's facts; a value that cannot be read becomes the evidence instead of an error."""
        tenant_id = row[0]
        try:
            tenant = self._reader.tenant(row)
        except UnreadableRow as problem:
            return _without_verdict(Tenant(tenant_id, as_text(row[1]), as_text(row[2]), None), problem.evidence)
        if lost := self._lost.get(tenant_id):
            _, set_id, value = lost[0]
            return _without_verdict(tenant, unreadable("backup_sets", "completed_at", set_id, value))
        basis = counts = None
        try:
            if (found := self._sets.get(tenant_id)) is not None:
                basis = self._reader.backup_set(found)
                counts = tally(found[SET_WIDTH:])
            schedules = self._read_schedules(tenant_id)
        except UnreadableRow as problem:
            return _without_verdict(tenant, problem.evidence)
        return TenantFacts(tenant, basis, counts, schedules)

    def _read_schedules(self, tenant_id: int) -> tuple[BackupSchedule, ...]:
        rows = self._schedules.get(tenant_id)
        return tuple(map(self._reader.schedule, rows)) if rows else ()


def _without_verdict(tenant: Tenant, evidence: UnreadableEvidence) -> TenantFacts:
    return TenantFacts(tenant, None, None, (), evidence)
