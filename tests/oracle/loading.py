"""Write rows into the four tables with the bare drivers, because the product's own writing is not trusted here.

The product's migrations have made the tables. Rows go in last id first, so that nothing can rely on
the order in which they were written (docs/facts.md, "The facts").
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import psycopg
from psycopg import sql

from tests.oracle.rows import ContentRow, ItemRow, Rows, ScheduleRow, SetRow, TenantRow

Tables = Sequence[tuple[str, tuple[str, ...]]]

TABLES: Tables = [
    ("tenants", TenantRow._fields),
    ("backup_schedules", ScheduleRow._fields),
    ("backup_sets", SetRow._fields),
    ("backup_items", ItemRow._fields),
    ("captured_payloads", ContentRow._fields),
]
"""Parents before children, with their columns."""

ANALYZE_FROM = 5000


def load(url: str, rows: Rows, *, unchecked: bool = False, tables: Tables = TABLES) -> None:
    """Add the rows to the database. With `unchecked`, also rows that its CHECK constraints would refuse.

    A database of an earlier version has its own `tables`. Values without a column there are left out.

    (docs/concepts.md, "Evidence that cannot be read")
    """
    if url.startswith("sqlite"):
        _load_sqlite(url, rows, unchecked, tables)
    else:
        _load_postgres(url, rows, unchecked, tables)


def clear(url: str) -> None:
    """Remove every tenant and all its rows."""
    if url.startswith("sqlite"):
        with closing(_connect_sqlite(url)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table, _ in reversed(TABLES):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("COMMIT")
    else:
        with psycopg.connect(url) as connection_pg:
            connection_pg.execute("SET lock_timeout = '10s'")
            connection_pg.execute(
                "TRUNCATE tenants, backup_schedules, backup_sets, backup_items, captured_payloads RESTART IDENTITY"
            )


def _rows_of(rows: Rows, tables: Tables) -> Iterator[tuple[str, tuple[str, ...], Iterable[tuple[Any, ...]]]]:
    all_rows: dict[str, Sequence[tuple[Any, ...]]] = {
        "tenants": rows.tenants,
        "backup_schedules": rows.schedules,
        "backup_sets": rows.sets,
        "backup_items": rows.items,
        "captured_payloads": rows.contents,
    }
    for table, columns in tables:
        yield table, columns, map(attrgetter(*columns), all_rows[table][::-1])


def _row_count(rows: Rows) -> int:
    return sum(len(table) for table in rows)


# --- SQLite -----------------------------------------------------------------------------------------------


def sqlite_path(url: str) -> str:
    """The file that a `sqlite:///...` URL names."""
    return url.split("///", 1)[1].split("?", 1)[0]


def _connect_sqlite(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(sqlite_path(url), isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def sqlite_value(value: Any) -> Any:
    """An instant in the canonical text form, a boolean as 0 or 1, anything else as it is.

    (docs/facts.md, "Instants")
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, bool):
        return int(value)
    return value


def _load_sqlite(url: str, rows: Rows, unchecked: bool, tables: Tables) -> None:
    with closing(_connect_sqlite(url)) as connection:
        connection.execute(f"PRAGMA ignore_check_constraints = {'ON' if unchecked else 'OFF'}")
        connection.execute("BEGIN IMMEDIATE")
        for table, columns, values in _rows_of(rows, tables):
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            connection.executemany(statement, (tuple(map(sqlite_value, row)) for row in values))
        connection.execute("COMMIT")
        if _row_count(rows) >= ANALYZE_FROM:
            connection.execute("ANALYZE")


# --- PostgreSQL -------------------------------------------------------------------------------------------


def _load_postgres(url: str, rows: Rows, unchecked: bool, tables: Tables) -> None:
    with _without_checks(url, tables) if unchecked else nullcontext(), psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("SET synchronous_commit = off")
        # For Citus, where a transaction may not use several tables in this way without it. Elsewhere it has no effect.
        connection.execute("SET citus.multi_shard_modify_mode = 'sequential'")
        connection.execute("SET citus.enable_local_execution = off")
        for table, columns, values in _rows_of(rows, tables):
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in values:
                    copy.write_row(row)
        if _row_count(rows) >= ANALYZE_FROM:
            connection.execute("ANALYZE tenants, backup_schedules, backup_sets, backup_items")


@contextmanager
def _without_checks(url: str, tables: Tables) -> Iterator[None]:
    """No CHECKs in this block, as in another program's database. Afterwards they hold for new rows again.

    A later test on the same tables relies on them.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'c' AND conrelid = ANY (%s::text[]::regclass[])",
            [[table for table, _ in tables]],
        ).fetchall()
        checks = [(sql.SQL(table), sql.Identifier(name), rule) for table, name, rule in found]
        for table, name, _ in checks:
            connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, name))
        try:
            yield
        finally:
            for table, name, rule in checks:
                new_rows_only = sql.SQL(f"{rule.removesuffix(' NOT VALID')} NOT VALID")
                connection.execute(sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(table, name, new_rows_only))
