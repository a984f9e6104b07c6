"""Keys of one packet run one after the other: a key typed into a filter is text and runs no action.

(docs/screens.md, "Everywhere")

Modules: tui.key_order, tui.widgets.filter_input.
"""

from __future__ import annotations

import asyncio
import random
import string
from pathlib import Path
from typing import Any

import pytest
from textual import events

from tests.tui.screens.driving import Driver, open_app, row_list, watched
from tests.tui.screens.fleets import small_fleet
from tests.tui.screens.watched_resolver import WatchedResolver
from tui.key_order import KeysInOrder
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.filter_input import FilterInput
from tui.widgets.header_line import HeaderLine
from tui.widgets.needs_attention import AttentionItem


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


@pytest.fixture
def resolver(url: str) -> WatchedResolver:
    return watched(url)


def field(driver: Driver) -> FilterInput:
    """The filter of the shown screen."""
    return driver.app.screen.query_one(FilterInput)


async def test_escape_and_slash_in_one_packet(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("slash", "x")
        await driver.press_at_once("escape", "slash", "e", "q", "s")
        assert driver.app.focused is field(driver)
        assert field(driver).value == "eqs"
        assert len(driver.app.screen_stack) == 1


async def test_what_follows_enter_goes_to_the_screen_it_opened(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press_at_once("down", "enter", "slash", "escape")
        await driver.until(lambda: driver.app.screen is tenants)
        assert row_list(tenants).cursor == 1
        assert field(driver).value == ""
        await driver.press_at_once("slash", "c", "o", "n", "enter", "enter")
        await driver.arrived(DashboardScreen)


@pytest.mark.parametrize("keys", ["ss", "sss", "ssss", "pp", "ppppp", "pps", "sspp"])
async def test_a_key_that_takes_the_next_of_its_list_does_so_at_any_speed(keys: str, url: str) -> None:
    shown = []
    for at_once in (False, True):
        async with open_app(url) as driver:
            tenants = await driver.arrived(TenantsScreen)
            if at_once:
                await driver.press_at_once(*keys)
            else:
                for key in keys:
                    await driver.press(key)
            shown.append((tenants.order, tenants.states, [type(each) for each in driver.app.screen_stack]))
    assert shown[1] == shown[0]


async def test_enter_pressed_twice_opens_one_screen(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press_at_once("enter", "enter", "b")
        await driver.arrived(BackupSetsScreen)
        assert [type(each) for each in driver.app.screen_stack] == [TenantsScreen, DashboardScreen, BackupSetsScreen]


@pytest.mark.parametrize(("seen", "opened"), [(True, [BackupSetScreen]), (False, [])])
async def test_a_second_enter_is_for_the_screen_that_was_seen(
    seen: bool, opened: list[type], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow machine the first Enter may still be under way when its screen is there to be read."""
    at_rest, really_rest = asyncio.Event(), KeysInOrder._come_to_rest

    async def rest(keys: KeysInOrder) -> None:
        await really_rest(keys)
        await at_rest.wait()

    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        monkeypatch.setattr(KeysInOrder, "_come_to_rest", rest)
        too_early = events.Key("enter", None)
        driver.app.post_message(events.Key("enter", None))
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        await driver.pump()
        driver.app.post_message(events.Key("enter", None) if seen else too_early)
        await driver.pump()
        at_rest.set()
        await driver.keys_done()
        assert [type(each) for each in driver.app.screen_stack] == [TenantsScreen, DashboardScreen, *opened]


async def test_a_slash_before_the_facts_are_there_begins_the_filter(resolver: WatchedResolver) -> None:
    held = resolver.hold_back("refreshed_fleet")
    async with open_app(resolver) as driver:
        await driver.until(held.reached.is_set)
        await driver.press_at_once("slash", "q")
        held.let_go()
        tenants = await driver.arrived(TenantsScreen)
        await driver.press_at_once("e", "s", "d")
        assert field(driver).value == "qesd"
        assert tenants.words == "qesd"
        assert len(driver.app.screen_stack) == 1


@pytest.mark.parametrize("place", ["tenants", "backup_set"])
@pytest.mark.parametrize("seed", range(3))
async def test_no_printable_key_in_a_filter_is_a_command(
    place: str, seed: int, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    given: dict[str, Any] = {} if place == "tenants" else {"tenant": "fabrikam.example", "screen": place}
    typed = random.Random(seed).sample(string.printable.strip(), 60)
    async with open_app(url, **given) as driver:
        await driver.arrived(TenantsScreen if place == "tenants" else BackupSetScreen)
        stack = driver.app.screen_stack[:]
        run_action = driver.app.run_action

        async def noted(action: Any, *arguments: Any, **named: Any) -> bool:
            ran.append(str(action))
            return await run_action(action, *arguments, **named)

        monkeypatch.setattr(driver.app, "run_action", noted)
        await driver.press_at_once("slash", *typed)
        assert ran == ["filter"]
        assert field(driver).value == "".join(typed)
        assert driver.app.screen_stack == stack


@pytest.mark.parametrize("in_filter", [True, False])
async def test_a_paste_is_text_for_the_filter_without_its_line_breaks(in_filter: bool, url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        if in_filter:
            await driver.press("slash")
        for text in ("con\r\nto", "so\n"):
            driver.app.post_message(events.Paste(text))
        await driver.keys_done()
        assert field(driver).value == "contoso"
        assert driver.app.focused is field(driver)


async def test_a_paste_where_there_is_no_filter_does_nothing(url: str, tmp_path: Path) -> None:
    async with open_app(url, tenant="contoso.example") as driver:
        screen = await driver.arrived(DashboardScreen)
        driver.app.post_message(events.Paste("q\nbe"))
        await driver.keys_done()
        assert driver.app.screen is screen
        assert not list(tmp_path.glob("tenantpilot-*"))


async def test_a_screen_that_is_closed_before_it_is_there_is_no_fault(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.until(lambda: tenants.answer is not None)
        for _ in range(3):
            driver.app.push_screen(DashboardScreen("absent", "Absent"))
            driver.app.pop_screen()
            await driver.until(lambda: driver.app.screen is tenants)
            await driver.settled()


async def test_a_screen_whose_parts_are_gone_is_no_fault(url: str) -> None:
    """As when the app ends while a screen opens: its parts go first."""
    async with open_app(url) as driver:
        screen = await driver.arrived(TenantsScreen)
        await driver.until(lambda: screen.answer is not None)
        await screen.query_one(HeaderLine).remove()
        screen.tick()
        screen.on_screen_resume()
        screen.on_mount()
        assert driver.app.fault is None
