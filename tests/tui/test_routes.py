"""The one list of screens: no screen exists beside it, and all that names screens comes from it."""

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
from tui.routes import ROUTES, START_SCREENS, opened_at, screen_named
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.changes import ChangesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.schedules import SchedulesScreen


def screen_classes() -> Iterator[type[Screen[Any]]]:
    """Every screen that a file under tui/screens defines; what they all extend is no screen to open."""
    for module in pkgutil.iter_modules(tui.screens.__path__, "tui.screens."):
        for kind in vars(import_module(module.name)).values():
            if isclass(kind) and issubclass(kind, Screen) and kind.__module__ == module.name and kind != FactsScreen:
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


def test_the_command_line_offers_screens_a_tenant_is_enough_for() -> None:
    @app_options
    def command() -> None: ...

    options: list[click.Option] = command.__click_params__  # type: ignore[attr-defined]
    (screen,) = (option for option in options if option.name == "screen")
    assert isinstance(screen.type, click.Choice)
    assert tuple(screen.type.choices) == START_SCREENS


@pytest.mark.parametrize(
    ("name", "stack"),
    [
        (None, [DashboardScreen]),
        ("dashboard", [DashboardScreen]),
        ("backup_sets", [DashboardScreen, BackupSetsScreen]),
        ("backup_set", [DashboardScreen, BackupSetsScreen, BackupSetScreen]),
        ("schedules", [DashboardScreen, SchedulesScreen]),
        ("changes", [DashboardScreen, ChangesScreen]),
    ],
)
def test_the_screens_pushed_at_the_start(name: str | None, stack: list[type[Screen[Any]]]) -> None:
    assert [type(screen) for screen in opened_at("contoso.example", name)] == stack


def test_every_screen_of_the_command_line_takes_a_tenant_alone() -> None:
    for name in START_SCREENS:
        assert {screen.external_id for screen in opened_at("contoso.example", name)} == {"contoso.example"}  # type: ignore[attr-defined]


def test_without_a_tenant_nothing_opens_over_the_first_screen() -> None:
    assert opened_at(None, None) == []


def test_a_name_that_is_in_no_list_is_refused() -> None:
    with pytest.raises(KeyError):
        screen_named("nowhere")
