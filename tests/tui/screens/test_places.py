"""Every place has a command line: the copy of `Y` opens the same screen with the same answer.

(docs/screens.md, "Places")

Modules: tui.place, tui.routes, tui.app.
"""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, open_app, row_list, under_cursor
from tests.tui.screens.fleets import small_fleet
from tests.tui.screens.walks import WALKS, Stop, every_stop, last_walk, walk, walk_on, walked_fleet, walks_past
from tui.commands import cli
from tui.commands.options import checked, place_of
from tui.fleet_view import FleetView
from tui.groups import Group, Groups
from tui.place import ItemIdentity, Place
from tui.routes import ROUTES
from tui.screens.backup_set import BackupSetScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.item_changes import ItemChangesScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.filter_input import FilterInput

TYPE = ItemRow().policy_type
GROUPS = Groups([Group("gold", ("*works*",)), Group("golden", ("fabrikam*",))])
NO_PLACES = {"help", "choice"}
"""Windows that open over a place and are closed again."""


@pytest.fixture
def url(sqlite_url: str) -> str:
    return walked_fleet().load(sqlite_url)


class Shown(NamedTuple):
    """All that must be the same if a place is opened again."""

    way: list[type]
    answer: Any
    rows: list[Any]
    cursor: int
    crumb: str


async def shown(driver: Driver) -> Shown:
    """The shown screen, when it has its answer."""
    await driver.until(lambda: isinstance(driver.app.screen, FactsScreen))
    await driver.settled()
    screen = driver.facts
    way = [type(each) for each in driver.app.screen_stack]
    answer = screen.answer
    if isinstance(answer, FleetView):
        # A thread's preparations for later keys are not part of the answer.
        answer = answer._replace(prepared=None)
    return Shown(way, answer, list(row_list(screen).rows), row_list(screen).cursor, screen.crumb())


def said(command: str) -> Place:
    """The place that a copied command line names."""
    program, *words = shlex.split(command)
    assert program == "tenantpilot"
    return checked(place_of(cli.make_context(program, words).params))


def test_every_screen_can_be_walked_to() -> None:
    assert set(WALKS) | NO_PLACES == {route.name for route in ROUTES}


@pytest.mark.parametrize("stops", walks_past(WALKS), ids=last_walk)
async def test_the_copied_command_opens_this_very_place(stops: list[Stop], url: str) -> None:
    seen: list[tuple[Stop, Shown, Place]] = []
    with every_stop() as at:
        async with open_app(url) as driver:
            await driver.arrived(TenantsScreen)
            for stop in stops:
                await walk_on(driver, stop.keys)
                with at(stop):
                    before = await shown(driver)
                    assert type(driver.app.screen).__name__.casefold() == f"{stop.name.replace('_', '')}screen"
                    await driver.press("Y")
                    seen.append((stop, before, said(driver.app.clipboard)))
        for stop, before, place in seen:
            with at(stop):
                await opens_as_it_was(url, place, before)


async def opens_as_it_was(url: str, place: Place, before: Shown) -> None:
    async with open_app(url, place=place) as driver:
        await driver.until(lambda: type(driver.app.screen) is before.way[-1], before.way[-1].__name__)
        await driver.until(lambda: not place.cause or driver.app.screen.cause is not None)  # type: ignore[attr-defined]
        after = await shown(driver)
        assert after[1:] == before[1:]
        await driver.press("Y")
        assert said(driver.app.clipboard) == place
        # The way back is the same as after walking there, and Esc goes it.
        for kind in reversed([type(each) for each in driver.app.screen_stack][1:]):
            assert type(driver.app.screen) is kind
            await driver.press("escape")
        assert type(driver.app.screen) is TenantsScreen


@pytest.mark.parametrize("keys", ["enter", "enter b j enter", "enter b j enter enter", "o", "enter equals_sign"])
async def test_the_copied_command_goes_back_to_the_same_list(keys: str, sqlite_url: str) -> None:
    """Esc leads from a place to the list that one came from, narrowed and sorted as it was."""
    behind = Place(group="gold", posture="degraded", sort="name", stale_within=timedelta(hours=24))
    facts = small_fleet()
    url = facts.load(sqlite_url)
    async with open_app(url, groups=GROUPS, place=behind) as driver:
        await walk(driver, keys)
        await driver.press("Y")
        place = said(driver.app.clipboard)
    assert {name: getattr(place, name) for name in ("group", "posture", "sort", "stale_within")} == {
        name: getattr(behind, name) for name in ("group", "posture", "sort", "stale_within")
    }
    async with open_app(url, groups=GROUPS, place=place) as driver:
        await shown(driver)
        while type(driver.app.screen) is not TenantsScreen:
            await driver.press("escape")
        assert driver.facts.place() == behind
        assert [health.tenant.name for health in row_list(driver.facts).rows] == ["Adventure Works"]


async def test_the_words_of_the_fleets_filter_go_along_except_to_a_set(url: str) -> None:
    """On the screen of a set `--filter` means its items."""
    async with open_app(url, place=Place(filter="contoso")) as driver:
        await walk(driver, "enter")
        await driver.press("Y")
        assert said(driver.app.clipboard) == Place("contoso.example", filter="contoso")
        await driver.press("b")
        await driver.settled()
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        await driver.press("Y")
        assert said(driver.app.clipboard).filter is None


async def test_a_command_may_leave_out_fields_without_meaning(url: str) -> None:
    async with open_app(url) as driver:
        await walk(driver, "enter equals_sign enter v")
        await driver.press("Y")
        command = driver.app.clipboard
        assert "--meaningful" in command
        await driver.press("v", "Y")
        assert "--meaningful" not in driver.app.clipboard
    async with open_app(url, place=said(command)) as driver:
        screen = await driver.arrived(ItemChangesScreen)
        assert screen.with_meaning_only
        # Chosen by hand it begins as ever.
        await driver.press("escape", "enter")
        screen = await driver.arrived(ItemChangesScreen)
        assert not screen.with_meaning_only


async def test_the_cursors_of_the_screens_behind_are_on_the_way(url: str) -> None:
    item = ItemIdentity(TYPE, "policy-1")
    async with open_app(url, tenant="contoso.example", screen="captured_item", set=(2,), item=item) as driver:
        await driver.until(lambda: driver.facts.crumb() == "Policy 1")
        await driver.press("escape")
        assert under_cursor(driver.facts).policy_identifier == "policy-1"
        await driver.press("escape")
        assert under_cursor(driver.facts).key.set_id == 2


@pytest.mark.parametrize("screen", ["captured_item", "last_good_copy", "item_changes", "backup_set"])
async def test_an_item_that_does_not_exist_is_reported(screen: str, url: str) -> None:
    item = ItemIdentity(TYPE, "policy-99")
    async with open_app(url, tenant="contoso.example", screen=screen, item=item, toasts=True) as driver:
        await driver.until(lambda: "not opened:" in driver.words())
        assert f"{TYPE}/policy-99" in driver.words()
        assert "Policy" in driver.words()


async def test_a_set_that_does_not_exist_is_reported(url: str) -> None:
    async with open_app(url, tenant="contoso.example", set=(99,)) as driver:
        await driver.arrived(BackupSetScreen)
        assert "healthy" not in driver.words()
        assert driver.facts.answer is not None
        assert driver.facts.answer.listed is None


async def test_the_fleet_opens_narrowed_and_sorted(sqlite_url: str) -> None:
    place = Place(group="gold", filter="-nothing", posture="degraded", sort="name")
    async with open_app(small_fleet().load(sqlite_url), groups=GROUPS, size=(120, 24), place=place) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert [health.tenant.name for health in row_list(tenants).rows] == ["Adventure Works"]
        assert tenants.query_one(FilterInput).value == "-nothing"
        assert "1 of 6, only degraded, group gold, sorted: name" in driver.words()
        await driver.press("Y")
        assert said(driver.app.clipboard) == place
        await driver.press("escape")
        assert len(row_list(tenants).rows) == 6
        await driver.press("Y")
        assert said(driver.app.clipboard) == Place(sort="name")


async def test_a_cause_is_opened_by_its_words(url: str) -> None:
    async with open_app(url, cause="AADSTS7000222: expired") as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.until(lambda: tenants.cause is not None)
        assert len(row_list(tenants).rows) == 1
        await driver.press("Y")
        assert said(driver.app.clipboard) == Place(cause="AADSTS7000222: expired")
    async with open_app(url, cause="gone by now", toasts=True) as driver:
        await driver.until(lambda: "no tenant has this cause: gone by now" in driver.words())
