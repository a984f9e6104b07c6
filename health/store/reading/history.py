"""What is read in addition to a verdict: sets to compare, last good copies, failing sets, the sets of a period.

(docs/reading.md, "One snapshot")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, groupby
from typing import Any, Final, NamedTuple

from health.causes import FailingSet
from health.changes import CapturedItem, LastGoodCopy, SoughtCopy, wanted_copies
from health.coverage import PastSet, TenantPast
from health.facts import BackupItem, BackupSet, UnreadableEvidence
from health.instants import EARLIEST, LATEST
from health.store.columns import BACKUP_SETS
from health.store.opening.statements import Asked, Row, Statements
from health.store.reading import distributed_statements
from health.store.reading import history_statements as statements
from health.store.reading.rows import COUNTS_FROM, RowReader, UnreadableRow, as_text, without_unreadable_items

_COMPLETED_AT: Final = BACKUP_SETS.place("completed_at")
_DELETED_AT: Final = BACKUP_SETS.place("deleted_at")
_TENANT_ID: Final = BACKUP_SETS.place("tenant_id")
_FEW_TENANTS: Final = 1_000
"""A statement names the ids of up to this many tenants. For more, it asks for the whole fleet."""


class ReadSet(NamedTuple):
    """A set, or the evidence of what cannot be read in it."""

    backup_set: BackupSet | None
    unreadable: UnreadableEvidence | None = None


class SideOfTwo(NamedTuple):
    """One of two sets: its items, not deleted, that may differ from the other set's, and the number of all items.

    By item id it has the content of those without a digest that both sets have, as far as it was kept.
    """

    items: list[CapturedItem]
    present: int
    contents: dict[int, str]


class TwoSets(NamedTuple):
    """Two sets to compare with their items, the earlier one first; None for a set that does not exist."""

    before: ReadSet | None
    after: ReadSet | None
    items_before: SideOfTwo
    items_after: SideOfTwo


class History:
    """Sets and items beside the verdict, as the snapshot's own transaction sees them."""

    def __init__(self, connection: Statements, until: datetime = LATEST) -> None:
        """As of the instant `until`: a later failure does not count as a cause."""
        self._connection = connection
        self._until = until
        self._dialect = connection.dialect
        self._reader = RowReader(self._dialect)

    def missing_tenants(self, external_ids: Sequence[str]) -> set[str]:
        """The external ids that no tenant has, archived or not. It must be the last question."""
        found = self._connection.rows(statements.EXISTING_TENANTS, {"external_ids": list(external_ids)}, last=True)
        return set(external_ids).difference(row[0] for row in found)

    def _set_in(self, rows: Sequence[Row]) -> ReadSet | None:
        try:
            return ReadSet(self._reader.backup_set(rows[0])) if rows else None
        except UnreadableRow as problem:
            return ReadSet(None, problem.evidence)

    def two_sets(self, tenant_id: int, before_id: int | None, after_id: int) -> TwoSets:
        """Two sets of a tenant by their ids, with any status, and the items that may differ.

        Without `before_id` the earlier one is the other's reference set: the tenant's last completed one of the same
        source before it. An item has the evidence of what cannot be read in it.
        """
        of_reference = before_id is None
        asked = {"tenant_id": tenant_id, "after_id": after_id} | ({} if of_reference else {"before_id": before_id})
        earlier = (
            Asked(statements.REFERENCE_OF_AFTER, asked)
            if of_reference
            else Asked(statements.COMPARED_SET, {"tenant_id": tenant_id, "set_id": before_id})
        )
        found = self._connection.run(
            [
                Asked(statements.COMPARED_SET, {"tenant_id": tenant_id, "set_id": after_id}),
                earlier,
                Asked(statements.items_present(of_reference), asked),
                Asked(statements.items_that_may_differ(self._dialect, of_reference), asked),
            ]
        )
        afters, befores, counts, items = (list(chain.from_iterable(parts)) for parts in found)
        ids = [rows[0][0] if rows else None for rows in (befores, afters)]
        present = {row[0]: row[1] for row in counts}
        sides = {each: SideOfTwo([], present.get(each, 0), {}) for each in ids}
        for row in items:
            item = self._reader.item(row[1 : 1 + statements.ITEM_WIDTH])
            assignments, content = row[1 + statements.ITEM_WIDTH :]
            if (side := sides.get(row[0])) is not None:
                side.items.append(CapturedItem(item, None if assignments is None else as_text(assignments)))
                if content is not None:
                    side.contents[item.id] = as_text(content)
        before, after = (sides[each] for each in ids)
        return TwoSets(self._set_in(befores), self._set_in(afters), before, after)

    def contents(self, tenant_id: int, item_ids: Sequence[int]) -> dict[int, str]:
        """The captured JSON of these items by their ids, if it was kept."""
        if not item_ids:
            return {}
        rows = self._connection.rows(statements.CONTENTS, {"tenant_id": tenant_id, "item_ids": list(item_ids)})
        return {item_id: as_text(content) for item_id, content in rows}

    def last_good_copies(self, basis: BackupSet) -> tuple[BackupSet | None, tuple[SoughtCopy, ...]]:
        """A basis's reference set; and the items that the basis lacks or has degraded, with their last good copies."""
        place = _place_of(basis)
        found, rows = self._connection.run(
            [Asked(statements.REFERENCE_SET, place), Asked(statements.last_good_copies(self._dialect), place)]
        )
        read = self._set_in(list(chain.from_iterable(found)))
        reference = None if read is None else read.backup_set
        in_basis: list[BackupItem] = []
        gone: list[BackupItem] = []
        copies: dict[tuple[str, str], LastGoodCopy] = {}
        for row in chain.from_iterable(rows):
            if row[0] != basis.id and reference is None:
                continue  # one of a reference set that cannot be read
            item = self._reader.item(row[1 : 1 + statements.ITEM_WIDTH])
            (in_basis if row[0] == basis.id else gone).append(item)
            if (copy := self._copy(row[1 + statements.ITEM_WIDTH :])) is not None:
                copies[item.policy_type, item.policy_identifier] = copy
        wanted = wanted_copies(in_basis, gone)
        sought = tuple(SoughtCopy(each, copies.get((each.policy_type, each.policy_identifier))) for each in wanted)
        return reference, sought

    def _copy(self, row: Row) -> LastGoodCopy | None:
        set_id, name, completed_at, item_id, kept, status, source, source_ref = row
        if set_id is None:
            return None
        completed = self._reader.instant(completed_at, "backup_sets", "completed_at", set_id)
        of_set = (None if each is None else as_text(each) for each in (status, source, source_ref))
        return LastGoodCopy(set_id, as_text(name), completed, item_id, bool(kept), *of_set)

    def failing_sets(self, tenant_ids: Sequence[int], fleet_since: datetime | None = None) -> dict[int, FailingSet]:
        """The newest set with an error of each of these tenants, by tenant id, unless it is older than the basis.

        With `fleet_since` the newest one of all other tenants too, from that instant on, without regard to their basis.
        It must be the last question.
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
                distributed_statements.failing_sets(narrowed),
                {"until": self._until} | ({"tenant_ids": list(tenant_ids)} if narrowed else {}),
                last=True,
            )
        asked = []
        until = {"until": self._until}
        if tenant_ids and fleet_since != EARLIEST:
            asked.append(Asked(statements.failing_sets(self._dialect, True), until | {"tenant_ids": list(tenant_ids)}))
        if fleet_since is not None:
            asked.append(Asked(statements.failing_sets(self._dialect, False), until | {"since": fleet_since}))
        return chain.from_iterable(chain.from_iterable(self._connection.run(asked, last=True))) if asked else ()

    def pasts(
        self, begin: datetime, end: datetime, tenant_ids: Sequence[int] | None
    ) -> Iterator[tuple[int, TenantPast]]:
        """The sets completed in a period, tenant by tenant, and when the tenant's very first one was completed.

        Of all tenants to judge, or of the named ones. Only one tenant's sets are in memory at a time.
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
        at = self._reader.instant(completed_at, "backup_sets", "completed_at", tenant_id)
        return at if at <= self._until else None

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


def _place_of(backup_set: BackupSet) -> dict[str, Any]:
    """A set's place among its tenant's sets of the same source, as parameters."""
    return {
        "tenant_id": backup_set.tenant_id,
        "source": backup_set.source,
        "completed_at": backup_set.completed_at,
        "set_id": backup_set.id,
    }
