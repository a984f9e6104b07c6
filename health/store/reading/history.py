"""What is read beside a verdict: sets to compare, last good copies, failing sets, and the sets of a period.

(docs/reading.md, "One snapshot")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, groupby
from typing import Any, Final, NamedTuple

from health.causes import FailingSet
from health.changes import CapturedItem, LastGoodCopy, SoughtCopy, wanted_copies
from health.coverage import PastSet, TenantPast
from health.facts import BackupItem, BackupSet, UnreadableEvidence
from health.instants import EARLIEST
from health.store.columns import BACKUP_SETS
from health.store.opening.statements import Asked, Row, Statements
from health.store.reading import distributed_statements
from health.store.reading import history_statements as statements
from health.store.reading.rows import COUNTS_FROM, RowReader, UnreadableRow, as_text, without_unreadable_items

_COMPLETED_AT: Final = BACKUP_SETS.place("completed_at")
_DELETED_AT: Final = BACKUP_SETS.place("deleted_at")
_TENANT_ID: Final = BACKUP_SETS.place("tenant_id")
_FEW_TENANTS: Final = 1_000
"""Of up to so many tenants a statement names the ids; of more the whole fleet is asked for."""


class ReadSet(NamedTuple):
    """A set as it was read, or what of it cannot be read."""

    backup_set: BackupSet | None
    unreadable: UnreadableEvidence | None = None


class SideOfTwo(NamedTuple):
    """Of one of two sets the items, not deleted, that may differ from the other's, and how many items it has in all."""

    items: list[CapturedItem]
    present: int


class History:
    """Sets and items beside the verdict, as the snapshot's own transaction sees them."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection
        self._dialect = connection.dialect
        self._reader = RowReader(self._dialect)

    def missing_tenants(self, external_ids: Sequence[str]) -> set[str]:
        """Those external ids that no tenant has, archived or not."""
        found = self._connection.rows(statements.EXISTING_TENANTS, {"external_ids": list(external_ids)})
        return set(external_ids).difference(row[0] for row in found)

    def set_of(self, tenant_id: int, set_id: int) -> ReadSet | None:
        """One set of a tenant, whatever its status; None where there is none of this id."""
        return self._one_set(statements.COMPARED_SET, {"tenant_id": tenant_id, "set_id": set_id})

    def reference_of(self, backup_set: BackupSet) -> ReadSet | None:
        """The tenant's last completed set of the same source before this one; None where there is none."""
        if backup_set.completed_at is None:
            return None  # it has no place among those that have one
        asked = {"source": backup_set.source, "completed_at": backup_set.completed_at, "set_id": backup_set.id}
        return self._one_set(statements.REFERENCE_SET, {"tenant_id": backup_set.tenant_id, **asked})

    def _one_set(self, statement: str, parameters: Mapping[str, Any]) -> ReadSet | None:
        rows = self._connection.rows(statement, parameters)
        try:
            return ReadSet(self._reader.backup_set(rows[0])) if rows else None
        except UnreadableRow as problem:
            return ReadSet(None, problem.evidence)

    def items_to_compare(self, tenant_id: int, before_id: int, after_id: int) -> tuple[SideOfTwo, SideOfTwo]:
        """The items of two sets that may differ, and how many each has: what of an item cannot be read stands in it."""
        asked = {"tenant_id": tenant_id, "before_id": before_id, "after_id": after_id}
        rows, counts = self._connection.run(
            [Asked(statements.items_that_may_differ(self._dialect), asked), Asked(statements.ITEMS_PRESENT, asked)]
        )
        found: dict[int, list[CapturedItem]] = {before_id: [], after_id: []}
        for row in chain.from_iterable(rows):
            item = self._reader.item(row[1 : 1 + statements.ITEM_WIDTH])
            assignments = row[1 + statements.ITEM_WIDTH]
            found[row[0]].append(CapturedItem(item, None if assignments is None else as_text(assignments)))
        present = {row[0]: row[1] for row in chain.from_iterable(counts)}
        before, after = (SideOfTwo(found[set_id], present.get(set_id, 0)) for set_id in (before_id, after_id))
        return before, after

    def contents(self, tenant_id: int, item_ids: Sequence[int]) -> dict[int, str]:
        """The captured JSON of some items by their ids, as far as it was kept."""
        if not item_ids:
            return {}
        rows = self._connection.rows(statements.CONTENTS, {"tenant_id": tenant_id, "item_ids": list(item_ids)})
        return {item_id: as_text(content) for item_id, content in rows}

    def last_good_copies(self, basis: BackupSet, reference: BackupSet | None) -> tuple[SoughtCopy, ...]:
        """What a basis has degraded, or lacks against its reference set, each with its last good copy."""
        asked = {
            "tenant_id": basis.tenant_id,
            "basis_id": basis.id,
            "completed_at": basis.completed_at,
            "reference_id": None if reference is None else reference.id,
        }
        in_basis: list[BackupItem] = []
        gone: list[BackupItem] = []
        copies: dict[tuple[str, str], LastGoodCopy] = {}
        for row in self._connection.rows(statements.last_good_copies(self._dialect), asked):
            item = self._reader.item(row[1 : 1 + statements.ITEM_WIDTH])
            (in_basis if row[0] == basis.id else gone).append(item)
            if (copy := self._copy(row[1 + statements.ITEM_WIDTH :])) is not None:
                copies[item.policy_type, item.policy_identifier] = copy
        wanted = wanted_copies(in_basis, gone)
        return tuple(SoughtCopy(each, copies.get((each.policy_type, each.policy_identifier))) for each in wanted)

    def _copy(self, row: Row) -> LastGoodCopy | None:
        set_id, name, completed_at, item_id, kept = row
        if set_id is None:
            return None
        completed = self._reader.instant(completed_at, "backup_sets", "completed_at", set_id)
        return LastGoodCopy(set_id, as_text(name), completed, item_id, bool(kept))

    def failing_sets(self, tenant_ids: Sequence[int], fleet_since: datetime | None = None) -> dict[int, FailingSet]:
        """The newest set with an error of each tenant named, by its id, unless it is older than the tenant's basis.

        With `fleet_since` of all other tenants too: the newest one from that instant on, whatever their basis.
        """
        found: dict[int, FailingSet] = {}
        for tenant_id, set_id, error, happened in self._failing_rows(tenant_ids, fleet_since):
            happened_at = self._reader.instant(happened, "backup_sets", "completed_at", set_id)
            found[tenant_id] = FailingSet(set_id, as_text(error), happened_at)
        return found

    def _failing_rows(self, tenant_ids: Sequence[int], fleet_since: datetime | None) -> Iterable[Row]:
        if len(tenant_ids) > _FEW_TENANTS:
            fleet_since = EARLIEST
        if self._connection.distributed:
            narrowed = fleet_since is None
            return self._connection.rows(
                distributed_statements.failing_sets(narrowed), {"tenant_ids": list(tenant_ids)} if narrowed else {}
            )
        asked = []
        if tenant_ids and fleet_since != EARLIEST:
            asked.append(Asked(statements.failing_sets(self._dialect, True), {"tenant_ids": list(tenant_ids)}))
        if fleet_since is not None:
            asked.append(Asked(statements.failing_sets(self._dialect, False), {"since": fleet_since}))
        return chain.from_iterable(chain.from_iterable(self._connection.run(asked))) if asked else ()

    def pasts(
        self, begin: datetime, end: datetime, tenant_ids: Sequence[int] | None
    ) -> Iterator[tuple[int, TenantPast]]:
        """The sets completed in a period, tenant by tenant, and when the first that a tenant ever had was.

        Of all tenants to judge, or of those named. One tenant's sets at a time are held.
        """
        narrowed = tenant_ids is not None
        ids = {"tenant_ids": list(tenant_ids or ())} if narrowed else {}
        first = statements.first_sets(self._dialect, narrowed)
        if self._connection.distributed:
            first = distributed_statements.first_sets(narrowed)
        period = Asked(statements.sets_of_a_period(self._dialect, narrowed), {"begin": begin, "end": end, **ids})
        firsts, sets = self._connection.run([Asked(first, ids), period])
        first_at = {row[0]: self._first_at(*row) for row in chain.from_iterable(firsts)}
        seen: set[int] = set()
        for tenant_id, rows in groupby(chain.from_iterable(sets), key=lambda row: row[_TENANT_ID]):
            seen.add(tenant_id)
            yield tenant_id, TenantPast(list(self._past_sets(rows)), first_at.get(tenant_id))
        for tenant_id, at in first_at.items():
            if tenant_id not in seen:
                yield tenant_id, TenantPast([], at)

    def _first_at(self, tenant_id: int, completed_at: object) -> datetime | None:
        if completed_at is None:
            return None
        return self._reader.instant(completed_at, "backup_sets", "completed_at", tenant_id)

    def _past_sets(self, rows: Iterable[Row]) -> Iterator[PastSet]:
        for row in rows:
            try:
                completed_at = self._reader.instant(row[_COMPLETED_AT], "backup_sets", "completed_at", row[0])
            except UnreadableRow:
                continue  # a deleted one, or its tenant is unreadable
            if row[_DELETED_AT] is not None:
                yield PastSet(completed_at, row[0], None, 0, 0, deleted=True)
                continue
            try:
                backup_set = self._reader.backup_set(row)
                without_unreadable_items(row)
            except UnreadableRow:
                backup_set = None
            yield PastSet(completed_at, row[0], backup_set, *row[COUNTS_FROM : COUNTS_FROM + 2])
