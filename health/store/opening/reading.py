"""Open a database for reading, with the address's driver: one read-only snapshot at a time, errors as sentences."""

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

_ENDED_FOR_OTHERS: Final = ("40001", "40P01")
"""The SQLSTATEs of a statement or connection that a standby ends so that replay can continue; or any server, if two
wait for each other.
"""


def open_reading(address: DatabaseAddress) -> ReadingConnection:
    """Open a connection that cannot write. Raises StoreError."""
    with sentences(address):
        if address.file is not None:
            return SqliteReading.open(address.file)
        # Importing the driver of PostgreSQL takes a seventh of a second; a file does not need it.
        from health.store.opening.postgresql import PostgresqlReading

        return PostgresqlReading.open(address)


@contextmanager
def one_snapshot(
    connection: ReadingConnection, address: DatabaseAddress, schema: str | None = None
) -> Iterator[OfThisSchema]:
    """One consistent view of a database with the current schema. Every error becomes a StoreError.

    `schema` is the one in PostgreSQL that earlier snapshots were of: another one is an error.
    """
    address = _as_connected(address, connection)
    with _one_transaction(connection, address):
        yield OfThisSchema(connection, address.label, schema)


@contextmanager
def reading_once(address: DatabaseAddress) -> Iterator[Statements]:
    """A snapshot on a connection that is closed afterwards. Raises StoreError."""
    with _closed_afterwards(address) as connection, one_snapshot(connection, address) as statements:
        # This refuses a database with another schema before anything else happens.
        statements.run([])
        yield statements


@contextmanager
def looking(address: DatabaseAddress) -> Iterator[Statements]:
    """A read-only transaction on any schema. Raises StoreError."""
    with _closed_afterwards(address) as connection, _one_transaction(connection, _as_connected(address, connection)):
        yield connection


@contextmanager
def sentences(address: DatabaseAddress, *more: type[Exception]) -> Iterator[None]:
    """In this block, the driver's errors and those in `more` become a StoreError."""
    try:
        yield
    except (driver_error(address), *more) as error:
        if address.file is not None:
            left = left_by_a_writer(getattr(error, "orig", None) or error, address.file, address.label)
            if left is not None:
                raise left from error
        raise as_store_error(error, address.label) from error


def _as_connected(address: DatabaseAddress, connection: ReadingConnection) -> DatabaseAddress:
    """The address with the label of the real connection, so that a message names the right one of several hosts."""
    return address if connection.label is None else address._replace(label=connection.label)


def driver_error(address: DatabaseAddress) -> type[Exception]:
    """The base class of the driver's errors."""
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
            try:
                yield
            except LookupError:
                # An answer too: nothing of this name is there. It holds only if the snapshot was whole.
                connection.end()
                raise
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
    ended = getattr(error.__cause__, "sqlstate", None) in _ENDED_FOR_OTHERS
    return ended or connection.lost or connection.was_torn(error.__cause__)
