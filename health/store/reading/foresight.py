"""One flight for a screen's question: its statements are foreseen from the tenant's facts as they were last read.

A question is rehearsed without a database, to learn its statements. Then they are sent together, with the end of the
transaction after them, and the question is asked for real: it takes its rows from that flight. If the facts have
changed in the meantime, it needs other statements than foreseen, and is asked again, statement by statement. So the
answer always comes from one snapshot, and never from an expectation (docs/reading.md, "Round trips").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from health.facts import TenantFacts
from health.store.opening.statements import Asked, Parts, Statements
from health.store.reading.snapshot import Snapshot


class NotForeseen(Exception):
    """A question asked something that its rehearsal did not."""


def foreseen(dialect: str, question: Callable[[Snapshot], object], known: TenantFacts) -> list[Asked]:
    """The statements of a question about one tenant, if its facts are still the known ones."""
    notes = _Notes(dialect)
    question(_Rehearsal(notes, known))
    return notes.asked


class Foreseen(Statements):
    """Statements whose rows came in one flight. A statement that was not foreseen raises NotForeseen."""

    def __init__(self, statements: Statements, asked: Sequence[Asked]) -> None:
        self.dialect = statements.dialect
        self.distributed = statements.distributed
        self._coming = zip(asked, statements.run(asked, last=True), strict=True)

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        return [self._rows_of(each) for each in asked]

    def _rows_of(self, asked: Asked) -> Parts:
        expected, parts = next(self._coming, (None, None))
        if parts is None or asked != expected:
            raise NotForeseen
        return parts


class _Notes(Statements):
    """Notes the statements. It returns no rows."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.asked: list[Asked] = []

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        self.asked.extend(asked)
        return [iter(()) for _ in asked]


class _Rehearsal(Snapshot):
    """A snapshot with only one tenant, as it was last read."""

    def __init__(self, notes: _Notes, known: TenantFacts) -> None:
        super().__init__(notes)
        self._known = known

    def facts(
        self, external_ids: Sequence[str] | None = None, as_of: datetime | None = None, *, last: bool = False
    ) -> list[TenantFacts]:
        super().facts(external_ids, as_of, last=last)
        return [self._known]
