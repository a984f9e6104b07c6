"""Writing transactions with SQLAlchemy: each has its own connection and is written whole or not at all."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from health.store.opening import limits
from health.store.opening.errors import StoreError
from health.store.opening.nodes import is_of_a_silent_node, named_with_its_node
from health.store.opening.reading import sentences
from health.store.opening.revision import refuse_other_schema
from health.store.opening.sqlite import SqliteStatements, decode_with_escapes, require_file
from health.store.opening.sqlite_file import still_the_same
from health.store.opening.statements import Statements
from health.store.opening.urls import DatabaseAddress
from health.store.writing.committed import Uncommitted

# Their failures also arrive as exceptions. Without this they would print a traceback next to our sentence.
for _name in ("sqlalchemy", "psycopg"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

WRITING_SECONDS: Final = 600.0
"""Seconds of silence that a writer accepts: many rows, an index or another program's lock take time."""
_SILENCES_IN_A_WHOLE: Final = 6
"""A writer's whole round trip may take this many times its silence (an hour), while data keeps coming."""
_OF_THAT_FOR_A_LOCK: Final = 0.9
"""The server's lock timeout is shorter than the writer's: the server gives the reason, and the connection survives."""
# On Citus a transaction that has asked several nodes at once may no longer write a table that is on all of them, nor
# one that has worked on the coordinator's own rows go on to the nodes.
_IN_TURN: Final = {"citus.multi_shard_modify_mode": "sequential", "citus.enable_local_execution": "off"}


@contextmanager
def transaction(
    address: DatabaseAddress,
    *,
    create: bool = False,
    keys: bool = True,
    patience: float = WRITING_SECONDS,
    in_all: bool = False,
) -> Iterator[Connection]:
    """One transaction that is written whole or not at all, on a connection of its own. Raises StoreError.

    `create` lets SQLite make a missing file. Without `keys` it neither checks nor follows foreign keys: a table that is
    made again has the rows that it had, and other programs' rows that name them stay. `patience` is how many seconds of
    silence from PostgreSQL are accepted, nine tenths of it for a lock. With `in_all` everything, connecting included,
    must be over by then. For a SQLite file only its own lock timeout counts.
    """
    engine = _writing_engine(address, create=create, keys=keys, patience=patience, in_all=in_all)
    try:
        with sentences(address, SQLAlchemyError):
            with engine.begin() as connection, _on_one_file(connection, address):
                yield connection
                done = Uncommitted.of(connection, address.file)
            done.keep()
    finally:
        engine.dispose()


@contextmanager
def _on_one_file(connection: Connection, address: DatabaseAddress) -> Iterator[None]:
    """Check that the file is still the opened one until the commit. A server needs no check."""
    if address.file is None:
        yield
        return
    driver: Any = connection.connection.driver_connection
    with still_the_same(address.file, driver, address.label):
        yield


@contextmanager
def writing(
    address: DatabaseAddress, *, patience: float = WRITING_SECONDS, in_all: bool = False
) -> Iterator[Connection]:
    """A transaction on a database with the current schema; its time as in `transaction`. Raises StoreError."""
    with _on_all_nodes(address) as begun, transaction(address, patience=patience, in_all=in_all) as connection:
        begun(connection)
        yield connection


@contextmanager
def writing_in_steps(address: DatabaseAddress) -> Iterator[Callable[[], AbstractContextManager[Connection]]]:
    """Transactions one after the other on one connection, on a database with the current schema. Raises StoreError.

    Yields a function that begins one. What it writes stays if a later one fails.
    """
    engine = _writing_engine(address, create=False, keys=True, patience=WRITING_SECONDS, in_all=False)
    try:
        with _on_all_nodes(address) as begun, sentences(address, SQLAlchemyError), engine.connect() as connection:

            @contextmanager
            def step() -> Iterator[Connection]:
                with connection.begin(), _on_one_file(connection, address):
                    begun(connection)
                    yield connection
                    done = Uncommitted.of(connection, address.file)
                done.keep()

            yield step
    finally:
        engine.dispose()


@contextmanager
def _on_all_nodes(address: DatabaseAddress) -> Iterator[Callable[[Connection], None]]:
    """A block of writing transactions, in which an error of a silent node names the node.

    Yields a function to call when one has begun: it requires the current schema, and sets what holds on every node.
    """
    distributed = False

    def begun(connection: Connection) -> None:
        nonlocal distributed
        statements = statements_of(connection)
        refuse_other_schema(statements, address.label)
        distributed = statements.distributed
        if distributed:
            _set_on_nodes(connection)

    try:
        yield begun
    except StoreError as error:
        if distributed and is_of_a_silent_node(error):
            raise named_with_its_node(error, address) from error.__cause__
        raise


def statements_of(connection: Connection) -> Statements:
    """The reading statements, for use in a writing transaction."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return SqliteStatements(driver)
    from health.store.opening.postgresql import PostgresqlStatements

    return PostgresqlStatements(driver)


def _writing_engine(address: DatabaseAddress, *, create: bool, keys: bool, patience: float, in_all: bool) -> Engine:
    file = address.file
    if file is not None:
        engine = create_engine(
            "sqlite+pysqlite://", creator=lambda: _open_sqlite(file, create=create, keys=keys), poolclass=NullPool
        )
        event.listen(engine, "begin", _begin_immediate)
        return engine
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: _open_postgresql(address, patience, in_all), poolclass=NullPool
    )
    event.listen(engine, "begin", lambda connection: _set_for_writing(connection, patience))
    return engine


def _set_on_nodes(connection: Connection) -> None:
    from health.store.opening.postgresql import NO_JIT, NOTHING_HIDDEN, ONE_FORM, set_on_nodes

    connection.exec_driver_sql(set_on_nodes(_IN_TURN | ONE_FORM | NOTHING_HIDDEN | NO_JIT))


def _open_sqlite(file: Path, *, create: bool, keys: bool) -> sqlite3.Connection:
    if not create:
        require_file(file)
    mode = "rwc" if create else "rw"
    uri = f"file:{quote(str(file.resolve()))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=limits.LOCK_SECONDS, isolation_level=None)
    connection.execute(f"PRAGMA foreign_keys = {'ON' if keys else 'OFF'}")
    # Existing rows may be from another program and not UTF-8.
    decode_with_escapes(connection)
    # A large import keeps its pages in memory until it commits, so that it locks readers out only for that moment.
    connection.execute("PRAGMA cache_spill = OFF")
    return connection


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open_postgresql(address: DatabaseAddress, patience: float, in_all: bool) -> Any:
    from psycopg import IsolationLevel

    from health.store.opening.postgresql import connected

    began = monotonic()
    connection = connected(address, autocommit=False)
    connection.patience = patience
    connection.whole = patience * _SILENCES_IN_A_WHOLE
    if in_all:
        connection.ends_at = began + patience
    # Set explicitly, so that a writer that waited for a lock sees what the lock's holder has written.
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    return connection


def _set_for_writing(connection: Connection, patience: float) -> None:
    """The settings of the transaction. They end with it: behind a pooler the session is not ours."""
    from health.store.opening.home import HOME_ALONE
    from health.store.opening.postgresql import NO_JIT, NOTHING_HIDDEN, ONE_FORM, as_stored, set_local

    driver: Any = connection.connection.driver_connection
    lock_timeout = {"lock_timeout": f"{patience * _OF_THAT_FOR_A_LOCK * 1000:.0f}ms"}
    settings = set_local(ONE_FORM | NOTHING_HIDDEN | NO_JIT | lock_timeout | as_stored(driver))
    connection.exec_driver_sql("; ".join([*settings, HOME_ALONE]))
