"""A PostgreSQL connection with a deadline for every answer: a network can freeze without any error.

The server's statement timeout ends statements that the server runs; keepalives end connections without acknowledgement.
Neither ends a tunnel or a proxy that acknowledges everything and passes nothing on. Only the waiting side can end that.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, Final, TypeVar

from psycopg import Connection, Error, OperationalError, capabilities
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import fetch, send
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from health.store.opening.limits import SILENT_SECONDS, STATEMENT_SECONDS

ANSWER_SECONDS: Final = SILENT_SECONDS + 2
"""Seconds of silence that a reader accepts. Before that, the server would have reported a lock that it cannot get."""
WHOLE_SECONDS: Final = STATEMENT_SECONDS + 2
"""Seconds that a whole answer may take while parts of it arrive: a slow link is not silence."""
_BREAK_OFF_SECONDS: Final = 2
"""Seconds that the server may take to cancel a statement. After that we close the connection."""

Found = TypeVar("Found")


class AnswerOverdue(OperationalError):
    """No answer came within the deadline. The connection is closed; a new one would probably fail in the same way."""


class DeadlineConnection(Connection[Any]):
    """The driver's connection. Every round trip raises AnswerOverdue after a deadline.

    (docs/reading.md, "Deadlines")
    """

    patience: float = ANSWER_SECONDS
    """Seconds of silence that are accepted. A writer accepts more, see `transactions.py`."""
    whole: float = WHOLE_SECONDS
    """Seconds that one whole round trip may take, even if data keeps coming."""
    ends_at: float = inf
    """When all round trips must be over, by the monotonic clock; for notes that have a total time limit."""
    distributed = False
    """Whether the server is a Citus coordinator (docs/reading.md, "Citus"), once that is known."""
    _broken_off_at = inf
    _overdue: AnswerOverdue | None = None
    _asked_at: float | None = None
    """When the flight was sent whose results are taken one by one; None if there is no such flight."""

    def wait(self, gen: PQGen[Found], *arguments: Any, **named: Any) -> Found:
        """Wait for one round trip. The driver asks its generator again every tenth of a second."""
        if self._overdue is not None:
            # Code that then ends a COPY or a transaction must raise this cause, not `connection is closed`.
            raise self._overdue
        if self._asked_at is None:
            self._broken_off_at = inf
        return super().wait(self._until_overdue(gen), *arguments, **named)

    def send_flight(self, query: bytes, rows_at_once: int) -> None:
        """Send a simple query whose results `next_result` returns as they arrive, each with at most that many rows.

        It counts as one round trip. With a libpq before 17 each result has all rows of its statement.
        """
        self._broken_off_at, self._asked_at = inf, monotonic()
        self.pgconn.send_query(query)
        if capabilities.has_stream_chunked():
            self.pgconn.set_chunked_rows_mode(rows_at_once)
        self.wait(send(self.pgconn))

    def next_result(self) -> PGresult | None:
        """Wait for the next result of the flight; None after the last one. Raises the error that the server sends."""
        result: PGresult | None = self.wait(fetch(self.pgconn))
        if result is None:
            self._asked_at = None
        elif result.status == ExecStatus.FATAL_ERROR:
            with suppress(Error):
                while self.wait(fetch(self.pgconn)) is not None:
                    pass
            self._asked_at = None
            raise error_from_result(result, encoding=self.info.encoding)
        return result

    def _until_overdue(self, gen: PQGen[Found]) -> PQGen[Found]:
        try:
            wanted = next(gen)
            heard = monotonic()
            began = self._asked_at or heard
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
        """From another thread: end the current round trip, by a cancel request or, if the server is silent, without."""
        self._broken_off_at = min(self._broken_off_at, monotonic() + _BREAK_OFF_SECONDS)
        with suppress(Error):
            self.cancel_safe(timeout=_BREAK_OFF_SECONDS)
