"""Write the facts of one input, its sets in the order in which they happened (docs/concepts.md, "Losses")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from health.instants import EARLIEST
from health.sources.captured import CapturedFacts, CapturedSet
from health.sources.door import Door
from health.store.reading.rows import instant_parser
from health.store.writing.admission import admit
from health.store.writing.same_content import require_own_content, suspected
from health.store.writing.sets import (
    ImportSummary,
    keep_place,
    tenant_id_of,
    write_schedule,
    write_set,
    write_tenant,
)
from health.store.writing.tables import backup_sets

_NOT_STORED: Final = float("inf")

SetWritten = Callable[[CapturedSet], object]
"""Called after each set. There the transaction may end, and another one begin on the same connection."""


def write_facts(
    connection: Connection,
    facts: CapturedFacts,
    now: datetime,
    door: Door,
    dropped: Set[tuple[int, str]] = frozenset(),
    set_written: SetWritten = lambda captured: None,
) -> ImportSummary:
    """Write tenants, schedules and sets. `now` (UTC) is when rows are first written. Raises StoreConflict.

    Each set passes the door, which compares it with those before it, also of this input; new sets still get their ids
    in the order of the input. `dropped` is as in `write_set`.
    """
    for tenant in facts.tenants:
        write_tenant(connection, tenant, now)
    for schedule in facts.schedules:
        write_schedule(connection, schedule, now)
    return _Admitted(connection, facts.sets, now, dropped).written(door, set_written)


class _Admitted:
    """The sets of one input, which pass the door one by one."""

    def __init__(
        self, connection: Connection, sets: Sequence[CapturedSet], now: datetime, dropped: Set[tuple[int, str]]
    ) -> None:
        self._connection = connection
        self._sets = sets
        self._now = now
        self._dropped = dropped
        self._stored_ids: dict[int, int] = {}
        self._behind: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        self._groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for line, captured in enumerate(sets):
            self._groups[captured.external_id, captured.source].append(line)

    def written(self, door: Door, set_written: SetWritten) -> ImportSummary:
        """Write the sets, each after those that come before it."""
        order = self._in_their_order()
        new = set()
        if order != list(range(len(self._sets))):
            new = {
                line for line, captured in enumerate(self._sets) if keep_place(self._connection, captured, self._now)
            }
        suspects = frozenset() if door.accepts.same_content else suspected(self._connection, self._sets)
        summary = ImportSummary()
        for line in order:
            captured = self._sets[line]
            captured = captured._replace(items=tuple(captured.items))  # in memory while the set is written
            behind = self._behind[captured.external_id, captured.source]
            behind.pop(line, None)
            if line in suspects:
                require_own_content(self._connection, captured)
            admitted = admit(self._connection, captured, door, behind.values())
            written = write_set(self._connection, admitted, self._now, self._dropped)
            if line in new:
                written = ImportSummary(sets_created=1, items_written=len(admitted.items))
            summary = summary.plus(written)
            set_written(captured)
        return summary

    def _in_their_order(self) -> list[int]:
        """The lines of the sets: each source's by completion, then by id, in the places that it has in the input."""
        order = list(range(len(self._sets)))
        for lines in self._groups.values():
            if len(lines) > 1:
                self._look_up(lines)
                for place, line in zip(lines, sorted(lines, key=self._place), strict=True):
                    order[place] = line
        return order

    def _place(self, line: int) -> tuple[datetime, float, int]:
        return self._sets[line].completed_at or EARLIEST, self._stored_ids.get(line, _NOT_STORED), line

    def _look_up(self, lines: Sequence[int]) -> None:
        """Find which of one source's sets are stored."""
        first = self._sets[lines[0]]
        by_reference = {self._sets[line].source_ref: line for line in lines}
        rows = self._connection.execute(
            select(backup_sets.c.source_ref, backup_sets.c.id, backup_sets.c.completed_at).where(
                backup_sets.c.tenant_id == tenant_id_of(self._connection, first.external_id),
                backup_sets.c.source == first.source,
                backup_sets.c.source_ref.is_not(None),
            )
        )
        parse = instant_parser(self._connection.dialect.name)
        behind = self._behind[first.external_id, first.source]
        for reference, set_id, completed_at in rows:
            if (line := by_reference.get(reference)) is None:
                continue
            self._stored_ids[line] = set_id
            try:
                moved = completed_at is None or parse(completed_at) != self._sets[line].completed_at
            except ValueError:
                moved = True
            if moved:
                # Until it is written, its old position counts, so no set may be compared with it there.
                behind[line] = reference
