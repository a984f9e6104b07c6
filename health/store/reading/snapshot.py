"""Facts out of one snapshot, in a number of statements that depends on neither tenants nor history.

(docs/reading.md, "One snapshot")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Result

from health.answers import CapturedJson, ListedSet, PartInVerdict, SetKey, part_in_verdict
from health.coverage import PastSet, PastSets
from health.facts import BASIS_STATUSES, BackupItem, BackupSchedule, TenantFacts, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.quality import BackupQualityResolver
from health.store.reading import statements
from health.store.reading.assembly import ROWS_AT_ONCE, facts_in, fleet_rows
from health.store.reading.collector import collector_paused
from health.store.reading.rows import COUNTS_FROM, RowReader, UnreadableRow, shown_text, tally, without_unreadable_items


class Snapshot:
    """The facts as one transaction sees them. Whatever it answers with is made of rows that belong together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._reader = RowReader(self._dialect)

    def facts(self, external_ids: Sequence[str] | None = None) -> list[TenantFacts]:
        """The facts of every tenant to judge, or of those named that exist and are not archived; in no order."""
        # The rows are gone, in the function called, before the collector comes back and would go through them.
        with collector_paused():
            return self._facts(external_ids)

    def _facts(self, external_ids: Sequence[str] | None) -> list[TenantFacts]:
        parameters = {"external_ids": list(external_ids or ())}

        def run(statement: str) -> Iterator[Sequence[Any]]:
            return _in_parts(self._connection.execute(statements.of_a_verdict(statement), parameters))

        return list(facts_in(self._dialect, fleet_rows(self._dialect, run, narrowed=external_ids is not None)))

    def sets(
        self, health: TenantBackupHealth, policy: HealthPolicy, limit: int, before: SetKey | None = None
    ) -> tuple[ListedSet, ...]:
        """A tenant's sets, newest first, whatever their status; those older than `before` where it is given."""
        listing = _Listing(self._reader, health, policy)
        parameters = {"tenant_id": health.tenant.id, "most": limit}
        if before is not None:
            parameters |= before._asdict()
        rows = self._connection.execute(statements.sets_page(self._dialect, before is not None), parameters)
        return tuple(map(listing.listed, rows))

    def past_sets(self, tenant_id: int, begin: datetime, end: datetime, limit: int) -> PastSets:
        """The sets that were the basis of a readable tenant between two instants: the latest `limit` of them."""
        # One more, to know whether there are older ones without counting them all.
        parameters = {"tenant_id": tenant_id, "begin": begin, "end": end, "most": limit + 1}
        result = self._connection.execute(statements.past_sets(self._dialect), parameters)
        rows = list(chain.from_iterable(_in_parts(result)))
        return PastSets([self._past_set(row) for row in rows[:limit]], len(rows) > limit)

    def _past_set(self, row: Any) -> PastSet:
        completed_at = self._reader.instant(row[10], "backup_sets", "completed_at", row[0])
        try:
            backup_set = self._reader.backup_set(row)
            without_unreadable_items(row)
        except UnreadableRow:
            backup_set = None
        return PastSet(completed_at, row[0], backup_set, *row[COUNTS_FROM:])

    def set_of(self, health: TenantBackupHealth, policy: HealthPolicy, set_id: int) -> ListedSet | None:
        """One set of a tenant; None where there is none of this id."""
        statement = statements.one_set(self._dialect, health.tenant.id, set_id)
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else _Listing(self._reader, health, policy).listed(row)

    def items(self, tenant_id: int, set_id: int) -> tuple[BackupItem, ...]:
        """The items of a set that are not deleted, unreadable ones first, then degraded ones."""
        statement = statements.items_of(self._dialect, tenant_id, set_id)
        return tuple(map(self._reader.item, self._connection.execute(statement)))

    def captured(self, tenant_id: int, set_id: int, item_id: int) -> CapturedJson:
        """The captured JSON of one item."""
        row = self._connection.execute(statements.captured_json(tenant_id, set_id, item_id)).one_or_none()
        return CapturedJson(None, None) if row is None else CapturedJson(*row)

    def schedules(self, tenant_id: int) -> tuple[tuple[BackupSchedule | None, UnreadableEvidence | None], ...]:
        """A tenant's schedules that are not deleted; the evidence instead of one that cannot be read."""
        found: list[tuple[BackupSchedule | None, UnreadableEvidence | None]] = []
        for row in self._connection.execute(statements.all_schedules(self._dialect), {"tenant_id": tenant_id}):
            try:
                found.append((self._reader.schedule(row), None))
            except UnreadableRow as problem:
                found.append((None, problem.evidence))
        return tuple(found)


def _in_parts(result: Result[Any]) -> Iterator[Sequence[Any]]:
    return result.partitions(ROWS_AT_ONCE)


class _Listing:
    """Rows of sets as a tenant's verdict sees them."""

    def __init__(self, reader: RowReader, health: TenantBackupHealth, policy: HealthPolicy) -> None:
        self._reader = reader
        self._basis = health.basis
        self._quality = BackupQualityResolver(policy)

    def listed(self, row: Any) -> ListedSet:
        """A set's columns, those of its items and when it happened -> the set as a list shows it."""
        set_id, status, deleted_at = row[0], row[6], row[12]
        name, status_shown = shown_text(row[3]), shown_text(status)
        key = SetKey(row.happened_at, set_id)
        try:
            backup_set = self._reader.backup_set(row)
            counts = tally(row[:-1])
            if status in BASIS_STATUSES and deleted_at is None:
                self._reader.instant(row[10], "backup_sets", "completed_at", set_id)
        except UnreadableRow as problem:
            return ListedSet(key, name, status_shown, PartInVerdict.UNREADABLE, None, None, problem.evidence)
        part = part_in_verdict(set_id, status, deleted_at is not None, self._basis)
        return ListedSet(key, name, status_shown, part, backup_set, self._quality.resolve(backup_set, counts), None)
