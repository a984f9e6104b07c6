"""PostgreSQL behind a link that freezes, breaks or refuses: one sentence in time, and recovery without help."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import psycopg
import pytest

from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening import deadline, limits, postgresql
from health.store.opening.errors import StoreError, StoreSilent, StoreUnreachable
from health.store.opening.urls import parse_database_url
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.link import Link, link_to
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.resolving import resolving

pytestmark = pytest.mark.alone

MARGIN = 2.0
"""Seconds after the deadline within which the question must have ended."""
SHORT = 0.6


@pytest.fixture
def url(postgres_url: str) -> str:
    rows = Rows([], [], [], [])
    for number in (1, 2, 3):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        rows.sets.append(SetRow(number, number, completed_at=NOW - number * HOUR, created_at=NOW - number * HOUR))
        rows.items.append(ItemRow(number, number, number))
    load(postgres_url, rows)
    return postgres_url


@pytest.fixture
def link(url: str) -> Iterator[Link]:
    with link_to(url) as found:
        yield found


def change(url: str) -> None:
    """Change something that a refresh must read."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 2")


def test_the_deadline_leaves_the_server_time_to_cancel() -> None:
    assert limits.SILENT_SECONDS < deadline.ANSWER_SECONDS <= limits.SILENT_SECONDS + MARGIN
    assert limits.STATEMENT_SECONDS < deadline.WHOLE_SECONDS <= limits.STATEMENT_SECONDS + MARGIN
    assert postgresql.READING["lock_timeout"] == f"{limits.SILENT_SECONDS}s"
    assert postgresql.READING["statement_timeout"] == f"{limits.STATEMENT_SECONDS}s"


@pytest.mark.parametrize(
    ("statement", "warm"),
    [
        ("BEGIN ISOLATION", False),
        ("alembic_version", False),
        ("pg_current_snapshot", True),
        ("FROM tenants", True),
        ("COMMIT", True),
    ],
)
def test_a_link_that_freezes_while_a_statement_runs(
    statement: str, warm: bool, url: str, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    with resolving(link.url) as resolver:
        if warm:
            assert len(resolver.fleet(NOW)) == 3
            change(url)
        link.freeze_behind(statement)
        with monkeypatch.context() as patched:
            patched.setattr(deadline.DeadlineConnection, "patience", SHORT)
            started = time.monotonic()
            with pytest.raises(StoreSilent, match=rf"cannot be read: no answer within {SHORT} seconds\."):
                resolver.fleet(NOW)
            assert time.monotonic() - started < SHORT + MARGIN
        assert link.frozen.is_set()
        link.thaw()
        with resolving(url) as straight:
            assert resolver.fleet(NOW) == straight.fleet(NOW)


def test_a_new_connection_over_a_frozen_link(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECT_SECONDS", 2)
    with resolving(link.url) as resolver:
        link.freeze()
        started = time.monotonic()
        with pytest.raises(StoreUnreachable, match="timeout expired"):
            resolver.fleet(NOW)
        assert time.monotonic() - started < 2 + MARGIN
        link.thaw()
        assert len(resolver.fleet(NOW)) == 3


@pytest.mark.parametrize("statement", ["BEGIN ISOLATION", "FROM tenants"])
def test_a_question_over_a_frozen_link_is_interrupted_early(
    statement: str, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "_BREAK_OFF_SECONDS", SHORT)
    with resolving(link.url) as resolver:
        link.freeze_behind(statement)

        def ask() -> None:
            with suppress(StoreError):
                resolver.fleet(NOW)

        asking = threading.Thread(target=ask)
        asking.start()
        assert link.frozen.wait(10)
        started = time.monotonic()
        resolver.interrupt()
        asking.join(10)
        assert not asking.is_alive()
        assert time.monotonic() - started < 2 * SHORT + MARGIN
        link.thaw()
        assert len(resolver.fleet(NOW)) == 3


def test_a_connection_that_is_refused(url: str) -> None:
    with link_to(url) as link:
        gone = link.url
    with resolving(gone) as resolver, pytest.raises(StoreUnreachable, match=r"cannot be read: .*refused"):
        resolver.fleet(NOW)


def test_a_link_that_is_cut_under_a_held_connection(url: str) -> None:
    with link_to(url) as link:
        resolver = TenantBackupHealthResolver(parse_database_url(link.url), HealthPolicy())
        assert len(resolver.fleet(NOW)) == 3
    with closing(resolver), pytest.raises(StoreUnreachable, match="refused"):
        resolver.fleet(NOW)


def test_a_wrong_password_is_reported_without_it(url: str, link: Link) -> None:
    with psycopg.connect(url, autocommit=True) as administrator:
        (file,) = administrator.execute("SHOW hba_file").fetchone() or ("",)
        administrator.execute("CREATE ROLE locked_out LOGIN PASSWORD 'right'")
        # The superuser may write the file that says which roles need a password.
        administrator.execute(
            f"COPY (VALUES ('local all locked_out scram-sha-256'), ('local all all trust')) TO '{file}'".encode()
        )
        administrator.execute("SELECT pg_reload_conf()")
        try:
            wrong = link.url.replace("postgres@", "locked_out:hunter2@", 1)
            with resolving(wrong) as resolver, pytest.raises(StoreUnreachable) as refused:
                resolver.fleet(NOW)
            assert "password authentication failed" in str(refused.value)
            assert "hunter2" not in str(refused.value)
        finally:
            administrator.execute("DROP ROLE locked_out")


def test_the_server_cancels_a_statement_that_takes_too_long(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgresql.READING, "statement_timeout", "200ms")
    with resolving(url) as resolver, psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnreachable, match="statement timeout") as cancelled:
            resolver.fleet(NOW)
        assert not isinstance(cancelled.value, StoreSilent)
        holder.rollback()
        # The connection is as good as before.
        assert len(resolver.fleet(NOW)) == 3


# A slow link does not count as silence


def test_a_slow_answer_is_not_cut_off(url: str, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    with resolving(link.url) as resolver:
        assert len(resolver.fleet(NOW)) == 3
        change(url)
        monkeypatch.setattr(deadline.DeadlineConnection, "patience", SHORT)
        # A byte every few hundredths of a second: the whole takes several times as long as silence may last.
        link.trickle(ends_after=100)
        started = time.monotonic()
        assert "Renamed" in {health.tenant.name for health in resolver.fleet(NOW)}
        assert time.monotonic() - started > 2 * SHORT


def test_an_answer_that_never_ends_has_a_larger_bound(url: str, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    with resolving(link.url) as resolver:
        assert len(resolver.fleet(NOW)) == 3
        change(url)
        monkeypatch.setattr(deadline.DeadlineConnection, "whole", 2 * SHORT)
        link.trickle()
        started = time.monotonic()
        with pytest.raises(StoreSilent, match=rf"cannot be read: no whole answer within {2 * SHORT:g} seconds\."):
            resolver.fleet(NOW)
        assert 2 * SHORT <= time.monotonic() - started < 2 * SHORT + MARGIN


def test_a_new_connection_that_trickles_has_its_bound(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECT_SECONDS", 2)
    link.trickle()
    started = time.monotonic()
    with resolving(link.url) as resolver, pytest.raises(StoreUnreachable, match="timeout expired"):
        resolver.fleet(NOW)
    assert time.monotonic() - started < 2 + MARGIN
