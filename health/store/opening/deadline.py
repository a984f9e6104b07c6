"""A PostgreSQL connection that waits for no answer past a deadline: a network can freeze and say nothing of it.

The server's statement timeout ends what the server sees; keepalives end what is not acknowledged. A tunnel or a proxy
that acknowledges everything and passes nothing on is neither: only the waiting side can end that.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import Any, Final, TypeVar

from psycopg import Connection, Error, OperationalError
from psycopg.abc import PQGen

from health.store.opening.limits import STATEMENT_SECONDS

ANSWER_SECONDS: Final = STATEMENT_SECONDS + 2
"""How long what is read may be on its way: by then the server would have cancelled the statement and said so."""
_BREAK_OFF_SECONDS: Final = 2
"""How long the server may take to break a statement off before the connection is closed instead."""

Found = TypeVar("Found")


class AnswerOverdue(OperationalError):
    """No answer came within the deadline; the connection is closed, and a new one would go the same way."""


class DeadlineConnection(Connection[Any]):
    """The driver's connection; every round trip on it raises AnswerOverdue past the deadline."""

    patience: float = ANSWER_SECONDS
    """Seconds that one round trip may take. A writer has more: see `writing/transactions.py`."""
    _gives_up_at = 0.0
    _given_up = False

    def wait(self, gen: PQGen[Found], *arguments: Any, **named: Any) -> Found:
        """Wait for one round trip. The driver asks its generator again every tenth of a second."""
        if self._given_up:
            # A COPY or a transaction that ends after that must not hide the cause behind `connection is closed`.
            raise self._overdue()
        self._gives_up_at = monotonic() + self.patience
        return super().wait(self._until_overdue(gen), *arguments, **named)

    def _until_overdue(self, gen: PQGen[Found]) -> PQGen[Found]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > self._gives_up_at:
                    self._given_up = True
                    self.close()
                    raise self._overdue()
                wanted = gen.send(ready)
        except StopIteration as end:
            found: Found = end.value
            return found

    def _overdue(self) -> AnswerOverdue:
        return AnswerOverdue(f"no answer within {self.patience:g} seconds")

    def break_off(self) -> None:
        """From another thread: end the round trip that is under way, by the server or, where it is silent, without."""
        self._gives_up_at = min(self._gives_up_at, monotonic() + _BREAK_OFF_SECONDS)
        with suppress(Error):
            self.cancel_safe(timeout=_BREAK_OFF_SECONDS)
