"""A screen is as large as its window (tui/window_size.py)."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events
from textual.geometry import Size
from textual.screen import Screen

from tests.tui.screens.driving import OPENED, Driver, open_app
from tests.tui.screens.fleets import small_fleet
from tui.palette import QuietPalette
from tui.screens.choice import ChoiceScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.help import HelpScreen
from tui.screens.tenants import TenantsScreen

BEFORE, SMALL, LARGE = Size(80, 24), Size(40, 10), Size(100, 30)
OVER = {HelpScreen: "question_mark", ChoiceScreen: "s", QuietPalette: "ctrl+p"}
"""The screens over another one, and the keys that open them."""


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


async def grow_during_the_layout(driver: Driver, screen: Screen[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the window small, and large while the screen is being laid out for the small one."""
    lay_out = type(screen)._screen_resized

    def and_grow(self: Screen[Any], size: Size) -> None:
        if self is screen and size == SMALL and driver.app.size == SMALL:
            driver.app._size = LARGE
            self.post_message(events.Resize(LARGE, LARGE))
        lay_out(self, size)

    monkeypatch.setattr(type(screen), "_screen_resized", and_grow)
    await driver.resize(*SMALL)
    await driver.until(lambda: driver.app.size == LARGE, "the larger window")
    await driver.pump()


async def assert_it_fills_the_window(driver: Driver, screen: Screen[Any]) -> None:
    await driver.until(lambda: screen._compositor.size == LARGE, "a layout of the window's own size")
    await driver.pump()
    assert driver.app.screen is screen
    assert not screen.has_class("-too-small")
    assert [len(line) for line in driver.lines()] == [LARGE.width] * LARGE.height


@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_a_size_that_comes_during_a_layout_is_not_lost(
    name: str | None, kind: type[FactsScreen[Any]], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = None if name is None else "tailspin.example"
    async with open_app(url, tenant=tenant, screen=name, size=BEFORE) as driver:
        screen = await driver.arrived(kind)
        await grow_during_the_layout(driver, screen, monkeypatch)
        await assert_it_fills_the_window(driver, screen)


@pytest.mark.parametrize("kind", OVER)
async def test_nor_is_it_on_a_screen_over_another(
    kind: type[Screen[Any]], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(url, size=BEFORE) as driver:
        below = await driver.arrived(TenantsScreen)
        await driver.press(OVER[kind])
        over = await driver.arrived(kind)
        await grow_during_the_layout(driver, over, monkeypatch)
        await assert_it_fills_the_window(driver, over)
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is below, "the screen below")
        await assert_it_fills_the_window(driver, below)
