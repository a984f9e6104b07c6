"""Facts from one snapshot. The number of statements depends neither on the tenants nor on the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from health.answers import CapturedJson, ListedSet, PartInVerdict, Progress, SetKey, part_in_verdict
from health.collector import collector_paused
from health.facts import BASIS_STATUSES, BackupItem, BackupSchedule, BackupSet, TenantFacts, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.quality import BackupQualityResolver
from health.store.columns import BACKUP_SETS
from health.store.opening.statements import Asked, Row, Statements
from health.store.reading import statements
from health.store.reading.assembly import facts_in, fleet_rows, rows_by_id
from health.store.reading.blocks import BLOCKS, Blocks, blocks_of, tenant_ids_in
from health.store.reading.examination import Examination
from health.store.reading.history import History
from health.store.reading.rows import RowReader, UnreadableRow, shown_text, tally
from health.store.reading.token import CHANGES, COULD_WRITE

_NAME: Final = BACKUP_SETS.place("name")
_STATUS: Final = BACKUP_SETS.place("status")
_COMPLETED_AT: Final = BACKUP_SETS.place("completed_at")
_DELETED_AT: Final = BACKUP_SETS.place("deleted_at")


class WholeFleet(NamedTuple):
    """A fleet's facts, the row of `changes`, whether the role could write, and the digests of its blocks.

    The last two are None if they were not asked for.
    """

    facts: list[TenantFacts]
    changes: Row
    could_write: bool | None
    blocks: Blocks | None


class Snapshot:
    """The facts in one transaction, so that all its answers come from rows of the same instant."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection
        self._dialect = connection.dialect
        self._reader = RowReader(self._dialect)

    @property
    def history(self) -> History:
        """The sets and items beside the verdicts, in the same transaction."""
        return History(self._connection)

    @property
    def examination(self) -> Examination:
        """What the doctor reads, in the same transaction."""
        return Examination(self._connection)

    def facts(
        self, external_ids: Sequence[str] | None = None, as_of: datetime | None = None, *, last: bool = False
    ) -> list[TenantFacts]:
        """The facts of every tenant to judge, or of the named ones that exist and are not archived; in any order.

        With `as_of` the basis is that of the instant, without schedules: their past is not kept. If it is the `last`
        question, its flight ends the snapshot too.
        """
        # The called function frees the rows before the collector is on again and would scan them.
        with collector_paused():
            facts = self._facts(external_ids, as_of=as_of, last=last)[1]
            return facts if as_of is None else [each._replace(of_the_past=True) for each in facts]

    def fleet_and_changes(
        self,
        *,
        with_role: bool = False,
        with_blocks: bool = False,
        progress: Progress | None = None,
        known: Mapping[int, TenantFacts] | None = None,
    ) -> WholeFleet:
        """The facts of every tenant to judge, with their token. It must be the last question.

        `known` are facts of an earlier read, by the tenant's id: those that are equal are the same object. On request a
        server also returns, in the same flight, the role's rights and the digests of the blocks.
        """
        server = self._dialect == "postgresql"
        more = {COULD_WRITE: with_role and server, BLOCKS: with_blocks and server}
        wanted = [statement for statement, asked in more.items() if asked]
        with collector_paused():
            beside = map(Asked, (CHANGES[self._dialect], *wanted))
            (changes, *rows), facts = self._facts(None, *beside, last=True, progress=progress, known=known)
        found = dict(zip(wanted, rows, strict=True))
        could_write = bool(found[COULD_WRITE][0][0]) if COULD_WRITE in found else None
        return WholeFleet(facts, changes[0], could_write, blocks_of(found[BLOCKS]) if BLOCKS in found else None)

    def blocks(self) -> tuple[Row, Blocks]:
        """The answer of `changes`, and the digest of every block of tenants; only for PostgreSQL."""
        changes, blocks = self._connection.run([Asked(CHANGES[self._dialect]), Asked(BLOCKS)])
        ((row,), digests) = ([row for part in parts for row in part] for parts in (changes, blocks))
        return row, blocks_of(digests)

    def facts_in_blocks(self, numbers: Iterable[int]) -> list[TenantFacts]:
        """The facts of the tenants to judge in these blocks. If there are any blocks, it must be the last question."""
        ids = tenant_ids_in(numbers)
        with collector_paused():
            return list(facts_in(self._dialect, rows_by_id(self._connection, ids))) if ids else []

    def _facts(
        self,
        external_ids: Sequence[str] | None,
        *beside: Asked,
        last: bool = False,
        as_of: datetime | None = None,
        progress: Progress | None = None,
        known: Mapping[int, TenantFacts] | None = None,
    ) -> tuple[list[list[Row]], list[TenantFacts]]:
        found, rows = fleet_rows(self._connection, external_ids, beside, last=last, as_of=as_of)
        return found, list(facts_in(self._dialect, rows, progress, known))

    def changes(self) -> Row:
        """The token, which stays equal while no fact changes; null if it cannot be known. The last question."""
        (row,) = self._connection.rows(CHANGES[self._dialect], last=True)
        return row

    def could_write(self) -> Any:
        """Whether the role of a PostgreSQL server may change facts. The last question."""
        ((answer,),) = self._connection.rows(COULD_WRITE, last=True)
        return answer

    def sets(
        self,
        health: TenantBackupHealth,
        policy: HealthPolicy,
        limit: int,
        before: SetKey | None = None,
        schedule_id: int | None = None,
    ) -> tuple[ListedSet, ...]:
        """A tenant's sets, newest first, whatever their status.

        If given, only those older than `before`, and only the runs of one schedule.
        """
        listing = _Listing(self._reader, health, policy)
        parameters = {"tenant_id": health.tenant.id, "most": limit} | ({} if before is None else before._asdict())
        if schedule_id is not None:
            parameters["schedule_id"] = schedule_id
        statement = statements.sets_page(self._dialect, before is not None, schedule_id is not None)
        return tuple(map(listing.listed, self._connection.rows(statement, parameters)))

    def reference_items(self, basis: BackupSet) -> int | None:
        """The number of items in the reference set of a basis; None without one."""
        parameters = {
            "tenant_id": basis.tenant_id,
            "source": basis.source,
            "completed_at": basis.completed_at,
            "set_id": basis.id,
        }
        rows = self._connection.rows(statements.reference_items(self._dialect), parameters)
        return rows[0][0] if rows else None

    def set_of(self, health: TenantBackupHealth, policy: HealthPolicy, set_id: int) -> ListedSet | None:
        """One set of a tenant; None if no set has this id."""
        key = {"tenant_id": health.tenant.id, "set_id": set_id}
        rows = self._connection.rows(statements.one_set(self._dialect), key)
        return _Listing(self._reader, health, policy).listed(rows[0]) if rows else None

    def items(self, tenant_id: int, set_id: int) -> tuple[BackupItem, ...]:
        """The items of a set that are not deleted, unreadable ones first, then degraded ones."""
        key = {"tenant_id": tenant_id, "set_id": set_id}
        rows = self._connection.rows(statements.items_of(self._dialect), key)
        return tuple(map(self._reader.item, rows))

    def captured(self, tenant_id: int, set_id: int, item_id: int) -> CapturedJson:
        """The captured JSON of one item."""
        key = {"tenant_id": tenant_id, "set_id": set_id, "item_id": item_id}
        rows = self._connection.rows(statements.CAPTURED_JSON, key)
        return CapturedJson(*rows[0]) if rows else CapturedJson(None, None)

    def schedules(self, tenant_id: int) -> tuple[tuple[BackupSchedule | None, UnreadableEvidence | None], ...]:
        """A tenant's schedules that are not deleted; for an unreadable one the evidence."""
        found: list[tuple[BackupSchedule | None, UnreadableEvidence | None]] = []
        for row in self._connection.rows(statements.all_schedules(self._dialect), {"tenant_id": tenant_id}):
            try:
                found.append((self._reader.schedule(row), None))
            except UnreadableRow as problem:
                found.append((None, problem.evidence))
        return tuple(found)


class _Listing:
    """The listed sets from their rows, each with its part in the tenant's verdict."""

    def __init__(self, reader: RowReader, health: TenantBackupHealth, policy: HealthPolicy) -> None:
        self._reader = reader
        self._basis = health.basis
        self._quality = BackupQualityResolver(policy)

    def listed(self, row: Row) -> ListedSet:
        """The set's columns, its item columns and when it happened -> the set for a list."""
        set_id, status, deleted_at = row[0], row[_STATUS], row[_DELETED_AT]
        name, status_shown = shown_text(row[_NAME]), shown_text(status)
        key = SetKey(row[-1], set_id)
        try:
            backup_set = self._reader.backup_set(row)
            counts = tally(row[:-1])
            if status in BASIS_STATUSES and deleted_at is None:
                self._reader.instant(row[_COMPLETED_AT], "backup_sets", "completed_at", set_id)
        except UnreadableRow as problem:
            return ListedSet(key, name, status_shown, PartInVerdict.UNREADABLE, None, None, problem.evidence)
        part = part_in_verdict(set_id, status, deleted_at is not None, self._basis)
        return ListedSet(key, name, status_shown, part, backup_set, self._quality.resolve(backup_set, counts), None)
