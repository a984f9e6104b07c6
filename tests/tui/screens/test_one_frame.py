"""What an answer changes on a screen that opens is one frame.

Modules: tui.held_frames, tui.terminal.one_write, tui.app, tui.screens.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import pytest
from rich.console import Console
from textual.app import App
from textual.screen import Screen

from health.store.opening.errors import StoreError
from tests.tui.screens.driving import Driver, open_app, watched
from tests.tui.screens.fleets import small_fleet
from tui import held_frames
from tui.app import TenantPilotApp
from tui.screens import facts_screen
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.help import HelpScreen
from tui.screens.tenants import TenantsScreen
from tui.terminal.changed_cells import ChangedCells

NEVER: Final = 3600.0
Frames: TypeAlias = list[type[Screen[Any]]]
"""For each frame that the terminal gets, the screen that it is of."""
CONSOLE: Final = Console(color_system="truecolor", force_terminal=True)


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> Frames:
    """The frames that the terminal gets. A screen settles, however slow the machine is."""
    drawn: Frames = []

    def draw(_app: App[None], screen: Screen[Any], frame: Any) -> None:
        if frame is not None and frame.render_segments(CONSOLE):
            drawn.append(type(screen))

    monkeypatch.setattr(App, "_display", draw)
    monkeypatch.setattr(held_frames, "_LONGEST_SECONDS", NEVER)
    return drawn


async def begun(driver: Driver) -> None:
    """The first screen, and from now on only the changed cells are drawn."""
    await driver.arrived(TenantsScreen)
    # A style keeps its first rendering, so a process has only one colour system.
    driver.app.console = CONSOLE
    driver.app.drawn = ChangedCells()
    driver.app.action_repaint()
    await driver.pump()


def all_is_drawn(driver: Driver) -> bool:
    """Whether nothing is held back."""
    return driver.app._held._screen is None


async def test_a_quick_answer_is_one_frame(sqlite_url: str, frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_screen, "_PATIENCE", NEVER)
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        await begun(driver)
        await driver.press("end", "k", "k")
        for screen in (DashboardScreen, BackupSetScreen):
            frames.clear()
            await driver.press("enter")
            await driver.until(lambda: bool(frames) and all_is_drawn(driver))
            await driver.pump()
            assert frames == [screen]


async def test_a_slow_answer_is_a_second_frame(sqlite_url: str, frames: Frames) -> None:
    resolver = watched(small_fleet().load(sqlite_url))
    async with open_app(resolver) as driver:
        await begun(driver)
        frames.clear()
        held = resolver.hold_back("dashboard")
        await driver.press("enter")
        await driver.until(lambda: bool(frames) and all_is_drawn(driver))
        assert frames == [DashboardScreen]
        assert "POSTURE" in driver.text()
        assert "Latest attempts" not in driver.text()
        held.let_go()
        await driver.until(lambda: len(frames) > 1 and all_is_drawn(driver))
        await driver.pump()
        assert frames == [DashboardScreen] * 2
        assert "Latest attempts" in driver.text()


async def test_a_question_that_fails_is_one_frame(sqlite_url: str, frames: Frames) -> None:
    resolver = watched(small_fleet().load(sqlite_url))
    async with open_app(resolver) as driver:
        await begun(driver)
        await driver.press("end", "enter")
        await driver.until(lambda: DashboardScreen in frames and all_is_drawn(driver))
        frames.clear()
        resolver.failure = StoreError("cannot reach the database")
        await driver.press("b")
        await driver.until(lambda: bool(frames) and all_is_drawn(driver) and "cannot reach" in driver.words())
        await driver.pump()
        assert set(frames) == {BackupSetsScreen}


async def test_a_frame_is_one_write(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        await begun(driver)
        written: list[str] = []
        monkeypatch.setattr(driver.app._driver, "write", written.append)
        monkeypatch.setattr(TenantPilotApp, "is_headless", property(lambda _: False))
        monkeypatch.setattr(driver.app, "_sync_available", True)
        await driver.press("j", "k")
        assert written
        assert all(each.startswith("\x1b[?2026h") and each.endswith("\x1b[?2026l") for each in written)
        assert all(each.count("\x1b[?2026h") == 1 for each in written)


async def test_a_screen_over_one_that_is_held_back_is_drawn(
    sqlite_url: str, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        await begun(driver)
        driver.app.hold_frames(driver.app.screen)
        frames.clear()
        await driver.press("j")
        assert frames == []
        await driver.press("question_mark")
        await driver.until(lambda: HelpScreen in frames)


async def test_a_screen_that_never_settles_is_drawn_after_a_while(
    sqlite_url: str, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        await begun(driver)
        frames.clear()
        driver.app.hold_frames(driver.app.screen)
        await driver.press("j")
        assert frames == []
        monkeypatch.setattr(held_frames, "_LONGEST_SECONDS", 0.01)
        driver.app.hold_frames(driver.app.screen)
        await driver.until(lambda: frames == [TenantsScreen])
