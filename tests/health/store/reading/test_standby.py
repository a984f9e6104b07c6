"""Reading from a real hot standby of a real primary, with the conflicts in which replay stops readers.

On this standby replay goes first, at once. It ends a running statement, and the whole connection of a reader that is
between two statements. Both have the same SQLSTATE.

Modules: health.store.reading, health.store.opening, health.resolver.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import psycopg
import pytest

from health.posture import TenantBackupHealth
from health.resolver import TenantBackupHealthResolver
from health.store.opening import reading
from health.store.opening.errors import StoreError, StoreUnreachable
from health.store.opening.statements import Asked, ReadingConnection
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.oracle.loading import clear, load
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving
from tests.servers import Server, own_server, standby_of
from tests.statements import before_each_statement, statements
from tests.subject import fleet_report
from tests.waiting import DEADLINE, until
from tui.commands import run

CONFLICT: Final = "40001"
RENAME: Final = "UPDATE tenants SET name = 'Renamed'"


class Pair:
    """A database on a primary, and the same database on its standby."""

    def __init__(self, primary: Server, standby: Server) -> None:
        self.primary = primary
        self.standby = standby
        self.primary_url = primary.url_of("fleet")
        self.url = standby.url_of("fleet")

    def write(self, *statements: str) -> None:
        """Run statements on the primary, each in its own transaction, and wait until the standby has replayed them."""
        with psycopg.connect(self.primary_url, autocommit=True) as writer:
            for statement in statements:
                writer.execute(statement.encode())
        self.replay()

    def replay(self) -> None:
        """Wait until the standby has replayed all that the primary has done so far, committed or not."""
        # A restore point needs no transaction and writes out all of the log before it.
        ((done,),) = self.primary.execute("SELECT pg_create_restore_point('tests')").fetchall()
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{done}'"
        # In another database, so that it does not conflict with the readers.
        until(lambda: self.standby.execute(replayed).fetchone() == (True,), f"replay up to {done}")

    def a_reader_waits(self) -> bool:
        """Whether a statement of the product waits for a lock on the standby."""
        waiting = "SELECT FROM pg_stat_activity WHERE application_name = 'tenantpilot' AND wait_event_type = 'Lock'"
        return bool(self.standby.execute(waiting).fetchall())


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with own_server("fsync", "full_page_writes", "autovacuum") as primary, standby_of(primary) as standby:
        primary.execute("CREATE DATABASE fleet")
        pair = Pair(primary, standby)
        initialise(parse_database_url(pair.primary_url))
        yield pair


@pytest.fixture
def pair(servers: Pair) -> Pair:
    """Three tenants: one confirmed, one whose last run failed, one without a backup."""
    clear(servers.primary_url)
    load(servers.primary_url, a_fleet())
    servers.replay()
    return servers


def a_fleet() -> Rows:
    completed_at = NOW - HOUR
    return Rows(
        [TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO) for number in (1, 2, 3)],
        [SetRow(number, number, completed_at=completed_at, created_at=completed_at) for number in (1, 2)],
        [ItemRow(number, number, number) for number in (1, 2)],
        [ScheduleRow(1, 2, created_at=LONG_AGO, last_run_at=completed_at, last_run_status="failed")],
    )


def names(fleet: list[TenantBackupHealth]) -> set[str]:
    return {health.tenant.name for health in fleet}


# Reading


def test_a_standby_says_what_its_primary_says(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    said = fleet_report(pair.url, NOW, DEFAULT_POLICY)
    assert said == fleet_report(pair.primary_url, NOW, DEFAULT_POLICY)
    assert said["totals"]["tenants"] == 3
    printed = []
    for url in (pair.url, pair.primary_url):
        assert run(["check", "--now", f"{NOW:%FT%TZ}", "--database", url]) == 2
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_every_screen_reads_from_a_standby(pair: Pair) -> None:
    with resolving(pair.url) as held, resolving(pair.primary_url) as other:
        for resolver in (held, other):
            assert resolver.backup_set("tenant-1", 1, NOW).listed is not None
        assert held.dashboard("tenant-2", NOW) == other.dashboard("tenant-2", NOW)
        assert held.backup_sets("tenant-2", NOW) == other.backup_sets("tenant-2", NOW)
        assert held.backup_set("tenant-1", 1, NOW) == other.backup_set("tenant-1", 1, NOW)
        assert held.captured("tenant-1", 1, 1, NOW) == other.captured("tenant-1", 1, 1, NOW)
        assert held.schedules("tenant-2", NOW) == other.schedules("tenant-2", NOW)


# Noticing changes


def test_a_refresh_with_nothing_replayed_meanwhile_reads_no_facts(pair: Pair) -> None:
    with resolving(pair.url) as held, statements() as seen:

        def reads_nothing() -> bool:
            del seen[:]
            held.refreshed_fleet(NOW)
            return not any("FROM tenants" in statement for statement in seen)

        # The primary writes to its log by itself too, but not all the time.
        until(reads_nothing, "a refresh that reads no facts")


def test_a_commit_on_the_primary_is_seen_when_it_is_replayed(pair: Pair) -> None:
    with resolving(pair.url) as held:
        before = held.fleet(NOW)
        pair.write(RENAME)
        assert names(held.fleet(NOW)) == {"Renamed"}
        pair.write("DELETE FROM backup_items WHERE tenant_id = 1")
        assert held.fleet(NOW) == held.tenants(["tenant-1", "tenant-2", "tenant-3"], NOW) != before


def test_commits_in_another_order_than_the_beginnings_are_all_seen(pair: Pair) -> None:
    """A standby's snapshot does not say which transactions between its oldest and its newest are running."""
    with resolving(pair.url) as held, ExitStack() as stack:
        writers = [stack.enter_context(psycopg.connect(pair.primary_url)) for _ in range(3)]
        for number, writer in enumerate(writers, start=1):
            writer.execute("UPDATE tenants SET name = 'Renamed' WHERE id = %s", [number])
        pair.replay()
        assert "Renamed" not in names(held.fleet(NOW))
        for done, writer in enumerate(reversed(writers), start=1):
            writer.commit()
            pair.replay()
            assert [health.tenant.name for health in held.fleet(NOW)].count("Renamed") == done


def test_a_commit_replayed_after_the_snapshot_began_is_seen_next(pair: Pair) -> None:
    """The position that the token has is read after the snapshot began, and may be later than the facts."""
    with resolving(pair.url) as held, ExitStack() as stack:
        older, writer = (stack.enter_context(psycopg.connect(pair.primary_url)) for _ in range(2))
        older.execute("UPDATE tenants SET name = 'Other' WHERE id = 3")
        writer.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 1")
        # A commit between an older and a newer transaction leaves the snapshot's text as it was.
        pair.write("UPDATE tenants SET name = 'Newer' WHERE id = 2")
        waits = True

        def commit(asked: Asked) -> None:
            nonlocal waits
            if waits and "pg_current_snapshot" in asked.statement:
                waits = False
                writer.commit()
                pair.replay()

        with before_each_statement(commit):
            assert "Renamed" not in names(held.fleet(NOW))
        assert "Renamed" in names(held.fleet(NOW))
        older.rollback()


def test_without_the_replay_position_every_refresh_reads(pair: Pair) -> None:
    pair.write(
        "CREATE ROLE reader LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
        "REVOKE EXECUTE ON FUNCTION pg_last_wal_replay_lsn() FROM PUBLIC",
    )
    try:
        with resolving(pair.url.replace("postgres:@", "reader@")) as held:
            before = held.fleet(NOW)
            assert held.fleet(NOW) == before
            pair.write(RENAME)
            assert names(held.fleet(NOW)) == {"Renamed"}
    finally:
        pair.write(
            "GRANT EXECUTE ON FUNCTION pg_last_wal_replay_lsn() TO PUBLIC", "DROP OWNED BY reader", "DROP ROLE reader"
        )


# Conflicts


class Ended:
    """The statements that a server ended: the SQLSTATE, and whether it ended the connection too."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, bool]] = []

    def note(self, connection: ReadingConnection, error: StoreError) -> bool:
        cause: Any = error.__cause__
        self.statements.append((cause.sqlstate, connection.lost))
        return was_broken_off(connection, error)


was_broken_off: Final = reading._was_broken_off


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Ended:
    found = Ended()
    monkeypatch.setattr(reading, "_was_broken_off", found.note)
    return found


@contextmanager
def locked(pair: Pair, table: str) -> Iterator[None]:
    """Lock a table exclusively on the primary, as ALTER TABLE does, and so in the standby's replay."""
    with psycopg.connect(pair.primary_url) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        pair.replay()
        yield
        holder.commit()
        pair.replay()


def one_tenant(resolver: TenantBackupHealthResolver) -> list[TenantBackupHealth]:
    return resolver.tenants(["tenant-2"], NOW)


def end_its_statement(pair: Pair) -> None:
    """A reader that waits for the schedules has read the tenants, which the replay now wants to lock."""
    until(lambda: pair.a_reader_waits(), "a reader that waits for the schedules")
    with locked(pair, "tenants"):
        pass


def test_a_statement_that_replay_has_ended_is_asked_again_quietly(pair: Pair, ended: Ended) -> None:
    with resolving(pair.url) as held:
        before = one_tenant(held)
        with ThreadPoolExecutor(1) as thread, locked(pair, "backup_schedules"):
            answer = thread.submit(one_tenant, held)
            end_its_statement(pair)
        assert answer.result(DEADLINE) == before
    assert ended.statements == [(CONFLICT, False)]


def test_a_second_one_at_once_is_one_sentence_then_reading_serves(pair: Pair, ended: Ended) -> None:
    with resolving(pair.url) as held:
        before = one_tenant(held)
        with ThreadPoolExecutor(1) as thread, locked(pair, "backup_schedules"):
            answer = thread.submit(one_tenant, held)
            end_its_statement(pair)
            end_its_statement(pair)
            assert_one_sentence(answer.exception(DEADLINE))
        assert one_tenant(held) == before
    assert ended.statements == [(CONFLICT, False)] * 2


def assert_one_sentence(error: BaseException | None) -> None:
    assert isinstance(error, StoreUnreachable)
    assert str(error).startswith("fleet@localhost cannot be read: ")
    assert "\n" not in str(error)


@contextmanager
def vacuumed_away(pair: Pair, times: int) -> Iterator[None]:
    """The primary removes rows that a read's snapshot still sees, between two of its statements, this many times."""
    left = times

    def vacuum(asked: Asked) -> None:
        nonlocal left
        if left and "FROM backup_sets AS candidate" in asked.statement:
            left -= 1
            pair.write("UPDATE tenants SET archived_at = NULL", "VACUUM tenants")

    with before_each_statement(vacuum):
        yield
    assert left == 0


def test_a_connection_that_replay_has_ended_is_replaced_quietly(pair: Pair, ended: Ended) -> None:
    with resolving(pair.url) as held:
        before = held.fleet(NOW)
        pair.write("UPDATE backup_sets SET name = name")
        with vacuumed_away(pair, times=1):
            assert held.fleet(NOW) == before
        with vacuumed_away(pair, times=1):
            assert held.dashboard("tenant-2", NOW).health in before
    assert ended.statements == [(CONFLICT, True)] * 2


def test_a_second_one_by_replay_is_one_sentence_then_reading_serves(pair: Pair, ended: Ended) -> None:
    with resolving(pair.url) as held:
        before = held.fleet(NOW)
        pair.write("UPDATE backup_sets SET name = name")
        with vacuumed_away(pair, times=2), pytest.raises(StoreError) as said:
            held.fleet(NOW)
        assert_one_sentence(said.value)
        assert held.fleet(NOW) == before
    assert ended.statements == [(CONFLICT, True)] * 2


# The end of a standby


def test_a_database_that_the_primary_drops_is_one_sentence(pair: Pair) -> None:
    pair.primary.execute("CREATE DATABASE other TEMPLATE fleet")
    pair.replay()
    with resolving(pair.standby.url_of("other")) as held:
        assert len(held.fleet(NOW)) == 3
        pair.primary.execute("DROP DATABASE other")
        pair.replay()
        with pytest.raises(StoreUnreachable, match=r'^other@localhost cannot be read: .*"other" does not exist'):
            held.fleet(NOW)


def test_a_promoted_standby_is_read_on_with_its_own_changes(pair: Pair) -> None:
    with standby_of(pair.primary) as other, resolving(other.url_of("fleet")) as held:
        before = held.fleet(NOW)
        other.execute("SELECT pg_promote()")
        assert held.fleet(NOW) == before
        with psycopg.connect(other.url_of("fleet")) as writer:
            writer.execute(RENAME)
        assert names(held.fleet(NOW)) == {"Renamed"}
    with resolving(pair.url) as held:
        assert held.fleet(NOW) == before
