"""Beside a degraded or missing item: where it was last whole, in no calmer colour and no calmer words.

Modules: tui.screens.last_good_copy, tui.screens.captured_item, tui.screens.backup_set, tui.words.copy_words,
tui.widgets.json_lines.
"""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, cells, open_app, real_resolver, row_list, under_cursor
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.captured_item import CapturedItemScreen
from tui.screens.item_changes import ItemChangesScreen
from tui.screens.last_good_copy import LastGoodCopyScreen

TENANT: Final = "contoso.example"
CALM: Final = ("healthy", "confirmed", "complete ", "recent", "✓")


def item(name: str, value: int | None = None, **columns: object) -> ItemRow:
    payload = None if value is None else json.dumps({"value": value})
    return ItemRow(display_name=name, payload=payload)._replace(**columns)  # type: ignore[arg-type]


@pytest.fixture
def url(sqlite_url: str) -> str:
    """By position: degraded once whole, degraded ever since, whole, gone with a copy, gone without one."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    never = item("B never whole", 2, capture_mode="metadata_only")
    whole, gone = item("Whole", 3), item("Gone", 4)
    lost = item("Gone, never whole", 5, orphaned_assignments=1)
    facts.backup_set(tenant, NOW - 3 * DAY, item("A was whole", 1), never, whole, gone, lost, name="nightly")
    broken = item("A was whole", 9, assignments_state="failed")
    facts.backup_set(tenant, NOW - 2 * DAY, broken, never, whole, item("Gone"), lost, name="reference")
    facts.backup_set(tenant, NOW - HOUR, broken, never, whole, name="latest")
    return facts.load(sqlite_url)


async def basis(driver: Driver) -> BackupSetScreen:
    return await driver.arrived(BackupSetScreen)


async def test_a_degraded_or_missing_item_has_its_copy_beside_it(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_set") as driver:
        screen = await basis(driver)
        assert [(row["NAME"].text, row["LAST WHOLE"].text) for row in cells(screen)] == [
            ("A was whole", "3d ago in nightly"),
            ("B never whole", "in no set (at most 120 searched)"),
            ("Gone", "2d ago in reference"),
            ("Gone, never whole", "in no set (at most 120 searched)"),
            ("Whole", ""),
        ]
        assert "3d ago in nightly" in driver.words()
        for row in cells(screen)[:4]:
            assert {cell.style for cell in row.values()} == {"degraded"}


async def test_the_screen_has_what_the_document_has(url: str) -> None:
    document = real_resolver(url).last_good(TENANT, NOW)
    async with open_app(url, tenant=TENANT, screen="backup_set") as driver:
        screen = await basis(driver)
        assert screen.facts.copies == document.items


async def test_an_older_set_says_nothing_of_copies(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_sets") as driver:
        await driver.until(lambda: "reference" in driver.text())
        await driver.press("down", "enter")
        screen = await basis(driver)
        assert {row["LAST WHOLE"].text for row in cells(screen)} == {""}


async def test_enter_leads_to_the_copy_and_equals_compares(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_set") as driver:
        await basis(driver)
        await driver.press("enter")
        await driver.arrived(CapturedItemScreen)
        assert "last whole 3d ago in nightly" in driver.words()
        await driver.press("enter")
        await driver.arrived(LastGoodCopyScreen)
        words = driver.words()
        assert '"value": 1' in words
        assert "last whole 3d ago in nightly (set 1)" in words
        assert "An earlier copy says nothing about now" in words
        assert "has it degraded (assignments not captured)" in words
        for calm in CALM:
            assert calm not in words
        await driver.press("escape")
        await driver.arrived(CapturedItemScreen)
        await driver.press("equals_sign")
        await driver.arrived(ItemChangesScreen)
        words = driver.words()
        assert '"value": 1' in words
        assert '"value": 9' in words
        assert "before: nightly (1)" in words
        assert "after: latest (3), assignments failed, ◆ assignments not captured" in words


async def test_enter_on_a_missing_item_leads_to_its_copy_at_once(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_set", toasts=True) as driver:
        screen = await basis(driver)
        await driver.press("down", "down", "enter")
        await driver.arrived(LastGoodCopyScreen)
        assert "content not kept" in driver.words()
        assert "does not have it" in driver.words()
        await driver.press("escape")
        await basis(driver)
        await driver.press("down", "enter")
        await driver.until(lambda: "last whole in no set (at most 120 searched)" in driver.words())
        assert driver.app.screen is screen


async def test_without_a_copy_there_is_no_key_that_leads_to_one(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_set") as driver:
        await basis(driver)
        await driver.press("down", "enter")
        screen = await driver.arrived(CapturedItemScreen)
        assert "last whole in no set (at most 120 searched)" in driver.words()
        await driver.press("enter", "equals_sign")
        assert driver.app.screen is screen


async def test_filters_and_a_refresh_on_a_missing_item(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_set") as driver:
        screen = await basis(driver)
        await driver.press("down", "down", "r")
        await driver.settled()
        assert under_cursor(screen).wanted.display_name == "Gone"
        await driver.press("f")
        assert len(row_list(screen).rows) == 2
        await driver.press("slash")
        screen.family = None
        await driver.enter_words("gone")
        assert len(row_list(screen).rows) == 2
