"""Late answers and repeated keys: nothing old is shown as new, nothing opens twice, nothing waits.

Modules: tui.screens.facts_screen, tui.reader.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual import events

from tests.tui.screens.driving import Driver, listed, looks_calm, open_app, watched
from tests.tui.screens.fleets import HOUR, NOW, Facts, small_fleet, write
from tests.tui.screens.watched_resolver import WatchedResolver
from tui.asking import FactsArrived
from tui.fleet_view import fleet_view
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.captured_item import CapturedItemScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.needs_attention import AttentionItem
from tui.words.database_time import DatabaseTime


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


@pytest.fixture
def resolver(url: str) -> WatchedResolver:
    return watched(url)


async def test_a_slow_old_answer_never_overwrites_a_fast_new_one(resolver: WatchedResolver, url: str) -> None:
    async with open_app(resolver) as driver:
        tenants = await driver.arrived(TenantsScreen)
        shown: list[int] = []
        driver.app.watch(tenants, "answer", lambda answer: shown.append(len(answer.answer.verdicts)), init=False)
        old = resolver.hold_back("refreshed_fleet", read_first=True)
        await driver.press("r")
        await driver.until(old.reached.is_set)
        write(url, "DELETE FROM tenants WHERE name = 'Contoso'")
        await driver.press("r")
        old.let_go()
        await driver.until(lambda: shown)
        assert shown == [5]
        assert resolver.interrupted == 1


async def test_an_answer_to_a_question_before_the_latest_is_dropped(resolver: WatchedResolver) -> None:
    async with open_app(resolver) as driver:
        tenants = await driver.arrived(TenantsScreen)
        answer = tenants.answer
        before = tenants.facts.answer._replace(verdicts=())
        tenants.post_message(FactsArrived(0, fleet_view(before, None), DatabaseTime()))
        await driver.pump()
        assert tenants.answer is answer


async def test_the_answer_for_a_screen_that_was_left_goes_nowhere(resolver: WatchedResolver) -> None:
    async with open_app(resolver) as driver:
        tenants = await driver.arrived(TenantsScreen)
        held = resolver.hold_back("dashboard")
        await driver.press("enter")
        await driver.until(held.reached.is_set)
        # It shows the same verdict as the list.
        await driver.until(lambda: "completed_at of row" in driver.words())
        assert not looks_calm(driver)
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is tenants)
        held.let_go()
        await driver.settled()
        assert driver.app.screen_stack == [tenants]
        assert len(listed(tenants)) == 6


async def test_two_enters_in_one_packet_open_one_screen(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - 30 * HOUR)
    async with open_app(facts.load(sqlite_url)) as driver:
        await driver.arrived(TenantsScreen)
        await twice(driver, "enter", DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        await twice(driver, "enter", BackupSetScreen)
        await driver.press("escape")
        await driver.arrived(DashboardScreen)
        await twice(driver, "b", BackupSetsScreen)
        await twice(driver, "enter", BackupSetScreen)
        await twice(driver, "enter", CapturedItemScreen)


async def twice(driver: Driver, key: str, kind: type[FactsScreen[Any]]) -> None:
    """Press the key twice in one packet: it opens one screen of this kind."""
    before = len(driver.app.screen_stack)
    await driver.press_at_once(key, key)
    await driver.arrived(kind)
    assert len(driver.app.screen_stack) == before + 1


@pytest.mark.parametrize("key", ["enter", "s"])
async def test_two_different_keys_in_one_packet_open_one_screen_too(key: str, url: str) -> None:
    async with open_app(url, tenant="fabrikam.example") as driver:
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        await driver.press_at_once(key, "b")
        await driver.until(lambda: len(driver.app.screen_stack) == 3)
        await driver.settled()
        assert len(driver.app.screen_stack) == 3


async def test_a_held_down_arrow_key_asks_nothing(resolver: WatchedResolver) -> None:
    async def hold_down(kind: type[FactsScreen[Any]]) -> None:
        await driver.arrived(kind)
        resolver.asked.clear()
        await driver.press_at_once(*["down"] * 30, *["up"] * 30)
        assert resolver.asked == []

    async with open_app(resolver, tenant="adventure-works.example", screen="backup_set") as driver:
        for kind in (BackupSetScreen, BackupSetsScreen, DashboardScreen, TenantsScreen):
            await hold_down(kind)
            await driver.press("escape")


# Quitting


async def test_quitting_during_a_slow_question_takes_no_time(resolver: WatchedResolver) -> None:
    loop = asyncio.get_running_loop()
    took: list[float] = []
    for _ in range(3):
        held = resolver.hold_back("refreshed_fleet")
        async with open_app(resolver) as driver:
            await driver.until(held.reached.is_set)
            before = loop.time()
            driver.app.post_message(events.Key("q", "q"))
            await driver.until(lambda: driver.app._exit)
        took.append(loop.time() - before)
        assert not held.let_go_yet
        assert resolver.broken_off.wait(5)
        held.let_go()
        if took[-1] < 0.5:
            return
    raise AssertionError(took)
