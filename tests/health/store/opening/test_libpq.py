"""libpq's own settings count: the variables of the environment, and the password file.

Modules: health.store.opening.urls, health.store.opening.postgresql.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from health.store.opening.errors import StoreUnreachable
from health.store.opening.reading import reading_once
from health.store.opening.urls import parse_database_url
from tests.waiting import until

PASSWORD = "pa55-w0rd"


def whoever_reads(url: str) -> tuple[str, str, str]:
    """Role, database and dialect of a reading connection."""
    with reading_once(parse_database_url(url)) as connection:
        ((role, database),) = connection.rows("SELECT current_user, current_database()")
        return role, database, connection.dialect


def test_psycopg_connects_as_the_variables_say(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = urlsplit(postgres_url)
    (folder,) = parse_qs(parts.query)["host"]
    for name, value in (("PGHOST", folder), ("PGUSER", "postgres"), ("PGDATABASE", parts.path[1:])):
        monkeypatch.setenv(name, value)
    assert whoever_reads("postgresql://") == ("postgres", parts.path[1:], "postgresql")


@pytest.fixture
def guarded_url(postgres_url: str) -> Iterator[str]:
    """The URL of a role that needs a password."""
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        ((file,),) = owner.execute("SHOW hba_file").fetchall()
        rules = Path(file)
        before = rules.read_text()
        owner.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'".encode())
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guarded")
        rules.write_text(f"local all guarded scram-sha-256\n{before}")
        owner.execute("SELECT pg_reload_conf()")
        url = postgres_url.replace("postgres:@", "guarded@")
        until(lambda: is_refused(url), "a server that asks for the password")
        yield url
        rules.write_text(before)
        owner.execute("SELECT pg_reload_conf()")
        owner.execute("DROP OWNED BY guarded")
        owner.execute("DROP ROLE guarded")


def is_refused(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return True
    return False


def test_the_password_is_read_from_the_password_file(
    guarded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StoreUnreachable, match="password"):
        whoever_reads(guarded_url)
    file = tmp_path / ".pgpass"
    file.write_text(f"*:*:*:guarded:{PASSWORD}\n")
    file.chmod(0o600)
    assert whoever_reads(guarded_url)[0] == "guarded"


def take_too_long(url: str) -> None:
    with reading_once(parse_database_url(url)) as connection:
        connection.rows("SET LOCAL statement_timeout = '1ms'")
        connection.rows("SELECT count(*) FROM generate_series(1, 1000000000)")


def test_a_statement_past_its_time_is_one_sentence(postgres_url: str) -> None:
    with pytest.raises(StoreUnreachable, match="canceling statement due to statement timeout"):
        take_too_long(postgres_url)
