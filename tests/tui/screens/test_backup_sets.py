"""Every set of a tenant: its part in the verdict, and pages by key to the very end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from health.answers import SETS_PAGE, PartInVerdict
from health.store.opening.errors import StoreUnreachable
from tests.tui.screens.driving import Driver, basis_shown, cells, open_app, row_list, set_shown, under_cursor, watched
from tests.tui.screens.fleets import DAY, DEGRADED_ITEMS, HOUR, NOW, Facts, add_set, stored, write
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen

SETS = 230


def long_history() -> Facts:
    """230 sets of one tenant, every third pair at one instant, so that pages end between equals; and another's."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    for number in range(SETS):
        facts.backup_set(tenant, NOW - HOUR - 6 * HOUR * (number - number % 3 // 2))
    other = facts.tenant("Fabrikam")
    for number in range(60):
        facts.backup_set(other, NOW - HOUR * number)
    return facts


@pytest.fixture
def history(sqlite_url: str) -> str:
    return long_history().load(sqlite_url)


async def opened(driver: Driver) -> BackupSetsScreen:
    return await driver.arrived(BackupSetsScreen)


def ids(screen: BackupSetsScreen) -> list[int]:
    return [listed.key.set_id for listed in row_list(screen).rows]


def parts(screen: BackupSetsScreen) -> list[PartInVerdict]:
    return [listed.part for listed in row_list(screen).rows]


@pytest.mark.parametrize("key", ["G", "pagedown"])
async def test_keys_alone_lead_to_the_last_set_and_each_is_there_once(key: str, history: str) -> None:
    async with open_app(history, tenant="contoso.example", screen="backup_sets", size=(80, 60)) as driver:
        screen = await opened(driver)
        assert len(ids(screen)) == SETS_PAGE
        assert driver.shown("#sets-title") == f"Backup sets: the newest {SETS_PAGE}, more below"
        for _ in range(40):
            before = (row_list(screen).cursor, len(ids(screen)))
            await driver.press(key)
            await driver.settled()
            if before == (row_list(screen).cursor, len(ids(screen))):
                break
        assert not screen.facts.more
        assert driver.shown("#sets-title") == f"Backup sets: {SETS}, newest first"
        shown = row_list(screen).rows
        assert sorted(ids(screen)) == list(range(1, SETS + 1))
        keys = [listed.key for listed in shown]
        assert keys == sorted(keys, reverse=True)
        assert parts(screen) == [PartInVerdict.BASIS] + [PartInVerdict.OLDER] * (SETS - 1)
        assert row_list(screen).cursor == SETS - 1


async def test_every_part_a_set_can_have_in_the_verdict_has_its_word(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    at = [NOW - HOUR * hour for hour in range(1, 10)]
    facts.backup_set(tenant, None, created_at=at[0], status="running")
    facts.backup_set(tenant, None, created_at=at[1], status="failed", error="throttled by the service")
    facts.backup_set(tenant, None, created_at=at[2], status="cancelled")
    facts.backup_set(tenant, at[3], deleted_at=NOW)
    facts.backup_set(tenant, None, created_at=at[4], status="Completed")
    facts.backup_set(tenant, at[5], *DEGRADED_ITEMS, status="partial")
    facts.backup_set(tenant, at[6])
    facts.backup_set(tenant, None, created_at=at[7], status="failed", started_at="half past nine")
    facts.backup_set(tenant, None, created_at=at[8], status="")
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="backup_sets", size=(160, 24)) as driver:
        screen = await opened(driver)
        assert set(parts(screen)) == set(PartInVerdict) - {PartInVerdict.NO_VERDICT}
        rows = cells(screen)
        # We cannot know when the unreadable one happened, so it comes first, where it is seen.
        assert [row["IN THE VERDICT"].text for row in rows] == [
            "unreadable",
            "still running",
            "failed",
            "cancelled",
            "deleted",
            "no basis",
            "basis",
            "older",
            "no basis",
        ]
        assert [row["WHEN"].text for row in rows[:5]] == ["?", "1h ago", "2h ago", "3h ago", "4h ago"]
        assert (rows[6]["STATUS"].text, rows[6]["ITEMS"].text, rows[6]["DEGRADED"].text) == ("partial", "7", "4")
        assert rows[5]["STATUS"].text == "Completed"
        assert rows[0]["ERROR"].text == "backup_sets.started_at of row 8 is not an instant: 'half past nine'"
        assert rows[2]["ERROR"].text == "throttled by the service"
        words = driver.words()
        assert [part for part in parts(screen) if part.value not in words] == []


async def test_no_set_of_an_unreadable_tenant_is_called_older(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso", created_at="a while ago")
    for hours in (1, 25):
        facts.backup_set(tenant, NOW - HOUR * hours)
    facts.backup_set(tenant, None, created_at=NOW - DAY, status="failed")
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="backup_sets") as driver:
        screen = await opened(driver)
        assert [row["IN THE VERDICT"].text for row in cells(screen)] == ["no verdict", "failed", "no verdict"]
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        assert "completed, perhaps the basis: the tenant is unreadable" in driver.words()


async def test_without_a_basis_the_screen_says_whether_there_is_any_set(sqlite_url: str) -> None:
    facts = Facts()
    facts.tenant("Never")
    failed = facts.tenant("Failed")
    facts.backup_set(failed, None, created_at=NOW - HOUR, status="failed")
    lost = facts.tenant("Lost")
    facts.backup_set(lost, "soon", created_at=NOW - HOUR)
    facts.load(sqlite_url)
    for tenant, said in (
        ("never", "there is no backup set"),
        ("failed", "every set here is deleted, or neither completed nor partial"),
        ("lost", "? unreadable: backup_sets.completed_at of row 2"),
    ):
        async with open_app(sqlite_url, tenant=f"{tenant}.example", screen="backup_sets") as driver:
            await opened(driver)
            assert said in driver.words()
            assert "governs" not in driver.words()


async def test_enter_opens_the_set_and_escape_comes_back_to_its_row(history: str) -> None:
    async with open_app(history, tenant="contoso.example", screen="backup_sets") as driver:
        screen = await opened(driver)
        await driver.press("end")
        await driver.until(lambda: len(ids(screen)) == 2 * SETS_PAGE)
        wanted = under_cursor(screen)
        await driver.press("enter")
        detail = await driver.arrived(BackupSetScreen)
        assert set_shown(detail).key == wanted.key
        await driver.press("escape")
        screen = await opened(driver)
        # The rows that were read stay, and so does the cursor.
        assert len(ids(screen)) == 2 * SETS_PAGE
        assert under_cursor(screen).key == wanted.key


async def test_a_page_with_another_basis_marks_only_one_basis(history: str) -> None:
    async with open_app(history, tenant="contoso.example", screen="backup_sets") as driver:
        screen = await opened(driver)
        basis = basis_shown(screen).id
        add_set(history, 900, 1, NOW, name="the newer run")
        await driver.press("end")
        await driver.until(lambda: len(ids(screen)) > SETS_PAGE)
        assert basis_shown(screen).id == 900
        listed = dict(zip(ids(screen), parts(screen), strict=True))
        assert [set_id for set_id, part in listed.items() if part is PartInVerdict.BASIS] == [900]
        assert listed[basis] is PartInVerdict.OLDER
        assert len(ids(screen)) == len(listed)
        assert ids(screen)[0] == 900


async def test_a_page_whose_basis_was_deleted_says_so_of_rows_before_it(history: str) -> None:
    async with open_app(history, tenant="contoso.example", screen="backup_sets") as driver:
        screen = await opened(driver)
        basis = basis_shown(screen).id
        write(history, "UPDATE backup_sets SET deleted_at = ? WHERE id = ?", stored(NOW), basis)
        await driver.press("end")
        await driver.until(lambda: len(ids(screen)) > SETS_PAGE)
        listed = dict(zip(ids(screen), parts(screen), strict=True))
        assert listed[basis] is PartInVerdict.DELETED
        assert [set_id for set_id, part in listed.items() if part is PartInVerdict.BASIS] == [basis_shown(screen).id]


async def test_another_page_makes_the_rows_before_it_no_younger(history: str) -> None:
    async with open_app(history, tenant="contoso.example", screen="backup_sets", size=(120, 24)) as driver:
        screen = await opened(driver)
        first = cells(screen)[0]["WHEN"].text
        driver.clock.forward(timedelta(hours=2))
        await driver.press("end")
        await driver.until(lambda: len(ids(screen)) > SETS_PAGE)
        await driver.until(lambda: "facts 2h old" in driver.words())
        # The ages are of now all the same.
        assert (first, cells(screen)[0]["WHEN"].text) == ("1h ago", "3h ago")
        await driver.press("r")
        await driver.until(lambda: "facts 0s old" in driver.words())
        assert len(ids(screen)) == 2 * SETS_PAGE


async def test_a_held_down_key_at_the_end_asks_for_one_page(history: str) -> None:
    resolver = watched(history)
    async with open_app(resolver, tenant="contoso.example", screen="backup_sets") as driver:
        screen = await opened(driver)
        await driver.press("end")
        await driver.until(lambda: len(ids(screen)) == 2 * SETS_PAGE)
        held = resolver.hold_back("backup_sets")
        resolver.asked.clear()
        await driver.press_at_once("end", *["down", "up"] * 20, "end")
        await driver.until(held.reached.is_set)
        await driver.press_at_once(*["down"] * 20)
        assert resolver.asked == ["backup_sets"]
        assert resolver.interrupted == 0
        held.let_go()
        await driver.until(lambda: len(ids(screen)) == 3 * SETS_PAGE)


async def test_a_page_that_failed_is_asked_for_again_at_the_last_row(history: str) -> None:
    resolver = watched(history)
    async with open_app(resolver, tenant="contoso.example", screen="backup_sets") as driver:
        screen = await opened(driver)
        resolver.failure = StoreUnreachable("db1 does not answer.")
        await driver.press("end")
        await driver.until(lambda: "db1 does not answer." in driver.words())
        assert len(ids(screen)) == SETS_PAGE
        resolver.failure = None
        await driver.press("down")
        await driver.until(lambda: len(ids(screen)) == 2 * SETS_PAGE)
        await driver.until(lambda: "db1 does not answer." not in driver.words())


async def test_a_refresh_shows_new_sets_and_keeps_the_cursor_on_its_row(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    for number in range(5):
        facts.backup_set(tenant, NOW - DAY * number - HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="backup_sets") as driver:
        screen = await opened(driver)
        await driver.press("down", "down")
        assert under_cursor(screen).key.set_id == 3
        add_set(sqlite_url, 900, 1, NOW)
        await driver.press("r")
        await driver.until(lambda: len(ids(screen)) == 6)
        assert under_cursor(screen).key.set_id == 3
        assert ids(screen)[0] == 900
