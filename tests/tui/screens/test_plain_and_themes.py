"""Plain screens lose only the drawing, and every theme that can be chosen has every colour that is used.

Modules: tui.terminal.plain, tui.terminal.themes.
"""

from __future__ import annotations

import re

import pytest

from tests.tui.screens.driving import open_app
from tests.tui.screens.fleets import every_combination
from tui.screens.dashboard import DashboardScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.terminal.themes import TERMINALS_OWN, THEMES
from tui.words.wording import State

DRAWING = {state.glyph for state in State} - {"?"} | {chr(code) for code in range(0x2500, 0x25A0)}


async def test_plain_screens_say_it_in_words(sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    drawn: list[str] = []
    plain: list[str] = []
    for screens, is_plain in ((drawn, False), (plain, True)):
        async with open_app(url, plain=is_plain, toasts=True, size=(120, 40)) as driver:
            await driver.arrived(TenantsScreen)
            screens.append(driver.text())
            await driver.press("G", "y")
            # It stands in the place of the keys from here on: not as many of them have room as words as do as drawing.
            await driver.until(lambda: "clipboard: " in driver.lines()[-1])
            screens.append(driver.text())
            await driver.press("g", "j", "j", "enter")
            await driver.arrived(DashboardScreen)
            screens.append(driver.text())
            await driver.press("s")
            await driver.arrived(SchedulesScreen)
            screens.append(driver.text())
            await driver.press("ctrl+p")
            screens.append(driver.text())
    assert all(any(glyph in text for text in drawn) for glyph in ("✕", "▲", "◆", "◷", "✓", "▔"))
    for with_drawing, without in zip(drawn, plain, strict=True):
        assert not DRAWING.intersection(without)
        assert not set("⏎…🔎↓↑").intersection(without)
        assert [line.split() for line in without.splitlines()] == [line.split() for line in in_words(with_drawing)]


def in_words(drawn: str) -> list[str]:
    """The lines of a screen without the drawing."""
    for drawing, words in {**dict.fromkeys(DRAWING, " "), "⏎": "enter", "↓": "down", "↑": "up", "…": "~"}.items():
        drawn = drawn.replace(drawing, words)
    return re.sub(r"\?(?= (?:\d+ )?unreadable)", " ", drawn).splitlines()


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_theme_has_a_colour_of_its_own_for_each_state(sqlite_url: str, theme: str) -> None:
    async with open_app(every_combination().load(sqlite_url), theme=theme) as driver:
        await driver.arrived(TenantsScreen)
        assert driver.app.theme == theme
        colours = {state: driver.app.theme_variables[f"state-{state.word}"] for state in State}
        assert len(set(colours.values())) == len(State)


def test_no_two_states_differ_by_what_bold_does_to_a_colour() -> None:
    own = [TERMINALS_OWN[f"state-{state.word}"].replace("bright_", "") for state in State]
    assert len(set(own)) == len(State)
