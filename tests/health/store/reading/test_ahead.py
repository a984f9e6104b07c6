"""A fleet read ahead by the bare driver: the same facts as those read here, or none; never only a part."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest

from health.facts import TenantFacts
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening import limits, postgresql, sqlite, sqlite_file
from health.store.opening.errors import DatabaseMissing, NotReadAhead, SchemaProblem, StoreUnreachable
from health.store.opening.sqlite_file import FileStamps, stamps_of
from health.store.opening.urls import parse_database_url
from health.store.reading import ahead
from health.store.reading.ahead import FleetAhead
from health.store.reading.held_connection import FleetRead
from tests.faulty_drivers import CAUSE, Faults, Mode, faulty_drivers
from tests.health.making import DAY, HOUR, NOW
from tests.health.store.bare import bare
from tests.health.store.reading.fleets_ahead import MANY, a_fleet, ahead_of, by_id, read_here, resolving_ahead, sent
from tests.oracle.loading import load, sqlite_path
from tests.resolving import resolving
from tests.statements import flights


@pytest.mark.parametrize("tenants", [0, 1, 4, MANY])
def test_the_facts_are_those_that_are_read_here(database_url: str, tenants: int) -> None:
    load(database_url, a_fleet(tenants))
    found = list(ahead_of(sent(database_url)).facts())
    assert by_id(found) == read_here(database_url)
    assert len(found) == tenants - (tenants >= 3)


def test_an_unreadable_row_affects_only_its_tenant(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with bare(postgres_url) as other:
        other.execute("UPDATE backup_sets SET completed_at = 'infinity' WHERE tenant_id = 2")
    found = by_id(ahead_of(sent(postgres_url)).facts())
    assert {tenant for tenant, facts in found.items() if facts.unreadable} == {2}
    assert found == read_here(postgres_url)


def test_text_in_no_encoding_is_sent_on_as_it_is(sqlite_url: str) -> None:
    load(sqlite_url, a_fleet())
    with bare(sqlite_url) as other:
        other.execute("UPDATE tenants SET name = CAST(x'436f6eff' AS TEXT) WHERE id = 2")
    with pytest.raises(NotReadAhead):
        list(ahead_of(sent(sqlite_url)).facts())
    with resolving_ahead(sqlite_url, sent(sqlite_url)) as resolver:
        assert {each.tenant.name for each in resolver.fleet(NOW)} >= {"Con\\xff"}


# The resolver over it


def test_the_first_refresh_reads_nothing_if_nothing_changed(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving_ahead(postgres_url, sent(postgres_url)) as resolver:
        first = resolver.refreshed_fleet(NOW)
        with flights() as seen:
            second = resolver.refreshed_fleet(NOW)
        assert len(seen) == 1
        assert "FROM tenants" not in seen[0]
        assert second.verdicts is first.verdicts


@pytest.fixture
def written_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is as if nobody had written it in the last seconds."""
    monkeypatch.setattr(sqlite, "is_settled", lambda stamp: True)


@pytest.mark.usefixtures("written_long_ago")
def test_a_file_that_nobody_wrote_since_is_not_read_again(sqlite_url: str, reads: list[FleetRead]) -> None:
    load(sqlite_url, a_fleet())
    with resolving_ahead(sqlite_url, sent(sqlite_url)) as resolver:
        answers = [resolver.refreshed_fleet(NOW + number * HOUR / 60) for number in range(3)]
        assert not reads
        assert answers[2].verdicts is answers[1].verdicts is answers[0].verdicts
        with bare(sqlite_url) as writer:
            writer.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 2")
        assert "Renamed" in {health.tenant.name for health in resolver.fleet(NOW)}
        assert len(reads) == 1


RENAMED = "UPDATE tenants SET name = 'Renamed' WHERE id = 2"


def test_the_first_refresh_sees_what_changed_since_it_was_sent(database_url: str) -> None:
    load(database_url, a_fleet())
    messages = sent(database_url)
    with bare(database_url) as writer:
        writer.execute(RENAMED)
    with resolving_ahead(database_url, messages) as resolver:
        resolver.refreshed_fleet(NOW)
        assert "Renamed" in {health.tenant.name for health in resolver.fleet(NOW)}


@pytest.mark.usefixtures("written_long_ago")
@pytest.mark.parametrize("looked", range(1, 8))
def test_a_change_while_the_file_is_opened_is_seen(
    looked: int, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each look at the file's stamps, by the process that reads ahead or by this one."""
    load(sqlite_url, a_fleet())
    calls = count(1)

    def written_then(file: Path) -> FileStamps:
        found = stamps_of(file)
        if next(calls) == looked:
            with bare(sqlite_url) as writer, suppress(sqlite3.OperationalError):  # locked while a snapshot is read
                writer.execute("PRAGMA busy_timeout = 0")
                writer.execute(RENAMED)
        return found

    monkeypatch.setattr(sqlite, "stamps_of", written_then)
    with resolving_ahead(sqlite_url, sent(sqlite_url)) as resolver:
        resolver.refreshed_fleet(NOW)
        resolver.refreshed_fleet(NOW)
        second = resolver.fleet(NOW)
        assert next(calls) > looked
    monkeypatch.setattr(sqlite, "stamps_of", stamps_of)
    with resolving(sqlite_url) as straight:
        assert second == straight.fleet(NOW)


def test_a_commit_with_the_same_stamp_is_seen(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems stamp in steps of two seconds."""
    stamp_of = sqlite_file._stamp_of

    def coarse(file: Path) -> sqlite_file.Stamp | None:
        found = stamp_of(file)
        if found is None:
            return None
        step = 2_000_000_000
        return found._replace(modified=found.modified // step * step, changed=found.changed // step * step)

    load(sqlite_url, a_fleet())
    monkeypatch.setattr(sqlite_file, "_stamp_of", coarse)
    messages = sent(sqlite_url)
    with bare(sqlite_url) as writer:
        writer.execute(RENAMED)
    with resolving_ahead(sqlite_url, messages) as resolver:
        resolver.refreshed_fleet(NOW)
        assert "Renamed" in {health.tenant.name for health in resolver.fleet(NOW)}


@pytest.mark.usefixtures("written_long_ago")
def test_a_file_with_a_wal_is_read_again(sqlite_url: str, reads: list[FleetRead]) -> None:
    """A commit is written into the WAL before its index: a snapshot between the two lacks it, with the same stamps."""
    load(sqlite_url, a_fleet())
    with closing(sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute(RENAMED)
        with resolving_ahead(sqlite_url, sent(sqlite_url)) as resolver:
            resolver.refreshed_fleet(NOW)
            resolver.refreshed_fleet(NOW)
            assert len(reads) == 1


def test_the_first_answer_was_read_ahead_and_the_next_is_read_here(database_url: str) -> None:
    load(database_url, a_fleet())
    messages = sent(database_url)
    with resolving(database_url) as straight, resolving_ahead(database_url, messages) as resolver:
        before = straight.fleet(NOW)
        with bare(database_url) as other:
            other.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 4")
        first = resolver.refreshed_fleet(NOW)
        assert list(first.verdicts) == before
        second = resolver.refreshed_fleet(NOW + timedelta(seconds=30))
        assert list(second.verdicts) == straight.fleet(NOW + timedelta(seconds=30))
        assert [each.tenant.name for each in second.verdicts if each.tenant.id == 4] == ["Renamed"]
        # Tenants with equal facts keep the same verdict object.
        kept = {id(each) for each in first.verdicts} & {id(each) for each in second.verdicts}
        assert len(kept) == len(before) - 1


def test_the_servers_own_time_comes_with_it(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving_ahead(postgres_url, sent(postgres_url)) as resolver, resolving(postgres_url) as straight:
        resolver.refreshed_fleet(NOW)
        assert resolver.own_time().clock is not None
        assert resolver._held is None
        assert resolver.role_could_write() is straight.role_could_write() is True


def test_a_fleet_that_came_only_in_part_is_not_used(database_url: str) -> None:
    load(database_url, a_fleet(MANY))
    messages = sent(database_url)
    assert len(messages) >= 5
    with resolving(database_url) as straight:
        whole = straight.fleet(NOW)
    for number in range(len(messages)):
        with pytest.raises(NotReadAhead):
            list(ahead_of(messages[:number]).facts())
    with resolving_ahead(database_url, messages[:3]) as resolver:
        assert resolver.fleet(NOW) == whole


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_every_call_of_the_driver_fails_in_turn(engine: str, mode: Mode, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(f"{engine}_url")
    load(url, a_fleet())
    whole = read_here(url)
    told = 0
    with faulty_drivers() as faults:
        for number in count(1):
            outcome = attempt(url, faults, number, mode)
            if not faults.failed:
                break
            if isinstance(outcome, StoreUnreachable):
                told += 1
                assert CAUSE in str(outcome)
            else:
                # The last call ends the snapshot, when all is sent.
                assert outcome in (None, whole)
    assert outcome == whole
    # A failed connection is reported. A failure after that is not, and the other end asks again.
    assert told == 1


def attempt(url: str, faults: Faults, number: int, mode: Mode) -> dict[int, TenantFacts] | StoreUnreachable | None:
    with faults.at(number, mode):
        messages = sent(url)
    try:
        return by_id(ahead_of(messages).facts())
    except NotReadAhead:
        return None
    except StoreUnreachable as error:
        return error


# Not a fleet


def test_a_missing_database_is_reported_by_the_next_question(tmp_path: Path) -> None:
    missing = f"sqlite:///{tmp_path}/missing.db"
    assert sent(missing) == []
    with resolving_ahead(missing, []) as resolver, pytest.raises(DatabaseMissing):
        resolver.fleet(NOW)


def test_another_schema(fresh_url: str) -> None:
    load(fresh_url, a_fleet())
    with bare(fresh_url) as other:
        other.execute("UPDATE alembic_version SET version_num = 'tp9999'")
    assert sent(fresh_url) == []
    with resolving_ahead(fresh_url, []) as resolver, pytest.raises(SchemaProblem):
        resolver.fleet(NOW)


def test_a_server_that_does_not_answer_is_reported_once() -> None:
    url = "postgresql://triage@127.0.0.1:1/fleet"
    with resolving_ahead(url, sent(url)) as resolver:
        with pytest.raises(StoreUnreachable, match=r"^fleet@127\.0\.0\.1:1 cannot be read: "):
            resolver.fleet(NOW)
        assert resolver._held is None


def test_a_file_that_stays_locked_is_reported_once(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load(sqlite_url, a_fleet())
    monkeypatch.setattr(limits, "LOCK_SECONDS", 0.0)
    with closing(sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        messages = sent(sqlite_url)
    with resolving_ahead(sqlite_url, messages) as resolver:
        with pytest.raises(StoreUnreachable, match="is locked by a program that writes to it"):
            resolver.fleet(NOW)
        assert resolver._held is None
        assert resolver.fleet(NOW)


def test_a_statement_that_took_too_long_is_reported_once(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load(postgres_url, a_fleet())
    monkeypatch.setitem(postgresql.READING, "statement_timeout", "100ms")
    with psycopg.connect(postgres_url) as writer:
        writer.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        messages = sent(postgres_url)
    with (
        resolving_ahead(postgres_url, messages) as resolver,
        pytest.raises(StoreUnreachable, match="statement timeout"),
    ):
        resolver.fleet(NOW)


def test_a_lack_of_this_way_of_reading_is_not_reported(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that does not tell a role's rights is read all the same."""
    load(postgres_url, a_fleet())
    monkeypatch.setattr(ahead, "COULD_WRITE", "SELECT no_such_function()")
    messages = sent(postgres_url)
    assert messages == []
    with resolving(postgres_url) as straight, resolving_ahead(postgres_url, messages) as resolver:
        assert resolver.fleet(NOW) == straight.fleet(NOW)


# Interrupting


def test_an_interrupted_read_answers_nothing_and_asks_nothing(database_url: str) -> None:
    load(database_url, a_fleet())
    ended: list[bool] = []
    waiting: FleetAhead

    def messages() -> Generator[bytes]:
        waiting.break_off()
        yield from ()

    waiting = FleetAhead(messages(), lambda: ended.append(True))
    resolver = TenantBackupHealthResolver(parse_database_url(database_url), HealthPolicy(), waiting)
    with pytest.raises(StoreUnreachable):
        resolver.refreshed_fleet(NOW)
    assert ended
    assert resolver._held is None
    assert resolver.refreshed_fleet(NOW + DAY).verdicts
    resolver.close()


def test_the_module_that_starts_first_imports_nothing_slow() -> None:
    heavy = ("sqlalchemy", "psycopg", "pydantic", "textual", "alembic")
    modules = "health.resolver, health.store.reading.ahead"
    program = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
