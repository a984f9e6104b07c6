"""On every walk the terminal shows the same as if every frame were written whole.

Modules: tui.terminal.changed_cells, tui.app.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

import pyte
import pytest
from rich.console import Console

from tests.tui.screens.driving import Driver, open_app
from tests.tui.screens.fleets import DEGRADED_ITEMS, HOUR, NOW, every_combination
from tui.app import TenantPilotApp
from tui.screens.tenants import TenantsScreen
from tui.terminal.changed_cells import ChangedCells

STEPS: Final = 45
KEYS: Final = (
    *["j", "k", "down", "pagedown", "G", "g", "enter", "enter", "escape", "escape", "tab", "s", "p", "b", "f", "w"],
    *["question_mark", "ctrl+p", "y", "r", "equals_sign", "o", "m", "slash", "a", "宽", "backspace", "ctrl+l"],
)
SIZES: Final = ((80, 24), (60, 20), (120, 40), (59, 12))


class Terminals:
    """Two terminals: one gets whole frames, the other only the changed cells."""

    def __init__(self, app: TenantPilotApp, monkeypatch: pytest.MonkeyPatch) -> None:
        # A style keeps its first rendering, so a process has only one colour system.
        self._console = Console(color_system="truecolor", force_terminal=True)
        self.sizes = [0, 0]
        self.frames = [0, 0]
        self.app = app
        app.drawn = ChangedCells()
        monkeypatch.setattr(TenantPilotApp, "_display", lambda _app, _screen, frame: self._draw(frame))
        self.resized()

    def resized(self) -> None:
        """Clear the terminal, as some do on a resize, before the program hears of it."""
        columns, lines = self.app.size
        self.screens: list[Any] = [pyte.Screen(columns, lines) for _ in range(2)]
        self._streams: list[Any] = [pyte.Stream(screen) for screen in self.screens]
        for stream in self._streams:
            stream.feed("\x1b[?7l")

    def _draw(self, frame: Any) -> None:
        assert self.app.drawn is not None
        for place, each in enumerate((frame, self.app.drawn.of(frame, self._console))):
            text = "" if each is None else each.render_segments(self._console)
            self._streams[place].feed(f"{text}\x1b[H")
            self.sizes[place] += len(text.encode())
            self.frames[place] += bool(text)

    def shows(self, place: int) -> list[list[Any]]:
        screen = self.screens[place]
        return [[_seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def _seen(char: Any) -> Any:
    return char if char.data != " " or char.underscore or char.reverse or char.strikethrough else (" ", char.bg)


def fleet(url: str) -> str:
    facts = every_combination()
    for name in ("宽宽 株式会社テスト", "Cafe\u0301 Zu\u0308rich", "emoji 😀 ✕", "Ελλάδα"):
        facts.backup_set(facts.tenant(name, f"wide-{len(name)}"), NOW - HOUR, *DEGRADED_ITEMS, error=f"of {name}")
    return facts.load(url)


@pytest.mark.parametrize(("theme", "seed"), [("tenantpilot-dark", 1), ("tenantpilot-light", 2), ("tenantpilot-16", 3)])
async def test_every_way(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, theme: str, seed: int) -> None:
    random = Random(seed)
    async with open_app(fleet(sqlite_url), theme=theme, toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        terminals = Terminals(driver.app, monkeypatch)
        driver.app.action_repaint()
        await driver.pump()
        for _ in range(STEPS):
            if random.random() < 0.1:
                await resize(driver, terminals, random.choice(SIZES))
            await driver.press(random.choice(KEYS))
            assert terminals.shows(1) == terminals.shows(0)
    assert terminals.sizes[1] < terminals.sizes[0]
    assert terminals.frames[1] < terminals.frames[0]


async def resize(driver: Driver, terminals: Terminals, size: tuple[int, int]) -> None:
    await driver.resize(*size)
    terminals.resized()
    driver.app.action_repaint()
    await driver.pump()


async def test_ctrl_l_draws_everything_again(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app(fleet(sqlite_url)) as driver:
        await driver.arrived(TenantsScreen)
        terminals = Terminals(driver.app, monkeypatch)
        await driver.press("ctrl+l")
        shown = terminals.shows(0)
        terminals.screens[1].draw("another program wrote this")
        await driver.press("r")
        assert terminals.shows(1) != shown
        await driver.press("ctrl+l")
        assert terminals.shows(1) == shown


async def test_unchanged_cells_are_not_drawn(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app(fleet(sqlite_url)) as driver:
        await driver.arrived(TenantsScreen)
        terminals = Terminals(driver.app, monkeypatch)
        await driver.press("ctrl+l")
        frames = terminals.frames[1]
        driver.app.screen.refresh()
        await driver.pump()
        assert terminals.frames[0] > terminals.frames[1] == frames
