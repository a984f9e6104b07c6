"""Insert many rows in the fastest way of each driver: COPY in PostgreSQL, executemany in SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select, text

from health.store.opening.statements import sqlite_text
from health.store.writing.tables import Instant, metadata


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows, with their values in the order of `columns`, in the caller's transaction.

    Instants are aware datetimes; JSON is text. Raises the driver's error, which the transaction turns into a sentence.
    """
    names = ", ".join(columns)
    driver = cast(Any, connection.connection.driver_connection)
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names from our own tables
    instants = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, Instant)]
    driver.executemany(statement, (_bindable(row, instants) for row in rows))


def _bindable(row: Sequence[Any], instants: Iterable[int]) -> Sequence[Any]:
    values = list(row)
    for place in instants:
        if isinstance(values[place], datetime):
            values[place] = sqlite_text(values[place])
    return values


@contextmanager
def unchecked(connection: Connection) -> Iterator[None]:
    """Let SQLite accept values that its checks refuse, as another program could: for the demo's bad row."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    try:
        yield
    finally:
        if sqlite:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


@contextmanager
def indexes_afterwards(connection: Connection, table: Table) -> Iterator[None]:
    """Drop the indexes of an empty SQLite table while many rows are loaded, and build them afterwards."""
    sqlite = connection.dialect.name == "sqlite"
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = :name")
    indexes = connection.execute(query, {"name": table.name}).fetchall() if sqlite else []
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for _, made_by in indexes:
        connection.exec_driver_sql(made_by)


def settle(connection: Connection) -> None:
    """After rows with given ids: set the next ids, and update the planner's statistics."""
    if connection.dialect.name == "postgresql":
        for table in (each for each in metadata.sorted_tables if "id" in each.c):
            # Asked by itself: Citus would send a statement with both to a node, and the sequence is the coordinator's.
            following = connection.execute(select(func.coalesce(func.max(table.c.id), 0) + 1)).scalar_one()
            sequence = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(sequence, following, False)))
    connection.execute(text("ANALYZE"))
