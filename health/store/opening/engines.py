"""Engines: a reading one whose connections cannot write, and a writing one (docs/reading.md, "Read-only").

Reading takes one snapshot an evaluation: a deferred transaction in SQLite, REPEATABLE READ READ ONLY in PostgreSQL.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from health.store.opening.drivers import (
    LOCK_SECONDS,
    open_postgresql_reading,
    open_sqlite_reading,
    postgresql_arguments,
    read_instants_as_text,
    require_file,
)
from health.store.opening.errors import as_store_error
from health.store.opening.revision import refuse_other_schema, require_current_schema
from health.store.opening.urls import DatabaseAddress

# Whatever they would log of a failure comes as an exception as well; without this a traceback is printed beside it.
for _name in ("sqlalchemy", "psycopg"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

WRITING_SECONDS: Final = 600.0
"""How long PostgreSQL may take to answer a writer: rows in bulk, an index, a lock that another program holds."""
_OF_THAT_FOR_A_LOCK: Final = 0.9
"""The server gives up a lock before the writer gives up the server: it knows why, and the connection stays whole."""

_POSTGRESQL_WRITING: Final = {"timezone": "UTC", "datestyle": "ISO", "jit": "off"}


def reading_engine(address: DatabaseAddress) -> Engine:
    """An engine of one held connection that cannot write. Nothing is opened before the first snapshot."""
    file = address.file
    if file is None:
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: open_postgresql_reading(address),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
        )
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: open_sqlite_reading(file),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
    )
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def writing_engine(address: DatabaseAddress, *, create: bool, patience: float) -> Engine:
    """An engine for imports and administration. `create` lets SQLite make the file that is not there yet.

    `patience` is how many seconds PostgreSQL may take for one round trip, nine tenths of it to wait for a lock. A
    SQLite file has nobody in between, and a lock of its own: LOCK_SECONDS.
    """
    file = address.file
    if file is None:
        return create_engine(
            "postgresql+psycopg://", creator=lambda: _open_postgresql_writing(address, patience), poolclass=NullPool
        )
    engine = create_engine(
        "sqlite+pysqlite://", creator=lambda: _open_sqlite_writing(file, create=create), poolclass=NullPool
    )
    event.listen(engine, "begin", _begin_sqlite_immediate)
    return engine


@contextmanager
def snapshot(engine: Engine, address: DatabaseAddress) -> Iterator[Connection]:
    """One consistent view of a database with the current schema. Raises StoreError, whatever goes wrong."""
    with sentences(address), engine.connect() as connection:
        require_current_schema(connection, address.label)
        yield connection
        end_reading(connection)


def end_reading(connection: Connection) -> None:
    """Let go of the snapshot. Nothing was written; but after a rollback psycopg forgets what it has prepared."""
    try:
        connection.commit()
    except BaseException:
        # SQLAlchemy takes it for ended, and would give the connection out again within the old transaction.
        connection.invalidate()
        raise


@contextmanager
def transaction(
    address: DatabaseAddress, *, create: bool = False, patience: float = WRITING_SECONDS
) -> Iterator[Connection]:
    """One transaction that is written whole or not at all, on a connection of its own. Raises StoreError.

    `create` and `patience` (seconds) are those of `writing_engine`.
    """
    engine = writing_engine(address, create=create, patience=patience)
    try:
        with sentences(address), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def writing(address: DatabaseAddress, *, patience: float = WRITING_SECONDS) -> Iterator[Connection]:
    """A transaction on a database with the current schema; `patience` as in `transaction`. Raises StoreError."""
    with transaction(address, patience=patience) as connection:
        refuse_other_schema(connection, address.label)
        yield connection


@contextmanager
def reading_once(address: DatabaseAddress) -> Iterator[Connection]:
    """A snapshot on an engine that is gone afterwards. Raises StoreError."""
    with looking(address) as connection:
        require_current_schema(connection, address.label)
        yield connection


@contextmanager
def looking(address: DatabaseAddress) -> Iterator[Connection]:
    """A transaction that cannot write, on whatever schema there is. Raises StoreError."""
    engine = reading_engine(address)
    if address.file is not None:
        event.listen(engine, "connect", _decode_with_escapes)
    try:
        with sentences(address), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def sentences(address: DatabaseAddress) -> Iterator[None]:
    """Whatever SQLAlchemy or the driver raises in the block becomes a StoreError."""
    try:
        yield
    except (SQLAlchemyError, _driver_error(address)) as error:
        raise as_store_error(error, address.label) from error


def _driver_error(address: DatabaseAddress) -> type[Exception]:
    if address.file is not None:
        return sqlite3.Error
    import psycopg

    return psycopg.Error


def _open_sqlite_writing(file: Path, *, create: bool) -> sqlite3.Connection:
    if not create:
        require_file(file)
    mode = "rwc" if create else "rw"
    uri = f"file:{quote(str(file.resolve()))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    # What is there already may be of another program, and in no encoding.
    _decode_with_escapes(connection, None)
    # A large import keeps its pages in memory until it commits, so that it locks readers out only for that moment.
    connection.execute("PRAGMA cache_spill = OFF")
    return connection


def _open_postgresql_writing(address: DatabaseAddress, patience: float) -> Any:
    from health.store.opening.deadline import DeadlineConnection  # the driver is not imported before it is wanted

    lock_timeout = {"lock_timeout": f"{patience * _OF_THAT_FOR_A_LOCK * 1000:.0f}ms"}
    connection = DeadlineConnection.connect(**postgresql_arguments(address, _POSTGRESQL_WRITING | lock_timeout))
    connection.patience = patience
    read_instants_as_text(connection)
    return connection


def read_badly_encoded_text(engine: Engine, error: BaseException | None) -> bool:
    """Whether a SQLite read failed on text that is not UTF-8; from then on the engine shows the bytes as escapes.

    Not from the start, because a decoder in Python costs a fleet read a third more.
    """
    if not isinstance(error, DBAPIError) or "Could not decode to UTF-8" not in str(error.orig):
        return False
    engine.dispose()
    event.listen(engine, "connect", _decode_with_escapes)
    return True


def _decode_with_escapes(connection: Any, _record: object) -> None:
    connection.text_factory = lambda value: value.decode("utf-8", "backslashreplace")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_sqlite_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
