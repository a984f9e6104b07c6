"""The reading connection cannot write, on either engine, by any statement; and reading leaves nothing behind.

Modules: health.store.opening.reading, health.store.opening.sqlite, health.store.opening.postgresql.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from health.store.opening.errors import DatabaseMissing, StoreError
from health.store.opening.postgresql import PostgresqlReading
from health.store.opening.reading import reading_once
from health.store.opening.statements import Statements
from health.store.opening.urls import parse_database_url
from tests.health.making import LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.oracle.loading import load, sqlite_path
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tui.commands import run

DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)


def a_small_fleet() -> Rows:
    """A fleet with one row of every kind, unreadable ones too."""
    return Rows(
        [TenantRow(1, "contoso.example", "Contoso", LONG_AGO), TenantRow(2, "fabrikam.example", "Fabrikam", LONG_AGO)],
        [SetRow(1, 1, completed_at=NOW, created_at=NOW), SetRow(2, 1, status="failed", created_at=NOW)],
        [ItemRow(1, 1, 1), ItemRow(2, 1, 1, policy_identifier="policy-2", capture_mode=None)],
        [ScheduleRow(1, 1, cron="0 2 * * *", created_at=LONG_AGO, last_run_at=NOW, last_run_status="failed")],
    )


@pytest.fixture
def url(database_url: str) -> str:
    load(database_url, a_small_fleet())
    return database_url


@pytest.fixture
def reading(url: str) -> Iterator[Statements]:
    with reading_once(parse_database_url(url)) as connection:
        yield connection


WRITES = [
    "INSERT INTO tenants (external_id, name, created_at) VALUES ('x', 'x', '2026-11-23 09:00:00.000000')",
    "UPDATE tenants SET name = 'x'",
    "UPDATE alembic_version SET version_num = 'tp9999'",
    "DELETE FROM backup_items",
    "CREATE TABLE health (verdict text)",
    "CREATE INDEX ix_more ON tenants (name)",
    "DROP TABLE backup_items",
    "ALTER TABLE tenants ADD COLUMN posture text",
]


@pytest.mark.parametrize("statement", WRITES)
def test_nothing_can_be_written(url: str, reading: Statements, statement: str) -> None:
    with bare(url) as before:
        everything = before.everything()
    with pytest.raises(DRIVER_ERRORS, match=r"(?i)read-?only"):
        reading.rows(statement)
    with bare(url) as after:
        assert after.everything() == everything


@pytest.mark.parametrize("statement", WRITES[:4])
@pytest.mark.parametrize(
    "attempt",
    [
        "SET default_transaction_read_only = off",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET LOCAL default_transaction_read_only = off",
    ],
)
def test_in_postgresql_the_transaction_stays_read_only(postgres_url: str, attempt: str, statement: str) -> None:
    load(postgres_url, a_small_fleet())
    with reading_once(parse_database_url(postgres_url)) as connection:
        connection.rows(attempt)
        with pytest.raises(DRIVER_ERRORS, match="read-only transaction"):
            connection.rows(statement)


@pytest.mark.parametrize("attempt", ["SET TRANSACTION READ WRITE", "SET transaction_read_only = off"])
def test_in_postgresql_a_begun_reading_cannot_become_a_writing(postgres_url: str, attempt: str) -> None:
    with (
        reading_once(parse_database_url(postgres_url)) as connection,
        pytest.raises(DRIVER_ERRORS, match="read-write mode"),
    ):
        connection.rows(attempt)


def test_in_postgresql_a_url_cannot_switch_read_only_off(postgres_url: str) -> None:
    options = "&options=-c%20default_transaction_read_only%3Doff"
    with reading_once(parse_database_url(postgres_url + options)) as connection:
        assert connection.rows("SHOW transaction_read_only") == [("on",)]
        with pytest.raises(DRIVER_ERRORS, match="read-only transaction"):
            connection.rows(WRITES[1])


def test_nothing_is_set_for_longer_than_the_transaction(postgres_url: str) -> None:
    """Behind a pooler the session then goes to another client."""
    connection = PostgresqlReading.open(parse_database_url(postgres_url))
    everything = "SELECT name, setting FROM pg_settings ORDER BY name"
    before = connection._driver.execute(everything).fetchall()
    assert connection.rows("SELECT 1") == [(1,)]
    connection.end()
    assert connection._driver.execute(everything).fetchall() == before
    assert connection.rows("SELECT 1", last=True) == [(1,)]
    connection.end()
    assert connection._driver.execute(everything).fetchall() == before
    assert connection._driver.execute("SELECT count(*) FROM pg_prepared_statements").fetchall() == [(0,)]
    connection.close()


def test_the_session_in_postgresql_is_what_reading_needs(postgres_url: str) -> None:
    with reading_once(parse_database_url(postgres_url)) as connection:

        def shown(name: str) -> str:
            return str(connection.rows(f"SHOW {name}")[0][0])

        assert shown("transaction_isolation") == "repeatable read"
        assert shown("transaction_read_only") == "on"
        assert shown("application_name") == "tenantpilot"
        assert shown("TimeZone") == "UTC"
        assert re.fullmatch(r"[1-9]\d*(s|min)", shown("statement_timeout"))
        assert shown("jit") == "off"


@pytest.mark.parametrize(
    "attempt",
    [
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = WAL",
        "PRAGMA user_version = 5",
        "COMMIT",
    ],
)
def test_in_sqlite_no_pragma_makes_it_a_writing_one(sqlite_url: str, attempt: str) -> None:
    load(sqlite_url, a_small_fleet())
    bytes_before = Path(sqlite_path(sqlite_url)).read_bytes()
    with reading_once(parse_database_url(sqlite_url)) as connection:
        with suppress(*DRIVER_ERRORS):
            connection.rows(attempt)
        for statement in WRITES:
            with pytest.raises(DRIVER_ERRORS, match="readonly database"):
                connection.rows(statement)
    assert Path(sqlite_path(sqlite_url)).read_bytes() == bytes_before


@pytest.mark.parametrize("target", ["{folder}/other.db", "file:{folder}/other.db?mode=rwc", ":memory:", ""])
def test_in_sqlite_no_other_file_can_be_attached(sqlite_url: str, tmp_path: Path, target: str) -> None:
    names = sorted(tmp_path.iterdir())
    with (
        reading_once(parse_database_url(sqlite_url)) as connection,
        pytest.raises(DRIVER_ERRORS, match="too many attached databases"),
    ):
        connection.rows(f"ATTACH '{target.format(folder=tmp_path)}' AS other")
    with (
        reading_once(parse_database_url(sqlite_url)) as connection,
        pytest.raises(DRIVER_ERRORS, match=r"transaction|readonly|too many"),
    ):
        connection.rows(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    assert sorted(tmp_path.iterdir()) == names


def test_a_missing_file_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "fleet.db"
    with (
        pytest.raises(DatabaseMissing, match="tenantpilot db init"),
        reading_once(parse_database_url(f"sqlite:///{path}")),
    ):
        raise AssertionError("nothing to read")
    assert list(tmp_path.iterdir()) == []


def test_a_role_that_may_only_select_can_read(postgres_url: str) -> None:
    load(postgres_url, a_small_fleet())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS triage_reader")
        connection.execute("CREATE ROLE triage_reader LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO triage_reader")
    as_reader = postgres_url.replace("postgres:@", "triage_reader@")
    assert as_reader != postgres_url
    with reading_once(parse_database_url(as_reader)) as connection:
        assert connection.rows("SELECT current_user")[0][0] == "triage_reader"
        assert connection.rows("SELECT count(*) FROM tenants")[0][0] == 2


# Nothing is written


READING_COMMANDS = [
    ["report", "--format", "json"],
    ["report", "--format", "table"],
    ["report", "--format", "csv"],
    ["report", "--format", "markdown"],
    ["report", "--tenant", "contoso.example"],
    ["report", "--tenant", "nobody"],
    ["report", "--now", "2030-01-01T00:00:00Z"],
    ["check"],
    ["check", "--min-tenants", "9"],
    ["tenant", "list"],
    ["schedule", "list"],
    ["schedule", "list", "--tenant", "contoso.example"],
    ["schedule", "list", "--tenant", "nobody"],
    ["db", "status"],
    ["config"],
]


def state_of(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file of a folder, with a digest of its bytes and its modification time."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
    }


@pytest.mark.parametrize("words", READING_COMMANDS, ids=" ".join)
def test_every_reading_command_leaves_every_byte_as_it_was(
    sqlite_url: str, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    load(sqlite_url, a_small_fleet())
    before = state_of(tmp_path)
    assert list(before) == [Path(sqlite_path(sqlite_url)).name]
    run([*words, "--database", sqlite_url])
    captured = capsys.readouterr()
    assert captured.out or captured.err
    assert state_of(tmp_path) == before


@pytest.mark.parametrize("words", READING_COMMANDS, ids=" ".join)
def test_every_reading_command_works_beside_a_writer_of_the_file(
    sqlite_url: str, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    load(sqlite_url, a_small_fleet())
    path = Path(sqlite_path(sqlite_url))
    expected = run([*words, "--database", sqlite_url])
    printed = capsys.readouterr()
    with bare(sqlite_url) as writer:
        # It has begun to write (a reserved lock), and readers go on.
        writer.execute("BEGIN IMMEDIATE")
        path.chmod(0o400)
        tmp_path.chmod(0o500)
        try:
            assert run([*words, "--database", sqlite_url]) == expected
        finally:
            tmp_path.chmod(0o700)
            path.chmod(0o600)
            writer.execute("ROLLBACK")
    again = capsys.readouterr()
    assert again.err == printed.err
    assert bool(again.out) == bool(printed.out)


@pytest.mark.parametrize("words", READING_COMMANDS, ids=" ".join)
def test_every_reading_command_leaves_a_missing_database_missing(tmp_path: Path, words: list[str]) -> None:
    exit_code = run([*words, "--database", f"sqlite:///{tmp_path}/fleet.db"])
    assert exit_code == (0 if words == ["config"] else 3)
    assert list(tmp_path.iterdir()) == []


def test_in_postgresql_reading_commands_need_no_more_than_select(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load(postgres_url, a_small_fleet())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(
                sql.Identifier(connection.info.dbname)
            )
        )
    with bare(postgres_url) as store:
        everything = store.everything()
    for words in READING_COMMANDS:
        run([*words, "--database", postgres_url])
        captured = capsys.readouterr()
        assert captured.out or "no tenant 'nobody'" in captured.err, words
    with bare(postgres_url) as store:
        assert store.everything() == everything


def test_even_a_failure_within_a_snapshot_writes_nothing(url: str) -> None:
    with bare(url) as store:
        everything = store.everything()
    with pytest.raises(StoreError), reading_once(parse_database_url(url)) as connection:
        connection.rows("DELETE FROM tenants")
    with bare(url) as store:
        assert store.everything() == everything
