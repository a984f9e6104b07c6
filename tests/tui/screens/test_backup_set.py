"""One set: degraded items first, each with its reasons; two filters; and an item with its captured JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from health.quality import ITEM_FAMILIES, BackupQualityResolver
from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, cells, open_app, row_list, set_shown, under_cursor
from tests.tui.screens.fleets import HOUR, NOW, Facts, small_fleet, write
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.captured_item import CapturedItemScreen
from tui.words.wording import FAMILY_WORDS, item_degradations

ITEMS = (
    ItemRow(display_name="Alpha", policy_type="deviceCompliancePolicy", platform="windows10"),
    ItemRow(display_name="Bravo", capture_mode="metadata_only", assignments_state="excluded"),
    ItemRow(display_name="Charlie", orphaned_assignments=12),
    ItemRow(display_name="Delta", assignments_state=None),
    ItemRow(display_name="Echo", capture_mode="partial"),
    ItemRow(display_name="Foxtrot", integrity_warning="hash mismatch"),
    ItemRow(display_name="Golf", integrity_warning=""),
    ItemRow(display_name="Hotel", policy_type="deviceCompliancePolicy", assignments_state="failed"),
)
DEGRADED = ["Bravo", "Charlie", "Echo", "Foxtrot", "Golf", "Hotel"]
WHOLE = ["Delta", "Alpha"]


@pytest.fixture
def url(sqlite_url: str) -> str:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR, *ITEMS)
    return facts.load(sqlite_url)


async def opened(driver: Driver) -> BackupSetScreen:
    return await driver.arrived(BackupSetScreen)


def names(screen: BackupSetScreen) -> list[str]:
    return [item.display_name for item in row_list(screen).rows]


async def test_degraded_items_come_first_each_with_why(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set", size=(160, 40)) as driver:
        screen = await opened(driver)
        assert names(screen) == DEGRADED + WHOLE
        why = {row["NAME"].text: row["DEGRADED BECAUSE"].text for row in cells(screen)}
        for item in row_list(screen).rows:
            families = BackupQualityResolver.families_of(item)
            assert [word for word in FAMILY_WORDS.values() if word in why[item.display_name]] == [
                FAMILY_WORDS[name] for name in families
            ]
        words = driver.words()
        assert "6 of 8 items degraded" in words
        assert "assignments not recorded by the tool: 1" in words
        assert "completed 1h ago, window 24h, goes stale in 23h" in words
        assert "the basis: it governs" in words


@pytest.mark.parametrize("status", ["completed", "failed"])
async def test_only_the_basis_says_when_it_would_go_stale(sqlite_url: str, status: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    older = facts.backup_set(tenant, NOW - 2 * HOUR, ItemRow(), status=status)
    facts.backup_set(tenant, NOW - HOUR, ItemRow())
    async with open_app(facts.load(sqlite_url), tenant="contoso.example", screen="backup_sets") as driver:
        await driver.arrived(BackupSetsScreen)
        await driver.press("j", "enter")
        assert set_shown(await opened(driver)).key.set_id == older
        assert "completed 2h ago, window 24h" in driver.words()
        assert "goes stale" not in driver.words()


@pytest.mark.parametrize("count", [1, 2])
async def test_a_set_without_a_degraded_item_counts_its_items(sqlite_url: str, count: int) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR, *[ItemRow(display_name="Alpha")] * count)
    async with open_app(facts.load(sqlite_url), tenant="contoso.example", screen="backup_set") as driver:
        await opened(driver)
        assert f"{'1 item' if count == 1 else '2 items'}, none degraded" in driver.words()


@pytest.mark.parametrize(
    ("tenant", "why"),
    [
        ("contoso", "✕ absent: there is no backup basis"),
        ("wingtip", "? unreadable: backup_sets.completed_at of row 5 is not an instant"),
    ],
)
async def test_a_tenant_without_a_basis_says_why(sqlite_url: str, tenant: str, why: str) -> None:
    url = small_fleet().load(sqlite_url)
    async with open_app(url, tenant=f"{tenant}.example", screen="backup_set", size=(100, 30)) as driver:
        await opened(driver)
        assert why in driver.words()
        assert "no such set" not in driver.words()


async def test_f_goes_through_any_family_and_each_of_them(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await opened(driver)
        await driver.press("f")
        assert names(screen) == DEGRADED
        assert "6 of 8" in driver.shown("#shown")
        for family, found in zip(
            ITEM_FAMILIES,
            (["Echo"], ["Bravo"], ["Bravo", "Hotel"], ["Charlie"], ["Foxtrot", "Golf"]),
            strict=True,
        ):
            await driver.press("f")
            assert names(screen) == found, family.name
            assert FAMILY_WORDS[family.name] in driver.shown("#shown")
        await driver.press("f")
        assert names(screen) == DEGRADED + WHOLE
        assert "8" in driver.shown("#shown")
        assert " of " not in driver.shown("#shown")


async def test_an_unreadable_item_comes_first_and_no_filter_hides_it(sqlite_url: str) -> None:
    facts = Facts()
    lost = ItemRow(display_name="Zulu", deleted_at="infinity")
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR, *ITEMS, lost)
    async with open_app(
        facts.load(sqlite_url), tenant="contoso.example", screen="backup_sets", size=(160, 40)
    ) as driver:
        sets = await driver.arrived(BackupSetsScreen)
        assert cells(sets)[0]["IN THE VERDICT"].text == "unreadable"
        await driver.press("enter")
        screen = await opened(driver)
        assert names(screen) == ["Zulu", *DEGRADED, *WHOLE]
        assert cells(screen)[0]["DEGRADED BECAUSE"].text.startswith("? unreadable: backup_items.deleted_at of row 9")
        words = driver.words()
        assert "? unreadable: backup_items.deleted_at of row 9 is not an instant" in words
        assert "none degraded" not in words
        await driver.press("f", "f")
        assert names(screen) == ["Zulu", "Echo"]
        await driver.press("g", "enter")
        await driver.arrived(CapturedItemScreen)
        assert "? unreadable: backup_items.deleted_at of row 9 is not an instant: 'infinity'" in driver.words()
        assert "in no degradation family" not in driver.words()


async def test_the_text_filter_finds_names_types_and_identifiers(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await opened(driver)
        for words, found in (
            ("BRAVO", ["Bravo"]),
            ("compliance", ["Hotel", "Alpha"]),
            ("policy-3", ["Delta"]),
            ("compliance hot", ["Hotel"]),
            ("xyzzy", []),
        ):
            await driver.press("slash")
            await driver.enter_words(words)
            assert names(screen) == found, words
            await driver.press("escape")
            await driver.until(lambda: names(screen) == DEGRADED + WHOLE)
            assert driver.app.focused is row_list(screen)
        await driver.press("slash")
        await driver.enter_words("x")
        await driver.press("enter")
        assert driver.app.focused is row_list(screen)
        assert names(screen) == ["Foxtrot"]
        await driver.press("f", "f")
        assert names(screen) == []
        assert "no item matches" in driver.words()


async def test_filters_and_cursor_outlive_a_refresh(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await opened(driver)
        await driver.press("f", "down", "down")
        assert under_cursor(screen).display_name == "Echo"
        write(url, "UPDATE backup_items SET capture_mode = 'full' WHERE display_name = 'Bravo'")
        await driver.press("r")
        await driver.until(lambda: "Assignments" not in names(screen) and len(screen.facts.items) == 8)
        await driver.settled()
        assert names(screen) == DEGRADED
        assert under_cursor(screen).display_name == "Echo"
        write(url, "UPDATE backup_items SET assignments_state = 'captured' WHERE display_name = 'Bravo'")
        await driver.press("r")
        await driver.until(lambda: names(screen) == DEGRADED[1:])
        assert under_cursor(screen).display_name == "Echo"


async def test_tab_goes_from_block_to_block(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await opened(driver)
        assert driver.app.focused is row_list(screen)
        seen = set()
        for _ in range(4):
            await driver.press("tab")
            assert driver.app.focused is not None
            seen.add(driver.app.focused.id)
        assert seen == {"recency", "families", "items"}


async def test_every_degraded_item_says_why_with_its_values(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        screen = await opened(driver)
        items = {item.display_name: item for item in row_list(screen).rows}
        for name, value in (
            ("Bravo", "assignments state 'excluded'"),
            ("Charlie", "12 assigned to groups that no longer resolve"),
            ("Echo", "capture mode 'partial'"),
            ("Foxtrot", "hash mismatch"),
            ("Golf", "(empty)"),
            ("Alpha", "in no degradation family"),
        ):
            while under_cursor(screen).display_name != name:
                await driver.press("down")
            await driver.press("enter")
            await driver.arrived(CapturedItemScreen)
            words = driver.words()
            assert value in words
            for said in item_degradations(items[name]):
                assert said in words
            assert f"{items[name].policy_type} / {items[name].policy_identifier}" in words
            assert "no JSON was captured" in words
            await driver.press("escape")
            screen = await opened(driver)
            assert under_cursor(screen).display_name == name


HOSTILE_JSON: list[tuple[str, str, list[str]]] = [
    ("nested", json.dumps({"settings": [{"id": 1, "on": True}]}), ['"settings": [', '"id": 1,', '"on": true']),
    ("markup", json.dumps({"name": "[/] [@click=app.quit]x[/]"}), ["[/] [@click=app.quit]x[/]"]),
    ("control characters", json.dumps({"name": "\x1b]52;c;eA==\x07\u202e"}), ["\\u001b]52;c;eA==\\u0007\\u202e"]),
    ("no JSON", '{"half": \x1b[31m', ['{"half": ␛[31m']),
    ("empty", "", ["payload:"]),
    ("null", "null", ["null"]),
    ("a bare string", '"\x9b31m"', ["\\u009b31m"]),
    ("too deep", "[" * 100_000, ["[[[["]),
    ("too long a number", "9" * 6000, ["9999"]),
    ("one long line", json.dumps("x" * 100_000), ["xxxx"]),
    ("surrogates", '"\\ud800"', ["\\ud800"]),
]


async def test_captured_json_of_any_kind_is_shown_line_by_line(sqlite_url: str) -> None:
    facts = Facts()
    items = [ItemRow(display_name=f"{number:02}") for number in range(len(HOSTILE_JSON))]
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR, *items)
    facts.load(sqlite_url)
    for number, (_, text, _) in enumerate(HOSTILE_JSON):
        write(sqlite_url, "UPDATE backup_items SET payload = ? WHERE display_name = ?", text, f"{number:02}")
    async with open_app(sqlite_url, tenant="contoso.example", screen="backup_set", size=(120, 40)) as driver:
        await opened(driver)
        for number, (name, _, found) in enumerate(HOSTILE_JSON):
            assert under_cursor(driver.app.screen).display_name == f"{number:02}"
            await driver.press("enter")
            item = await driver.arrived(CapturedItemScreen)
            shown = "\n".join(row["CAPTURED JSON"].text for row in cells(item))
            assert [each for each in found if each not in shown] == [], name
            assert shown.replace("\n", "").isprintable(), name
            assert found[0] in driver.text(), name
            await driver.press("escape")
            await opened(driver)
            await driver.press("down")


async def test_payload_and_assignments_are_both_there_and_scroll_by_keys(url: str) -> None:
    captured: dict[str, Any] = {f"setting {number:03}": number for number in range(200)}
    write(
        url,
        "UPDATE backup_items SET payload = ?, assignments = ? WHERE display_name = 'Bravo'",
        json.dumps(captured),
        '[{"target": "all devices"}]',
    )
    async with open_app(url, tenant="contoso.example", screen="backup_set") as driver:
        await opened(driver)
        await driver.press("enter")
        item = await driver.arrived(CapturedItemScreen)
        assert "payload:" in driver.words()
        assert '"setting 000": 0' in driver.words()
        await driver.press("G")
        assert '"target": "all devices"' in driver.words()
        lines = [row["CAPTURED JSON"].text.strip() for row in cells(item)]
        assert lines.index("assignments:") > lines.index("payload:")
        assert json.loads("".join(lines[1 : lines.index("assignments:")])) == captured


async def test_a_set_without_items_and_one_that_never_completed_say_so(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    empty = facts.backup_set(tenant, NOW - HOUR)
    facts.backup_set(tenant, None, created_at=NOW - timedelta(minutes=1), status="running", error="")
    facts.rows.items[:] = [item for item in facts.rows.items if item.backup_set_id != empty]
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="backup_sets") as driver:
        await driver.arrived(BackupSetsScreen)
        await driver.press("enter")
        await opened(driver)
        assert "never completed: status running" in driver.words()
        assert "not the basis: still running" in driver.words()
        assert "error: (empty)" in driver.words()
        await driver.press("escape")
        await driver.arrived(BackupSetsScreen)
        await driver.press("down", "enter")
        await opened(driver)
        assert FAMILY_WORDS["empty_set"] in driver.words()
        assert "no items" in driver.words()
        await driver.press("enter")
        assert isinstance(driver.app.screen, BackupSetScreen)


async def test_the_screen_says_that_there_is_no_basis(sqlite_url: str) -> None:
    facts = Facts()
    facts.tenant("Contoso")
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="backup_set") as driver:
        await opened(driver)
        assert "no backup basis" in driver.words()
        assert "Superseded" not in driver.words()
