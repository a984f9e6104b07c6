"""Hostile text in every column of every table: every screen shows it, and none obeys it.

Modules: tui.screens, tui.words.safe_text.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any, Final

import pytest
from textual import events
from textual.command import CommandPalette
from textual.widgets import Input

from health.known import KnownEntry
from health.posture import Reason
from health.store.opening.errors import StoreUnreachable
from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, cells, open_app, real_resolver, row_list, watched
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts, small_fleet, write
from tui.context import Database
from tui.groups import Group, Groups
from tui.known_notes import KnownNotes
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.captured_item import CapturedItemScreen
from tui.screens.causes import CausesScreen
from tui.screens.changes import ChangesScreen
from tui.screens.choice import ChoiceScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.help import HelpScreen
from tui.screens.item_changes import ItemChangesScreen
from tui.screens.last_good_copy import LastGoodCopyScreen
from tui.screens.runs import RunsScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.needs_attention import AttentionItem

FORBIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MOST_MARKS: Final = 2

HOSTILE: Final = {
    "closing markup": "[/]",
    "more markup": "[@click=app.quit]x [link=https://x.invalid]z[/link] [bold red on $error]y[/bold [[",
    "terminal controls": "\x1b]52;c;eA==\x07\x1b[2J\x1b[H\x9b31m\x90q\x9c\x00\x7f\r\n\tend",
    "directions and zero widths": "a\u202eb\u2066c\u200bd\u200de\ufeff\u00adf\u2028g\ue000\u3164h",
    "five hundred characters": "界x" * 250,
    "marks and an imitation": "\u0301\u0301z" + "\u0301\u0489\u20dd" * 30 + " ✓ healthy ⟨U+001B⟩",
}


def fleet_with(text: str) -> Facts:
    """Two tenants with the text in every text column; one of them has it as an instant too."""
    facts = Facts()
    tenant = facts.tenant(text, f"{text}-id")
    item = ItemRow(
        policy_type=text,
        display_name=text,
        platform=text,
        capture_mode=text,
        assignments_state=text,
        integrity_warning=text,
        orphaned_assignments=3,
    )
    named: dict[str, Any] = {"name": text, "source": text, "error": text}
    facts.backup_set(tenant, NOW - 2 * DAY, item, source_ref=text, **named)
    facts.backup_set(tenant, None, created_at=NOW - HOUR, status=text, source_ref=f"{text}2", **named)
    facts.schedule(tenant, name=text, cron=text, timezone=text, last_run_status=text)
    facts.schedule(tenant, name=text, last_run_status=text)
    facts.schedule(tenant, name=text, last_run_status=text, is_enabled=False)
    lost = facts.tenant(f"{text} lost", f"{text}-lost")
    facts.backup_set(lost, text, created_at=NOW - HOUR, **named)
    facts.schedule(lost, name=text, created_at=text, is_enabled=False)
    return facts


def assert_safe(driver: Driver) -> None:
    """Fail at a forbidden character, an action, a link, a pile of marks, or a line not as wide as the terminal."""
    width, height = driver.app.size
    strips = driver.app.screen._compositor.render_strips()
    assert len(strips) == height
    for strip in strips:
        line = "".join(segment.text for segment in strip)
        bad = {f"U+{ord(char):04X}" for char in line if unicodedata.category(char) in FORBIDDEN}
        assert not bad, line
        assert strip.cell_length == width, line
        marks = 0
        for char in line:
            marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
            assert marks <= MOST_MARKS, line
        for segment in strip:
            if segment.style is not None:
                assert "@click" not in segment.style.meta, line
                assert segment.style.link is None, line


async def look(driver: Driver, kind: type[Any]) -> None:
    """Wait for a screen, look at it, and walk over all its rows."""
    screen = await driver.arrived(kind)
    assert_safe(driver)
    rows = row_list(screen)
    for _ in rows.rows[:2]:
        # From the last row the key leads nowhere, and nothing is drawn again.
        if not rows.has_focus or rows.cursor < len(rows.rows) - 1:
            await driver.press("down")
            assert_safe(driver)
    for row in cells(screen):
        for cell in row.values():
            assert cell.text.isprintable()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_is_harmless_on_every_screen(
    text: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fleet_with(text).load(sqlite_url)
    write(sqlite_url, "UPDATE backup_items SET payload = ?, assignments = ?", text, f'{{"{text}": 1}}')
    database = Database(text, lambda: real_resolver(sqlite_url), text, production=True)
    async with open_app(sqlite_url, toasts=True, database=database, databases=(database, database)) as driver:
        await look(driver, TenantsScreen)
        assert driver.app.is_running
        await driver.press("d")
        await look(driver, ChoiceScreen)
        await driver.press("escape", "e", "down", "enter", "ctrl+s")
        await driver.until(lambda: "saved" in driver.words())
        assert_safe(driver)
        for path in tmp_path.glob("tenantpilot-*"):
            assert all(char == "\n" or unicodedata.category(char) not in FORBIDDEN for char in path.read_text())
        # The unreadable one comes first.
        await driver.press("home", "enter")
        await look(driver, DashboardScreen)
        await driver.press("b")
        await look(driver, BackupSetsScreen)
        await driver.press("home", "enter")
        await look(driver, BackupSetScreen)
        await driver.press("escape", "escape", "s")
        await look(driver, SchedulesScreen)
        await driver.press("escape", "escape")
        await driver.arrived(TenantsScreen)

        await driver.press("end", "enter")
        await look(driver, DashboardScreen)
        assert len(driver.app.screen.query(AttentionItem)) == 3
        await driver.press("s")
        await look(driver, SchedulesScreen)
        # A toast says whether it was copied or refused.
        await driver.press("y")
        await driver.until(lambda: "not copied" in driver.words() or "clipboard" in driver.words())
        assert_safe(driver)
        await driver.press("escape", "b")
        await look(driver, BackupSetsScreen)
        await driver.press("end", "enter")
        await look(driver, BackupSetScreen)
        await driver.press("f")
        assert_safe(driver)
        await driver.press("enter")
        await look(driver, CapturedItemScreen)
        await driver.press("y", "Y", "question_mark")
        await driver.arrived(HelpScreen)
        assert_safe(driver)
        await driver.press("escape")
        await driver.press("ctrl+p")
        await driver.until(lambda: isinstance(driver.app.screen, CommandPalette))
        driver.app.screen.query_one(Input).value = "lost"
        await driver.until(lambda: driver.app.screen.has_class("-ready"))
        await driver.pump()
        assert_safe(driver)
        await driver.press("escape")
        titles = [driver.app.title, driver.app.sub_title, driver.app.screen.title or "", driver.app.screen.sub_title]
        assert all((title or "").isprintable() for title in titles)


def two_sets_with(text: str) -> Facts:
    """One tenant with the text everywhere: an item that changed and is degraded now, one that is gone, a failed run."""
    facts = Facts()
    tenant = facts.tenant(text, "target")
    schedule = facts.schedule(tenant, name=text, last_run_status=text)
    whole = ItemRow(policy_type=text, display_name=text, payload=json.dumps({text: "was", "x": text}))
    named: dict[str, Any] = {"name": text, "source": "intunecd"}
    facts.backup_set(tenant, NOW - 2 * DAY, whole, whole, schedule_id=schedule, **named)
    now = whole._replace(integrity_warning=text, payload=json.dumps({text: "is", "x": f"{text}."}))
    facts.backup_set(tenant, NOW - HOUR, now, **named)
    facts.backup_set(
        tenant, None, created_at=NOW, status="failed", error=text, schedule_id=schedule, started_at=NOW - HOUR, **named
    )
    return facts


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_text_in_changes_copies_causes_and_runs(
    text: str, size: tuple[int, int], sqlite_url: str
) -> None:
    url = two_sets_with(text).load(sqlite_url)
    entry = KnownEntry("target", Reason.LATEST_BACKUP_DEGRADED, NOW + DAY, text, text)
    given: dict[str, Any] = {"known": KnownNotes((entry,), "", {}), "groups": Groups([Group(text, ("*",), text)])}
    async with open_app(url, size=size, toasts=True, **given) as driver:
        await look(driver, TenantsScreen)
        await driver.press("K", "o")
        await look(driver, CausesScreen)
        await driver.press("y", "home", "enter")
        await look(driver, TenantsScreen)
        await driver.press("enter")
        await look(driver, BackupSetScreen)
        await driver.press("m", "escape")
        await look(driver, DashboardScreen)
        await driver.press("equals_sign")
        await look(driver, ChangesScreen)
        await driver.press("end", "enter")
        await look(driver, ItemChangesScreen)
        await driver.press("n", "v", "n")
        assert_safe(driver)
        await driver.press("escape", "escape", "l")
        await look(driver, RunsScreen)
        await driver.press("escape", "b")
        await look(driver, BackupSetsScreen)
        await driver.press("home", "down", "enter")
        await look(driver, BackupSetScreen)
        await driver.press("home", "enter")
        await look(driver, CapturedItemScreen)
        await driver.press("enter")
        await look(driver, LastGoodCopyScreen)
        await driver.press("y")
        assert_safe(driver)


async def test_a_hostile_name_is_shown_letter_by_letter(sqlite_url: str) -> None:
    facts = Facts()
    for text in ("[/]", "[@click=app.quit]x", "[bold]y"):
        facts.backup_set(facts.tenant(text, text), NOW - HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url) as driver:
        await driver.arrived(TenantsScreen)
        for text in ("[/]", "[@click=app.quit]x", "[bold]y"):
            assert text in driver.text()
            await driver.press("slash")
            driver.app.screen.query_one(Input).value = text
            await driver.press("enter", "enter")
            await driver.arrived(DashboardScreen)
            assert f"> {text}" in driver.lines()[0]
            await driver.press("escape")
            await driver.arrived(TenantsScreen)
            await driver.press("escape")


async def test_pasted_characters_that_do_not_show_reach_no_field(sqlite_url: str) -> None:
    pasted = "tail\x1b]52;c;eA==\x07\u202espin\x9b\u200b\r\nrm -rf ."
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("slash")
        driver.app.post_message(events.Paste(pasted))
        await driver.until(lambda: tenants.words)
        assert tenants.words == "tail]52;c;eA==spinrm -rf ."
        assert_safe(driver)
        await driver.press("ctrl+p")
        await driver.until(lambda: isinstance(driver.app.focused, Input) and driver.app.focused.id != "filter")
        driver.app.post_message(events.Paste(pasted))
        await driver.until(lambda: driver.app.screen.query_one(Input).value)
        assert_safe(driver)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_failure_is_harmless_in_header_and_body(text: str, sqlite_url: str) -> None:
    resolver = watched(small_fleet().load(sqlite_url))
    async with open_app(resolver) as driver:
        await driver.arrived(TenantsScreen)
        resolver.failure = StoreUnreachable(f"db: {text}")
        await driver.press("r")
        await driver.until(lambda: "db:" in driver.words())
        assert_safe(driver)
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        assert "db:" in driver.words()
        assert_safe(driver)


async def test_bytes_where_text_should_be_are_shown_and_break_nothing(sqlite_url: str) -> None:
    """In SQLite another program can store bytes in any column."""
    facts = fleet_with("plain")
    facts.load(sqlite_url)
    blob = b"\xff\x1b[31m\x00"
    for table, columns in {
        "backup_items": ("policy_type", "display_name", "platform", "integrity_warning"),
        "backup_sets": ("name", "source", "error"),
        "backup_schedules": ("name",),
    }.items():
        for column in columns:
            write(sqlite_url, f"UPDATE {table} SET {column} = ?", blob)
    async with open_app(sqlite_url) as driver:
        await driver.arrived(TenantsScreen)
        assert_safe(driver)
        await driver.press("end", "enter")
        await look(driver, DashboardScreen)
        await driver.press("s")
        await look(driver, SchedulesScreen)
        await driver.press("escape", "b")
        await look(driver, BackupSetsScreen)
        await driver.press("end", "enter")
        await look(driver, BackupSetScreen)
        await driver.press("enter")
        await look(driver, CapturedItemScreen)
