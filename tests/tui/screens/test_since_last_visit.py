"""At the start the app says which tenants changed since this user's last visit. No verdict depends on that.

Modules: tui.visits, tui.screens.tenants.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tui.screens.driving import Clock, Driver, listed, open_app, real_resolver
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts, add_set, small_fleet, stored, write
from tui.context import Database
from tui.screens.tenants import TenantsScreen


def seen(url: str, file: Path) -> Any:
    """The database of a test, with a file for what was seen."""
    return Database("fleet.db", lambda: real_resolver(url), visit_file=file)


def archive(url: str, tenant_id: int) -> None:
    """Changes since the visit."""
    write(url, "UPDATE tenants SET archived_at = ? WHERE id = ?", stored(NOW), tenant_id)


async def leave(driver: Driver) -> None:
    await driver.press("q")
    await driver.until(lambda: not driver.app.is_running, "the end")


async def test_changed_tenants_are_counted_and_listed(sqlite_url: str, tmp_path: Path) -> None:
    facts = Facts()
    for name in ("Contoso", "Fabrikam", "Northwind"):
        facts.backup_set(facts.tenant(name), NOW - 3 * HOUR)
    url, file = facts.load(sqlite_url), tmp_path / "state" / "visit.json"
    async with open_app(url, database=seen(url, file)) as driver:
        await driver.arrived(TenantsScreen)
        assert "since you looked" not in driver.words()
        await driver.press("c")
        assert len(listed(driver.app.screen)) == 3  # type: ignore[arg-type]
        assert not file.exists()
        await leave(driver)
    assert file.exists()

    later = Clock(NOW + 20 * HOUR)
    add_set(url, 99, 2, NOW + 19 * HOUR, status="partial")
    async with open_app(url, database=seen(url, file), clock=later, size=(160, 24)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert "1 tenant changed since you looked, 20h ago: c lists them" in driver.words()
        await driver.press("c")
        assert [health.tenant.name for health in listed(tenants)] == ["Fabrikam"]
        assert "was healthy; incomplete run" in driver.words()
        assert "1 of 3, changed since you looked" in driver.shown("#shown")
        await driver.press("escape")
        assert len(listed(tenants)) == 3
        await leave(driver)

    async with open_app(url, database=seen(url, file), clock=later) as driver:
        await driver.arrived(TenantsScreen)
        assert "since you looked" not in driver.words()


async def test_a_missing_tenant_is_named_because_no_list_has_it(sqlite_url: str, tmp_path: Path) -> None:
    facts = Facts()
    for name in ("Contoso", "Fabrikam", "Northwind"):
        facts.backup_set(facts.tenant(name), NOW - 3 * HOUR)
    url, file = facts.load(sqlite_url), tmp_path / "visit.json"
    async with open_app(url, database=seen(url, file)) as driver:
        await driver.arrived(TenantsScreen)
        await leave(driver)

    archive(url, 1)
    async with open_app(url, database=seen(url, file), clock=Clock(NOW + HOUR), size=(160, 24)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert len(listed(tenants)) == 2
        assert "1 tenant gone since you looked, 1h ago; gone: contoso.example" in driver.words()
        archive(url, 2)
        add_set(url, 99, 3, NOW, status="partial")
        await driver.press("r")
        both = "2 tenants gone, 1 changed since you looked, 1h ago: c lists them; gone: contoso.example and 1 more"
        await driver.until(lambda: both in driver.words())
        await leave(driver)

    async with open_app(url, database=seen(url, file), clock=Clock(NOW + HOUR)) as driver:
        await driver.arrived(TenantsScreen)
        assert "gone since" not in driver.words()


async def test_a_file_that_is_not_ours_is_ignored_with_a_sentence(sqlite_url: str, tmp_path: Path) -> None:
    url, file = small_fleet().load(sqlite_url), tmp_path / "visit.json"
    file.write_text("{")
    async with open_app(url, database=seen(url, file), toasts=True, size=(160, 24)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.until(lambda: "The record of your last visit cannot be read" in driver.words(), "the sentence")
        assert len(listed(tenants)) == 6
        await leave(driver)
    assert "tenantpilot.visit/1" in file.read_text()


async def test_another_instant_does_not_count_as_a_visit(sqlite_url: str, tmp_path: Path) -> None:
    url, file = small_fleet().load(sqlite_url), tmp_path / "visit.json"
    async with open_app(url, database=seen(url, file), fixed_now=NOW + DAY) as driver:
        await driver.arrived(TenantsScreen)
        await leave(driver)
    assert not file.exists()


async def test_quitting_works_even_if_nothing_can_be_kept(sqlite_url: str) -> None:
    url = small_fleet().load(sqlite_url)
    async with open_app(url, database=seen(url, Path("/dev/null/visit.json"))) as driver:
        await driver.arrived(TenantsScreen)
        await leave(driver)
        assert driver.app.return_code == 0


async def test_another_instant_is_compared_with_no_visit(sqlite_url: str, tmp_path: Path) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - 3 * HOUR)
    url, file = facts.load(sqlite_url), tmp_path / "visit.json"
    async with open_app(url, database=seen(url, file)) as driver:
        await driver.arrived(TenantsScreen)
        await leave(driver)
    async with open_app(url, database=seen(url, file), fixed_now=NOW + 30 * DAY, size=(160, 24)) as driver:
        await driver.arrived(TenantsScreen)
        assert "stale" in driver.words()
        assert "since you looked" not in driver.words()
