"""Databases that the tests of one module share, on each engine: what they do there is rolled back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.engines import ENGINES, FIXTURES
from tests.health.store.bare import Bare, bare
from tests.health.store.schema_versions import drop_everything
from tests.servers import new_database


@pytest.fixture(scope="module")
def shared_sqlite_url(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> str:
    """The URL of a SQLite file with the current schema, for one module."""
    path = tmp_path_factory.mktemp("shared") / "fleet.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def shared_postgres_url(
    postgres_server: str, postgres_owner: psycopg.Connection[Any], request: pytest.FixtureRequest
) -> Iterator[str]:
    """The URL of a PostgreSQL database with the current schema, for one module."""
    name = f"shared_{request.module.__name__.rpartition('.')[2]}"
    with new_database(postgres_owner, postgres_server, name, "empty_fleet") as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_url(request: pytest.FixtureRequest) -> str:
    """A database that the module's tests share, once on each engine."""
    fixture = "shared_sqlite_url" if request.param == "sqlite" else "shared_postgres_url"
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest) -> str:
    """A database of the test's own on each engine, for tests that change more than rows."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database on each engine; in PostgreSQL that of the module, emptied, which is ten times as fast."""
    if request.param != "postgresql":
        url: str = request.getfixturevalue(FIXTURES[request.param])
        return url
    url = request.getfixturevalue("shared_postgres_url")
    with psycopg.connect(url) as connection:
        connection.execute("SET lock_timeout = '10s'")
        connection.execute(
            "TRUNCATE tenants, backup_schedules, backup_sets, backup_items, captured_payloads RESTART IDENTITY"
        )
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def tableless_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        path = tmp_path / "tableless.db"
        path.touch()
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_url")
    drop_everything(url)
    return url


@pytest.fixture(scope="module")
def shared(shared_url: str) -> Iterator[Bare]:
    """A bare connection to the shared database."""
    with bare(shared_url) as connection:
        yield connection
