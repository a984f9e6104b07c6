"""A large fleet is narrowed and sorted by a thread, while keys are answered (docs/budgets.md, "On the screen").

Modules: tui.screens.tenants, tui.listing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.health.store.bare import bare
from tests.tui.screens.driving import Driver, listed, open_app, row_list, under_cursor
from tests.tui.screens.fleets import NOW, small_fleet
from tui import fleet_view, listing
from tui.screens import tenants as tenants_module
from tui.screens.tenants import TenantsScreen


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fleet counts as a large one."""
    monkeypatch.setattr(fleet_view, "LARGE", 1)
    for module in (fleet_view, tenants_module):
        monkeypatch.setattr(module, "PREPARED", 1)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """Threads that the test runs itself."""
    held: list[Callable[[], object]] = []
    monkeypatch.setattr(listing, "in_a_thread", lambda _name, work: held.append(work))
    return held


def names(tenants: TenantsScreen) -> set[str]:
    return {health.tenant.name for health in listed(tenants)}


async def drawn(driver: Driver, tenants: TenantsScreen) -> None:
    """Wait for the frame, and for what was to begin after it."""
    begun = asyncio.Event()
    tenants.call_after_refresh(begun.set)
    await driver.until(begun.is_set, "the frame")


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


async def test_the_cursor_stays_or_goes_to_the_first(sqlite_url: str) -> None:
    """Its place is found by the order, without a look at each row."""
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.until(lambda: tenants.facts.prepared is not None and tenants.facts.prepared.words, "the words")
        await driver.press("end")
        last = under_cursor(tenants).tenant.name
        await driver.press("s", "down", "enter")
        await driver.until(lambda: "sorted: name" in driver.shown("#shown"), "another order")
        assert under_cursor(tenants).tenant.name == last
        assert row_list(tenants).cursor == sorted(names(tenants), key=str.casefold).index(last)
        await driver.press("1")
        await driver.until(lambda: last not in names(tenants), "one posture")
        assert row_list(tenants).cursor == 0


async def test_a_refresh_without_a_change_prepares_nothing(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(tenants_module, "in_a_thread", lambda name, _work: begun.append(name))
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        driver.clock.forward(timedelta(seconds=1))
        await driver.press("r")
        await driver.until(lambda: tenants.facts.now == NOW + timedelta(seconds=1), "the refresh")
        await drawn(driver, tenants)
        assert begun == ["fleet-prepared"]
        with bare(sqlite_url) as writer:
            writer.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 1")
        await driver.press("r")
        await driver.until(lambda: "Renamed" in names(tenants), "a change")
        await drawn(driver, tenants)
        assert begun == ["fleet-prepared"] * 2


async def test_a_refresh_is_shown_in_a_middling_fleets_filtered_list(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the words are looked up ahead, and the list is made at once."""
    monkeypatch.setattr(fleet_view, "LARGE", 1_000)
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.until(lambda: tenants.facts.prepared is not None and tenants.facts.prepared.words, "the words")
        await driver.press("slash")
        await driver.enter_words("northwind")
        assert names(tenants) == {"Northwind"}
        with bare(sqlite_url) as writer:
            writer.execute("UPDATE tenants SET name = 'Northwind anew' WHERE name = 'Northwind'")
        await driver.press("enter", "r")
        await driver.until(lambda: names(tenants) == {"Northwind anew"}, "the change")
