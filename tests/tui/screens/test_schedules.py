"""A tenant's schedules: those that need follow-up first, each condition as words with figures, disabled ones last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from health.schedules import Condition
from tests.tui.screens.driving import POLICY, Driver, cells, open_app, row_list, under_cursor
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts, write
from tui.screens.runs import RunsScreen
from tui.screens.schedules import SchedulesScreen
from tui.words.wording import conditions_in_words

FIGURES = {
    "impossible": ("cannot be evaluated", "cron"),
    "stuck": ("stuck: running for 7h", "longest run 6h"),
    "new": ("never ran, waiting for 2d", "grace 1h"),
    "late": ("overdue by 3h 10m", "grace 1h"),
    "aimless": ("no next run planned, last run 2d ago",),
    "failing": ("last run throttled",),
    "silent": ("last run 1h ago without a status",),
    "hollow": ("success reported 2h ago, but no backup set completed since", "grace 1h"),
}
"""The schedules of `every_condition` that need follow-up, with the words that must be said of them."""


def every_condition() -> Facts:
    """One tenant with a schedule for each condition, one in order, one disabled and one deleted."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - DAY - 2 * HOUR)
    facts.schedule(tenant, name="disabled", is_enabled=False, last_run_status="failed")
    facts.schedule(tenant, name="in order", last_run_at=NOW - DAY - 2 * HOUR, cron="0 9 * * 2", next_run_at=None)
    facts.schedule(tenant, name="impossible", cron="61 * * * *")
    facts.schedule(tenant, name="stuck", last_run_at=NOW - 7 * HOUR, last_run_status="running")
    nowhere = {"last_run_at": None, "last_run_status": None, "next_run_at": None}
    facts.schedule(tenant, name="new", created_at=NOW - 2 * DAY, **nowhere)
    facts.schedule(tenant, name="late", last_run_at=NOW - DAY, next_run_at=NOW - timedelta(hours=3, minutes=10))
    facts.schedule(tenant, name="aimless", last_run_at=NOW - 2 * DAY, next_run_at=None)
    facts.schedule(tenant, name="failing", last_run_status="throttled")
    facts.schedule(tenant, name="silent", last_run_status=None)
    facts.schedule(tenant, name="hollow", last_run_at=NOW - 2 * HOUR)
    facts.schedule(tenant, name="deleted", deleted_at=NOW, last_run_status="failed")
    return facts


@pytest.fixture
def url(sqlite_url: str) -> str:
    return every_condition().load(sqlite_url)


async def opened(driver: Driver) -> SchedulesScreen:
    return await driver.arrived(SchedulesScreen)


def names(screen: SchedulesScreen) -> list[str]:
    return [row["SCHEDULE"].text for row in cells(screen)]


async def test_those_with_conditions_come_first_and_disabled_ones_last(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="schedules") as driver:
        screen = await opened(driver)
        assert names(screen) == [*FIGURES, "in order", "disabled"]
        rows = cells(screen)
        assert {cell.style for cell in rows[-1].values()} == {"quiet"}
        assert rows[-1]["FOLLOW-UP"].text == ""
        assert [row["ENABLED"].text for row in rows] == ["yes"] * 9 + ["no"]
        for row in rows[:8]:
            assert row["FOLLOW-UP"].text.startswith("◷ ")
            assert row["FOLLOW-UP"].style == "follow-up"
        assert rows[8]["FOLLOW-UP"].text == ""
        assert "10" in driver.shown("#schedules-title")
        assert "8 need follow-up" in driver.shown("#schedules-title")


async def test_every_condition_is_explained_at_the_cursor(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="schedules") as driver:
        screen = await opened(driver)
        seen: set[Condition] = set()
        for name, figures in FIGURES.items():
            judged = under_cursor(screen)
            assert judged.schedule.name == name
            seen |= set(judged.assessment.conditions)
            words = driver.words()
            assert conditions_in_words(judged.assessment, POLICY, NOW) in words
            assert [figure for figure in figures if figure not in words] == [], name
            await driver.press("j")
        assert seen == set(Condition)
        assert "follow-up:" not in driver.words()
        assert "no follow-up" in driver.words()
        assert "At 09:00" in driver.words()
        await driver.press("j")
        assert "disabled: not judged" in driver.words()


@pytest.mark.parametrize("size", [(60, 12), (80, 24)])
async def test_follow_up_comes_first_and_no_long_name_pushes_it_out(size: tuple[int, int], sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - HOUR)
    facts.schedule(tenant, name="nightly " * 40, last_run_at=NOW - DAY, next_run_at=NOW - 3 * HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="schedules", size=size) as driver:
        await opened(driver)
        await driver.until(lambda: "◷ follow-up: overdue by 3h" in driver.words())


async def test_a_cron_is_said_in_words_with_its_zone_and_the_next_run(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - HOUR)
    facts.schedule(tenant, name="nightly", cron="30 2 * * *", timezone="Europe/Berlin", next_run_at=None)
    facts.schedule(tenant, name="external", cron=None, next_run_at=NOW + 3 * HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="schedules", size=(160, 24)) as driver:
        screen = await opened(driver)
        nightly, external = cells(screen)
        assert nightly["CRON"].text == "At 02:30 every day (30 2 * * *)"
        assert nightly["TIME ZONE"].text == "Europe/Berlin"
        assert nightly["NEXT RUN"].text == "in 16h 30m"
        assert nightly["LAST RUN"].text == "1h ago, success"
        assert (external["CRON"].text, external["NEXT RUN"].text) == ("no cron", "in 3h")
        assert "nightly: At 02:30 every day (30 2 * * *), time zone Europe/Berlin" in driver.words()


async def test_an_unreadable_schedule_comes_first_and_says_why(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - HOUR)
    facts.schedule(tenant, name="fine")
    facts.schedule(tenant, name="broken", last_run_at="the other day")
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="schedules") as driver:
        screen = await opened(driver)
        assert len(row_list(screen).rows) == 2
        assert "? unreadable" in driver.words()
        assert "backup_schedules.last_run_at of row 2 is not an instant: 'the other day'" in driver.words()
        await driver.press("down", "down", "y")
        assert under_cursor(screen).schedule.name == "fine"


@pytest.mark.parametrize(("cron", "warned"), [("0 2 * * *", True), ("0 */12 * * *", False), (None, False)])
async def test_plans_that_cannot_keep_a_backup_fresh(sqlite_url: str, cron: str | None, warned: bool) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - HOUR)
    facts.schedule(tenant, cron=cron, last_run_at=NOW - HOUR, next_run_at=NOW + HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="schedules") as driver:
        screen = await opened(driver)
        assert ("planned up to 24h apart and the window is 24h" in driver.words()) == warned
        # No follow-up: the verdict is the same as before.
        assert screen.facts.health.confirmed


async def test_a_tenant_without_schedules_has_no_follow_up(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example", screen="schedules") as driver:
        screen = await opened(driver)
        assert "no schedule" in driver.words()
        assert screen.facts.health.confirmed
        await driver.press("enter", "down", "G")
        assert driver.app.screen is screen


async def test_a_refresh_keeps_the_cursor_on_a_schedule_that_moves(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="schedules") as driver:
        screen = await opened(driver)
        while under_cursor(screen).schedule.name != "in order":
            await driver.press("down")
        write(url, "UPDATE backup_schedules SET last_run_status = 'failed' WHERE name = 'in order'")
        await driver.press("r")
        await driver.until(lambda: names(screen)[0] == "in order")
        await driver.pump()
        assert under_cursor(screen).schedule.name == "in order"
        await driver.until(lambda: "◷ follow-up: last run failed" in driver.words())


async def test_enter_opens_the_runs_of_the_schedule(url: str) -> None:
    async with open_app(url, tenant="contoso.example", screen="schedules") as driver:
        await opened(driver)
        await driver.press("enter")
        await driver.arrived(RunsScreen)
