"""The schema of a database: each wrong one gets a sentence that says what to run (docs/reading.md, "One schema")."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from health.store.opening import limits, revision
from health.store.opening.errors import DatabaseMissing, SchemaProblem, StoreError, StoreUnreachable
from health.store.opening.revision import CURRENT, REVISIONS, SchemaState
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise, upgrade
from tests.health.store.bare import bare
from tests.health.store.schema_versions import (
    NEWER,
    OLDER,
    execute,
    read,
    sentence_of,
    set_version,
    state_of,
    tables,
    write,
)
from tests.oracle.loading import sqlite_path
from tui.commands import run


def test_the_newest_migration_is_the_schema_this_program_reads(fresh_url: str) -> None:
    """`revision.py` takes the versions from the files' names, without Alembic. Alembic follows the files themselves."""
    with bare(fresh_url) as store:
        assert store.execute("SELECT version_num FROM alembic_version") == [(CURRENT,)]
    folder = Path(revision.__file__).parent.parent / "migrations" / "versions"
    files = [
        import_module(f"health.store.migrations.versions.{each.stem}") for each in sorted(folder.glob("[0-9]*.py"))
    ]
    assert [each.revision for each in files] == list(REVISIONS)
    assert [each.down_revision for each in files] == [None, *REVISIONS[:-1]]
    assert REVISIONS[-1] == CURRENT
    read(parse_database_url(fresh_url))
    write(parse_database_url(fresh_url))
    assert state_of(parse_database_url(fresh_url)) is SchemaState.CURRENT


def test_reading_never_imports_alembic(sqlite_url: str) -> None:
    code = (
        "import sys; from tui.commands import run;"
        f" assert run(['report', '--database', '{sqlite_url}']) == 0;"
        f" assert run(['db', 'status', '--database', '{sqlite_url}']) == 0;"
        " sys.exit(any(name.startswith('alembic') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


# Each state


def test_absent(tableless_url: str) -> None:
    assert sentence_of(tableless_url) == " has no tables yet: run 'tenantpilot db init' to create them."
    assert state_of(parse_database_url(tableless_url)) is SchemaState.ABSENT


def test_an_empty_version_table_alone_is_absent_too(tableless_url: str) -> None:
    execute(tableless_url, "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
    assert sentence_of(tableless_url) == " has no tables yet: run 'tenantpilot db init' to create them."
    assert initialise(parse_database_url(tableless_url))
    read(parse_database_url(tableless_url))


def test_older(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "REVISIONS", (OLDER, CURRENT))
    set_version(fresh_url, OLDER)
    assert (
        sentence_of(fresh_url) == f" has an older schema than this program ({CURRENT}): run 'tenantpilot db upgrade'."
    )
    assert state_of(parse_database_url(fresh_url)) is SchemaState.OLDER


def test_newer(fresh_url: str) -> None:
    set_version(fresh_url, NEWER)
    expected = f" has a newer schema than this program knows ({CURRENT}): install a newer TenantPilot."
    assert sentence_of(fresh_url) == expected
    assert state_of(parse_database_url(fresh_url)) is SchemaState.NEWER


def test_a_version_that_we_never_had_is_not_called_newer(fresh_url: str) -> None:
    """If we said to install a newer program, the user would look for one that does not exist."""
    set_version(fresh_url, OLDER)
    assert sentence_of(fresh_url) == (
        f" has a schema version that is unknown to this program ({CURRENT}):"
        " use the TenantPilot that made it, or restore the database."
    )
    assert state_of(parse_database_url(fresh_url)) is SchemaState.UNKNOWN
    for attempt in (initialise, upgrade):
        with pytest.raises(SchemaProblem, match="has an unknown schema version"):
            attempt(parse_database_url(fresh_url))
    with bare(fresh_url) as store:
        assert store.execute("SELECT version_num FROM alembic_version") == [(OLDER,)]


FOREIGN = " holds another program's tables: name the right database with --database, or an empty one."


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE orders (id integer)"],
        # Another program that also uses Alembic.
        [
            "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)",
            "INSERT INTO alembic_version VALUES ('27c6a30d7c24')",
            "CREATE TABLE tenants (id integer)",
        ],
        ["CREATE TABLE alembic_version (version_num varchar(32))", "CREATE TABLE orders (id integer)"],
        [
            "CREATE TABLE alembic_version (version_num varchar(32))",
            f"INSERT INTO alembic_version VALUES ('{CURRENT}'), ('27c6a30d7c24')",
        ],
        [
            "CREATE TABLE alembic_version (version_num varchar(32))",
            "INSERT INTO alembic_version VALUES ('tpx001')",
        ],
    ],
)
def test_foreign(tableless_url: str, statements: list[str]) -> None:
    execute(tableless_url, *statements)
    assert sentence_of(tableless_url) == FOREIGN
    assert state_of(parse_database_url(tableless_url)) is SchemaState.FOREIGN
    before = tables(tableless_url)
    for attempt in (initialise, upgrade):
        with pytest.raises(SchemaProblem, match="another program's tables"):
            attempt(parse_database_url(tableless_url))
    assert tables(tableless_url) == before


def test_a_version_that_is_not_text_is_foreign(sqlite_url: str) -> None:
    execute(sqlite_url, "UPDATE alembic_version SET version_num = x'ff'")
    assert sentence_of(sqlite_url) == FOREIGN


# No database at all


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "fleet.db"
    for attempt in (read, write, upgrade, state_of):
        with pytest.raises(DatabaseMissing) as missing:
            attempt(parse_database_url(f"sqlite:///{path}"))
        assert str(missing.value) == (
            f"There is no database at {path}: restore it if there was one. For a new one,"
            " 'tenantpilot init FOLDER --write' writes settings for the backups in FOLDER. Then 'tenantpilot db init'"
            " makes the database. Then 'tenantpilot sync' imports the backups. Or look around with 'tenantpilot demo'."
        )
    assert not path.exists()


@pytest.mark.parametrize("content", [b"just text, and long enough to be a header of some kind" * 20, b"\x00" * 4096])
def test_a_file_that_is_not_a_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fleet.db"
    path.write_bytes(content)
    for attempt in (read, write, upgrade, state_of, initialise):
        with pytest.raises(SchemaProblem, match="is damaged or not a SQLite database"):
            attempt(parse_database_url(f"sqlite:///{path}"))
    assert path.read_bytes() == content


def test_a_folder_in_place_of_a_database(tmp_path: Path) -> None:
    for attempt in (read, write, state_of, upgrade):
        with pytest.raises(DatabaseMissing, match="is not a file"):
            attempt(parse_database_url(f"sqlite:///{tmp_path}"))


def test_a_truncated_database(sqlite_url: str) -> None:
    path = Path(sqlite_path(sqlite_url))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(StoreError) as refused:
        read(parse_database_url(sqlite_url))
    assert "\n" not in str(refused.value)


def test_a_database_locked_by_a_writer_is_locked_and_not_foreign(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOCK_SECONDS", 0.0)
    holder = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        for attempt in (read, write, state_of):
            with pytest.raises(StoreUnreachable, match="is locked by a program that writes to it"):
                attempt(parse_database_url(sqlite_url))
    finally:
        holder.close()


def test_a_missing_database_in_postgresql(postgres_url: str) -> None:
    with pytest.raises(StoreUnreachable, match="does not exist"):
        read(parse_database_url(postgres_url.replace("/fleet_", "/nowhere_")))


def test_a_role_that_may_read_nothing(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS nobody_at_all")
        connection.execute(sql.SQL("CREATE ROLE nobody_at_all LOGIN"))
    with pytest.raises(StoreUnreachable, match="permission denied"):
        read(parse_database_url(postgres_url.replace("postgres:@", "nobody_at_all@")))


@pytest.mark.parametrize(
    ("number", "exit_code", "advice"),
    [
        (CURRENT, 0, "the tables are at version"),
        (NEWER, 3, "install a newer"),
        (OLDER, 3, "unknown to this program"),
        ("27c6a30d7c24", 3, "another program's"),
    ],
)
def test_db_status_says_the_same(
    fresh_url: str, number: str, exit_code: int, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_version(fresh_url, number)
    assert run(["db", "status", "--database", fresh_url]) == exit_code
    printed = capsys.readouterr()
    assert advice in printed.out
    assert printed.out.count("\n") == 1
    assert printed.err == ""


def test_db_status_is_3_for_a_role_that_may_not_read(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS versions_only")
        connection.execute("CREATE ROLE versions_only LOGIN")
        connection.execute("GRANT SELECT ON alembic_version TO versions_only")
    assert run(["db", "status", "--database", postgres_url.replace("postgres:@", "versions_only@")]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "permission denied" in said.err
