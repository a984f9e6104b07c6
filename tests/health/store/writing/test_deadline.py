"""Writing to PostgreSQL over a link that freezes: it ends in time, whole or not at all.

Modules: health.store.writing.transactions, health.store.opening.deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import Connection, select, update

from health.store.opening.errors import StoreSilent, StoreUnreachable
from health.store.opening.urls import parse_database_url
from health.store.writing import transactions
from health.store.writing.loading import insert_rows
from health.store.writing.tables import backup_items, tenants
from health.store.writing.transactions import WRITING_SECONDS, transaction, writing
from tests.health.making import LONG_AGO, NOW
from tests.health.store.bare import Bare, bare
from tests.link import Link, link_to
from tests.oracle.loading import load
from tests.oracle.rows import Rows, SetRow, TenantRow

pytestmark = pytest.mark.alone

MARGIN = 2.0
"""Seconds after the deadline within which the write must have ended."""
SHORT = 0.6
COMMIT = "COMMIT\0"
"""The end of the COMMIT statement, because `READ COMMITTED` has the same word."""


@pytest.fixture
def url(postgres_url: str) -> str:
    load(
        postgres_url,
        Rows([TenantRow(1, "contoso", "Contoso", LONG_AGO)], [SetRow(1, 1, completed_at=NOW, created_at=NOW)], [], []),
    )
    return postgres_url


@pytest.fixture
def link(url: str) -> Iterator[Link]:
    with link_to(url) as found:
        yield found


@pytest.fixture
def database(url: str) -> Iterator[Bare]:
    with bare(url) as found:
        yield found


def write(connection: Connection) -> None:
    """A statement, and rows in bulk, as an import writes them."""
    connection.execute(update(tenants).values(name="Renamed"))
    columns = ("tenant_id", "backup_set_id", "policy_type", "policy_identifier", "display_name", "orphaned_assignments")
    insert_rows(connection, backup_items, columns, [(1, 1, "Filters", "one", "One", 0)])


def renamed(database: Bare) -> bool:
    return database.execute("SELECT name FROM tenants") == [("Renamed",)]


@pytest.mark.parametrize("statement", ["hstore", "alembic_version", "UPDATE tenants", "COPY backup_items", COMMIT])
def test_a_link_that_freezes_while_it_is_written(statement: str, link: Link, database: Bare) -> None:
    link.freeze_behind(statement)
    started = time.monotonic()
    with (
        pytest.raises(StoreSilent, match=rf"no answer within {SHORT} seconds\."),
        writing(parse_database_url(link.url), patience=SHORT) as connection,
    ):
        write(connection)
    assert time.monotonic() - started < SHORT + MARGIN
    assert link.frozen.is_set()
    link.thaw()
    # Only what the server was told to commit is stored.
    assert renamed(database) == bool(database.rows("backup_items")) == (statement == COMMIT)


def test_a_note_over_a_slow_link_has_one_deadline_for_all(link: Link, database: Bare) -> None:
    """Byte by byte no single answer is late, but together they would delay the backup."""
    with pytest.raises(StoreSilent, match=rf"no answer within {SHORT} seconds\."), in_time(SHORT + MARGIN):
        trickled(link)
    assert not renamed(database)


def trickled(link: Link) -> None:
    with writing(parse_database_url(link.url), patience=SHORT, in_all=True) as connection:
        link.trickle(ends_after=10_000)
        write(connection)


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        assert time.monotonic() - started < seconds


def test_a_wait_for_a_lock_ends_by_the_servers_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "_OF_THAT_FOR_A_LOCK", 0.02)
    with psycopg.connect(url) as holder:
        holder.execute("UPDATE tenants SET name = 'Held'")
        with (
            pytest.raises(StoreUnreachable, match="is locked by a program that writes to it") as refused,
            writing(parse_database_url(url), patience=30) as connection,
        ):
            write(connection)
    assert not isinstance(refused.value, StoreSilent)


def test_a_writer_waits_for_ten_minutes_by_default(url: str) -> None:
    address = parse_database_url(url)
    assert WRITING_SECONDS == 600
    for opened, patience, lock_timeout in (
        (transaction(address), 600, "9min"),
        (writing(address), 600, "9min"),
        (writing(address, patience=20, in_all=True), 20, "18s"),
    ):
        with opened as connection:
            assert cast(Any, connection.connection.driver_connection).patience == patience
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == lock_timeout
            assert connection.execute(select(tenants.c.name)).all() == [("Contoso",)]
