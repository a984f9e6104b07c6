"""A screen's question: its state, the age of its facts, and the messages with its answer.

All times here are seconds of the clock that also runs in suspend (docs/reading.md, "How old the facts are").
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from textual.message import Message

from tui.words.database_time import DatabaseTime

_LONGEST_BACK_OFF: Final = timedelta(minutes=1)
"""The longest wait before a failing database is asked again, unless the refresh interval is longer."""


class Judged(Protocol):
    """What every answer has: the instant at which it was judged (UTC)."""

    @property
    def now(self) -> datetime: ...


Answer = TypeVar("Answer", bound=Judged)


class FactsArrived(Message, Generic[Answer]):
    """The resolver's answer to a screen's question."""

    def __init__(
        self, number: int, answer: Answer, database_time: DatabaseTime, connected_to: str | None = None
    ) -> None:
        super().__init__()
        self.number = number
        self.answer = answer
        self.database_time = database_time
        self.connected_to = connected_to


class FactsFailed(Message):
    """A question could not be answered; the sentence says why."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__()
        self.number = number
        self.sentence = sentence


class GaveWay(Message):
    """A refresh in the background was cancelled for a question that a person waits for."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Asking:
    """The state of one screen's question. The screen asks it again and again; only the last one counts."""

    def __init__(self) -> None:
        self.number = 0
        """The number of the last question, from 1; an answer to an earlier one comes too late."""
        self.asked_at = 0.0
        self.answered_at: float | None = None
        """When the facts shown were true, as far as the database knows; None before the first answer."""
        self.judged_at = 0.0
        self.database_time = DatabaseTime()
        self.problem = ""
        """Why the last question could not be answered; empty if it could."""
        self.under_way = False
        self._failures = 0
        self._took = 0.0
        self._was_too_old = False

    def begin(self, at: float) -> int:
        """Note that a question is asked, at `at`. Returns its number."""
        self.number += 1
        self.asked_at = at
        self.under_way = True
        return self.number

    def answered(self, facts_from: float, database_time: DatabaseTime, at: float | None = None) -> None:
        """Note that the answer has arrived, at `at` or just now: its facts were asked for at `facts_from`."""
        self._took = 0.0 if at is None else at - self.asked_at
        self.under_way = False
        self.judged_at = facts_from
        self.database_time = database_time
        self.answered_at = facts_from - database_time.behind.total_seconds()
        self.problem = ""
        self._failures = 0

    def failed(self, sentence: str) -> None:
        """Note that the question could not be answered; the shown facts stay, and grow older."""
        self.under_way = False
        self.problem = sentence
        self._failures += 1

    def shows_facts_of(self, other: Asking) -> None:
        """Before the first answer, show the facts of another screen's answer, with their age there."""
        self.answered_at, self.database_time = other.answered_at, other.database_time
        self._took, self._was_too_old = other._took, other._was_too_old

    def is_due(self, refresh: timedelta, at: float) -> bool:
        """Whether an automatic refresh is due. The wait is `refresh`, and doubles with every failure after the first.

        Never while a question is unanswered: one that takes longer than the interval would never get an answer.
        """
        patience = min(refresh * 2 ** min(self._failures - 1, 16), max(refresh, _LONGEST_BACK_OFF))
        # Half an interval of tolerance, because timers are not exact to the second.
        waited = timedelta(seconds=at - self.asked_at) + refresh / 2
        return not self.under_way and (self._failures < 2 or waited >= patience)

    def age(self, at: float) -> timedelta | None:
        """How old the facts shown are; None before the first answer."""
        return None if self.answered_at is None else timedelta(seconds=max(0, at - self.answered_at))

    def too_old(self, at: float, limit: timedelta, refresh: timedelta) -> bool:
        """Whether the facts shown are too old to confirm anything: older than `limit`.

        If reading takes so long that these facts would be past the limit again before the next answer, they stay too
        old: a count of healthy tenants that comes and goes with every refresh is useless.
        """
        age = self.age(at)
        comes_too_late = bool(refresh) and timedelta(seconds=2 * self._took) + refresh > limit
        self._was_too_old = age is not None and (age > limit or (self._was_too_old and comes_too_late))
        return self._was_too_old

    def since_judged(self, at: float) -> timedelta:
        """The time since the facts shown were judged."""
        return timedelta(seconds=at - self.judged_at)
