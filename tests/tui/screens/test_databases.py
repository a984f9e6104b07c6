"""Several databases: changed on the screens, never mixed, and production looks like production.

Modules: tui.app, tui.screens.choice, tui.context.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import pytest

from health.resolver import TenantBackupHealthResolver
from tests.tui.screens.driving import Driver, listed, open_app, real_resolver, watched
from tests.tui.screens.fleets import HOUR, NOW, Facts, small_fleet
from tui.context import Database
from tui.screens.choice import ChoiceScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen

NAME: Final = "Only in the other one"


@pytest.fixture
def other_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A database with one tenant that the first database does not have."""
    file = tmp_path / "other.db"
    file.write_bytes(sqlite_template.read_bytes())
    facts = Facts()
    facts.backup_set(facts.tenant(NAME, "contoso.example"), NOW - HOUR)
    return facts.load(f"sqlite:///{file}")


def database(name: str, resolver: Any, *, production: bool = False) -> Database:
    return Database(f"{name}.db", lambda: cast("TenantBackupHealthResolver", resolver), name, production)


async def change(driver: Driver, to: str = "G") -> None:
    """Change to the other database from any screen; with `g` to the first one again."""
    await driver.press("d")
    await driver.arrived(ChoiceScreen)
    await driver.press(to, "enter")
    await driver.until(lambda: isinstance(driver.app.screen, TenantsScreen), "the list of the other database")


async def test_changing_shows_the_other_fleet_from_the_start(sqlite_url: str, other_url: str) -> None:
    eu = database("eu", real_resolver(small_fleet().load(sqlite_url)))
    us = database("us", real_resolver(other_url), production=True)
    async with open_app(sqlite_url, database=eu, databases=(eu, us)) as driver:
        first = await driver.arrived(TenantsScreen)
        assert "eu: eu.db read-only" in driver.words()
        assert "PRODUCTION" not in driver.words()
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        await change(driver)
        other = await driver.arrived(TenantsScreen)
        assert other is not first
        assert driver.app.screen_stack == [other]
        assert [health.tenant.name for health in listed(other)] == [NAME]
        assert "us: us.db read-only" in driver.words()
        assert "PRODUCTION" in driver.words()
        assert "Contoso" not in driver.words()
        await driver.press("Y")
        assert driver.app.clipboard == "tenantpilot --use us"
        await driver.until(lambda: not first.is_running, "the end of the screens left")
        await change(driver, "g")
        again = await driver.arrived(TenantsScreen)
        assert again not in (first, other)
        assert len(listed(again)) == 6
        assert "eu: eu.db read-only" in driver.words()
        await driver.until(lambda: not other.is_running, "the end of the screens left")


async def test_a_late_answer_of_the_database_before_is_dropped(sqlite_url: str, other_url: str) -> None:
    slow = watched(small_fleet().load(sqlite_url))
    eu, us = database("eu", slow), database("us", real_resolver(other_url))
    held = slow.hold_back("refreshed_fleet", read_first=True)
    async with open_app(slow, database=eu, databases=(eu, us)) as driver:
        await driver.until(held.reached.is_set, "the answer of the first database, on its way")
        await change(driver)
        held.let_go()
        other = await driver.arrived(TenantsScreen)
        await driver.pump()
        assert [health.tenant.name for health in listed(other)] == [NAME]
        assert "Contoso" not in driver.words()


async def test_the_same_one_again_changes_nothing(sqlite_url: str, other_url: str) -> None:
    eu = database("eu", real_resolver(small_fleet().load(sqlite_url)))
    us = database("us", real_resolver(other_url))
    async with open_app(sqlite_url, database=eu, databases=(eu, us)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("d")
        await driver.arrived(ChoiceScreen)
        await driver.press("enter")
        assert driver.app.screen is tenants
        await driver.press("d", "escape")
        assert driver.app.screen is tenants


async def test_with_one_database_there_is_nothing_to_choose(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url), toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("d")
        assert isinstance(driver.app.screen, TenantsScreen)
        assert "the settings name no other database" in driver.words()
