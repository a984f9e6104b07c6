"""A large fleet is narrowed and sorted by a thread, while keys are answered (docs/budgets.md, "On the screen").

Modules: tui.screens.tenants, tui.listing.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.tui.screens.driving import listed, open_app
from tests.tui.screens.fleets import small_fleet
from tui import fleet_view, listing
from tui.screens import tenants as tenants_module
from tui.screens.tenants import TenantsScreen


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fleet counts as a large one."""
    for module in (fleet_view, tenants_module):
        monkeypatch.setattr(module, "LARGE", 1)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """Threads that the test runs itself."""
    held: list[Callable[[], object]] = []
    monkeypatch.setattr(listing, "in_a_thread", lambda _name, work: held.append(work))
    return held


def names(tenants: TenantsScreen) -> set[str]:
    return {health.tenant.name for health in listed(tenants)}


async def test_what_a_thread_lists_is_what_was_typed(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        everyone = names(tenants)
        await driver.press("slash")
        await driver.enter_words("northwind")
        await driver.until(lambda: names(tenants) == {"Northwind"}, "one tenant")
        await driver.press("escape")
        await driver.until(lambda: names(tenants) == everyone, "every tenant")


async def test_until_then_the_rows_before_stay_and_say_so(sqlite_url: str, threads: list[Callable[[], object]]) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        before, said = names(tenants), driver.shown("#shown")
        await driver.press("slash")
        await driver.enter_words("northwind")
        assert (names(tenants), driver.shown("#shown")) == (before, said)
        threads.pop(0)()
        await driver.until(lambda: threads, "the list that was asked for last")
        threads.pop(0)()
        await driver.until(lambda: names(tenants) == {"Northwind"}, "one tenant")
        assert driver.shown("#shown").startswith("1 of ")


async def test_an_export_is_of_what_was_typed_and_not_of_the_rows_before(
    sqlite_url: str, threads: list[Callable[[], object]]
) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("slash")
        await driver.enter_words("northwind")
        document = json.loads(tenants.exported("json"))
        assert [entry["name"] for entry in document["tenants"]] == ["Northwind"]
        assert document["narrowed_by"] == {"filter": "northwind"}
        assert names(tenants) == {"Northwind"}
