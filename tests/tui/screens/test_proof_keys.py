"""The keys of the proof screen, and the footer in a filter (docs/screens.md, "Backup set").

Modules: tui.widgets.proof_block, tui.widgets.key_hints, tui.screens.choice, tui.pilot.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, open_app, row_list
from tests.tui.screens.fleets import HOUR, NOW, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.choice import ChoiceScreen
from tui.screens.help import HelpScreen
from tui.widgets.filter_input import FilterInput
from tui.widgets.key_hints import KeyHints
from tui.widgets.proof_block import ProofBlock


@pytest.fixture
def url(sqlite_url: str) -> str:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR, ItemRow(), ItemRow(), name="nightly", source_ref="run-7")
    return facts.load(sqlite_url)


def footer(driver: Driver) -> str:
    """The words of the last line."""
    return str(driver.app.screen.query_one(KeyHints).content)


async def test_movement_goes_from_block_to_items_and_never_into_the_filter(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await driver.arrived(BackupSetScreen)
        screen.query_one("#recency", ProofBlock).focus()
        for key, focused in (
            ("j", "families"),
            ("j", "items"),
            ("tab", "recency"),
            ("tab", "families"),
            ("tab", "items"),
        ):
            await driver.press(key)
            assert driver.app.focused is screen.query_one(f"#{focused}"), key
        await driver.press("slash", "tab")
        assert driver.app.focused is row_list(screen)


async def test_a_block_is_marked_while_it_has_the_focus(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await driver.arrived(BackupSetScreen)
        block = ProofBlock("Proof", id="proof", confirms=True)
        await screen.query_one("#body").mount(block, before=0)
        block.show([])
        block.focus()
        await driver.until(lambda: "> Proof" in driver.words())
        await driver.press("j")
        await driver.until(lambda: "> Proof" not in driver.words())
        await driver.press("tab", "tab", "tab")
        await driver.until(lambda: "> Proof" in driver.words())


async def test_on_a_block_y_copies_the_set_and_its_source_ref(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await driver.arrived(BackupSetScreen)
        screen.query_one("#recency", ProofBlock).focus()
        await driver.press("y")
        assert driver.app.clipboard == "nightly run-7"
        await driver.press("j", "j", "y")
        assert driver.app.clipboard == screen.facts.items[0].policy_identifier


async def test_the_footer_explains_the_keys_in_a_filter(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await driver.arrived(BackupSetScreen)
        await driver.press("slash")
        await driver.until(lambda: footer(driver) == "⏎ to the list  esc clear filter")
        await driver.press("x", "enter")
        assert screen.query_one(FilterInput).value == "x"
        await driver.until(lambda: "f family" in footer(driver))


async def test_what_a_list_to_choose_from_is_about_stays_in_sight(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        await driver.arrived(BackupSetScreen)
        for size in ((80, 24), (60, 20)):
            await driver.resize(*size)
            await driver.press("e")
            await driver.arrived(ChoiceScreen)
            assert "Contoso (contoso.example) > Backup set" in driver.lines()[0]
            assert all(form in driver.words() for form in ("csv", "json", "markdown", "enter chooses, esc closes"))
            assert "policy-1" not in driver.words()
            await driver.press("escape")
            await driver.arrived(BackupSetScreen)


@pytest.mark.parametrize(("opens", "over"), [("e", ChoiceScreen), ("question_mark", HelpScreen)])
async def test_q_closes_what_lies_over_a_screen_and_quits_from_the_screen(
    url: str, opens: str, over: type[Screen[Any]]
) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        await driver.arrived(BackupSetScreen)
        for keys in ([opens], [opens, "q"]):
            await driver.press_at_once(*keys)
            if keys == [opens]:
                await driver.arrived(over)
                await driver.press("q")
            await driver.arrived(BackupSetScreen)
            assert driver.app.is_running
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)
        assert driver.app.return_code == 0


async def test_the_names_of_files_say_whose_they_are(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        await driver.arrived(BackupSetScreen)
        await driver.press("ctrl+s", "e")
        await driver.arrived(ChoiceScreen)
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        stems = {path.name for path in tmp_path.glob("tenantpilot-*")}
        stamp = f"{NOW:%Y%m%dT%H%M%SZ}"
        assert stems == {
            f"tenantpilot-contoso.example-{what}-{stamp}{end}"
            for what, end in (("screen", ".svg"), ("backupset", ".csv"))
        }
        assert driver.app.stem("x", "../Ä b;rm -rf/..") == f"tenantpilot-b-rm-rf-x-{stamp}"
