"""The rows of a fleet are read while a server still sends them, so that a slow read can say how far it is.

Modules: health.store.opening.postgresql, health.store.opening.deadline, health.store.reading.assembly.
(docs/reading.md, "Deadlines")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from health.answers import Progress
from health.store.opening import deadline
from health.store.opening.deadline import DeadlineConnection
from health.store.opening.errors import StoreError, StoreSilent, StoreUnreachable
from health.store.opening.postgresql import PostgresqlReading
from health.store.opening.reading import one_snapshot, open_reading
from health.store.opening.statements import ROWS_AT_ONCE, Asked
from health.store.opening.urls import parse_database_url
from health.store.reading.assembly import FleetRows, facts_in, fleet_rows
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.link import link_to
from tests.oracle.loading import load
from tests.oracle.rows import Rows, SetRow, TenantRow

TENANTS = 2 * ROWS_AT_ONCE + 1


@contextmanager
def rows_coming(url: str) -> Iterator[tuple[FleetRows, DeadlineConnection]]:
    """The rows of a fleet in one flight, and the driver that they come from."""
    tenants = [TenantRow(number, f"tenant-{number}", f"T {number}", LONG_AGO) for number in range(1, TENANTS + 1)]
    sets = [SetRow(each.id, each.id, completed_at=NOW - HOUR, created_at=NOW - HOUR) for each in tenants]
    load(url, Rows(tenants, sets, [], []))
    address = parse_database_url(url)
    with closing(open_reading(address)) as connection, one_snapshot(connection, address) as statements:
        assert isinstance(connection, PostgresqlReading)
        yield fleet_rows(statements, last=True)[1], connection._driver


def ended(driver: DeadlineConnection) -> bool:
    return driver.info.transaction_status is TransactionStatus.IDLE


def test_facts_are_made_before_the_last_row_is_there(postgres_url: str) -> None:
    progress = Progress()
    with rows_coming(postgres_url) as (rows, driver):
        facts = facts_in("postgresql", rows, progress)
        assert len({next(facts).tenant.id for _ in range(ROWS_AT_ONCE + 1)}) == ROWS_AT_ONCE + 1
        assert (progress.read, progress.of) == (ROWS_AT_ONCE, TENANTS)
        assert not ended(driver)
        assert len(list(facts)) == TENANTS - ROWS_AT_ONCE - 1
        assert progress.read == TENANTS
        # The end of the snapshot came in the same flight.
        assert ended(driver)


def test_so_are_they_with_a_libpq_that_has_whole_answers_only(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psycopg.capabilities, "has_stream_chunked", lambda: False)
    with rows_coming(postgres_url) as (rows, driver):
        assert len(list(facts_in("postgresql", rows))) == TENANTS
        assert ended(driver)


LATE = f"SELECT CASE WHEN n < {2 * ROWS_AT_ONCE} THEN n ELSE 1 / (n - n) END FROM generate_series(1, 5000) AS n"
"""Fails when many of its rows have come."""
HELD_UP = (
    f"SELECT repeat('x', 1000), CASE WHEN n > {ROWS_AT_ONCE + 50} THEN pg_advisory_xact_lock(1)::text END"
    f" FROM generate_series(1, {2 * ROWS_AT_ONCE}) AS n"
)
"""Waits for a lock when its first part has been sent."""


@pytest.fixture
def connection(postgres_url: str) -> Iterator[PostgresqlReading]:
    with closing(PostgresqlReading.open(parse_database_url(postgres_url))) as opened:
        yield opened


@pytest.fixture
def locked(postgres_url: str) -> Iterator[None]:
    with psycopg.connect(postgres_url, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(1)")
        yield


def take(connection: PostgresqlReading, statement: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Ask a statement with many rows. When its first part has come, do something, and take the rest."""
    with one_snapshot(connection, parse_database_url("postgresql:///fleet")) as statements:
        (parts,) = statements.run([Asked(statement, large=True)], last=True)
        assert len(next(parts)) == ROWS_AT_ONCE
        meanwhile()
        for _ in parts:
            pass


def works(connection: PostgresqlReading) -> bool:
    with one_snapshot(connection, parse_database_url("postgresql:///fleet")) as statements:
        return statements.rows("SELECT 1") == [(1,)]


def test_an_error_in_the_middle_leaves_the_connection(connection: PostgresqlReading) -> None:
    with pytest.raises(StoreUnreachable, match="division by zero"):
        take(connection, LATE)
    assert works(connection)


def test_rows_that_are_not_taken_cost_the_connection(connection: PostgresqlReading) -> None:
    with pytest.raises(ZeroDivisionError):
        take(connection, LATE, lambda: 1 // 0)
    assert connection.lost


@pytest.mark.usefixtures("locked")
def test_silence_in_the_middle_has_its_deadline(connection: PostgresqlReading) -> None:
    with pytest.raises(StoreSilent, match=r"no answer within 0\.3 seconds"):
        take(connection, HELD_UP, lambda: setattr(connection._driver, "patience", 0.3))


@pytest.mark.usefixtures("locked")
def test_the_bound_of_a_whole_answer_counts_from_its_question(connection: PostgresqlReading) -> None:
    def as_if_long_ago() -> None:
        assert connection._driver._asked_at is not None
        connection._driver._asked_at -= connection._driver.whole

    with pytest.raises(StoreSilent, match="no whole answer"):
        take(connection, HELD_UP, as_if_long_ago)


@pytest.mark.usefixtures("locked")
def test_it_can_be_broken_off_in_the_middle(connection: PostgresqlReading) -> None:
    with pytest.raises(StoreError, match="due to user request"):
        take(connection, HELD_UP, connection.break_off)
    assert works(connection)


@pytest.mark.usefixtures("locked")
def test_a_frozen_link_is_broken_off_though_parts_came(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "_BREAK_OFF_SECONDS", 0.3)
    with link_to(postgres_url) as link, closing(PostgresqlReading.open(parse_database_url(link.url))) as connection:

        def freeze() -> None:
            link.freeze()
            connection.break_off()

        with pytest.raises(StoreSilent):
            take(connection, HELD_UP, freeze)
        assert connection.lost
