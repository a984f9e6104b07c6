"""A second process reads the fleet's rows while the first is still starting. This module has both ends.

The sending end reads every row of one snapshot with the driver, and sends them unchanged. The receiving end makes facts
from them as they arrive. If the sending end fails, the final message is missing, and the receiving end reads the fleet
itself. Only a timeout is reported, so that the receiving end does not wait for it again (docs/reading.md, "One
snapshot").
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from health.answers import Progress
from health.facts import TenantFacts
from health.store.opening import errors
from health.store.opening.errors import (
    NotReadAhead,
    StoreBrokenOff,
    StoreError,
    StoreLocked,
    StoreSilent,
    StoreUnreachable,
)
from health.store.opening.home import Home
from health.store.opening.reading import one_snapshot, open_reading
from health.store.opening.revision import OfThisSchema
from health.store.opening.statements import ROWS_AT_ONCE, Asked, ReadingConnection, Row, Rows
from health.store.opening.urls import DatabaseAddress
from health.store.reading.assembly import FleetRows, facts_in, fleet_rows
from health.store.reading.token import CHANGES, COULD_WRITE, token_of_facts

_FLEET: Final = "fleet"
_COLLECTED: Final = ("tenants", "schedules", "unreadable candidates")
"""The rows before the sets, in the order of `FleetRows`; a message without rows ends each kind."""
_SETS: Final = "sets"
_WHOLE: Final = "whole"
_FAILED: Final = "failed"
_CANCELED_BY_ITS_TIMEOUT: Final = "57014"


# The sending end


def send_fleet(
    address: DatabaseAddress, send: Callable[[bytes], None], opened: Callable[[ReadingConnection], None]
) -> None:
    """Read a fleet in one snapshot and send it, message by message. Raises no error of the database.

    `opened` is called with the connection before the first statement.
    """
    try:
        connection = open_reading(address)
    except StoreUnreachable as problem:
        send(_failed(problem))
        return
    except StoreError:
        return  # the other end notices a missing or foreign database at once, and its message says more
    opened(connection)
    try:
        try:
            _send_rows(connection, address, send)
        except StoreBrokenOff:
            if not connection.distributed:
                raise
            _send_rows(connection, address, send)
        # Sent last: the end of the snapshot shows whether the file was overwritten in the meantime.
        send(marshal.dumps((_WHOLE,)))
    except StoreError as problem:
        if _was_waited_for(problem):
            send(_failed(problem))
    finally:
        connection.close()


def _send_rows(connection: ReadingConnection, address: DatabaseAddress, send: Callable[[bytes], None]) -> None:
    with one_snapshot(connection, address) as statements:
        for message in _messages(statements, connection):
            send(marshal.dumps(message))


def _messages(statements: OfThisSchema, connection: ReadingConnection) -> Iterator[tuple[Any, ...]]:
    dialect = statements.dialect
    beside = [Asked(COULD_WRITE), Asked(CHANGES[dialect])] if dialect == "postgresql" else []
    said, found = fleet_rows(statements, None, beside, last=True)
    # A file's own token is only valid for its connection, so another process cannot use it.
    role_could_write, token = (
        (bool(said[0][0][0]), token_of_facts(said[1][0], None)) if said else (False, connection.content)
    )
    home = (statements.home or Home()).packed()
    yield _FLEET, dialect, home, role_could_write, token
    collected = found.tenants, found.schedules, found.unreadable_candidates
    for kind, rows in zip(_COLLECTED, map(iter, collected), strict=True):
        while some := list(islice(rows, ROWS_AT_ONCE)):
            yield kind, some
        yield kind, ()
    for part in found.basis_sets:
        yield _SETS, part


def _failed(problem: StoreError) -> bytes:
    return marshal.dumps((_FAILED, type(problem).__name__, str(problem)))


def _was_waited_for(problem: StoreError) -> bool:
    """Whether a database failed only after a timeout. After a quick failure the other end can simply ask again."""
    return (
        isinstance(problem, StoreSilent | StoreLocked)
        or getattr(problem.__cause__, "sqlstate", None) == _CANCELED_BY_ITS_TIMEOUT
    )


# The receiving end


class FleetAhead:
    """A fleet that is arriving. Its facts can be taken once."""

    def __init__(self, messages: Generator[bytes], end: Callable[[], None]) -> None:
        """`end` ends the other process, even if it is waiting."""
        self._messages = messages
        self._end = end
        self._broken_off = False
        self.home = Home()
        """The home of the snapshot; known from the first facts on."""
        self.role_could_write = False
        """Whether the role that read them has more than SELECT on the facts; known from the first facts on."""
        self.token: object | None = None
        """The token of a server's snapshot, which stays equal while no fact changes, or the content of a file's.

        Known from the first facts on.
        """

    def facts(self, progress: Progress | None = None) -> Iterator[TenantFacts]:
        """The facts of every tenant to judge, as they arrive, in any order; `progress` is kept up to date.

        Raises StoreUnreachable after a timeout of the database, and NotReadAhead if the fleet is incomplete.
        """
        try:
            kind, *fleet = self._next()
            if kind != _FLEET:
                raise NotReadAhead
            dialect, home, self.role_could_write, self.token = fleet
            self.home = Home.unpacked(home)
            tenants, schedules, lost = map(self._rows, _COLLECTED)
            yield from facts_in(dialect, FleetRows(tenants, schedules, lost, self._sets()), progress)
        finally:
            self._messages.close()
            self._end()

    def break_off(self) -> None:
        """End the other process. Callable from any thread."""
        self._broken_off = True
        self._end()

    def _rows(self, kind: str) -> Iterator[Row]:
        while (message := self._next()) != (kind, ()):
            if message[0] != kind:
                raise NotReadAhead
            yield from message[1]

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
