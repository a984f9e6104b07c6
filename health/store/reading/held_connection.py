"""The one connection that a resolver holds: whether its facts changed, and how to break off a statement on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError, NotSupportedError, ProgrammingError

from health.store.opening.engines import end_reading, read_badly_encoded_text, reading_engine, sentences, snapshot
from health.store.opening.errors import StoreError, StoreSilent
from health.store.opening.urls import DatabaseAddress
from health.store.reading import server_statements
from health.store.reading.rows import parse_postgresql_instant
from health.store.reading.snapshot import Snapshot

Found = TypeVar("Found")

_serials = count()

_SQLITE_TOKEN: Final = text("PRAGMA data_version")
_POSTGRESQL_TOKEN: Final = text(server_statements.CHANGES_AND_CLOCK)
_COULD_WRITE: Final = text(server_statements.COULD_WRITE)
_CONFLICT_WITH_RECOVERY: Final = "40001"
"""The SQLSTATE of what a standby ends so that replay can go on: a statement, or the connection between two of them."""


class HeldConnection:
    """An engine of one connection, opened when it is first used and again after a SQLite file was replaced."""

    def __init__(self, address: DatabaseAddress) -> None:
        self._address = address
        self._identity = self._file_identity()
        self._engine = reading_engine(address)
        self._running: Any = None
        self.clock: datetime | None = None
        """What the clock of PostgreSQL said when `change_token` was last asked (UTC); a file has none."""
        self._lock = threading.Lock()
        # A new connection is asked for its settings before anybody is given it: that can be broken off as well.
        event.listen(self._engine, "connect", self._note_running, insert=True)
        event.listen(self._engine, "checkout", self._note_running)
        event.listen(self._engine, "checkin", self._note_idle)

    def read(self, question: Callable[[Snapshot], Found]) -> Found:
        """Answer a question from one snapshot; what a restart or a standby has broken off is asked once more, quietly.

        Raises StoreError where the facts as a whole cannot be read, and what the question raises.
        """
        try:
            return self._ask(question)
        except StoreError as error:
            if was_broken_off(error) or read_badly_encoded_text(self._engine, error.__cause__):
                return self._ask(question)
            raise

    def _ask(self, question: Callable[[Snapshot], Found]) -> Found:
        with snapshot(self.engine, self._address) as connection:
            return question(Snapshot(connection))

    @property
    def engine(self) -> Engine:
        """The engine; a replaced SQLite file is opened anew, because an open connection keeps the old one's rows."""
        identity = self._file_identity()
        if identity != self._identity:
            self._engine.dispose()
            self._identity = identity
        return self._engine

    def change_token(self) -> object | None:
        """What stays equal as long as no fact changed; None where nobody can say, and only reading tells. Microseconds.

        Raises StoreError where the database can be asked nothing at all.
        """
        self.clock = None
        question = _POSTGRESQL_TOKEN if self._address.file is None else _SQLITE_TOKEN
        try:
            with sentences(self._address), self.engine.connect() as connection:
                # The token of SQLite counts what other connections did since this one was opened.
                serial = connection.info.setdefault("serial", next(_serials))
                token, *clock = connection.execute(question).one()
                end_reading(connection)
                with suppress(ValueError):
                    self.clock = parse_postgresql_instant(*clock) if clock else None
                return serial, self._identity, token
        except StoreError as error:
            # Not every service that speaks PostgreSQL's language has all of its functions.
            if was_broken_off(error) or isinstance(error.__cause__, (NotSupportedError, ProgrammingError)):
                return None
            raise

    def role_could_write(self) -> bool:
        """Whether the role may change facts, so that only this session keeps it from doing so. Asked once a connection.

        False where the database does not say, and for a SQLite file, which is opened for reading only.
        """
        if self._address.file is not None:
            return False
        with suppress(StoreError), sentences(self._address), self.engine.connect() as connection:
            if "could write" not in connection.info:
                connection.info["could write"] = False
                connection.info["could write"] = connection.execute(_COULD_WRITE).scalar_one()
                end_reading(connection)
            return bool(connection.info["could write"])
        return False

    def interrupt(self) -> None:
        """Break off the statement that is running, if there is one; its thread gets an error."""
        with self._lock:
            if self._running is None:
                return
            with suppress(Exception):
                if self._address.file is None:
                    self._running.break_off()
                else:
                    self._running.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def _note_running(self, driver_connection: Any, *_rest: object) -> None:
        with self._lock:
            self._running = driver_connection

    def _note_idle(self, *_rest: object) -> None:
        with self._lock:
            self._running = None

    def _file_identity(self) -> tuple[int, int] | None:
        if self._address.file is None:
            return None
        try:
            status = self._address.file.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


def was_broken_off(error: StoreError) -> bool:
    """Whether a restart or a standby ended the connection, or the statement, so that asking again at once may serve."""
    cause = error.__cause__
    if not isinstance(cause, DBAPIError) or isinstance(error, StoreSilent):
        return False
    return cause.connection_invalidated or getattr(cause.orig, "sqlstate", None) == _CONFLICT_WITH_RECOVERY
