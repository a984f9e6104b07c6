"""A database of the right version that lacks a part of its schema: the error says so, and what to do.

Modules: health.store.opening.revision, health.store.opening.errors.
"""

from __future__ import annotations

import pytest

from health.store.opening.errors import SchemaProblem
from health.store.opening.urls import parse_database_url
from tests.health.store.schema_versions import execute, state_of
from tui.commands import run


@pytest.mark.parametrize("table", ["backup_schedules", "backup_items"])
def test_a_missing_table_differs_from_a_silent_database(
    fresh_url: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its version alone it would be fine, and only `report` would notice."""
    execute(fresh_url, f"ALTER TABLE {table} RENAME TO gone")
    _lacks(fresh_url, table, capsys)


@pytest.mark.parametrize("column", ["captured_at", "payload"])
def test_a_missing_column_that_only_a_screen_asks_for(
    fresh_url: str, column: str, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(fresh_url, f"ALTER TABLE backup_items DROP COLUMN {column}")
    _lacks(fresh_url, column, capsys, commands=("db status",))


def test_a_database_that_lacks_an_index(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Our SQLite statements name the index to count by. PostgreSQL only takes longer without it."""
    execute(sqlite_url, "DROP INDEX ix_backup_items_metadata_only")
    _lacks(sqlite_url, "ix_backup_items_metadata_only", capsys)


def _lacks(
    url: str, what: str, capsys: pytest.CaptureFixture[str], commands: tuple[str, ...] = ("db status", "report")
) -> None:
    with pytest.raises(SchemaProblem):
        state_of(parse_database_url(url))
    for words in commands:
        assert run([*words.split(), "--database", url]) == 3
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert " lacks a part of its schema (" in said.err
        assert what in said.err
        assert said.err.endswith(
            "): restore the database, or make a new one with 'tenantpilot db init' and import the backups again.\n"
        )
