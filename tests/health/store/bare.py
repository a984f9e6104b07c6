"""A connection by the bare driver, beside the product: it shows what the database itself holds and refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.rows import tuple_row

from tests.oracle.loading import TABLES, Tables, sqlite_path, sqlite_value

COLUMNS: Final = dict(TABLES)
_SQLITE_REFUSALS: Final = {
    "CHECK constraint failed": "check",
    "UNIQUE constraint failed": "unique",
    "NOT NULL constraint failed": "not null",
    "FOREIGN KEY constraint failed": "foreign key",
}
_POSTGRESQL_REFUSALS: Final = {
    psycopg.errors.CheckViolation: "check",
    psycopg.errors.UniqueViolation: "unique",
    psycopg.errors.NotNullViolation: "not null",
    psycopg.errors.ForeignKeyViolation: "foreign key",
}


class Bare:
    """One connection of either engine. Every statement commits by itself unless it runs inside `rolled_back`."""

    def __init__(self, url: str) -> None:
        self.dialect = "sqlite" if url.startswith("sqlite") else "postgresql"
        self._connection: Any
        if self.dialect == "sqlite":
            self._connection = sqlite3.connect(sqlite_path(url), isolation_level=None, timeout=0)
            self._connection.execute("PRAGMA foreign_keys = ON")
        else:
            self._connection = psycopg.connect(url, autocommit=True, row_factory=tuple_row)
            self._connection.execute("SET timezone = 'UTC'")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def execute(self, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """Run one statement, with `?` for parameters. Returns its rows, if any."""
        if self.dialect == "postgresql":
            statement = statement.replace("?", "%s") if parameters else statement
            cursor = self._connection.execute(statement, parameters or None)
        else:
            cursor = self._connection.execute(statement, tuple(map(sqlite_value, parameters)))
        return [tuple(row) for row in cursor.fetchall()] if cursor.description is not None else []

    def insert(self, table: str, **columns: Any) -> None:
        """Insert one row."""
        marks = ", ".join("?" * len(columns))
        self.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))

    def rows(self, table: str, columns: tuple[str, ...] | None = None) -> list[tuple[Any, ...]]:
        """Every row of a table as text, by its keys."""
        values = ", ".join(f"CAST({column} AS text)" for column in columns or COLUMNS[table])
        order = ", ".join(key for key in ("tenant_id", "id", "digest") if key in COLUMNS[table])
        return self.execute(f"SELECT {values} FROM {table} ORDER BY {order}")

    def everything(self, tables: Tables = TABLES) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, ids and all."""
        return {table: self.rows(table, columns) for table, columns in tables}

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Undo all that the block does."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def refusal(self, table: str, **columns: Any) -> str | None:
        """The kind of constraint that refuses a row: check, unique, not null, foreign key; None if it is accepted."""
        with self.rolled_back():
            try:
                self.insert(table, **columns)
            except sqlite3.IntegrityError as error:
                return next(kind for words, kind in _SQLITE_REFUSALS.items() if words in str(error))
            except psycopg.IntegrityError as error:
                return _POSTGRESQL_REFUSALS[type(error)]
        return None


@contextmanager
def bare(url: str) -> Iterator[Bare]:
    """A bare connection for this block."""
    connection = Bare(url)
    try:
        yield connection
    finally:
        connection.close()
