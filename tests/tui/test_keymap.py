"""A user's own keys: checked before the first frame; then the screens obey them, hint at them and explain them."""

from __future__ import annotations

import pytest
from textual.binding import Binding

from tests.tui.screens.driving import open_app, row_list
from tests.tui.screens.fleets import small_fleet
from tui.keymap import SCREENS, WIDGETS, checked_keymap, named_bindings
from tui.screens.dashboard import DashboardScreen
from tui.screens.help import HelpScreen
from tui.screens.tenants import TenantsScreen
from tui.words.failures import SettingsError


def refusal(**keys: str) -> str:
    with pytest.raises(SettingsError) as refused:
        checked_keymap({name.replace("__", "."): key for name, key in keys.items()})
    return str(refused.value)


def test_every_binding_of_ours_has_an_id_of_its_own() -> None:
    owners: dict[str, str] = {}
    for kind in (*SCREENS, *WIDGETS):
        for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS", ())):
            assert binding.id, binding
            assert owners.setdefault(binding.id, kind.__name__) == kind.__name__
    assert set(owners) < set(named_bindings())


@pytest.mark.parametrize(
    ("written", "kept"),
    [("x", "x"), ("X", "X"), ("?", "question_mark"), ("f5", "f5"), ("ctrl+o", "ctrl+o"), ("ä", "ä"), ("x, f5", "x,f5"),
     ("pagedown", "pagedown"), ("comma", "comma"), ("ctrl+pageup", "ctrl+pageup"), ("space", "space")],
)  # fmt: skip
def test_known_keys(written: str, kept: str) -> None:
    keymap = {"tenants.posture": written}
    if written == "?":
        keymap["app.help"] = "f1"
    assert checked_keymap(keymap | {"list.page_down": "f8", "list.page_up": "f9"})["tenants.posture"] == kept


@pytest.mark.parametrize("key", ["pagdown", "crtl+o", "ctrl+", "f99", "oo", "", "\x1b", "<any>", "ctrl+nothing"])
def test_an_unknown_key(key: str) -> None:
    sentence = refusal(tenants__sort=key)
    assert sentence.startswith("keys.tenants.sort: there is no key ")
    assert sentence.isprintable()
    if key == "pagdown":
        assert sentence.endswith("the nearest is pagedown")


def test_an_unknown_id() -> None:
    assert refusal(tenant__sort="o") == "keys.tenant.sort: there is no such id; the nearest is tenants.sort"


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"tenants__sort": "p"}, ("tenants.sort", "tenants.posture")),
        ({"tenants__sort": "j"}, ("tenants.sort", "list.down")),
        ({"tenants__sort": "question_mark"}, ("tenants.sort", "app.help")),
        ({"tenants__sort": "o", "tenants__posture": "o"}, ("tenants.sort", "tenants.posture")),
        ({"screen__refresh": "b"}, ("screen.refresh", "dashboard.backup_sets")),
    ],
)
def test_a_key_with_two_meanings(keys: dict[str, str], names: tuple[str, str]) -> None:
    sentence = refusal(**keys)
    assert all(name in sentence for name in names)
    assert "give one of them another key" in sentence


def test_a_key_may_mean_two_things_on_different_screens() -> None:
    assert checked_keymap({"dashboard.schedules": "p"})["dashboard.schedules"] == "p"
    swapped = checked_keymap({"tenants.sort": "p", "tenants.posture": "s"})
    assert (swapped["tenants.sort"], swapped["tenants.posture"]) == ("p", "s")


async def test_the_screens_obey_hint_at_and_explain_the_keys_of_the_map(sqlite_url: str) -> None:
    keymap = checked_keymap({"tenants.sort": "x", "screen.back": "h", "app.help": "f1", "list.open": "f6"})
    async with open_app(small_fleet().load(sqlite_url), size=(120, 24), keymap=keymap) as driver:
        tenants = await driver.arrived(TenantsScreen)
        order = tenants.order
        await driver.press("s")
        assert tenants.order is order
        await driver.press("x", "x")
        assert tenants.order is not order
        assert "x sort" in driver.words()
        assert "f1 help" in driver.words()
        # An action that shares a key with one that got another key keeps it.
        await driver.press("2", "escape")
        assert tenants.states == ()
        await driver.press("f1")
        helped = await driver.arrived(HelpScreen)
        keys = {row.binding.id: row.keys for row in row_list(helped).rows}
        assert (keys["tenants.sort"], keys["app.help"], keys["list.open"]) == (("x",), ("f1",), ("f6",))
        await driver.press("escape", "f6")
        await driver.arrived(DashboardScreen)
        await driver.press("escape")
        assert len(driver.app.screen_stack) == 2
        await driver.press("h")
        assert driver.app.screen_stack == [tenants]
