"""A standby that lags, or a clock that differs: nothing is confirmed, and every command and screen says so.

(docs/reading.md, "How old the facts are")

Modules: tui.words.database_time, tui.commands.check, tui.commands.report, tui.screens.facts_screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from health.answers import OwnTime
from health.instants import NOT_SAID
from health.policy import HealthPolicy
from health.store.opening.errors import StoreError
from health.store.opening.reading import reading_once
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise
from tests.link import link_to
from tests.oracle.loading import clear, load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.resolving import resolving
from tests.servers import Server, own_server, standby_of
from tests.tui.screens.driving import Clock, looks_calm, open_app
from tests.waiting import until
from tui.clock import utc_now
from tui.commands import causes as grouping
from tui.commands import check as checking
from tui.commands import coverage as covering
from tui.commands import metrics as measuring
from tui.commands import report as reporting
from tui.commands import run
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.words.database_time import DatabaseTime

HOUR = timedelta(hours=1)
LIMIT = timedelta(seconds=90)
POLICY = HealthPolicy()


def a_confirmed_tenant() -> Rows:
    at = utc_now() - HOUR
    kept = [SetRow(1, 1, completed_at=at, created_at=at)]
    return Rows([TenantRow(1, "contoso.example", "Contoso", at - HOUR)], kept, [ItemRow(1, 1, 1)], [])


# The words


@pytest.mark.parametrize(
    ("time", "doubts"),
    [
        (DatabaseTime(), ()),
        (DatabaseTime(LIMIT, POLICY.clock_skew), ()),
        (DatabaseTime(timedelta(0), -POLICY.clock_skew), ()),
        (DatabaseTime(3 * HOUR), ("this standby is behind: its last replayed transaction is 3h old",)),
        (DatabaseTime(NOT_SAID), ("this standby does not say how old its facts are",)),
        (DatabaseTime(timedelta(0), 30 * HOUR), ("the database's clock is 1d 6h ahead of this machine's",)),
        (DatabaseTime(timedelta(0), -30 * HOUR), ("the database's clock is 1d 6h behind this machine's",)),
    ],
)
def test_doubts(time: DatabaseTime, doubts: tuple[str, ...]) -> None:
    assert time.doubts(POLICY, LIMIT) == doubts


@pytest.mark.parametrize("tick", [timedelta(microseconds=1), timedelta(seconds=1)])
def test_both_sides_of_the_boundaries(tick: timedelta) -> None:
    assert DatabaseTime(LIMIT + tick).doubts(POLICY, LIMIT)
    assert DatabaseTime(timedelta(0), POLICY.clock_skew + tick).doubts(POLICY, LIMIT)
    assert DatabaseTime(timedelta(0), -POLICY.clock_skew - tick).doubts(POLICY, LIMIT)


def test_a_slow_answer_does_not_count_as_a_difference() -> None:
    asked_at = datetime(2026, 3, 1, tzinfo=UTC)
    said = OwnTime(asked_at + HOUR)
    assert DatabaseTime.of(said, asked_at, asked_at + 2 * HOUR) == DatabaseTime()
    assert DatabaseTime.of(said, asked_at, asked_at) == DatabaseTime(timedelta(0), HOUR)
    assert DatabaseTime.of(said, asked_at + 2 * HOUR, asked_at + 3 * HOUR) == DatabaseTime(timedelta(0), -HOUR)
    assert DatabaseTime.of(OwnTime(), asked_at, asked_at) == DatabaseTime()


# A clock that differs


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """This machine's clock, but only for the commands: it is slow by less than the age of the backup."""
    now = utc_now() - HOUR / 2
    for module in (checking, reporting, measuring, grouping, covering):
        monkeypatch.setattr(module, "utc_now", lambda: now)
    return now


def test_check_is_unknown_where_a_clock_differs(
    postgres_url: str, slow_clock: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    load(postgres_url, a_confirmed_tenant())
    assert run(["check", "--database", postgres_url]) == 3
    line = capsys.readouterr().out
    assert line.startswith("TENANTPILOT UNKNOWN")
    assert "the database's clock is 30m ahead of this machine's" in line
    assert "0 confirmed |" in line


def test_an_absent_tenant_is_critical_whatever_the_clock(
    postgres_url: str, slow_clock: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    load(postgres_url, a_confirmed_tenant())
    load(postgres_url, Rows([TenantRow(2, "absent", "Absent", utc_now())], [], [], []))
    assert run(["check", "--database", postgres_url]) == 2
    assert "clock" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["report", "causes", "coverage"])
def test_documents_say_it_on_standard_error(
    postgres_url: str, slow_clock: datetime, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load(postgres_url, a_confirmed_tenant())
    assert run([command, "--database", postgres_url]) == 0
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "Nothing is confirmed: the database's clock is 30m ahead of this machine's." in printed.err
    assert printed.out.startswith("{")


def gauge(text: str, name: str) -> float:
    (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found)


def test_metrics_have_it_as_a_number(
    postgres_url: str, slow_clock: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    load(postgres_url, a_confirmed_tenant())
    assert run(["metrics", "--database", postgres_url]) == 0
    text = capsys.readouterr().out
    assert gauge(text, "tenantpilot_database_clock_ahead_seconds") == pytest.approx(1800, abs=60)
    assert gauge(text, 'tenantpilot_tenants{state="confirmed"}') == 0
    assert gauge(text, 'tenantpilot_tenants{state="unconfirmed"}') == 1
    assert 'tenantpilot_tenant_state{state="unconfirmed",tenant="contoso.example"}' in text.replace(
        'tenant="contoso.example",state="unconfirmed"', 'state="unconfirmed",tenant="contoso.example"'
    )


def test_clocks_that_agree_change_nothing(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    load(postgres_url, a_confirmed_tenant())
    assert run(["check", "--database", postgres_url]) == 0
    for document in ("report", "causes", "coverage"):
        assert run([document, "--database", postgres_url]) == 0
    assert capsys.readouterr().err == ""
    assert run(["metrics", "--database", postgres_url]) == 0
    text = capsys.readouterr().out
    assert abs(gauge(text, "tenantpilot_database_clock_ahead_seconds")) < 5
    assert gauge(text, 'tenantpilot_tenants{state="confirmed"}') == 1
    assert gauge(text, 'tenantpilot_tenants{state="unconfirmed"}') == 0


@pytest.mark.parametrize("tenant", [None, "contoso.example"])
async def test_no_screen_confirms_where_a_clock_differs(postgres_url: str, tenant: str | None) -> None:
    load(postgres_url, a_confirmed_tenant())
    # Slow by less than the age of the backup, so that the backup is not in the future.
    clock = Clock(utc_now() - timedelta(minutes=30))
    async with open_app(postgres_url, clock=clock, tenant=tenant) as driver:
        await driver.arrived(TenantsScreen if tenant is None else DashboardScreen)
        await driver.until(lambda: "the database's clock is 30m ahead of this machine's" in driver.words())
        assert not looks_calm(driver)
        assert "unconfirmed" in driver.words()
        assert ("No age is certain" if tenant else "no age is certain") in driver.words()


# A standby


class Pair:
    def __init__(self, primary: Server, standby: Server) -> None:
        self.primary, self.standby = primary, standby
        self.primary_url, self.url = primary.url_of("fleet"), standby.url_of("fleet")

    def received(self) -> None:
        """Wait until the standby has received all that the primary has written so far."""
        ((done,),) = self.primary.execute("SELECT pg_create_restore_point('tests')").fetchall()
        until(
            lambda: self.standby.execute(f"SELECT pg_last_wal_receive_lsn() >= '{done}'").fetchone() == (True,),
            "the standby receives",
        )

    def replayed(self) -> None:
        self.received()
        until(
            lambda: (
                self.standby.execute("SELECT pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()").fetchone()
                == (True,)
            ),
            "the standby replays",
        )

    @contextmanager
    def paused(self) -> Iterator[None]:
        self.standby.execute("SELECT pg_wal_replay_pause()")
        state = "SELECT pg_get_wal_replay_pause_state()"
        until(lambda: self.standby.execute(state).fetchone() == ("paused",), "replay is paused")
        try:
            yield
        finally:
            self.standby.execute("SELECT pg_wal_replay_resume()")

    def say_so(self) -> bool:
        with resolving(self.url) as resolver:
            resolver.fleet(utc_now())
            return resolver.own_time().behind > timedelta(0)


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with own_server("fsync", "full_page_writes", "autovacuum") as primary, standby_of(primary) as standby:
        primary.execute("CREATE DATABASE fleet")
        pair = Pair(primary, standby)
        initialise(parse_database_url(pair.primary_url))
        yield pair


@pytest.fixture
def pair(servers: Pair) -> Pair:
    clear(servers.primary_url)
    load(servers.primary_url, a_confirmed_tenant())
    servers.replayed()
    return servers


def test_a_standby_that_has_replayed_all_is_as_young_as_its_primary(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not pair.say_so()
    assert run(["check", "--database", pair.url]) == 0
    capsys.readouterr()


def test_a_paused_standby_counts_from_the_last_replayed_transaction(pair: Pair) -> None:
    with pair.paused(), resolving(pair.url) as resolver:
        resolver.fleet(utc_now())
        first = resolver.own_time().behind
        assert first > timedelta(0)
        # Also with nothing to replay, on each screen alike, and without reading the facts again.
        resolver.refreshed_fleet(utc_now())
        second = resolver.own_time().behind
        assert second > first
        resolver.dashboard("contoso.example", utc_now())
        assert resolver.own_time().behind > second
    until(lambda: not pair.say_so(), "the standby goes on")


def test_a_standby_that_has_more_than_it_has_replayed(pair: Pair) -> None:
    """As with `recovery_min_apply_delay`, or during a long conflict: the replay is not paused."""
    pair.primary.execute("CREATE TABLE other (id int)")
    pair.replayed()
    with psycopg.connect(pair.standby.url) as held:
        pair.standby.execute("ALTER SYSTEM SET max_standby_streaming_delay = -1")
        pair.standby.execute("SELECT pg_reload_conf()")
        try:
            held.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            held.execute("SELECT FROM other")
            pair.primary.execute("DROP TABLE other")
            pair.received()
            until(pair.say_so, "the standby says that it is behind")
        finally:
            held.rollback()
            pair.standby.execute("ALTER SYSTEM RESET max_standby_streaming_delay")
            pair.standby.execute("SELECT pg_reload_conf()")
    until(lambda: not pair.say_so(), "the standby goes on")


def test_past_the_limit_nothing_is_confirmed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import tui.context

    with pair.paused():
        assert run(["check", "--database", pair.url]) == 0  # paused, but not for long
        monkeypatch.setattr(tui.context, "_LEAST_CONFIRMATION", timedelta(0))
        monkeypatch.setenv("TENANTPILOT_UI__REFRESH", "0s")
        capsys.readouterr()
        assert run(["check", "--database", pair.url]) == 3
        assert "this standby is behind: its last replayed transaction is" in capsys.readouterr().out
        assert run(["report", "--database", pair.url]) == 0
        assert "Nothing is confirmed: this standby is behind" in capsys.readouterr().err
        before = utc_now().timestamp()
        assert run(["metrics", "--database", pair.url]) == 0
        text = capsys.readouterr().out
        assert gauge(text, 'tenantpilot_tenants{state="unconfirmed"}') == 1
        assert gauge(text, "tenantpilot_facts_read_timestamp_seconds") < before


async def test_the_screens_count_from_there(pair: Pair) -> None:
    with pair.paused():
        at = utc_now()
        async with open_app(pair.url, clock=Clock(at)) as driver:
            tenants = await driver.arrived(TenantsScreen)
            assert tenants.asking.database_time.behind > timedelta(0)
            assert looks_calm(driver)
            until_limit = LIMIT - tenants.asking.database_time.behind
            driver.clock.boot += until_limit.total_seconds() + 1
            await driver.until(lambda: tenants.unconfirmed)
            await driver.pump()
            assert not looks_calm(driver)


def test_a_standby_that_does_not_say_it_confirms_nothing(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    pair.primary.execute("SELECT 1")
    with psycopg.connect(pair.primary_url, autocommit=True) as owner:
        owner.execute("CREATE ROLE unsaid LOGIN")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO unsaid")
        owner.execute("REVOKE EXECUTE ON FUNCTION pg_last_wal_receive_lsn() FROM PUBLIC")
    pair.replayed()
    try:
        assert run(["check", "--database", pair.url.replace("postgres:@", "unsaid@")]) == 3
        assert "this standby does not say how old its facts are" in capsys.readouterr().out
    finally:
        with psycopg.connect(pair.primary_url, autocommit=True) as owner:
            owner.execute("GRANT EXECUTE ON FUNCTION pg_last_wal_receive_lsn() TO PUBLIC")
            owner.execute("DROP OWNED BY unsaid")
            owner.execute("DROP ROLE unsaid")


# Which server it is


@pytest.mark.parametrize(
    ("attributes", "standby"),
    [
        ("any", False), ("read-write", False), ("primary", False),
        ("read-only", True), ("standby", True), ("prefer-standby", True),
    ],
)  # fmt: skip
async def test_what_is_said_names_the_connection_that_was_made(pair: Pair, attributes: str, standby: bool) -> None:
    with ExitStack() as links:
        primary, other = (links.enter_context(link_to(url)).url for url in (pair.primary_url, pair.url))
        first, second = (url.partition("@")[2].partition("/")[0] for url in (primary, other))
        url = f"postgresql://postgres@{first},{second}/fleet?target_session_attrs={attributes}"
        right = f"fleet@{second if standby else first}"
        async with open_app(url, clock=Clock(utc_now())) as driver:
            await driver.arrived(TenantsScreen)
            await driver.until(lambda: f"{right} read-only" in driver.words() or not standby)
        with pytest.raises(StoreError) as said, reading_once(parse_database_url(url)) as statements:
            statements.rows("SELECT 1 / 0")
        assert str(said.value).startswith(f"{right} cannot be read")


# One server


def test_a_token_names_the_server_that_it_came_from(pair: Pair) -> None:
    """The same transaction numbers from another server, as behind a pooler after a failover."""
    with resolving(pair.url) as one, resolving(pair.primary_url) as other:
        for resolver in (one, other):
            resolver.fleet(utc_now())
        tokens = [str(resolver._store().change_token()) for resolver in (one, other)]
    identifier = str(pair.primary.execute("SELECT system_identifier FROM pg_control_system()").fetchone()[0])
    assert all(identifier in token for token in tokens)
    started = [
        str(server.execute("SELECT pg_postmaster_start_time()").fetchone()[0])
        for server in (pair.standby, pair.primary)
    ]
    assert started[0] != started[1]
    assert all(start[:10] in token for start, token in zip(started, tokens, strict=True))


def test_a_promoted_standby_has_another_token(pair: Pair) -> None:
    with standby_of(pair.primary) as other, resolving(other.url_of("fleet")) as held:
        held.fleet(utc_now())
        timeline = held._store().change_token()
        other.execute("SELECT pg_promote()")
        assert held._store().change_token() != timeline
