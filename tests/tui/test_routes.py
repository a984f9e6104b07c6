"""The one list of screens: it has every screen, and all lists of screen names come from it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass
from typing import Any

import click
import pytest
from textual.binding import Binding
from textual.screen import Screen

import tui.screens
from tui.commands.options import app_options
from tui.keymap import SCREENS, named_bindings
from tui.place import FLEET, START_SCREENS, ItemIdentity, Place
from tui.routes import ROUTES, opened_at, screen_named
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.changes import ChangesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.framed_screen import FramedScreen
from tui.screens.narrowed_fleet import NarrowedFleet
from tui.screens.runs import RunsScreen
from tui.screens.schedules import SchedulesScreen

ITEM = ItemIdentity("app", "a/b")


def screen_classes() -> Iterator[type[Screen[Any]]]:
    """Every screen that a file under tui/screens defines; without the classes that they extend."""
    for module in pkgutil.iter_modules(tui.screens.__path__, "tui.screens."):
        for kind in vars(import_module(module.name)).values():
            if (
                isclass(kind)
                and issubclass(kind, Screen)
                and kind.__module__ == module.name
                and kind not in (FramedScreen, FactsScreen, NarrowedFleet)
            ):
                yield kind


def test_every_screen_is_in_the_list_once() -> None:
    listed = [route.screen_class() for route in ROUTES]
    assert len(set(listed)) == len(listed)
    assert set(listed) == set(screen_classes())


def test_the_key_map_knows_the_keys_of_every_screen() -> None:
    assert set(SCREENS) == set(screen_classes())
    for kind in SCREENS:
        for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS", ())):
            assert binding.id in named_bindings(), binding


def test_the_command_line_offers_the_screens_with_a_name() -> None:
    @app_options
    def command() -> None: ...

    options: list[click.Option] = command.__click_params__  # type: ignore[attr-defined]
    (screen,) = (option for option in options if option.name == "screen")
    assert isinstance(screen.type, click.Choice)
    assert tuple(screen.type.choices) == START_SCREENS


@pytest.mark.parametrize(
    ("place", "stack"),
    [
        (Place(), [DashboardScreen]),
        (Place(screen="dashboard"), [DashboardScreen]),
        (Place(screen="backup_sets"), [DashboardScreen, BackupSetsScreen]),
        (Place(screen="backup_set"), [DashboardScreen, BackupSetsScreen, BackupSetScreen]),
        (Place(set=(7,)), [DashboardScreen, BackupSetsScreen, BackupSetScreen]),
        # The set's screen opens the item's screen, when it has the items.
        (Place(item=ITEM), [DashboardScreen, BackupSetsScreen, BackupSetScreen]),
        (Place(screen="last_good_copy", item=ITEM), [DashboardScreen, BackupSetsScreen, BackupSetScreen]),
        (Place(screen="schedules"), [DashboardScreen, SchedulesScreen]),
        (Place(schedule=7), [DashboardScreen, SchedulesScreen, RunsScreen]),
        (Place(screen="changes"), [DashboardScreen, ChangesScreen]),
        (Place(screen="item_changes", item=ITEM), [DashboardScreen, ChangesScreen]),
    ],
)
def test_the_screens_pushed_at_the_start(place: Place, stack: list[type[Screen[Any]]]) -> None:
    opened: list[Any] = opened_at(place._replace(tenant="contoso.example"))
    assert [type(screen) for screen in opened] == stack
    assert {screen.external_id for screen in opened} == {"contoso.example"}


def test_without_a_tenant_nothing_opens_over_the_first_screen() -> None:
    assert opened_at(FLEET) == []


def test_an_unknown_screen_is_refused() -> None:
    with pytest.raises(KeyError):
        screen_named("nowhere")
