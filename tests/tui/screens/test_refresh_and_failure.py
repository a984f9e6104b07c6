"""Failed questions and old facts: the last facts stay, with their age and the cause, and confirm nothing.

Modules: tui.screens.facts_screen, tui.reader.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.color import Color

from health.store.opening.errors import StoreUnreachable
from tests.tui.screens.driving import OPENED, Clock, Driver, cells, listed, looks_calm, open_app, row_list, watched
from tests.tui.screens.fleets import NOW, add_set, small_fleet, write
from tests.tui.screens.watched_resolver import WatchedResolver
from tui.app import TenantPilotApp
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.header_line import HeaderLine
from tui.words.wording import HEALTHY_LIMIT, State

DOWN = StoreUnreachable("fleet@db1 cannot be read: the server closed the connection.")
SECOND = timedelta(seconds=1)


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


@pytest.fixture
def resolver(url: str) -> WatchedResolver:
    return watched(url)


# A refresh that fails


async def failing(driver: Driver, resolver: WatchedResolver) -> None:
    """Ask again, and fail."""
    resolver.failure = DOWN
    await driver.press("r")
    await driver.until(lambda: "the server closed the connection" in driver.words())


async def age_until(driver: Driver, words: str) -> None:
    """Wait for the tick that shows an age."""
    await driver.until(lambda: words in driver.words(), words)


def age_is_marked(driver: Driver) -> bool:
    """Whether the age of the facts has the colour of what is stale."""
    age = driver.app.screen.query_one(HeaderLine).query_one(".age")
    return age.styles.color == Color.parse(driver.app.theme_variables[f"state-{State.STALE.word}"])


async def test_a_failed_refresh_keeps_the_last_facts_with_age_and_cause(resolver: WatchedResolver) -> None:
    async with open_app(resolver) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("down", "down")
        driver.clock.forward(60 * SECOND)
        await failing(driver, resolver)
        await age_until(driver, "facts 1m old")
        assert str(DOWN) in driver.words()
        assert len(listed(tenants)) == 6
        assert row_list(tenants).cursor == 2
        assert State.HEALTHY.label in driver.words()

        resolver.failure = None
        await driver.press("r")
        await driver.until(lambda: "the server closed" not in driver.words())
        await age_until(driver, "facts 0s old")


@pytest.mark.parametrize(
    ("refresh", "limit"),
    [(0, 90), (30, 90), (60, 180)],
)
async def test_past_the_limit_what_was_confirmed_is_unconfirmed(refresh: int, limit: int, url: str) -> None:
    resolver = watched(url)
    async with open_app(resolver, refresh=refresh * SECOND, toasts=True) as driver:
        tenants = await driver.arrived(TenantsScreen)
        healthy = next(row for row in cells(tenants) if row["TENANT"].text == "Tailspin")
        assert healthy["POSTURE"].text == State.HEALTHY.label
        resolver.failure = DOWN
        driver.clock.forward(limit * SECOND)
        await driver.press("r")
        await age_until(driver, f"facts {limit // 60}m")
        assert not tenants.unconfirmed
        driver.clock.forward(SECOND)
        await driver.until(lambda: tenants.unconfirmed)
        await driver.pump()
        assert not looks_calm(driver)
        assert age_is_marked(driver)
        assert f"{State.UNCONFIRMED.glyph} 1 {State.UNCONFIRMED.word}" in driver.shown("#counts")
        unconfirmed = next(row for row in cells(tenants) if row["TENANT"].text == "Tailspin")
        assert unconfirmed["POSTURE"].text == State.UNCONFIRMED.label
        assert "too old" in unconfirmed["WHY"].text
        # A state that was no confirmation stays as it was.
        assert [row["POSTURE"].text for row in cells(tenants)][:5] == [
            state.label for state in list(State) if state not in (State.HEALTHY, State.UNCONFIRMED)
        ]
        while tenants.states != (State.HEALTHY,):
            await driver.press("p", "p")
        assert not looks_calm(driver)
        assert State.UNCONFIRMED.word in driver.shown("#shown")

        resolver.failure = None
        await driver.press("r")
        await driver.until(lambda: not tenants.unconfirmed)
        await driver.pump()
        assert State.HEALTHY.label in driver.words()
        assert not age_is_marked(driver)


@pytest.mark.parametrize("fixed", [False, True], ids=["by the clock", "with --now"])
@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_facts_that_grow_too_old_confirm_nothing_on_any_screen(
    name: str | None, kind: type[FactsScreen[Any]], fixed: bool, resolver: WatchedResolver
) -> None:
    tenant = None if name is None else "tailspin.example"
    async with open_app(resolver, tenant=tenant, screen=name, fixed_now=NOW if fixed else None) as driver:
        screen = await driver.arrived(kind)
        resolver.failure = DOWN
        driver.clock.forward(timedelta(hours=9))
        await driver.until(lambda: screen.unconfirmed)
        await age_until(driver, "facts 9h old")
        assert not looks_calm(driver)
        if kind in (TenantsScreen, DashboardScreen):
            assert State.UNCONFIRMED.label in driver.words()
        # The same holds for the screens behind it, at the moment they come to the front.
        while len(driver.app.screen_stack) > 1:
            await driver.press("escape")
            assert not looks_calm(driver)
        await driver.settled()
        assert not looks_calm(driver)
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        assert not looks_calm(driver)


async def test_facts_are_as_old_as_their_question(resolver: WatchedResolver) -> None:
    """If a laptop slept between reading and painting, the facts are old, even if they have just arrived."""
    async with open_app(resolver, tenant="tailspin.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        held = resolver.hold_back("dashboard", read_first=True)
        await driver.press("r")
        await driver.until(held.reached.is_set)
        driver.clock.forward(timedelta(minutes=10))
        held.let_go()
        await driver.settled()
        await age_until(driver, "facts 10m old")
        await driver.until(lambda: dashboard.unconfirmed)
        await driver.pump()
        assert not looks_calm(driver)
        await age_until(driver, "1h 10m ago")


async def test_facts_read_ahead_are_as_old_as_their_process(url: str) -> None:
    """Stopped by Ctrl-Z during its start, the app comes back with rows from before."""
    clock = Clock()
    async with open_app(url, clock=clock, ahead_since=clock.boot - 600) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await age_until(driver, "facts 10m old")
        assert tenants.facts.now == NOW - timedelta(minutes=10)
        assert tenants.now() == NOW
        await driver.until(lambda: tenants.unconfirmed)
        await driver.pump()
        assert not looks_calm(driver)
        # A later answer is as new as its question.
        await driver.press("r")
        await driver.settled()
        await age_until(driver, "facts 0s old")
        assert tenants.facts.now == NOW


async def test_ages_go_on_everywhere_without_a_refresh(url: str) -> None:
    for name, kind, before, after in (
        (None, TenantsScreen, "5h ago", "7h 30m ago"),
        ("dashboard", DashboardScreen, "5h ago", "7h 30m ago"),
        ("backup_sets", BackupSetsScreen, "5h ago", "7h 30m ago"),
        ("backup_set", BackupSetScreen, "goes stale in 19h", "goes stale in 16h 30m"),
        ("schedules", SchedulesScreen, "overdue by 1d 7h", "overdue by 1d 9h"),
    ):
        async with open_app(url, tenant=name and "northwind.example", screen=name) as driver:
            await driver.arrived(kind)
            assert before in driver.words(), kind
            driver.clock.forward(timedelta(minutes=150))
            await age_until(driver, after)
            assert before not in driver.words(), kind


# A first load that fails


@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_a_first_load_that_fails_says_so_and_r_tries_again(
    name: str | None, kind: type[FactsScreen[Any]], resolver: WatchedResolver
) -> None:
    resolver.failure = DOWN
    tenant = None if name is None else "tailspin.example"
    async with open_app(resolver, tenant=tenant, screen=name) as driver:
        await driver.arrived(kind)
        assert str(DOWN) in driver.words()
        assert "no facts" in driver.lines()[0]
        assert not looks_calm(driver)
        await driver.press("down", "enter", "G", "y", "slash", "escape")
        assert driver.app.is_running
        resolver.failure = None
        while not isinstance(driver.app.screen, TenantsScreen):
            await driver.press("escape")
        await driver.press("r")
        await driver.until(lambda: "Tailspin" in driver.words())
        assert "the server closed" not in driver.words()


async def test_a_missing_database_says_what_to_run(tmp_path: Path) -> None:
    folder = tmp_path / ("a folder of a long name " * 8).strip()
    async with open_app(f"sqlite:///{folder / 'none.db'}") as driver:
        await driver.arrived(TenantsScreen)
        words = driver.words()
        assert "none.db" in words
        assert [command for command in ("demo", "import", "db init") if command not in words] == []
        assert not looks_calm(driver)


async def test_a_file_without_a_database_and_another_schema_say_so(tmp_path: Path, url: str) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"no database at all, but long enough to be mistaken for one" * 40)
    async with open_app(f"sqlite:///{other}") as driver:
        await driver.arrived(TenantsScreen)
        assert "not a SQLite database" in driver.words()
    write(url, "UPDATE alembic_version SET version_num = 'tp9999'")
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        assert "has a newer schema than this program knows" in driver.words()
        assert "Contoso" not in driver.words()


async def test_a_fault_of_ours_is_one_sentence_without_its_message(
    resolver: WatchedResolver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with open_app(resolver) as driver:
        await driver.arrived(TenantsScreen)
        resolver.failure = RuntimeError("password=hunter2")
        await driver.press("r")
        await driver.until(lambda: "A fault in TenantPilot (RuntimeError)" in driver.words())
        assert "hunter2" not in driver.words()
        assert len(cells(driver.app.screen)) == 6


# The refresh by itself


async def test_the_refresh_brings_news_by_itself_to_the_screen_in_front(url: str) -> None:
    async with open_app(url, tenant="fabrikam.example", refresh=SECOND / 20) as driver:
        dashboard = await driver.arrived(DashboardScreen)
        add_set(url, 900, 4, NOW)
        await driver.until(lambda: dashboard.health is not None and dashboard.health.confirmed)
        await driver.until(lambda: HEALTHY_LIMIT in driver.words())


async def test_what_comes_due_while_the_app_closes_is_left_out(url: str) -> None:
    async with open_app(url) as driver:
        screen = await driver.arrived(TenantsScreen)
        driver.app._held.hold(screen)
    app = driver.app
    assert app.screen_stack == []
    # The timers of the app end after its screens.
    app._refresh_shown()
    app._draw_held()
    assert not app._held.takes(screen)


async def test_a_question_slower_than_the_interval_is_answered(
    resolver: WatchedResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    due: list[None] = []
    refresh_shown = TenantPilotApp._refresh_shown

    def counted(app: TenantPilotApp) -> None:
        due.append(None)
        refresh_shown(app)

    monkeypatch.setattr(TenantPilotApp, "_refresh_shown", counted)
    held = resolver.hold_back("refreshed_fleet")
    async with open_app(resolver, refresh=SECOND / 20) as driver:
        await driver.until(lambda: len(due) > 4)
        assert resolver.asked == ["refreshed_fleet"]
        assert resolver.interrupted == 0
        held.let_go()
        await driver.arrived(TenantsScreen)
        assert "Tailspin" in driver.words()


async def test_a_dashboard_shows_at_once_what_the_list_has(resolver: WatchedResolver) -> None:
    """But it says nothing yet of the rest: neither that all is complete, nor that there was no attempt."""
    async with open_app(resolver) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("G")
        driver.clock.forward(20 * SECOND)
        held = resolver.hold_back("dashboard")
        await driver.press("enter")
        await driver.until(lambda: State.HEALTHY.label in driver.words(), "the verdict of the list")
        assert "facts 20s old" in driver.words()
        assert HEALTHY_LIMIT not in driver.words()
        assert "no attempt yet" not in driver.words()
        driver.clock.forward(71 * SECOND)
        await driver.until(lambda: State.UNCONFIRMED.label in driver.words(), "too old to confirm")
        held.let_go()
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: "Latest attempts" in driver.words())


async def test_a_dashboard_waits_for_no_refresh_of_the_list(resolver: WatchedResolver) -> None:
    async with open_app(resolver) as driver:
        tenants = await driver.arrived(TenantsScreen)
        held = resolver.hold_back("refreshed_fleet")
        tenants.load(in_background=True)
        await driver.until(held.reached.is_set)
        await driver.press("enter")
        await driver.until(lambda: resolver.interrupted == 1)
        held.let_go()
        await driver.arrived(DashboardScreen)
        # The refresh comes after it, and its age counts from the second question.
        await driver.until(lambda: not tenants.reading)
        assert resolver.asked[-2:] == ["dashboard", "refreshed_fleet"]


async def test_a_failing_database_is_asked_less_often_until_it_answers(
    resolver: WatchedResolver,
) -> None:
    async with open_app(resolver) as driver:
        await driver.arrived(TenantsScreen)
        # Only now, so that the app's own timer does not ask.
        driver.app.context = driver.app.context._replace(refresh=SECOND)
        resolver.failure = DOWN
        assert await asked_at(driver, resolver, 200) == [1, 2, 4, 8, 16, 32, 64, 124, 184]
        # A key asks at once, in spite of the wait.
        asked = len(resolver.asked)
        await driver.press("r")
        await driver.settled()
        assert len(resolver.asked) == asked + 1
        resolver.failure = None
        await driver.press("r")
        await driver.until(lambda: "the server closed" not in driver.words())
        assert await asked_at(driver, resolver, 5) == [1, 2, 3, 4, 5]


async def asked_at(driver: Driver, resolver: WatchedResolver, seconds: int) -> list[int]:
    """The seconds from now in which the screens asked by themselves."""
    found = []
    for second in range(1, seconds + 1):
        driver.clock.forward(SECOND)
        asked = len(resolver.asked)
        driver.app._refresh_shown()
        if driver.facts.reading:
            await driver.settled()
        if len(resolver.asked) > asked:
            found.append(second)
    return found


# Too small


@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_a_window_too_small_shows_only_that_sentence(
    name: str | None, kind: type[FactsScreen[Any]], url: str
) -> None:
    tenant = None if name is None else "tailspin.example"
    async with open_app(url, tenant=tenant, screen=name, size=(80, 24)) as driver:
        await driver.arrived(kind)
        whole = driver.words()
        for columns, lines in ((59, 24), (80, 11), (20, 5), (10, 5), (1, 1)):
            await driver.resize(columns, lines)
            await driver.until(lambda: driver.app.screen.size == (columns, lines))  # noqa: B023 - awaited at once
            await driver.pump()
            words = driver.words()
            assert "too small: make this window at least 60 x 12".startswith(words), (columns, lines)
            assert columns < 10 or words.startswith("too small"), (columns, lines)
        await driver.resize(80, 24)
        await driver.until(lambda: driver.words() == whole)
