"""A PostgreSQL connection that waits for no answer past a deadline: a network can freeze and say nothing of it.

The server's statement timeout ends what the server sees; keepalives end what is not acknowledged. A tunnel or a proxy
that acknowledges everything and passes nothing on is neither: only the waiting side can end that.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, Final, TypeVar

from psycopg import Connection, Error, OperationalError
from psycopg.abc import PQGen

from health.store.opening.limits import SILENT_SECONDS, STATEMENT_SECONDS

ANSWER_SECONDS: Final = SILENT_SECONDS + 2
"""How long nothing at all may come of what is read: by then the server would have given up a lock and said so."""
WHOLE_SECONDS: Final = STATEMENT_SECONDS + 2
"""How long a whole answer may be on its way, as long as something of it comes: a slow link is no silence."""
_BREAK_OFF_SECONDS: Final = 2
"""How long the server may take to break a statement off before the connection is closed instead."""

Found = TypeVar("Found")


class AnswerOverdue(OperationalError):
    """No answer came within the deadline; the connection is closed, and a new one would go the same way."""


class DeadlineConnection(Connection[Any]):
    """The driver's connection; every round trip on it raises AnswerOverdue past a deadline.

    (docs/reading.md, "Deadlines")
    """

    patience: float = ANSWER_SECONDS
    """Seconds for which nothing may come. A writer has more of it, see `transactions.py`."""
    whole: float = WHOLE_SECONDS
    """Seconds that one whole round trip may take, however steadily something comes."""
    ends_at: float = inf
    """When every round trip must be over, by the monotonic clock: a note is made within a time, or not."""
    distributed = False
    """Whether it leads to a coordinator of nodes (docs/reading.md, "Citus"), once that was asked."""
    _broken_off_at = inf
    _overdue: AnswerOverdue | None = None

    def wait(self, gen: PQGen[Found], *arguments: Any, **named: Any) -> Found:
        """Wait for one round trip. The driver asks its generator again every tenth of a second."""
        if self._overdue is not None:
            # Whatever ends a COPY or a transaction after that must not hide the cause behind `connection is closed`.
            raise self._overdue
        self._broken_off_at = inf
        return super().wait(self._until_overdue(gen), *arguments, **named)

    def _until_overdue(self, gen: PQGen[Found]) -> PQGen[Found]:
        try:
            wanted = next(gen)
            began = heard = monotonic()
            while True:
                ready = yield wanted
                now = monotonic()
                heard = now if ready else heard
                if (why := self._why_overdue(now, began, heard)) is not None:
                    self._overdue = AnswerOverdue(why)
                    self.close()
                    raise self._overdue
                wanted = gen.send(ready)
        except StopIteration as end:
            found: Found = end.value
            return found

    def _why_overdue(self, now: float, began: float, heard: float) -> str | None:
        if now > min(heard + self.patience, self.ends_at, self._broken_off_at):
            return f"no answer within {self.patience:g} seconds"
        if now > began + self.whole:
            return f"no whole answer within {self.whole:g} seconds"
        return None

    def break_off(self) -> None:
        """From another thread: end the round trip that is under way, by the server or, where it is silent, without."""
        self._broken_off_at = min(self._broken_off_at, monotonic() + _BREAK_OFF_SECONDS)
        with suppress(Error):
            self.cancel_safe(timeout=_BREAK_OFF_SECONDS)
