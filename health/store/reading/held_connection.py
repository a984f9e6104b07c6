"""One held connection: opened on first use, asked whether facts changed, and stopped from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, NamedTuple, TypeVar

from health.answers import Progress
from health.facts import TenantFacts
from health.store.opening.errors import StoreBrokenOff, StoreError, is_not_supported
from health.store.opening.home import Home
from health.store.opening.reading import one_snapshot, open_reading
from health.store.opening.statements import ReadingConnection, Row
from health.store.opening.urls import DatabaseAddress
from health.store.reading.blocks import Blocks, changed_blocks
from health.store.reading.foresight import Foreseen, NotForeseen, foreseen
from health.store.reading.snapshot import Snapshot
from health.store.reading.token import token_of_facts, token_of_server

Found = TypeVar("Found")

_serials = count()


class FleetRead(NamedTuple):
    """The facts of a fleet, and the token of their snapshot.

    If blocks were compared, `facts` are those of the tenants in the blocks `changed`, and no other tenant changed.
    If `changed` is None, `facts` are those of every tenant.
    """

    facts: list[TenantFacts]
    token: object | None
    blocks: Blocks | None = None
    changed: frozenset[int] | None = None


class HeldConnection:
    """A connection, opened when it is first used and again after it was lost."""

    def __init__(self, address: DatabaseAddress) -> None:
        self._address = address
        self._connection: ReadingConnection | None = None
        self._serial = -1
        self._could_write: bool | None = None
        self._asks_little = False
        self._on_nodes = False
        self._asked_token: object | None = None
        self._running: ReadingConnection | None = None
        self._lock = threading.Lock()
        self.home = Home()
        """The home of the last snapshot: its schema, and the time of PostgreSQL; empty for a file."""

    def read(self, question: Callable[[Snapshot], Found], known: TenantFacts | None = None) -> Found:
        """Answer a question from one snapshot. If a restart or a standby ended it, it is silently asked once more.

        `known` are the facts of the question's tenant, as they were last read: then a server is asked in one flight.
        Raises StoreError if the facts as a whole cannot be read, and the errors of the question.
        """
        try:
            return self._ask(question, known)
        except StoreBrokenOff:
            return self._ask(question)
        except StoreError as error:
            if self._connection is None or not self._connection.shows_badly_encoded_text(error.__cause__):
                raise
            return self._ask(question)

    def fleet(
        self,
        before: Blocks | None = None,
        *,
        again: bool = False,
        known: Mapping[int, TenantFacts] | None = None,
        progress: Progress | None = None,
    ) -> FleetRead:
        """The facts of every tenant to judge, with the token of the same snapshot. Raises StoreError.

        `again`: they were read before, with a token; `before` are the digests of their blocks, if these were read then.
        `known` are the facts of that read, by the tenant's id: those that are equal are the same object. `progress` is
        kept up to date while the whole fleet is read.
        """
        try:
            return self.read(lambda snapshot: self._read_fleet(snapshot, before, again, known, progress))
        except StoreError as error:
            if not is_not_supported(error.__cause__):
                raise
        # Some services that speak PostgreSQL's language lack functions, or do not let a role use them.
        self._asks_little, self._could_write = True, False
        try:
            return self.read(lambda snapshot: self._read_fleet(snapshot, None, again, known, progress))
        except StoreError as error:
            if not is_not_supported(error.__cause__):
                raise
        return FleetRead(self.read(lambda snapshot: snapshot.facts(last=True)), None)

    def _read_fleet(
        self,
        snapshot: Snapshot,
        before: Blocks | None,
        again: bool,
        known: Mapping[int, TenantFacts] | None,
        progress: Progress | None,
    ) -> FleetRead:
        in_blocks = again and self._address.file is None and not self._on_nodes and not self._asks_little
        blocks = None
        if before is not None and in_blocks:
            row, blocks = snapshot.blocks()
            changed = changed_blocks(before, blocks)
            if len(changed) <= len(blocks) // 2:
                return FleetRead(snapshot.facts_in_blocks(changed), self._token_of_facts(row), blocks, changed)
        with_blocks = in_blocks and blocks is None
        found = snapshot.fleet_and_changes(
            with_role=self._could_write is None, with_blocks=with_blocks, progress=progress, known=known
        )
        if found.could_write is not None:
            self._could_write = found.could_write
        return FleetRead(found.facts, self._token_of_facts(found.changes), found.blocks or blocks)

    def change_token(self) -> object | None:
        """A value that stays equal while no fact changes; None if the database has none. Takes microseconds.

        Raises StoreError if the database cannot be asked anything.
        """
        try:
            row = self._ask(lambda snapshot: snapshot.changes())
        except StoreError as error:
            # Some services that speak PostgreSQL's language lack functions.
            if isinstance(error, StoreBrokenOff) or is_not_supported(error.__cause__):
                return None
            raise
        self._asked_token = self._token(row)
        return self._asked_token

    @property
    def content(self) -> object | None:
        """Which content of a file the last snapshot had, the same in another process; None if unknown, or a server."""
        return None if self._connection is None else self._connection.content

    @property
    def label(self) -> str | None:
        """The database's label by the open connection; None for a file, and without an open connection."""
        return None if self._connection is None else self._connection.label

    def role_could_write(self) -> bool:
        """Whether the role may change facts, so that only this session prevents it. Asked once for each connection.

        False if the database does not say, and for a SQLite file, which is open read-only.
        """
        if self._address.file is not None:
            return False
        if self._could_write is None:
            with suppress(StoreError), self._snapshot() as snapshot:
                self._could_write = False
                self._could_write = bool(snapshot.could_write())
        return bool(self._could_write)

    def interrupt(self) -> None:
        """Interrupt the running statement, if any. Its thread gets an error."""
        with self._lock:
            if self._running is not None:
                with suppress(Exception):
                    self._running.break_off()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, question: Callable[[Snapshot], Found], known: TenantFacts | None = None) -> Found:
        if known is not None and self._address.file is None:
            with suppress(NotForeseen), self._snapshot(question, known) as snapshot:
                return question(snapshot)
        with self._snapshot() as snapshot:
            return question(snapshot)

    @contextmanager
    def _snapshot(
        self, question: Callable[[Snapshot], object] | None = None, known: TenantFacts | None = None
    ) -> Iterator[Snapshot]:
        """A snapshot. For a question about a known tenant, one whose rows came in one flight."""
        connection = self._opened()
        try:
            with one_snapshot(connection, self._address, self.home.schema) as statements:
                with self._lock:
                    self._running = connection
                if question is None or known is None or connection.distributed:
                    yield Snapshot(statements)
                else:
                    yield Snapshot(Foreseen(statements, foreseen(statements.dialect, question, known)))
                self.home = statements.home or self.home
        finally:
            # Kept for the next connection too, which would otherwise need its only retry to learn it.
            self._on_nodes = connection.distributed
            with self._lock:
                self._running = None

    def _opened(self) -> ReadingConnection:
        if self._connection is not None and self._connection.lost:
            self.close()
        if self._connection is None:
            self._connection = open_reading(self._address)
            self._connection.distributed = self._on_nodes
            # SQLite's token counts the changes of other connections since this one was opened.
            self._serial, self._could_write, self._asks_little = next(_serials), None, False
        return self._connection

    def _token(self, row: Row) -> tuple[Any, ...] | None:
        if row[0] is None or self._address.file is None:
            return token_of_server(row)
        return self._serial, self._connection and self._connection.stamp, row[0]

    def _token_of_facts(self, row: Row) -> tuple[Any, ...] | None:
        """The token of facts from the snapshot of this answer. SQLite answers of its snapshot and nothing later."""
        return token_of_facts(row, self._asked_token) if self._address.file is None else self._token(row)
