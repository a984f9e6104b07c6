"""`tenantpilot --tenant X --screen NAME`: opens there at once, with the same way back as after walking there.

Modules: tui.app, tui.routes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.tui.screens.driving import Clock, Driver, listed, open_app, under_cursor, watched
from tests.tui.screens.fleets import DAY, NOW, small_fleet
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen

STACKS: list[tuple[str | None, list[type[FactsScreen[Any]]]]] = [
    (None, [TenantsScreen, DashboardScreen]),
    ("dashboard", [TenantsScreen, DashboardScreen]),
    ("backup_sets", [TenantsScreen, DashboardScreen, BackupSetsScreen]),
    ("backup_set", [TenantsScreen, DashboardScreen, BackupSetsScreen, BackupSetScreen]),
    ("schedules", [TenantsScreen, DashboardScreen, SchedulesScreen]),
]


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


def kinds(driver: Driver) -> list[type]:
    return [type(screen) for screen in driver.app.screen_stack]


@pytest.mark.parametrize(("name", "stack"), STACKS)
async def test_the_way_back_is_the_same_as_after_walking_there(
    name: str | None, stack: list[type[FactsScreen[Any]]], url: str
) -> None:
    async with open_app(url, tenant="adventure-works.example", screen=name, size=(120, 24)) as driver:
        await driver.until(lambda: len(driver.app.screen_stack) == len(stack))
        assert kinds(driver) == stack
        while len(stack) > 1:
            await driver.arrived(stack[-1])
            await driver.until(lambda: "Adventure Works" in driver.lines()[0])
            await driver.press("escape")
            stack = stack[:-1]
        tenants = await driver.arrived(TenantsScreen)
        assert under_cursor(tenants).tenant.name == "Adventure Works"
        await driver.press("escape")
        assert driver.app.screen is tenants


async def test_the_keys_work_at_once_where_it_opened(url: str) -> None:
    async with open_app(url, tenant="adventure-works.example", screen="backup_set") as driver:
        screen = await driver.arrived(BackupSetScreen)
        assert "4 of 7 items degraded" in driver.words()
        await driver.press("down", "down")
        assert under_cursor(screen).display_name == "Policy 2"


async def test_an_unknown_tenant_is_a_sentence_over_the_fleet(url: str) -> None:
    async with open_app(url, tenant="nobody\x1b.example") as driver:
        await driver.arrived(DashboardScreen)
        assert "There is no tenant 'nobody" in driver.words()
        assert "tenantpilot tenant list" in driver.words()
        assert "healthy" not in driver.words()
        await driver.press("escape")
        await driver.arrived(TenantsScreen)
        assert "Contoso" in driver.words()


@pytest.mark.parametrize(("seconds", "form"), [(0, "at %Y-%m-%d %H:%MZ"), (7, "at %Y-%m-%d %H:%M:%SZ")])
async def test_now_judges_everything_then_and_the_header_says_so(url: str, seconds: int, form: str) -> None:
    later = NOW + 2 * DAY + timedelta(seconds=seconds)
    async with open_app(url, fixed_now=later, size=(140, 24)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert f"{later:{form}}" in driver.lines()[0]
        assert "1 healthy" not in driver.shown("#counts")
        assert "4 stale" in driver.shown("#counts")
        driver.clock.forward(timedelta(hours=5))
        await driver.press("r")
        await driver.settled()
        assert tenants.facts.now == later
        await driver.press("down", "down", "down", "enter")
        await driver.arrived(DashboardScreen)
        assert f"{later:{form}}" in driver.lines()[0]
        assert "2d 5h ago" in driver.words()


async def test_without_now_the_header_names_no_instant_and_time_goes_on(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert " at 20" not in driver.lines()[0]
        driver.clock.forward(timedelta(hours=30))
        await driver.press("r")
        await driver.until(lambda: tenants.facts.now == NOW + timedelta(hours=30))
        assert "healthy" not in driver.shown("#counts")


async def test_a_slow_first_read_says_how_far_it_is(url: str) -> None:
    """From the first second on; and no verdict before all tenants are there."""
    resolver = watched(url)
    held = resolver.hold_back("refreshed_fleet")
    async with open_app(resolver) as driver:
        await driver.until(held.reached.is_set)
        driver.clock.forward(timedelta(seconds=3))
        await driver.until(lambda: "reading the facts ... for 3s" in driver.words(), "how long it has taken")
        resolver.progress.read, resolver.progress.of = 12_000, 100_000
        await driver.until(lambda: "... 12,000 of 100,000 tenants" in driver.words(), "how far it has come")
        held.let_go()
        tenants = await driver.arrived(TenantsScreen)
        assert resolver.progress.of == len(listed(tenants))


@pytest.mark.parametrize(("waited", "left"), [(0.0, 1.0), (0.75, 0.25), (1.0, 0.01), (8.0, 0.01)])
async def test_a_first_read_says_how_far_it_is_when_its_first_second_ends(
    waited: float, left: float, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second counts from the question, which the second process asks before there is a screen."""
    timers: list[tuple[float, Any]] = []
    monkeypatch.setattr(TenantsScreen, "set_timer", lambda _screen, delay, then: timers.append((delay, then)))
    clock, resolver = Clock(), watched(url)
    held = resolver.hold_back("refreshed_fleet")
    async with open_app(resolver, clock=clock, ahead_since=clock.boot - waited) as driver:
        await driver.until(held.reached.is_set)
        assert [delay for delay, _ in timers] == [left]
        clock.forward(timedelta(seconds=left))
        resolver.progress.read, resolver.progress.of = 12_000, 100_000
        timers[0][1]()
        await driver.until(lambda: "... 12,000 of 100,000 tenants" in driver.words(), "how far it has come")
        held.let_go()
        await driver.arrived(TenantsScreen)
        await driver.press("r")
        await driver.settled()
        assert len(timers) == 1
