"""A database's own time compared with this machine's: whether its facts can confirm anything, and why not.

(docs/reading.md, "How old the facts are")
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from health.answers import OwnTime
from health.instants import NOT_SAID, beyond
from health.policy import HealthPolicy
from tui.words.durations import format_span
from tui.words.wording import clocks_in_words


class DatabaseTime(NamedTuple):
    """How far a database's facts lag behind its primary's, and how far its clock is ahead of this machine's."""

    behind: timedelta = timedelta(0)
    clock_ahead: timedelta = timedelta(0)
    """Negative if it is behind; zero if the database has no clock."""

    @classmethod
    def of(cls, time: OwnTime, asked_at: datetime, answered_at: datetime) -> DatabaseTime:
        """From what the database answered between two UTC instants. A slow network does not change the result."""
        return cls(time.behind, beyond(time.clock or asked_at, asked_at, answered_at))

    def clocks_differ(self, policy: HealthPolicy) -> bool:
        """Whether one of the two clocks is wrong. Then every age is wrong too."""
        return abs(self.clock_ahead) > policy.clock_skew

    def doubts(self, policy: HealthPolicy, limit: timedelta) -> tuple[str, ...]:
        """Why facts just read confirm nothing, one clause for each reason. `limit` is the age that facts may have."""
        clocks = (clocks_in_words(self.clock_ahead),) if self.clocks_differ(policy) else ()
        return (*clocks, *((self.lag_in_words(),) if self.behind > limit else ()))

    def lag_in_words(self) -> str:
        """How far a standby is behind its primary, as a clause."""
        if self.behind >= NOT_SAID:
            return "this standby does not say how old its facts are"
        return f"this standby is behind: its last replayed transaction is {format_span(self.behind)} old"
