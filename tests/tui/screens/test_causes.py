"""One row for each cause. Enter filters the fleet to it; then Enter on a tenant leads to the failed run.

Modules: tui.screens.causes, tui.screens.tenants, tui.fleet_view.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.health.store.bare import bare
from tests.tui.screens.driving import cells, listed, open_app, real_resolver, under_cursor, watched
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.causes import CausesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.words.documents import printable_causes

EXPIRED: Final = "AADSTS7000222: the secret of app 11111111-2222-3333-4444-555555555555 has expired"


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Three tenants with one cause, one with another, one without an error, and two that are well."""
    facts = Facts()
    for number in range(3):
        tenant = facts.tenant(f"Expired {number}")
        facts.backup_set(tenant, NOW - 3 * DAY)
        error = EXPIRED.replace("1111", f"{number}11{number}")
        facts.backup_set(tenant, None, status="failed", created_at=NOW - number * HOUR, error=error)
    throttled = facts.tenant("Throttled")
    facts.backup_set(throttled, None, status="failed", created_at=NOW - DAY, error="429 Too Many Requests")
    facts.backup_set(facts.tenant("Stale"), NOW - 2 * DAY)
    for number in range(2):
        facts.backup_set(facts.tenant(f"Well {number}"), NOW - HOUR)
    return facts.load(sqlite_url)


async def test_one_row_a_cause_as_in_the_document(url: str) -> None:
    resolver = real_resolver(url)
    answer = resolver.causes(resolver.fleet(NOW), NOW)
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("o")
        screen = await driver.arrived(CausesScreen)
        assert screen.facts == answer
        document = printable_causes(answer)
        assert [(row["TENANTS"].text.strip(), row["CAUSE"].text) for row in cells(screen)] == [
            (str(each["tenants"]), each["cause"]) for each in document.document["causes"]
        ]
        assert document.lines[0] in driver.words()
        assert cells(screen)[0]["CAUSE"].text == "AADSTS7000222: the secret of app … has expired"


async def test_a_cause_is_found_by_its_words(url: str) -> None:
    """Causes are read when the first letter is typed, and never before."""
    resolver = watched(url)
    async with open_app(resolver) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert "causes" not in resolver.asked
        await driver.press("slash")
        await driver.enter_words("AADSTS7000222")
        expired = {"Expired 0", "Expired 1", "Expired 2"}
        await driver.until(lambda: {health.tenant.name for health in listed(tenants)} == expired)
        assert resolver.asked.count("causes") == 1
        await driver.press("enter", "escape")
        await driver.until(lambda: len(listed(tenants)) == 7)
        await driver.press("r")
        await driver.settled()
        assert resolver.asked.count("causes") == 1


async def test_a_cause_that_is_new_is_found_after_a_refresh(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("slash")
        await driver.enter_words("teapot")
        await driver.until(lambda: tenants.facts.causes is not None)
        assert listed(tenants) == []
        with bare(url) as other:
            other.execute("UPDATE backup_sets SET error = ? WHERE error LIKE ?", ("418 I am a teapot", "429%"))
        await driver.press("enter", "r")
        await driver.until(lambda: [health.tenant.name for health in listed(tenants)] == ["Throttled"])


async def test_enter_filters_the_fleet_and_then_leads_to_the_run(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        counts = driver.shown("#counts")
        await driver.press("slash")
        await driver.enter_words("well")
        await driver.press("enter", "o")
        await driver.arrived(CausesScreen)
        await driver.press("enter")
        await driver.arrived(TenantsScreen)
        assert {health.tenant.name for health in listed(tenants)} == {"Expired 0", "Expired 1", "Expired 2"}
        assert "3 of 7, cause AADSTS7000222" in driver.words()
        assert driver.shown("#counts") == counts
        name = under_cursor(tenants).tenant.name
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        assert name in driver.lines()[0]
        assert "> Backup set" in driver.lines()[0]
        assert "error: AADSTS7000222" in driver.words()
        await driver.press("escape")
        await driver.arrived(DashboardScreen)
        await driver.press("escape")
        await driver.arrived(TenantsScreen)
        await driver.press("escape")
        assert len(listed(tenants)) == 7


async def test_without_a_run_enter_opens_the_dashboard(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("o")
        screen = await driver.arrived(CausesScreen)
        await driver.press("end")
        assert under_cursor(screen).cause == "latest_backup_stale"
        await driver.press("enter", "enter")
        await driver.arrived(DashboardScreen)


async def test_a_fleet_in_which_all_is_well_has_no_causes(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Well"), NOW - HOUR)
    async with open_app(facts.load(sqlite_url)) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("o")
        await driver.arrived(CausesScreen)
        assert "no tenant has a reason" in driver.words()


async def test_a_refresh_keeps_the_cursor_on_the_cause(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("o")
        screen = await driver.arrived(CausesScreen)
        await driver.press("down", "r")
        await driver.settled()
        assert under_cursor(screen).cause == "429 Too Many Requests"
