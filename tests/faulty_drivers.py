"""Database drivers that fail at the Nth call: connecting, a cursor, a statement, its rows, a commit or a rollback.

They are below all of the product, where a disk, a server or a network would fail.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final

import psycopg
import pytest

from health.store.opening.deadline import DeadlineConnection

CAUSE: Final = "the disk is on fire"

_CURSOR_CALLS: Final = ("execute", "executemany", "fetchone", "fetchmany", "fetchall")
_CONNECTION_CALLS: Final = ("cursor", "commit", "rollback")
_FLIGHT_CALLS: Final = ("send_flight", "next_result")


class Mode(Enum):
    """How a call fails."""

    ONCE = "once"
    FOR_GOOD = "for good"
    CUT = "cut off"
    """It fails once and closes the connection, as when a server is restarted."""


class Faults:
    """Counts the drivers' calls, and makes one of them fail."""

    def __init__(self) -> None:
        self._calls = 0
        self._fails_at: int | None = None
        self._mode = Mode.ONCE
        self.failed = False

    @contextmanager
    def at(self, number: int, mode: Mode) -> Iterator[None]:
        """In this block the call with this number (from 1) fails; `failed` says whether it happened."""
        self._calls, self._fails_at, self._mode, self.failed = 0, number, mode, False
        try:
            yield
        finally:
            self._fails_at = None

    def pass_through(self, error: type[Exception], connection: Any = None) -> None:
        """One call of a driver. Raises the driver's error if it must fail."""
        if self._fails_at is None:
            return
        self._calls += 1
        due = self._calls >= self._fails_at if self._mode is Mode.FOR_GOOD else self._calls == self._fails_at
        if due:
            self.failed = True
            if self._mode is Mode.CUT and connection is not None:
                connection.close()
            raise error(CAUSE)


@contextmanager
def faulty_drivers() -> Iterator[Faults]:
    """Connections that are opened in this block have these faults."""
    faults = Faults()
    with pytest.MonkeyPatch.context() as patched:
        _make_sqlite_faulty(patched, faults)
        _make_psycopg_faulty(patched, faults)
        yield faults


def _make_sqlite_faulty(patched: pytest.MonkeyPatch, faults: Faults) -> None:
    class FaultyCursor(sqlite3.Cursor):
        pass

    class FaultyConnection(sqlite3.Connection):
        def cursor(self, *_factory: Any) -> sqlite3.Cursor:  # type: ignore[override]
            faults.pass_through(sqlite3.OperationalError)
            return super().cursor(FaultyCursor)

    for name in _CURSOR_CALLS:
        setattr(FaultyCursor, name, _faulty(getattr(sqlite3.Cursor, name), faults, sqlite3.OperationalError))
    for name in ("commit", "rollback"):
        setattr(FaultyConnection, name, _faulty(getattr(sqlite3.Connection, name), faults, sqlite3.OperationalError))
    connect = sqlite3.connect

    def faulty_connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        faults.pass_through(sqlite3.OperationalError)
        opened: sqlite3.Connection = connect(*arguments, **({"factory": FaultyConnection} | named))
        return opened

    patched.setattr(sqlite3, "connect", faulty_connect)


def _make_psycopg_faulty(patched: pytest.MonkeyPatch, faults: Faults) -> None:
    error = psycopg.OperationalError
    for name in (*_CURSOR_CALLS, "stream"):
        patched.setattr(psycopg.Cursor, name, _faulty(getattr(psycopg.Cursor, name), faults, error))
    for name in _CONNECTION_CALLS:
        patched.setattr(DeadlineConnection, name, _faulty(getattr(psycopg.Connection, name), faults, error), False)
    for name in _FLIGHT_CALLS:
        patched.setattr(DeadlineConnection, name, _faulty(getattr(DeadlineConnection, name), faults, error))
    connect = DeadlineConnection.connect

    def faulty_connect(*arguments: Any, **named: Any) -> Any:
        faults.pass_through(error)
        return connect(*arguments, **named)

    patched.setattr(DeadlineConnection, "connect", faulty_connect)


def _faulty(call: Callable[..., Any], faults: Faults, error: type[Exception]) -> Callable[..., Any]:
    def faulty(own: Any, *arguments: Any, **named: Any) -> Any:
        faults.pass_through(error, getattr(own, "connection", own))
        return call(own, *arguments, **named)

    return faulty
