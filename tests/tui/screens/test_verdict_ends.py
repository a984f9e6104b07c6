"""A verdict's time is up while nothing is read: every screen judges again in that second, and not before.

(docs/reading.md, "A verdict ends when it ends")

Modules: health.again, tui.screens.facts_screen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.tui.screens.driving import (
    OPENED,
    POLICY,
    Driver,
    cells,
    listed,
    looks_calm,
    open_app,
    watched,
)  # fmt: skip
from tests.tui.screens.fleets import HOUR, NOW, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.healthy_check import HealthyCheck
from tui.words.wording import HEALTHY_LIMIT, State

LEFT: Final = timedelta(seconds=10)
"""How long after NOW the tenant's backup is still fresh: far less than the limit for the age of facts."""
TEN_MINUTES: Final = timedelta(minutes=10)


def fleet(url: str, **schedule: Any) -> str:
    """One tenant that goes stale after LEFT, or whose schedule then needs follow-up; and one that stays as it is."""
    facts = Facts()
    contoso = facts.tenant("Contoso")
    facts.backup_set(contoso, NOW - HOUR if schedule else NOW - POLICY.freshness_window + LEFT)
    if schedule:
        facts.schedule(contoso, **schedule)
    facts.backup_set(facts.tenant("Fabrikam"), NOW - HOUR)
    return facts.load(url)


async def second_by_second(driver: Driver, until: timedelta) -> None:
    for _ in range(int(until.total_seconds())):
        driver.clock.forward(timedelta(seconds=1))
        driver.facts.tick()
    await driver.pump()


@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_every_screen_judges_again_in_that_second_and_reads_nothing(
    name: str | None, kind: type[FactsScreen[Any]], sqlite_url: str
) -> None:
    resolver = watched(fleet(sqlite_url))
    tenant = None if name is None else "contoso.example"
    async with open_app(resolver, tenant=tenant, screen=name, refresh=TEN_MINUTES, size=(120, 30)) as driver:
        screen = await driver.arrived(kind)
        asked = list(resolver.asked)
        await second_by_second(driver, LEFT)
        assert screen.holds_until(screen.facts) == NOW + LEFT
        before = driver.words()
        driver.clock.forward(timedelta(seconds=1))
        screen.tick()
        await driver.pump()
        assert screen.facts.now == NOW + LEFT + timedelta(seconds=1)
        assert screen.holds_until(screen.facts) > NOW + LEFT
        assert not screen.unconfirmed
        assert resolver.asked == asked
        assert HEALTHY_LIMIT not in driver.words() or kind is TenantsScreen
        if kind in (TenantsScreen, DashboardScreen):
            assert State.STALE.label in driver.words()
            assert State.STALE.label not in before
        assert "facts 11s old" in driver.words()


async def test_the_list_its_counts_and_the_way_in_agree(sqlite_url: str) -> None:
    async with open_app(fleet(sqlite_url), refresh=TEN_MINUTES, size=(120, 30)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert [row["POSTURE"].text for row in cells(tenants)] == [State.HEALTHY.label] * 2
        await second_by_second(driver, LEFT + timedelta(seconds=1))
        assert [row["POSTURE"].text for row in cells(tenants)] == [State.STALE.label, State.HEALTHY.label]
        assert [health.tenant.name for health in listed(tenants)] == ["Contoso", "Fabrikam"]
        assert "▲ 1 stale" in driver.shown("#counts")
        assert "✓ 1 healthy" in driver.shown("#counts")


async def test_the_healthy_check_goes_and_the_reason_stands_there(sqlite_url: str) -> None:
    async with open_app(fleet(sqlite_url), tenant="contoso.example", refresh=TEN_MINUTES) as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert HEALTHY_LIMIT in driver.words()
        await second_by_second(driver, LEFT)
        assert HEALTHY_LIMIT in driver.words()
        await second_by_second(driver, timedelta(seconds=1))
        assert not dashboard.query_one(HealthyCheck).has_class("-shown")
        assert "Latest backup is stale" in driver.words()
        await driver.press("escape")
        tenants = await driver.arrived(TenantsScreen)
        assert listed(tenants)[0].posture == "stale"


async def test_a_schedule_comes_to_need_follow_up(sqlite_url: str) -> None:
    due: datetime = NOW - POLICY.schedule_grace + LEFT
    url = fleet(sqlite_url, next_run_at=due, last_run_at=NOW - 2 * HOUR)
    async with open_app(url, tenant="contoso.example", screen="schedules", refresh=TEN_MINUTES) as driver:
        screen = await driver.arrived(SchedulesScreen)
        assert "0 need follow-up" in driver.words()
        await second_by_second(driver, LEFT)
        assert "0 need follow-up" in driver.words()
        await second_by_second(driver, timedelta(seconds=1))
        assert "1 needs follow-up" in driver.words()
        assert "overdue by" in driver.words()
        assert screen.facts.health.follow_ups


async def test_no_export_has_a_verdict_that_is_over(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app(fleet(sqlite_url), refresh=TEN_MINUTES) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("e")
        await driver.pump()
        # Chosen in the second in which the verdict ends: no tick has come since.
        driver.clock.forward(LEFT + timedelta(seconds=1))
        await driver.press("enter")
        await driver.until(lambda: list(tmp_path.glob("tenantpilot-*")))
        (file,) = tmp_path.glob("tenantpilot-*")
        await driver.until(lambda: "stale" in file.read_text(encoding="utf-8"))


async def test_between_two_ticks_an_age_never_contradicts_the_verdict(sqlite_url: str) -> None:
    async with open_app(fleet(sqlite_url), refresh=TEN_MINUTES, size=(120, 30)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        driver.clock.forward(LEFT + timedelta(minutes=5))
        row = next(row for row in cells(tenants) if row["TENANT"].text == "Contoso")
        assert row["POSTURE"].text == State.HEALTHY.label
        assert "ago" not in row["GOES STALE"].text
        assert row["LATEST BACKUP"].text == "1d ago"
        tenants.tick()
        await driver.pump()
        row = next(row for row in cells(tenants) if row["TENANT"].text == "Contoso")
        assert row["POSTURE"].text == State.STALE.label
        assert row["GOES STALE"].text == "5m ago"


async def test_with_a_fixed_instant_time_does_not_pass(sqlite_url: str) -> None:
    async with open_app(fleet(sqlite_url), fixed_now=NOW, refresh=TEN_MINUTES) as driver:
        await driver.arrived(TenantsScreen)
        await second_by_second(driver, LEFT + timedelta(seconds=1))
        assert looks_calm(driver)
        assert State.STALE.label not in driver.words()


async def test_a_set_opened_as_the_basis_says_that_it_is_stale_by_now(sqlite_url: str) -> None:
    async with open_app(
        fleet(sqlite_url), tenant="contoso.example", screen="backup_set", refresh=TEN_MINUTES
    ) as driver:
        screen = await driver.arrived(BackupSetScreen)
        before = driver.words()
        await second_by_second(driver, LEFT + timedelta(seconds=1))
        assert screen.facts.health.posture == "stale"
        assert driver.words() != before


async def test_a_verdict_shown_as_the_list_has_it_ends_in_its_second_too(sqlite_url: str) -> None:
    """A dashboard without its own answer shows the list's verdict, which must not stay healthy for that."""
    resolver = watched(fleet(sqlite_url))
    async with open_app(resolver, refresh=TEN_MINUTES) as driver:
        await driver.arrived(TenantsScreen)
        held = resolver.hold_back("dashboard")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, DashboardScreen) and held.reached.is_set())
        await driver.until(lambda: State.HEALTHY.label in driver.words())
        await second_by_second(driver, LEFT)
        assert State.HEALTHY.label in driver.words()
        await second_by_second(driver, timedelta(seconds=1))
        assert not looks_calm(driver)
        assert State.STALE.label in driver.words()
        assert "Latest backup is stale" in driver.words()
        held.let_go()
        await driver.settled()
