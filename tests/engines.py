"""The databases of the tests: SQLite and PostgreSQL everywhere, Citus if a coordinator is named.

`TENANTPILOT_TEST_CITUS` is the URL of a coordinator with at least one node, and of a role that may create databases,
extensions and schemas there, and truncate. Nothing here builds or starts a cluster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise
from tests.docs.pages import blocks
from tests.servers import with_database

COORDINATOR: Final = os.environ.get("TENANTPILOT_TEST_CITUS")
ENGINES: Final = ("sqlite", "postgresql", *(() if COORDINATOR is None else ("citus",)))
ONE_SERVER: Final = ("sqlite", "postgresql")
"""Engines with one snapshot of all rows and a token for them, which the nodes of a cluster do not promise."""
FIXTURES: Final = {"sqlite": "sqlite_url", "postgresql": "postgres_url", "citus": "citus_url"}
"""The fixture that gives a fresh database of each engine."""
PLACED: Final = blocks("operations.md", "sql")[1]
"""The statements of the page that place the tables on the nodes."""
_SHARDS: Final = 2


@contextmanager
def placed_schema(name: str, statements: str = PLACED) -> Iterator[str]:
    """The URL of a schema of a cluster with the tables, placed as the page says, for as long as the block runs."""
    assert COORDINATOR is not None, "TENANTPILOT_TEST_CITUS names no coordinator"
    url = in_schema(COORDINATOR, name)
    with psycopg.connect(COORDINATOR, autocommit=True) as owner:
        owner.execute(f"CREATE SCHEMA {name}".encode())
    try:
        initialise(parse_database_url(url))
        place(url, statements)
        yield url
    finally:
        with psycopg.connect(COORDINATOR, autocommit=True) as owner:
            owner.execute(f"DROP SCHEMA {name} CASCADE".encode())


@contextmanager
def node_alone(name: str, *, registered: bool) -> Iterator[str]:
    """The URL of a new database of the coordinator, which has no other nodes, for as long as the block runs."""
    assert COORDINATOR is not None, "TENANTPILOT_TEST_CITUS names no coordinator"
    with psycopg.connect(COORDINATOR, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}".encode())
        try:
            url = with_database(COORDINATOR, name)
            with psycopg.connect(url, autocommit=True) as alone:
                alone.execute("CREATE EXTENSION citus")
                if registered:
                    alone.execute("SELECT citus_set_coordinator_host(%s, %s)", (alone.info.host, alone.info.port))
            initialise(parse_database_url(url))
            yield url
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def place(url: str, statements: str = PLACED) -> None:
    """Run the page's statements."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"SET citus.shard_count = {_SHARDS}".encode())
        for statement in statements.strip().splitlines():
            owner.execute(statement.encode())


def in_schema(url: str, name: str) -> str:
    """The URL of sessions whose tables are those of one schema."""
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"
