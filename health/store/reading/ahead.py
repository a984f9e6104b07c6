"""A fleet's rows, read by another process while this one is still starting: both ends.

One end reads every row of one snapshot by the bare driver, and sends them as the driver gives them. The other makes
facts of them as they come. Where the first end fails, nothing says that the fleet is whole, and the other end reads by
itself; only that an unreachable database was waited for in vain is told, so that nobody waits as long again
(docs/reading.md, "One snapshot").
"""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from health.facts import TenantFacts
from health.store.opening import errors
from health.store.opening.drivers import open_postgresql_reading, open_sqlite_reading
from health.store.opening.errors import (
    NotReadAhead,
    StoreError,
    StoreLocked,
    StoreSilent,
    StoreUnreachable,
    as_store_error,
)
from health.store.opening.revision import CURRENT, VERSION
from health.store.reading import server_statements
from health.store.reading.assembly import ROWS_AT_ONCE, FleetRows, Rows, facts_in, fleet_rows
from health.store.reading.rows import parse_postgresql_instant

if TYPE_CHECKING:
    from health.store.opening.urls import DatabaseAddress

_FLEET: Final = "fleet"
_SETS: Final = "sets"
_WHOLE: Final = "whole"
_FAILED: Final = "failed"
_CANCELED_BY_ITS_TIMEOUT: Final = "57014"


# The sending end


def send_fleet(address: DatabaseAddress, send: Callable[[bytes], None], opened: Callable[[Any], None]) -> None:
    """Read a fleet in one snapshot and send it, message by message. Raises nothing that a database is the cause of.

    `opened` is called with the driver's connection before anything is asked of it.
    """
    connection = None
    try:
        connection = _open(address)
        opened(connection)
        for message in _messages(connection, "sqlite" if address.file is not None else "postgresql"):
            send(marshal.dumps(message))
    except StoreError:
        pass  # what is missing or is no database of ours: the other end finds that out at once, and says more
    except Exception as error:
        if not any(kind.__module__ in ("sqlite3", "psycopg") for kind in type(error).__mro__):
            raise
        problem = as_store_error(error, address.label)
        if connection is None or _was_waited_for(problem, error):
            send(marshal.dumps((_FAILED, type(problem).__name__, str(problem))))
    finally:
        if connection is not None:
            connection.close()


def _open(address: DatabaseAddress) -> Any:
    if address.file is None:
        return open_postgresql_reading(address)
    connection = open_sqlite_reading(address.file)
    connection.cursor().execute("BEGIN")
    return connection


def _messages(connection: Any, dialect: str) -> Iterator[tuple[Any, ...]]:
    def run(statement: str) -> Iterator[Rows]:
        return _in_parts(connection, statement)

    if list(chain.from_iterable(run(VERSION))) != [(CURRENT,)]:
        return
    clock, could_write = None, False
    if dialect == "postgresql":
        ((_, clock),) = chain.from_iterable(run(server_statements.CHANGES_AND_CLOCK))
        ((could_write,),) = chain.from_iterable(run(server_statements.COULD_WRITE))
    found = fleet_rows(dialect, run)
    yield _FLEET, dialect, clock, could_write, found.tenants, found.schedules, found.unreadable_candidates
    for part in found.basis_sets:
        yield _SETS, part
    yield (_WHOLE,)


def _in_parts(connection: Any, statement: str) -> Iterator[Sequence[Any]]:
    """Rows as they come: PostgreSQL is still at work on the last ones while the first are under way."""
    cursor = connection.cursor()
    if isinstance(connection, sqlite3.Connection):
        cursor.execute(statement)
        while part := cursor.fetchmany(ROWS_AT_ONCE):
            yield part
    else:
        rows = cursor.stream(statement, size=ROWS_AT_ONCE)
        while part := list(islice(rows, ROWS_AT_ONCE)):
            yield part


def _was_waited_for(problem: StoreError, error: Exception) -> bool:
    """Whether a database took its time to fail. Whatever fails at once, the other end may as well ask again."""
    return (
        isinstance(problem, StoreSilent | StoreLocked) or getattr(error, "sqlstate", None) == _CANCELED_BY_ITS_TIMEOUT
    )


# The receiving end


class FleetAhead:
    """A fleet on its way: its facts can be asked for once."""

    def __init__(self, messages: Generator[bytes], end: Callable[[], None]) -> None:
        """`end` has the other process end, whatever it is waiting for."""
        self._messages = messages
        self._end = end
        self._broken_off = False
        self.database_clock: datetime | None = None
        """What the database's own clock said (UTC), where it has one; known from the first facts on."""
        self.role_could_write = False
        """Whether the role that read them has more than SELECT on the facts; known from the first facts on."""

    def facts(self) -> Iterator[TenantFacts]:
        """The facts of every tenant to judge, as they come, in no order.

        Raises StoreUnreachable where the database was waited for in vain, and NotReadAhead where it comes not whole.
        """
        try:
            kind, *fleet = self._next()
            if kind != _FLEET:
                raise NotReadAhead
            dialect, clock, self.role_could_write, tenants, schedules, lost = fleet
            self.database_clock = _instant_or_none(clock)
            yield from facts_in(dialect, FleetRows(tenants, schedules, lost, self._sets()))
        finally:
            self._messages.close()
            self._end()

    def break_off(self) -> None:
        """Have the other process give up. Callable from any thread."""
        self._broken_off = True
        self._end()

    def _sets(self) -> Iterator[Rows]:
        while (message := self._next())[0] == _SETS:
            yield message[1]
        if message[0] != _WHOLE:
            raise NotReadAhead

    def _next(self) -> Sequence[Any]:
        data = next(self._messages, None)
        if data is None:
            raise StoreUnreachable("Reading was broken off.") if self._broken_off else NotReadAhead
        message: tuple[Any, ...] = marshal.loads(data)  # noqa: S302 - by a process of our own
        if message[0] == _FAILED:
            raise getattr(errors, message[1])(message[2])
        return message


def _instant_or_none(clock: str | None) -> datetime | None:
    try:
        return None if clock is None else parse_postgresql_instant(clock)
    except ValueError:
        return None
