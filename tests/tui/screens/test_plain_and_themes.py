"""Plain screens lose only the drawing, and every theme that can be chosen has every colour that is used.

Modules: tui.terminal.plain, tui.terminal.themes.
"""

from __future__ import annotations

import re

import pytest
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Input

from tests.tui.screens.driving import open_app
from tests.tui.screens.fleets import every_combination
from tui.place import Order
from tui.screens.choice import ChoiceScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.terminal import THEME_OF_16
from tui.terminal.themes import DARK, LIGHT, TERMINALS_OWN, THEMES, WITHOUT_COLOURS
from tui.words.wording import State

LEAST_CONTRAST = 4.5
"""What the W3C's guidelines for accessible content ask of small text (success criterion 1.4.3)."""
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


async def test_nothing_stands_beside_a_list_to_choose_from_that_has_no_box(sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    for plain in (False, True):
        async with open_app(url, plain=plain, size=(120, 40)) as driver:
            tenants = await driver.arrived(TenantsScreen)
            await driver.press("s")
            await driver.arrived(ChoiceScreen)
            orders = [next(line for line in driver.lines() if f" {order.value} " in line) for order in (*Order,)[1:]]
            beside = {
                line.split(order.value, 1)[1].strip(" │") for line, order in zip(orders, (*Order,)[1:], strict=True)
            }
            assert (beside == {""}) is plain, beside
            await driver.press("escape")
            assert driver.app.screen is tenants


@pytest.mark.parametrize("theme", [THEME_OF_16, WITHOUT_COLOURS])
@pytest.mark.parametrize("opens", ["slash", "ctrl+p"], ids=["filter", "palette"])
async def test_the_cursor_of_a_field_is_the_reverse_of_its_place(sqlite_url: str, theme: str, opens: str) -> None:
    async with open_app(every_combination().load(sqlite_url), theme=theme) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press(opens, "a")
        field = driver.app.screen.query_one(Input)
        style = field.get_component_rich_style("input--cursor")
        assert style.reverse
        assert all(colour is None or colour.is_default for colour in (style.color, style.bgcolor))


@pytest.mark.parametrize("theme", [DARK, LIGHT, THEME_OF_16, WITHOUT_COLOURS])
async def test_the_chosen_row_of_the_palette_stands_out(sqlite_url: str, theme: str) -> None:
    async with open_app(every_combination().load(sqlite_url), theme=theme) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("ctrl+p")
        await driver.until(lambda: "read the facts again" in driver.words())
        drawn = driver.app.screen._compositor.render_strips()
        chosen, next_one = (
            {(segment.style.bgcolor, segment.style.reverse) for segment in strip if segment.style is not None}
            for words in ("open", "read the facts again")
            for strip in drawn
            if strip.text.strip().startswith(words)
        )
        assert not chosen & next_one


@pytest.mark.parametrize("theme", [theme for theme in THEMES if not theme.ansi], ids=lambda theme: str(theme.name))
async def test_quiet_words_can_be_read(sqlite_url: str, theme: Theme) -> None:
    async with open_app(every_combination().load(sqlite_url), theme=theme.name) as driver:
        await driver.arrived(TenantsScreen)
        field = driver.app.screen.query_one(Input)
        placeholder = field.get_component_styles("input--placeholder").color
        quiet = Color.parse(theme.variables["quiet"])
        assert placeholder == quiet
        for ground in (theme.background, theme.panel):
            assert contrast(quiet, Color.parse(str(ground))) >= LEAST_CONTRAST


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours: 1 to 21."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Color) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


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
