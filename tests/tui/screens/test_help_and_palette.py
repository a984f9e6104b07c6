"""`?` lists every key with its id, and the command palette finds every action and every tenant.

Modules: tui.screens.help, tui.palette.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
from textual.binding import Binding
from textual.command import Command, CommandList, CommandPalette
from textual.widgets import Input

import tui.screens
import tui.widgets
from tests.tui.screens.driving import OPENED, Driver, cells, listed, open_app, row_list, under_cursor
from tests.tui.screens.fleets import HOUR, NOW, Facts, every_combination, small_fleet
from tui.app import TenantPilotApp
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.help import HelpScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.key_hints import KeyHints, is_movement, key_uses
from tui.words.wording import State

HOSTILE = ("[/]", "[@click=app.quit]x", "\x1b]52;c;eA==\x07 Red", "[$error]y", "\u202eevil")


def own_classes() -> list[type]:
    """The app, and all our screens and widgets."""
    found: set[type] = {TenantPilotApp}
    for package in (tui.screens, tui.widgets):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
            found |= {kind for _, kind in members if kind.__module__.startswith("tui.")}
    return sorted(found, key=lambda kind: kind.__qualname__)


def own_bindings(kind: type) -> list[Binding]:
    bindings: list[Binding] = vars(kind).get("BINDINGS", [])
    return bindings


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


def test_every_binding_has_an_id_of_its_own_and_says_what_it_does() -> None:
    ids: list[str] = []
    for kind in own_classes():
        for binding in own_bindings(kind):
            assert binding.id, (kind, binding)
            assert binding.description, binding.id
            ids.append(binding.id)
    assert len(ids) == len(set(ids))
    assert len(ids) > 25


# Help


async def listed_in_help(driver: Driver) -> set[str]:
    """Open `?`, read the ids in it, and leave it again."""
    before = (driver.app.screen, driver.app.focused)
    await driver.press("question_mark")
    await driver.arrived(HelpScreen)
    ids = {row["ID"].text for row in cells(driver.app.screen)}
    assert all(row["KEYS"].text and row["WHAT IT DOES"].text for row in cells(driver.app.screen))
    await driver.press("question_mark")
    await driver.until(lambda: driver.app.screen is before[0])
    assert driver.app.focused is before[1]
    return ids


def declared(screen: FactsScreen[Any]) -> set[str]:
    """The ids of all bindings of the app, this screen and its list."""
    kinds = [TenantPilotApp, *type(screen).__mro__, *type(row_list(screen)).__mro__]
    return {binding.id or "" for kind in kinds for binding in own_bindings(kind)} - {""}


# These do not work here now: there is no screen behind, no filter to clear, no newer basis and nothing to open.
IDLE: dict[str | None, set[str]] = {
    None: {"screen.back", "tenants.clear_filters"},
    "dashboard": {"dashboard.last_run"},
    "backup_set": {"backup_set.newer"},
    "schedules": {"list.open"},
    "changes": {"list.open"},
}


@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_every_key_of_every_screen_is_in_the_help(
    name: str | None, kind: type[FactsScreen[Any]], url: str
) -> None:
    tenant = None if name is None else "tailspin.example"
    async with open_app(url, tenant=tenant, screen=name, size=(200, 24)) as driver:
        screen = await driver.arrived(kind)
        await driver.until(lambda: driver.app.focused is row_list(screen))
        assert await listed_in_help(driver) == declared(screen) - IDLE.get(name, set())
        # The key hints name the common keys, and only those that work.
        hints = driver.lines()[-1]
        for use in key_uses(screen):
            if use.binding.show:
                assert use.binding.description in hints


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 20)])
async def test_the_glyphs_stand_right_below_the_keys(size: tuple[int, int], url: str) -> None:
    """A tall window has no hole between them, and in a low one they are whole."""
    async with open_app(url, size=size) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("question_mark")
        screen = await driver.arrived(HelpScreen)
        rows, states = row_list(screen), screen.query_one("#states")
        assert states.region.y == rows.region.bottom + 1
        assert states.region.bottom <= size[1]
        assert rows.region.height in (len(rows.rows) + 1, size[1] - 2 - 8)


async def test_the_keys_of_an_attention_item_are_in_the_help(url: str) -> None:
    async with open_app(url, tenant="northwind.example") as driver:
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: driver.app.focused is not None and driver.app.focused.id is None)
        assert {"attention.open", "attention.down", "attention.up"} <= await listed_in_help(driver)


async def test_the_help_can_be_walked_and_closed_by_esc_and_opens_once(url: str) -> None:
    async with open_app(url, size=(80, 12)) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press_at_once("question_mark")
        await driver.arrived(HelpScreen)
        await driver.press("G")
        assert row_list(driver.app.screen).cursor == len(row_list(driver.app.screen).rows) - 1
        await driver.press("escape")
        await driver.arrived(TenantsScreen)


async def test_the_help_says_actions_first_and_what_the_glyphs_mean(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("question_mark")
        await driver.arrived(HelpScreen)
        assert driver.lines()[0].strip() == "Help: the keys that work here"
        moves = [is_movement(use) for use in row_list(driver.app.screen).rows]
        assert moves == sorted(moves)
        assert True in moves
        for state in State:
            assert state.label in driver.text()


async def test_the_help_is_searched_and_enter_does_what_is_found(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("question_mark", "slash", *"sort", "enter")
        help_screen = await driver.arrived(HelpScreen)
        assert [use.binding.id for use in row_list(help_screen).rows] == ["tenants.sort"]
        await driver.press("enter")
        await driver.until(lambda: "SORTED BY" in driver.text())
        await driver.press("down", "enter")
        await driver.until(lambda: tenants.order.value == "name")
        assert driver.app.screen is tenants


async def test_the_help_says_when_nothing_is_found(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("question_mark", "slash", *"zzz", "enter", "enter")
        await driver.arrived(HelpScreen)
        assert "nothing here does that" in driver.text()


async def test_a_question_mark_in_a_filter_is_a_letter(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("slash")
        await driver.press_at_once("?")
        assert driver.app.screen is tenants
        assert tenants.words == "?"


async def test_the_hints_keep_to_their_line_in_a_narrow_window(url: str) -> None:
    async with open_app(url, size=(60, 12)) as driver:
        await driver.arrived(TenantsScreen)
        hints = driver.lines()[-1]
        assert "open" in hints
        assert "…" not in hints
        assert driver.app.screen.query_one(KeyHints).size.height == 1


# The palette


async def found(driver: Driver, words: str) -> list[Any]:
    """The palette's offers for these words, best first."""
    await driver.press("ctrl+p")
    await driver.until(lambda: isinstance(driver.app.screen, CommandPalette))
    palette = driver.app.screen
    await driver.until(lambda: palette.has_class("-ready"))
    if words:
        palette.query_one(Input).value = words
        await driver.until(lambda: offered(driver) and all(fits(words, each) for each in offered(driver)), words)
    return offered(driver)


def offered(driver: Driver) -> list[Command]:
    return [option for option in driver.app.screen.query_one(CommandList).options if isinstance(option, Command)]


def fits(words: str, command: Command) -> bool:
    """Whether the offers are for these words, and not for the words before."""
    letters = str(command.prompt).casefold()
    return all(word.casefold() in letters for word in words.split())


async def choose(driver: Driver, words: str) -> None:
    """Search for words and run the first offer."""
    await found(driver, words)
    await driver.press("enter")
    await driver.until(lambda: not isinstance(driver.app.screen, CommandPalette))
    await driver.pump()


@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_the_palette_offers_every_action_that_works_here(
    name: str | None, kind: type[FactsScreen[Any]], url: str
) -> None:
    tenant = None if name is None else "tailspin.example"
    async with open_app(url, tenant=tenant, screen=name) as driver:
        screen = await driver.arrived(kind)
        await driver.until(lambda: driver.app.focused is row_list(screen))
        idle = {"app.databases", "app.palette", "app.colon", "app.quit_always", "app.suspend"}
        wanted = {use.words for use in key_uses(screen) if use.binding.id not in idle}
        texts = {str(command.hit.text) for command in await found(driver, "")}
        assert wanted <= texts
        assert {"theme tenantpilot-dark", "theme tenantpilot-light"} <= texts


async def test_the_palette_over_the_first_screen_does_not_lead_back(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert not any(fits("go back one screen", each) for each in await found(driver, ""))
        assert "esc back" not in str(tenants.query_one(KeyHints).content)
        await driver.press("escape")
        await driver.arrived(TenantsScreen)
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        assert any(fits("go back one screen", each) for each in await found(driver, ""))


async def test_what_the_palette_offers_runs_where_its_key_would(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await choose(driver, "last row")
        assert row_list(tenants).cursor == 5
        await choose(driver, "sort")
        await driver.press("down", "enter")
        await driver.until(lambda: tenants.order.value == "name")
        await choose(driver, "posture")
        await driver.press("down", "enter")
        await driver.until(lambda: len(listed(tenants)) == 1)
        await choose(driver, "clear filters")
        assert len(listed(tenants)) == 6
        await choose(driver, "theme tenantpilot-light")
        assert driver.app.theme == "tenantpilot-light"
        await choose(driver, "help")
        assert isinstance(driver.app.screen, HelpScreen)
        await driver.press("escape")
        await choose(driver, "quit")
        await driver.until(lambda: driver.app._exit)


async def test_the_palette_opens_once_and_esc_closes_it(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press_at_once("ctrl+p", "ctrl+p")
        await driver.until(lambda: isinstance(driver.app.screen, CommandPalette))
        assert len(driver.app.screen_stack) == 2
        await driver.press("escape")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)


async def test_letters_after_a_colon_are_words_for_the_palette(url: str) -> None:
    async with open_app(url) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press_at_once("colon", *"tailsp")
        await driver.until(lambda: isinstance(driver.app.screen, CommandPalette))
        assert driver.app.screen.query_one(Input).value == "tailsp"


@pytest.mark.parametrize("words", ["st", "tails", "St Order"])
async def test_a_tenant_that_begins_with_the_words_comes_first(words: str, sqlite_url: str) -> None:
    facts = Facts()
    for name in ("Tailspin", "St Order", "Contoso"):
        facts.tenant(name)
    async with open_app(facts.load(sqlite_url)) as driver:
        await driver.arrived(TenantsScreen)
        await found(driver, "")
        driver.app.screen.query_one(Input).value = words
        await driver.until(
            lambda: bool(offered(driver)) and str(offered(driver)[0].hit.text).casefold().startswith(words.casefold())
        )


async def test_a_tenant_is_found_by_name_and_by_id_from_everywhere(url: str) -> None:
    async with open_app(url, tenant="tailspin.example", screen="backup_sets") as driver:
        await driver.arrived(BackupSetsScreen)
        await choose(driver, "adventure")
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.external_id == "adventure-works.example"
        assert [type(screen) for screen in driver.app.screen_stack] == [TenantsScreen, DashboardScreen]
        await choose(driver, "fabrikam.example")
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.external_id == "fabrikam.example"
        await driver.press("escape")
        tenants = await driver.arrived(TenantsScreen)
        assert len(listed(tenants)) == 6


async def test_hostile_names_are_found_shown_opened_and_nothing_else(sqlite_url: str) -> None:
    facts = Facts()
    for number, name in enumerate(HOSTILE):
        facts.backup_set(facts.tenant(name, f"{name}hostile-{number}"), NOW - HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url) as driver:
        await driver.arrived(TenantsScreen)
        for number, name in enumerate(HOSTILE):
            offers = await found(driver, f"hostile-{number}")
            assert len(offers) == 1
            prompt = str(offers[0].prompt)
            assert prompt.replace("\n", "").isprintable()
            assert not offers[0].prompt.spans or not any("@click" in str(span.style) for span in offers[0].prompt.spans)
            if name.startswith("["):
                # Name and id as they are, not read as markup.
                assert prompt == f"{name}  {name}hostile-{number}"
                assert name in driver.text()
            await driver.press("enter")
            dashboard = await driver.arrived(DashboardScreen)
            assert dashboard.external_id == f"{name}hostile-{number}"
            assert driver.app.is_running
        await driver.press("escape")
        tenants = await driver.arrived(TenantsScreen)
        assert under_cursor(tenants) is not None


async def test_a_wide_line_names_more_keys_and_no_movement(sqlite_url: str) -> None:
    hints = []
    url = every_combination().load(sqlite_url)
    for width in (119, 120, 200, 300):
        async with open_app(url, size=(width, 24)) as driver:
            await driver.arrived(TenantsScreen)
            hints.append(driver.lines()[-1].strip())
    assert "y copy" not in hints[0]
    assert "y copy" in hints[1]
    assert hints[1].endswith("? help  q quit")
    assert "^p commands" in hints[2]
    assert "first row" not in hints[2]
    # There is no other database to go to.
    assert "save a picture" in hints[3]
    assert "d databases" not in hints[3]
