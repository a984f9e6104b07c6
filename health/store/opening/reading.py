"""Opening a database for reading: by the address's driver, one read-only snapshot at a time, errors as sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from health.store.opening.errors import StoreBrokenOff, StoreError, StoreSilent, as_store_error
from health.store.opening.nodes import is_of_a_silent_node, named_with_its_node
from health.store.opening.revision import OfThisSchema
from health.store.opening.sqlite import SqliteReading
from health.store.opening.sqlite_file import left_by_a_writer
from health.store.opening.statements import ReadingConnection, Statements
from health.store.opening.urls import DatabaseAddress

_CONFLICT_WITH_RECOVERY: Final = "40001"
"""The SQLSTATE of what a standby ends so that replay can go on: a statement, or the connection between two of them."""


def open_reading(address: DatabaseAddress) -> ReadingConnection:
    """Open a connection that cannot write. Raises StoreError."""
    with sentences(address):
        if address.file is not None:
            return SqliteReading.open(address.file)
        # The driver of PostgreSQL takes a seventh of a second to import: a file can do without.
        from health.store.opening.postgresql import PostgresqlReading

        return PostgresqlReading.open(address)


@contextmanager
def one_snapshot(connection: ReadingConnection, address: DatabaseAddress) -> Iterator[OfThisSchema]:
    """One consistent view of a database with the current schema. Raises StoreError, whatever goes wrong."""
    address = _as_connected(address, connection)
    with _one_transaction(connection, address):
        yield OfThisSchema(connection, address.label)


@contextmanager
def reading_once(address: DatabaseAddress) -> Iterator[Statements]:
    """A snapshot on a connection that is gone afterwards. Raises StoreError."""
    with _closed_afterwards(address) as connection, one_snapshot(connection, address) as statements:
        # At once, so that a database of another schema is refused before anything else happens.
        statements.run([])
        yield statements


@contextmanager
def looking(address: DatabaseAddress) -> Iterator[Statements]:
    """A transaction that cannot write, on whatever schema there is. Raises StoreError."""
    with _closed_afterwards(address) as connection, _one_transaction(connection, _as_connected(address, connection)):
        yield connection


@contextmanager
def sentences(address: DatabaseAddress, *more: type[Exception]) -> Iterator[None]:
    """Whatever the driver raises in the block, or `more`, becomes a StoreError."""
    try:
        yield
    except (driver_error(address), *more) as error:
        if address.file is not None:
            left = left_by_a_writer(getattr(error, "orig", None) or error, address.file, address.label)
            if left is not None:
                raise left from error
        raise as_store_error(error, address.label) from error


def _as_connected(address: DatabaseAddress, connection: ReadingConnection) -> DatabaseAddress:
    """The address, called as the connection that was made: of several hosts a sentence names the right one."""
    return address if connection.label is None else address._replace(label=connection.label)


def driver_error(address: DatabaseAddress) -> type[Exception]:
    """What the errors of the address's driver have in common."""
    if address.file is not None:
        return sqlite3.Error
    import psycopg

    return psycopg.Error


@contextmanager
def _closed_afterwards(address: DatabaseAddress) -> Iterator[ReadingConnection]:
    connection = open_reading(address)
    if isinstance(connection, SqliteReading):
        connection.show_badly_encoded_text()
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _one_transaction(connection: ReadingConnection, address: DatabaseAddress) -> Iterator[None]:
    try:
        with sentences(address):
            yield
            connection.end()
    except BaseException as error:
        connection.give_up()
        if connection.distributed and isinstance(error, StoreError) and is_of_a_silent_node(error):
            raise named_with_its_node(error, address) from error.__cause__
        if isinstance(error, StoreError) and _was_broken_off(connection, error):
            raise StoreBrokenOff(str(error)) from error.__cause__
        raise


def _was_broken_off(connection: ReadingConnection, error: StoreError) -> bool:
    if isinstance(error, StoreSilent) or error.__cause__ is None:
        return False
    return connection.lost or getattr(error.__cause__, "sqlstate", None) == _CONFLICT_WITH_RECOVERY
