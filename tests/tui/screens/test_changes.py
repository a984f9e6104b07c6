"""The changes between two sets: the counts and rows of the document, and the two contents of one item.

Modules: tui.screens.changes, tui.screens.item_changes, tui.words.change_words.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, cells, open_app, real_resolver, row_list, under_cursor
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts, add_set, write
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.changes import ChangesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.item_changes import ItemChangesScreen
from tui.words.documents import printable_diff, printed_as

TENANT: Final = "contoso.example"
BEFORE: Final = {
    "version": 1,
    "between": None,
    "settings": [{"id": "a", "value": "was"}, {"id": "b", "value": "same"}],
    **{f"filler {number}": number for number in range(12)},
    "state": "on",
}
AFTER: Final = BEFORE | {
    "version": 2,
    "settings": [{"id": "b", "value": "same"}, {"id": "a", "value": "is"}],
    "state": "off",
}


def kept(value: object, **columns: Any) -> ItemRow:
    return ItemRow(payload=json.dumps(value), **columns)


@pytest.fixture
def url(sqlite_url: str) -> str:
    """By position: changed, gone whole, gone degraded, unchanged, content not kept; only in the basis: added."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    same, not_kept = kept({"a": 1}), ItemRow()
    facts.backup_set(tenant, NOW - 3 * DAY, kept({"first": True}))
    gone = (
        kept({}, display_name="Gone whole"),
        kept({"x": 1}, display_name="Gone degraded", capture_mode="metadata_only"),
    )
    facts.backup_set(tenant, NOW - DAY, kept(BEFORE), *gone, same, not_kept)
    facts.backup_set(
        tenant, NOW - HOUR, kept(AFTER), kept(1), kept(2), same, not_kept, kept(3, assignments_state="failed")
    )
    facts.load(sqlite_url)
    for place in (1, 2):
        write(
            sqlite_url,
            "UPDATE backup_items SET policy_identifier = ?, display_name = ? WHERE backup_set_id = 3"
            " AND policy_identifier = ?",
            f"new-{place}",
            f"New {place}",
            f"policy-{place}",
        )
    return sqlite_url


def rows(screen: ChangesScreen) -> list[tuple[str, str, str]]:
    return [(row["CHANGE"].text, row["IN"].text, row["NAME"].text) for row in cells(screen)]


async def opened(driver: Driver) -> ChangesScreen:
    return await driver.arrived(ChangesScreen)


async def test_from_the_dashboard_the_basis_against_its_reference_set(url: str) -> None:
    async with open_app(url, tenant=TENANT) as driver:
        await driver.arrived(DashboardScreen)
        await driver.press("equals_sign")
        screen = await opened(driver)
        assert rows(screen) == [
            ("gone", "-", "Gone degraded"),
            ("gone", "-", "Gone whole"),
            ("changed", "content", "Policy 0"),
            ("not comparable", "-", "Policy 4"),
            ("added", "-", "Policy 5"),
            ("added", "-", "New 1"),
            ("added", "-", "New 2"),
        ]
        assert "2 gone, 1 changed, 1 not comparable, 3 added, 1 unchanged" in driver.words()
        await driver.press("escape")
        await driver.arrived(DashboardScreen)


async def test_every_word_of_the_document_is_on_the_screen(url: str) -> None:
    answer = real_resolver(url).changes(TENANT, NOW)
    assert answer.before is not None
    assert answer.after is not None
    assert answer.changes is not None
    printable = printable_diff(answer.health, answer.before, answer.after, answer.changes)
    table = printed_as("table", printable)
    async with open_app(url, tenant=TENANT, screen="changes", size=(160, 40)) as driver:
        screen = await opened(driver)
        for line in printable.lines:
            assert line in driver.words()
            assert line in table
        document = {
            (each["change"], tuple(each["aspects"]), each["display_name"]) for each in printable.document["items"]
        }
        shown = {
            (change.replace(" ", "_"), () if aspects == "-" else tuple(aspects.split(", ")), name)
            for change, aspects, name in rows(screen)
        }
        assert shown == document


async def test_any_set_against_the_one_that_is_marked(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_sets") as driver:
        sets = await driver.arrived(BackupSetsScreen)
        await driver.press("end", "m")
        assert "[marked] run 1" in driver.text()
        await driver.press("home", "equals_sign")
        screen = await opened(driver)
        assert screen.facts.before is not None
        assert screen.facts.after is not None
        assert (screen.facts.before.backup_set.id, screen.facts.after.backup_set.id) == (1, 3)
        await driver.press("escape")
        await driver.arrived(BackupSetsScreen)
        # The older set is always the first one, whichever was marked. The same key again takes the mark away.
        await driver.press("end", "m", "home", "m", "end", "equals_sign")
        screen = await opened(driver)
        assert screen.facts.before is not None
        assert screen.facts.before.backup_set.id == 1
        await driver.press("escape")
        await driver.arrived(BackupSetsScreen)
        await driver.press("home", "down", "equals_sign")
        screen = await opened(driver)
        assert screen.facts.before is not None
        assert screen.facts.before.backup_set.id == 2
        await driver.press("escape")
        assert sets.is_running


async def test_a_set_without_a_mark_against_its_own_reference_set(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_sets") as driver:
        await driver.arrived(BackupSetsScreen)
        await driver.press("down", "enter")
        await driver.arrived(BackupSetScreen)
        await driver.press("equals_sign")
        screen = await opened(driver)
        assert screen.facts.before is not None
        assert screen.facts.before.backup_set.id == 1


async def test_the_first_set_has_nothing_before_it(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="backup_sets") as driver:
        await driver.arrived(BackupSetsScreen)
        await driver.press("end", "equals_sign")
        await opened(driver)
        assert (
            "Nothing to compare: tenant 'contoso.example' has no completed set of source 'intunecd' before set 1"
            in (driver.words())
        )
        assert "mark one with m" in driver.words()
        assert "unchanged" not in driver.words()


async def test_no_basis_and_an_unreadable_tenant_are_nothing_to_compare(sqlite_url: str) -> None:
    facts = Facts()
    facts.tenant("Contoso")
    facts.backup_set(facts.tenant("Lost"), "31 February", created_at=NOW - HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant=TENANT, screen="changes") as driver:
        await opened(driver)
        assert "has no backup basis" in driver.words()
    async with open_app(sqlite_url, tenant="lost.example", screen="changes") as driver:
        await opened(driver)
        assert "correct that row" in driver.words()
        assert "unchanged" not in driver.words()


async def test_a_refresh_keeps_the_item_under_the_cursor(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="changes") as driver:
        screen = await opened(driver)
        await driver.press("down")
        assert under_cursor(screen).item.display_name == "Gone whole"
        add_set(url, 9, 1, NOW)
        await driver.press("r")
        await driver.settled()
        assert screen.facts.after is not None
        assert screen.facts.after.backup_set.id == 9


async def test_two_contents_below_or_beside_one_another(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="changes") as driver:
        await opened(driver)
        await driver.press("down", "down", "enter")
        screen = await driver.arrived(ItemChangesScreen)
        below = [line.strip() for line in driver.lines()]
        was, now = (next(place for place, line in enumerate(below) if word in line) for word in ('"was"', '"is"'))
        assert now == was + 1
        # Only the differences, with their surroundings.
        assert '"filler 6"' not in driver.text()
        await driver.resize(120, 40)
        await driver.until(lambda: any('"was"' in line and '"is"' in line for line in driver.lines()))
        assert '"filler 6"' not in driver.text()
        assert screen.answer is not None


async def test_n_goes_from_difference_to_difference_and_back(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="changes", size=(120, 40)) as driver:
        await opened(driver)
        await driver.press("down", "down", "enter")
        screen = await driver.arrived(ItemChangesScreen)
        found = []
        for _ in range(4):
            await driver.press("n")
            found.append(under_cursor(screen).before.strip())
        assert found == ['"version": 1', '"settings": [ (in another order)', '"value": "was"', '"state": "on"']
        await driver.press("n")
        assert under_cursor(screen).before.strip() == found[-1]
        await driver.press("N")
        assert under_cursor(screen).before.strip() == found[-2]


async def test_fields_without_meaning_can_be_left_out_and_are_counted(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="changes") as driver:
        await opened(driver)
        await driver.press("down", "down", "enter")
        await driver.arrived(ItemChangesScreen)
        assert '"version": 2' in driver.text()
        await driver.press("v")
        assert '"version": 2' not in driver.text()
        assert "1 field without meaning left out" in driver.words()
        await driver.press("v")
        assert '"version": 2' in driver.text()


async def test_content_that_was_not_kept_is_never_called_the_same(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="changes") as driver:
        await opened(driver)
        await driver.press("down", "down", "down", "enter")
        await driver.arrived(ItemChangesScreen)
        assert "content: not comparable: it was not kept on either side" in driver.words()
        assert "the same" not in driver.words()
        assert "unchanged" not in driver.words()


@pytest.mark.parametrize(("key", "words"), [("home", "content, only before:"), ("end", "content, only after:")])
async def test_an_item_of_one_set_alone_is_shown_whole(url: str, key: str, words: str) -> None:
    async with open_app(url, tenant=TENANT, screen="changes") as driver:
        await opened(driver)
        await driver.press(key, "enter")
        screen = await driver.arrived(ItemChangesScreen)
        assert words in driver.words()
        assert "not in the set" in driver.words()
        assert len(row_list(screen).rows) > 1


async def test_assignments_that_one_side_has_are_shown(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - DAY, kept({}, assignments_state="unassigned"))
    facts.backup_set(tenant, NOW - HOUR, kept({}, assignments='[{"target": "pilot"}]'))
    async with open_app(facts.load(sqlite_url), tenant=TENANT, screen="changes") as driver:
        await opened(driver)
        await driver.press("enter")
        await driver.arrived(ItemChangesScreen)
        assert "assignments: captured only after" in driver.words()
        assert '"target": "pilot"' in driver.text()
        await driver.press("n")
        assert driver.lines()[-3].strip() == "["
