"""Facts out of one snapshot, in a number of statements that depends on neither tenants nor history (`design.md` 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Result

from health.collector import collector_paused
from health.coverage import PastSet, PastSets
from health.details import CapturedJson, ListedSet, PartInVerdict, SetKey, part_in_verdict
from health.facts import BASIS_STATUSES, BackupItem, BackupSchedule, TenantFacts, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.quality import BackupQualityResolver
from health.store import statements
from health.store.assembly import ROWS_AT_ONCE, facts_in, fleet_rows
from health.store.rows import SET_WIDTH, RowReader, UnreadableRow, as_text, tally


def read_facts(connection: Connection, external_ids: Sequence[str] | None = None) -> list[TenantFacts]:
    """The facts of every tenant to judge, or of those named that exist and are not archived; in no order."""
    # The rows are gone, in the function called, before the collector comes back and would go through them.
    with collector_paused():
        return _read_facts(connection, external_ids)


def _read_facts(connection: Connection, external_ids: Sequence[str] | None) -> list[TenantFacts]:
    dialect = connection.dialect.name

    def run(statement: str) -> Iterator[Sequence[Any]]:
        named = (
            {"external_ids": list(external_ids)} if external_ids is not None and ":external_ids" in statement else {}
        )
        return _in_parts(connection.execute(statements.of_a_verdict(statement), named))

    return list(facts_in(dialect, fleet_rows(dialect, run, narrowed=external_ids is not None)))


def _in_parts(result: Result[Any]) -> Iterator[Sequence[Any]]:
    return result.partitions(ROWS_AT_ONCE)


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
    result = connection.execute(statements.past_sets(connection.dialect.name), parameters)
    rows = list(chain.from_iterable(_in_parts(result)))
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
