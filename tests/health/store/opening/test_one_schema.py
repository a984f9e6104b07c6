"""All tables are those beside the `alembic_version` that was found, and none is hidden (docs/reading.md, "One schema").

Modules: health.store.opening, health.store.reading, health.store.writing, tui.commands.db.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from health.store.opening.errors import SchemaProblem, StoreError
from health.store.opening.home import TABLES
from health.store.opening.revision import CURRENT, SchemaState
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise, upgrade
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.health.store.schema_versions import read, sentence_of, set_version, state_of, tables, write
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.resolving import resolving
from tests.waiting import DEADLINE, until
from tui.commands import run


def fleet(name: str) -> Rows:
    """A confirmed tenant of this name."""
    at = NOW - HOUR
    kept = [SetRow(1, 1, completed_at=at, created_at=at)]
    return Rows([TenantRow(1, name, name, LONG_AGO)], kept, [ItemRow(1, 1, 1)], [])


def on_path(url: str, path: str) -> str:
    """The URL of a session with this search path."""
    return f"{url}&options={quote(f'-csearch_path={path}')}"


@pytest.fixture
def two_fleets(postgres_url: str) -> str:
    """A whole fleet in `public`, another one in the schema `tp`."""
    load(postgres_url, fleet("in-public"))
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA tp")
    initialise(parse_database_url(on_path(postgres_url, "tp")))
    load(on_path(postgres_url, "tp"), fleet("in-tp"))
    return postgres_url


@pytest.fixture
def only_reads(postgres_url: str) -> Iterator[str]:
    """A role that has only SELECT."""
    owned(postgres_url, "CREATE ROLE only_reads LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_reads")
    yield postgres_url.replace("postgres:@", "only_reads@")
    owned(postgres_url, "DROP OWNED BY only_reads", "DROP ROLE only_reads")


def owned(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement.encode())


def tenants_seen(url: str) -> set[str]:
    with resolving(url) as resolver:
        return {health.tenant.external_id for health in resolver.fleet(NOW)}


def test_the_first_alembic_version_of_the_path_names_the_schema(two_fleets: str) -> None:
    assert tenants_seen(on_path(two_fleets, "tp,public")) == {"in-tp"}
    assert tenants_seen(on_path(two_fleets, "public,tp")) == {"in-public"}
    owned(two_fleets, "DROP TABLE tp.alembic_version")
    assert tenants_seen(on_path(two_fleets, "tp,public")) == {"in-public"}


@pytest.mark.parametrize("missing", [("backup_items",), ("backup_items", "backup_schedules"), ("tenants",)])
def test_a_schema_that_lacks_a_table_is_refused(
    two_fleets: str, missing: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for table in missing:
        owned(two_fleets, f"DROP TABLE tp.{table} CASCADE")
    url = on_path(two_fleets, "tp,public")
    what = f"its schema tp lacks {' and '.join(missing)}"
    assert what in sentence_of(url)
    for attempt in (read, write, initialise, upgrade, state_of):
        with pytest.raises(SchemaProblem, match=what):
            attempt(parse_database_url(url))
    for command in (["check"], ["report"], ["db", "status"], ["tenant", "list"]):
        assert run([*command, "--database", url]) == 3
        printed = capsys.readouterr()
        assert what in printed.out + printed.err


@pytest.mark.parametrize(
    ("gone", "back"),
    [
        ("DROP TABLE tp.alembic_version", "CREATE TABLE tp.alembic_version AS SELECT * FROM public.alembic_version"),
        ("ALTER SCHEMA tp RENAME TO away", "ALTER SCHEMA away RENAME TO tp"),
    ],
)
def test_the_schema_never_changes_while_it_is_read(two_fleets: str, gone: str, back: str) -> None:
    """A restore drops the first schema of the path: meanwhile the next one has another fleet."""
    url = on_path(two_fleets, "tp,public")
    said = "had its tables in the schema tp, and now has some in public: restore tp, or start TenantPilot again"
    with resolving(url) as held:
        held.fleet(NOW)
        owned(two_fleets, gone)
        for question in (
            held.fleet,
            held.fleet,
            partial(held.dashboard, "in-public"),
            partial(held.dashboard, "in-tp"),
        ):
            with pytest.raises(StoreError, match=said):
                question(NOW)
        assert tenants_seen(url) == {"in-public"}, "a new start takes the first one that is there"
        owned(two_fleets, back)
        assert [health.tenant.external_id for health in held.fleet(NOW)] == ["in-tp"]


@pytest.mark.parametrize(
    "path", ["tp,public", r'"tp"\ ,\ public', "TP,public", '"$user",tp,public', "nowhere,tp,public"]
)
def test_a_schema_that_the_role_may_not_use_is_refused(
    two_fleets: str, only_reads: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """PostgreSQL itself leaves it out of the path in silence, and the next schema has another fleet."""
    owned(two_fleets, "GRANT SELECT ON ALL TABLES IN SCHEMA tp TO only_reads", "GRANT USAGE ON SCHEMA tp TO only_reads")
    url = on_path(only_reads, path)
    assert tenants_seen(url) == {"in-tp"}
    with resolving(url) as held:
        held.fleet(NOW)
        owned(two_fleets, "REVOKE USAGE ON SCHEMA tp FROM only_reads")
        with pytest.raises(StoreError, match="permission denied for schema tp"):
            held.fleet(NOW)
    for command in (["check"], ["report"], ["db", "status"], ["db", "init"], ["tenant", "add", "x", "--name", "x"]):
        assert run([*command, "--database", url]) == 3
        printed = capsys.readouterr()
        assert "permission denied for schema tp" in printed.out + printed.err
    assert tenants_seen(on_path(only_reads, "public,tp")) == {"in-public"}


def test_a_schema_of_the_user_comes_where_the_path_names_it(two_fleets: str, only_reads: str) -> None:
    owned(two_fleets, "ALTER SCHEMA tp RENAME TO only_reads")
    owned(two_fleets, "GRANT SELECT ON ALL TABLES IN SCHEMA only_reads TO only_reads")
    owned(two_fleets, "GRANT USAGE ON SCHEMA only_reads TO only_reads")
    for path in ('"$user",public', "$user,public"):
        assert tenants_seen(on_path(only_reads, path)) == {"in-tp"}
    assert tenants_seen(on_path(only_reads, 'public,"$user"')) == {"in-public"}


def test_a_table_of_the_session_never_stands_for_a_missing_one(two_fleets: str) -> None:
    """Another client of a pool may have left such a table behind."""
    with resolving(on_path(two_fleets, "tp,public")) as resolver:
        assert len(resolver.fleet(NOW)) == 1
        driver = resolver._store()._connection._driver  # type: ignore[union-attr]
        driver.execute("CREATE TEMPORARY TABLE backup_items (LIKE tp.backup_items)")
        driver.execute("CREATE TEMPORARY TABLE tenants (LIKE tp.tenants)")
        owned(two_fleets, "UPDATE tp.tenants SET name = 'renamed'")
        assert [health.tenant.name for health in resolver.fleet(NOW)] == ["renamed"]
        owned(two_fleets, "DROP TABLE tp.backup_items")
        with pytest.raises(SchemaProblem, match="its schema tp lacks backup_items"):
            resolver.fleet(NOW)


def test_writers_write_into_that_schema(two_fleets: str, capsys: pytest.CaptureFixture[str]) -> None:
    url = on_path(two_fleets, "tp,public")
    assert run(["tenant", "archive", "in-public", "--database", url]) == 1
    assert run(["tenant", "archive", "in-tp", "--database", url]) == 0
    capsys.readouterr()
    assert tenants_seen(on_path(two_fleets, "public")) == {"in-public"}
    assert tenants_seen(url) == set()


@pytest.mark.parametrize(("path", "schema"), [("tp,public", "tp"), ("public", "public")])
def test_db_status_says_which_schema(
    two_fleets: str, path: str, schema: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["db", "status", "--database", on_path(two_fleets, path)]) == 0
    assert f"the tables are at version {CURRENT} in the schema {schema}." in capsys.readouterr().out


def test_a_name_that_must_be_quoted_serves_too(postgres_url: str) -> None:
    owned(postgres_url, 'CREATE SCHEMA "Fleet, ""two"""')
    owned(postgres_url, "CREATE ROLE quoted_path LOGIN SUPERUSER")
    owned(postgres_url, 'ALTER ROLE quoted_path SET search_path = "Fleet, ""two"""')
    try:
        url = postgres_url.replace("postgres:@", "quoted_path@")
        initialise(parse_database_url(url))
        load(url, fleet("quoted"))
        owned(postgres_url, 'ALTER ROLE quoted_path SET search_path = "Fleet, ""two""", public')
        assert tenants_seen(url) == {"quoted"}
        assert tenants_seen_by_hand(postgres_url) == [("quoted",)]
    finally:
        owned(postgres_url, "REASSIGN OWNED BY quoted_path TO postgres", "DROP ROLE quoted_path")


def tenants_seen_by_hand(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as owner:
        return owner.execute('SELECT external_id FROM "Fleet, ""two""".tenants').fetchall()


# Nothing hidden


@pytest.fixture
def reader(postgres_url: str, only_reads: str) -> str:
    """A role that has only SELECT, on one fleet."""
    load(postgres_url, fleet("contoso.example"))
    return only_reads


@pytest.mark.parametrize("table", ["tenants", "backup_schedules", "backup_sets", "backup_items"])
def test_a_policy_is_an_error_and_never_a_shorter_list(
    postgres_url: str, reader: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    owned(
        postgres_url,
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY few ON {table} USING (id < 0)",
    )
    with resolving(reader) as resolver, pytest.raises(StoreError, match="row-level security"):
        resolver.fleet(NOW)
    assert run(["check", "--database", reader]) == 3
    assert "row-level security" in capsys.readouterr().out


def test_a_writer_does_not_see_fewer_rows_either(postgres_url: str, reader: str) -> None:
    owned(
        postgres_url,
        "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO only_reads",
        "ALTER TABLE backup_sets ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON backup_sets USING (id < 0)",
    )
    assert run(["prune", "--keep-days", "1", "--database", reader]) == 3


def test_a_view_is_read_each_time(postgres_url: str) -> None:
    """A local transaction id says nothing about another server's rows, and a view may show such rows."""
    load(postgres_url, fleet("contoso.example"))
    with resolving(postgres_url) as resolver:
        resolver.fleet(NOW)
        assert resolver._store().change_token() is not None
        owned(postgres_url, "ALTER TABLE tenants RENAME TO kept", "CREATE VIEW tenants AS SELECT * FROM kept")
        assert {health.tenant.name for health in resolver.fleet(NOW)} == {"contoso.example"}
        assert resolver._store().change_token() is None
        owned(postgres_url, "UPDATE kept SET name = 'renamed'")
        assert {health.tenant.name for health in resolver.fleet(NOW)} == {"renamed"}


@pytest.mark.parametrize("table", TABLES)
def test_a_materialized_view_is_no_table(postgres_url: str, table: str) -> None:
    """It has the rows of its last refresh, however often it is read."""
    made = f"CREATE MATERIALIZED VIEW {table} AS SELECT * FROM kept"
    owned(postgres_url, f"ALTER TABLE {table} RENAME TO kept", made)
    assert f"its schema public lacks {table}" in sentence_of(postgres_url)


_COLUMNS = "id bigint, external_id text, name text, created_at timestamptz, archived_at timestamptz"


@pytest.mark.parametrize(
    "made",
    [
        ("DROP TABLE tenants CASCADE", f"CREATE FOREIGN TABLE tenants ({_COLUMNS}) SERVER elsewhere"),
        (
            "DROP TABLE tenants CASCADE",
            f"CREATE TABLE tenants ({_COLUMNS}) PARTITION BY RANGE (id)",
            "CREATE FOREIGN TABLE far PARTITION OF tenants FOR VALUES FROM (0) TO (9) SERVER elsewhere",
        ),
        ("CREATE FOREIGN TABLE far () INHERITS (tenants) SERVER elsewhere",),
        (
            "CREATE TABLE near () INHERITS (tenants)",
            "CREATE FOREIGN TABLE far () INHERITS (near) SERVER elsewhere",
        ),
    ],
)
def test_foreign_tables_have_no_token(postgres_url: str, made: tuple[str, ...]) -> None:
    owned(
        postgres_url,
        "CREATE FOREIGN DATA WRAPPER nothing",
        "CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing",
        *made,
    )
    with resolving(postgres_url) as resolver:
        assert resolver._store().change_token() is None


def test_partitions_of_this_server_have_a_token(postgres_url: str) -> None:
    owned(
        postgres_url,
        "ALTER TABLE tenants RENAME TO tenants_1",
        "ALTER TABLE tenants_1 ALTER id DROP IDENTITY",
        "CREATE TABLE tenants (LIKE tenants_1) PARTITION BY RANGE (id)",
        "ALTER TABLE tenants ATTACH PARTITION tenants_1 FOR VALUES FROM (0) TO (1000)",
    )
    with resolving(postgres_url) as resolver:
        assert resolver.fleet(NOW) == []
        assert resolver._kept.token is not None


# Two at once


def waiting_for_an_advisory_lock(url: str) -> bool:
    with psycopg.connect(url) as looking:
        found = looking.execute(
            "SELECT FROM pg_stat_activity WHERE application_name = 'tenantpilot' AND wait_event = 'advisory'"
            " AND datname = current_database()"
        )
        return bool(found.fetchall())


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_a_second_init_waits_and_says_that_it_is_done(
    postgres_url: str, isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from health.store.migrations import upgrade as migrating

    owned(postgres_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    owned(postgres_url, f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{isolation}'")
    address, first = parse_database_url(postgres_url), migrating.upgrade_schema
    with ThreadPoolExecutor(1) as thread:
        second: list[Future[Any]] = []

        def beside(connection: object, _progress: object = None) -> None:
            if not second:
                second.append(thread.submit(initialise, address))
                until(lambda: waiting_for_an_advisory_lock(postgres_url), "the second init waits")
            first(connection)  # type: ignore[arg-type]

        monkeypatch.setattr(migrating, "upgrade_schema", beside)
        assert initialise(address) is True
        assert second[0].result(DEADLINE) is False


def test_a_second_upgrade_waits_and_says_that_it_is_done(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from health.store.migrations import upgrade as migrating

    address = parse_database_url(postgres_url)
    set_version(postgres_url, "tp0001")
    with ThreadPoolExecutor(1) as thread:
        second: list[Future[Any]] = []

        def beside(connection: object, _progress: object = None) -> None:
            second.append(thread.submit(upgrade, address))
            until(lambda: waiting_for_an_advisory_lock(postgres_url), "the second upgrade waits")
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{CURRENT}'")  # type: ignore[attr-defined]

        monkeypatch.setattr(migrating, "upgrade_schema", beside)
        assert upgrade(address) is SchemaState.OLDER
        assert second[0].result(DEADLINE) is SchemaState.CURRENT


@pytest.mark.parametrize(
    "taken",
    [
        "CREATE VIEW tenants AS SELECT 1 AS id",
        "CREATE MATERIALIZED VIEW backup_sets AS SELECT 1 AS id",
        "CREATE TYPE backup_items AS (id integer)",
        "CREATE TYPE tenants AS ENUM ('one')",
        "CREATE DOMAIN captured_payloads AS text",
        "CREATE SEQUENCE backup_schedules",
    ],
)
def test_a_view_or_type_with_one_of_our_names_is_another_programs(
    postgres_url: str, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    owned(postgres_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public", taken)
    before = tables(postgres_url)
    for command in ("init", "upgrade", "status"):
        assert run(["db", command, "--database", postgres_url]) == 3
        printed = capsys.readouterr()
        assert "another program's tables" in printed.out + printed.err
    assert tables(postgres_url) == before


def test_views_of_an_extension_do_not_matter(postgres_url: str) -> None:
    owned(
        postgres_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public",
        "CREATE VIEW pg_stat_statements AS SELECT 1 AS id", "CREATE TYPE mood AS ENUM ('calm')",
    )  # fmt: skip
    assert initialise(parse_database_url(postgres_url)) is True


def test_a_view_in_sqlite_is_another_programs_too(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = sqlite_url.removeprefix("sqlite:///") + ".new"
    with closing(sqlite3.connect(path)) as owner, owner:
        owner.execute("CREATE VIEW tenants AS SELECT 1 AS id")
    for command in ("init", "upgrade", "status"):
        assert run(["db", command, "--database", f"sqlite:///{path}"]) == 3
        printed = capsys.readouterr()
        assert "another program's tables" in printed.out + printed.err
