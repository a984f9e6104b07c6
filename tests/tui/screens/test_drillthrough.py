"""By keys from the list to the proof and back: every posture with every combination of reasons.

(docs/concepts.md, "Where a reason is confirmed")

Modules: tui.drillthrough, tui.screens.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from textual.screen import Screen

from health.posture import Reason
from health.quality import FAMILY_NAMES, BackupQualityResolver
from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import POLICY, Driver, open_app, row_list, set_shown, under_cursor
from tests.tui.screens.fleets import (
    COMBINATIONS,
    DEGRADED_ITEMS,
    FUTURE_AT,
    HOUR,
    LONG_AGO,
    NOW,
    STALE_AT,
    Combination,
    Facts,
    add_set,
    every_combination,
    stored,
    write,
)
from tui.drillthrough import DRILLTHROUGH
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.framed_screen import SMALLEST
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.needs_attention import AttentionItem
from tui.words.wording import FAMILY_WORDS, UNCOUNTED_FAMILIES, conditions_in_words

KINDS: dict[str, type[Screen[Any]]] = {
    "backup_sets": BackupSetsScreen,
    "backup_set": BackupSetScreen,
    "schedules": SchedulesScreen,
}
TITLES = {
    "sets": "Backup sets",
    "recency": "Recency",
    "families": "Degradation families",
    "schedules": "Schedules",
}
MARK = "> "


def focused_reason(driver: Driver) -> Reason:
    focused = driver.app.focused
    assert isinstance(focused, AttentionItem), focused
    assert isinstance(focused.subject, Reason)
    return focused.subject


async def go_to_item(driver: Driver, reason: Reason) -> None:
    """Move to an attention item by the arrow keys."""
    await driver.until(lambda: isinstance(driver.app.focused, AttentionItem), "an item that has the focus")
    reasons = [item.subject for item in driver.app.screen.query(AttentionItem)]
    steps = reasons.index(reason) - reasons.index(focused_reason(driver))
    await driver.press(*["down" if steps > 0 else "up"] * abs(steps))
    assert focused_reason(driver) is reason


async def take(driver: Driver, reason: Reason) -> Screen[Any]:
    """Open an attention item and arrive where it is confirmed. That block has the focus, and only it is marked."""
    await go_to_item(driver, reason)
    await driver.press("enter")
    destination = DRILLTHROUGH[reason]
    screen = await driver.arrived(KINDS[destination.screen])
    await driver.until(lambda: driver.app.focused is not None and driver.app.focused.id == destination.block, "focus")
    marked = {block for block, title in TITLES.items() if f"{MARK}{title}" in driver.words()}
    assert marked == {destination.block}
    return screen


async def back_to_item(driver: Driver, reason: Reason) -> None:
    await driver.press("escape")
    await driver.arrived(DashboardScreen)
    assert focused_reason(driver) is reason


def assert_says_stale(words: str, completed_at: datetime) -> None:
    assert "stale" in words
    assert f"{completed_at:%Y-%m-%d %H:%M:%S} UTC" in words
    if completed_at < NOW:
        assert "3d 4h ago" in words
        assert "window 24h" in words
        assert "exceeded by 2d 4h" in words
    else:
        assert "completed 2d in the future" in words
        assert "tolerance 5m" in words
        assert "cannot be trusted" in words


def assert_says_degraded(driver: Driver) -> None:
    words = driver.words()
    assert "4 of 7 items degraded" in words
    assert f"{FAMILY_WORDS['metadata_only']}: 3" in words
    assert f"{FAMILY_WORDS['assignments_not_captured']}: 1" in words
    shown = row_list(driver.app.screen).rows
    assert [bool(BackupQualityResolver.families_of(item)) for item in shown] == [True] * 4 + [False] * 3


def assert_says_follow_up(driver: Driver, dashboard: DashboardScreen) -> None:
    assert dashboard.health is not None
    words = driver.words()
    for assessment in dashboard.health.follow_ups:
        said = conditions_in_words(assessment, POLICY, NOW)
        assert said in words
        assert "overdue by 1d 7h" in said
        assert "grace 1h" in said
        assert "last run failed" in said
    assert row_list(driver.app.screen).rows[0].assessment.conditions


def assert_says_no_basis(driver: Driver, attempts: int) -> None:
    words = driver.words()
    assert "No backup basis" in words
    if attempts:
        assert "failed" in words
    else:
        assert "no backup set" in words
    assert len(row_list(driver.app.screen).rows) == attempts


ALL_REASONS = next(each for each in COMBINATIONS if each.name == "Stale degraded late")
CASES = [*(pytest.param(each, (80, 24), id=each.name) for each in COMBINATIONS)]
CASES.append(pytest.param(ALL_REASONS, SMALLEST, id="in the smallest window"))


@pytest.mark.parametrize(("combination", "size"), CASES)
async def test_every_reason_leads_to_its_proof_and_back(
    combination: Combination, size: tuple[int, int], sqlite_url: str
) -> None:
    async with open_app(every_combination().load(sqlite_url), size=size) as driver:
        await driver.open_tenant(combination.external_id)
        dashboard = await driver.arrived(DashboardScreen)
        assert [item.subject for item in dashboard.query(AttentionItem)] == list(combination.reasons)
        for reason in combination.reasons:
            await take(driver, reason)
            match reason:
                case Reason.LATEST_BACKUP_STALE:
                    assert_says_stale(driver.words(), STALE_AT)
                case Reason.LATEST_BACKUP_DEGRADED:
                    assert_says_degraded(driver)
                case Reason.SCHEDULE_FOLLOW_UP:
                    assert_says_follow_up(driver, dashboard)
                case Reason.NO_BACKUP_BASIS:
                    assert_says_no_basis(driver, attempts=len(combination.reasons) - 1)
            await back_to_item(driver, reason)
        await driver.press("escape")
        await driver.arrived(TenantsScreen)
        assert under_cursor(driver.app.screen).tenant.external_id == combination.external_id


async def test_two_keys_lead_from_a_red_row_to_the_proof(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Fabrikam"), STALE_AT)
    async with open_app(facts.load(sqlite_url)) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        assert_says_stale(driver.words(), STALE_AT)


async def test_a_basis_in_the_future_is_proved_by_date_and_tolerance(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Fabrikam"), FUTURE_AT, created_at=NOW)
    async with open_app(facts.load(sqlite_url)) as driver:
        await driver.open_tenant("fabrikam.example")
        await driver.arrived(DashboardScreen)
        assert "in the future" in driver.words()
        await take(driver, Reason.LATEST_BACKUP_STALE)
        assert_says_stale(driver.words(), FUTURE_AT)


@pytest.mark.parametrize("size", [(80, 24), SMALLEST])
async def test_every_degradation_family_is_on_the_proof_with_its_count(size: tuple[int, int], sqlite_url: str) -> None:
    """All families at once: none may be cut off at the end of the block."""
    facts = Facts()
    for name, families in (("Most", FAMILY_NAMES[:6] + FAMILY_NAMES[7:]), ("Empty", FAMILY_NAMES[5:])):
        tenant = facts.tenant(name)
        every = ItemRow(capture_mode="", assignments_state="excluded", orphaned_assignments=2, integrity_warning="")
        items = (every, ItemRow(capture_mode="metadata_only")) if "unknown_quality" in families else ()
        number = facts.backup_set(
            tenant, NOW - HOUR, *items, status="partial", item_count=7, started_at=NOW, error="throttled"
        )
        if not items:
            facts.rows.items[:] = [item for item in facts.rows.items if item.backup_set_id != number]
    async with open_app(facts.load(sqlite_url), size=size) as driver:
        for external_id, families, missing in (
            ("most.example", FAMILY_NAMES[:6] + FAMILY_NAMES[7:], 5),
            ("empty.example", FAMILY_NAMES[5:], 7),
        ):
            await driver.open_tenant(external_id)
            dashboard = await driver.arrived(DashboardScreen)
            assert dashboard.health is not None
            assert dashboard.health.quality is not None
            assert {name for name, _ in dashboard.health.quality.families} == set(families)
            await take(driver, Reason.LATEST_BACKUP_DEGRADED)
            words = driver.words()
            for name in families:
                count = "" if name in UNCOUNTED_FAMILIES else f": {missing if name == 'missing_items' else 1}"
                assert f"{FAMILY_WORDS[name]}{count}" in words
            await driver.press("escape", "escape")


async def test_each_follow_up_schedule_is_explained_at_the_cursor(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - HOUR)
    facts.overdue_schedule(tenant, name="nightly")
    facts.schedule(tenant, name="weekly", cron="61 * * * *", next_run_at=None)
    async with open_app(facts.load(sqlite_url)) as driver:
        await driver.open_tenant("contoso.example")
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.health is not None
        await take(driver, Reason.SCHEDULE_FOLLOW_UP)
        for assessment in dashboard.health.follow_ups:
            assert conditions_in_words(assessment, POLICY, NOW) in driver.words()
            await driver.press("down")
        await back_to_item(driver, Reason.SCHEDULE_FOLLOW_UP)


# The basis changes between the dashboard and the proof


async def opened_then_superseded(driver: Driver, url: str, *, at: datetime) -> BackupSetScreen:
    await driver.open_tenant("fabrikam.example")
    await driver.arrived(DashboardScreen)
    await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
    add_set(url, 900, 1, at, name="the newer run")
    await driver.press("enter")
    return await driver.arrived(BackupSetScreen)


@pytest.fixture
def fabrikam(sqlite_url: str) -> str:
    """One tenant whose basis, set 1, is stale and degraded."""
    facts = Facts()
    facts.backup_set(facts.tenant("Fabrikam"), STALE_AT, *DEGRADED_ITEMS)
    return facts.load(sqlite_url)


async def test_a_superseded_basis_says_so_and_n_opens_the_newer_one(fabrikam: str) -> None:
    async with open_app(fabrikam) as driver:
        screen = await opened_then_superseded(driver, fabrikam, at=NOW - HOUR)
        assert set_shown(screen).key.set_id == 1
        assert "Superseded" in driver.words()
        assert "press n for the new basis: the newer run" in driver.words()
        assert_says_stale(driver.words(), STALE_AT)

        await driver.press("n")
        await driver.until(lambda: set_shown(screen).key.set_id == 900)
        await driver.pump()
        words = driver.words()
        assert "Superseded" not in words
        assert "1h ago" in words
        assert "the newer run" in words

        await driver.press("escape")
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.health is not None
        assert dashboard.health.confirmed
        assert not dashboard.query(AttentionItem)


async def test_a_basis_superseded_while_its_proof_is_open_says_so(fabrikam: str) -> None:
    async with open_app(fabrikam) as driver:
        await driver.open_tenant("fabrikam.example")
        await driver.arrived(DashboardScreen)
        await take(driver, Reason.LATEST_BACKUP_STALE)
        assert "Superseded" not in driver.words()
        add_set(fabrikam, 900, 1, NOW, name="the newer run")
        await driver.press("r")
        await driver.until(lambda: "Superseded" in driver.words())


async def test_a_basis_deleted_meanwhile_says_so_and_offers_nothing(fabrikam: str) -> None:
    async with open_app(fabrikam) as driver:
        await driver.open_tenant("fabrikam.example")
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        write(fabrikam, "UPDATE backup_sets SET deleted_at = ?", stored(LONG_AGO))
        await driver.press("enter")
        screen = await driver.arrived(BackupSetScreen)
        assert "there is no basis now" in driver.words()
        await driver.press("n")
        assert set_shown(screen).key.set_id == 1


async def test_evidence_unreadable_meanwhile_is_not_called_superseded(fabrikam: str) -> None:
    async with open_app(fabrikam) as driver:
        await driver.open_tenant("fabrikam.example")
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        write(fabrikam, "UPDATE backup_sets SET completed_at = 'yesterday'")
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        assert "completed_at of row 1 is not an instant" in driver.words()
        assert "Superseded" not in driver.words()


async def test_a_set_that_was_opened_as_what_it_is_was_never_the_basis(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Fabrikam")
    facts.backup_set(tenant, STALE_AT)
    facts.backup_set(tenant, NOW - HOUR)
    async with open_app(facts.load(sqlite_url)) as driver:
        await driver.open_tenant("fabrikam.example")
        await driver.arrived(DashboardScreen)
        await driver.press("b")
        await driver.arrived(BackupSetsScreen)
        await driver.press("down", "enter")
        screen = await driver.arrived(BackupSetScreen)
        assert set_shown(screen).key.set_id == 1
        assert "Superseded" not in driver.words()
        assert "not the basis" in driver.words()


async def test_an_item_whose_reason_went_away_leaves_the_keys_usable(fabrikam: str) -> None:
    async with open_app(fabrikam) as driver:
        await driver.open_tenant("fabrikam.example")
        await driver.arrived(DashboardScreen)
        await take(driver, Reason.LATEST_BACKUP_STALE)
        write(fabrikam, "UPDATE backup_sets SET completed_at = ?, created_at = ?", *[stored(NOW - HOUR)] * 2)
        await driver.press("escape")
        dashboard = await driver.arrived(DashboardScreen)
        await driver.until(lambda: len(dashboard.query(AttentionItem)) == 1)
        await driver.until(lambda: driver.app.focused is not None, "some focus")
        await driver.press("tab")
        assert driver.app.focused is not None
