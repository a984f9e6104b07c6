"""Databases for the tests: fresh ones, with the product's own schema, on both engines."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise
from tests.engines import COORDINATOR, ENGINES, FIXTURES, placed_schema
from tests.oracle.loading import clear
from tests.poolers import PGBOUNCER
from tests.servers import new_database, own_server

_MEMORY = Path("/dev/shm")
_ENOUGH = 4 << 30
"""Bytes that the files of a run take at most, on as many workers as there are."""

# Nothing of a run outlives it: its files are in memory where there is room, and no test waits for a disk.
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None

# Nothing that is imported or collected is garbage: to look at it again and again was a third of the collection's time.
gc.disable()

_numbers = itertools.count()

# How fast a machine is, and what else it is doing, is no property of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and never look at the tests themselves: that took a quarter of the largest ones' time."""
    # All workers have imported the same modules, and one look at what those left is enough.
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads what the machine is configured to."""
    for name in [name for name in os.environ if name.startswith(("TENANTPILOT_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TENANTPILOT_CONFIG", str(Path(__file__).parent / "tenantpilot-tests.toml"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with the current schema, to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    initialise(parse_database_url(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a fresh SQLite file with the current schema."""
    path = tmp_path / f"fleet-{next(_numbers)}.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test run alone, from a wheel; it has a template with the schema."""
    # Nothing of it outlives the run, and nothing may change the statistics behind a test's back.
    with own_server("fsync", "synchronous_commit", "full_page_writes", "autovacuum") as server:
        # Each worker has one, and its files may be in memory: its log would grow to a gigabyte.
        server.execute("ALTER SYSTEM SET min_wal_size = '32MB'")
        server.execute("ALTER SYSTEM SET max_wal_size = '96MB'")
        server.execute("SELECT pg_reload_conf()")
        server.execute("CREATE DATABASE empty_fleet")
        initialise(parse_database_url(server.url_of("empty_fleet")))
        yield server.url


@pytest.fixture(scope="session")
def postgres_owner(postgres_server: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that makes and drops the tests' databases: a new one for each took a sixth of what that takes."""
    with psycopg.connect(postgres_server, autocommit=True) as owner:
        yield owner


@pytest.fixture
def postgres_url(postgres_server: str, postgres_owner: psycopg.Connection[Any]) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with the current schema."""
    name = f"fleet_{os.getpid()}_{next(_numbers)}"
    with new_database(postgres_owner, postgres_server, name, "empty_fleet") as url:
        yield url


@pytest.fixture(scope="session")
def citus_schema() -> Iterator[str]:
    """The URL of a schema on the cluster that `TENANTPILOT_TEST_CITUS` names, with the tables on its nodes."""
    with placed_schema(f"tp_{os.getpid()}") as url:
        yield url


@pytest.fixture
def citus_url(citus_schema: str) -> str:
    """The URL of empty tables on the nodes of that cluster."""
    clear(citus_schema)
    return citus_schema


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with the current schema, once on each engine."""
    url: str = request.getfixturevalue(FIXTURES[request.param])
    return url


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List what was not run because there is no cluster, or no pooler."""
    if PGBOUNCER is None:
        terminalreporter.write_line("Not run: the tests behind a pooler, because no pgbouncer is installed here.")
    if COORDINATOR is None:
        terminalreporter.write_line("Not run: the tests on Citus, because TENANTPILOT_TEST_CITUS names no coordinator.")
