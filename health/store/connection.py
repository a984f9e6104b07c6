"""The one connection that a resolver holds: whether its facts changed, and how to break off a statement on it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from health.store.engines import CONNECT_SECONDS, reading_engine
from health.store.errors import StoreError
from health.store.urls import DatabaseAddress

_serials = count()


class HeldConnection:
    """An engine of one connection, opened when it is first used and again after a SQLite file was replaced."""

    def __init__(self, address: DatabaseAddress) -> None:
        self._address = address
        self._identity = self._file_identity()
        self._engine = reading_engine(address)
        self._running: Any = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        """The engine; a replaced SQLite file is opened anew, because an open connection keeps the old one's rows."""
        identity = self._file_identity()
        if identity != self._identity:
            self._engine.dispose()
            self._identity = identity
        return self._engine

    def change_token(self) -> object | None:
        """What stays equal as long as no fact changed; None where the database cannot say. Costs microseconds."""
        postgresql = self._address.file is None
        question = "SELECT pg_current_snapshot()::text" if postgresql else "PRAGMA data_version"
        try:
            with self.engine.connect() as connection:
                # The token of SQLite counts what other connections did since this one was opened.
                serial = connection.info.setdefault("serial", next(_serials))
                token = serial, self._identity, connection.execute(text(question)).scalar_one()
                connection.commit()
                return token
        except (SQLAlchemyError, StoreError, sqlite3.Error):
            # Whatever is wrong is the next read's to explain.
            return None

    @contextmanager
    def interruptible(self, connection: Connection) -> Iterator[None]:
        """While the block runs, `interrupt` from another thread breaks off its statement."""
        with self._lock:
            self._running = connection.connection.driver_connection
        try:
            yield
        finally:
            with self._lock:
                self._running = None

    def interrupt(self) -> None:
        """Break off the statement that is running, if there is one; its thread gets an error."""
        with self._lock:
            if self._running is None:
                return
            with suppress(Exception):
                if self._address.file is None:
                    self._running.cancel_safe(timeout=CONNECT_SECONDS)
                else:
                    self._running.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def _file_identity(self) -> tuple[int, int] | None:
        if self._address.file is None:
            return None
        try:
            status = self._address.file.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
