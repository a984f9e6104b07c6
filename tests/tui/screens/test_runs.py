"""A schedule's runs, newest first, each with its duration and whole error. One key leads there from a failed run.

Modules: tui.screens.runs, tui.screens.schedules, tui.screens.dashboard.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from health.answers import SETS_PAGE
from tests.tui.screens.driving import cells, open_app, row_list, under_cursor
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.runs import RunsScreen
from tui.screens.schedules import SchedulesScreen
from tui.widgets.key_hints import key_uses

LAST_RUN = "dashboard.last_run"


TENANT: Final = "contoso.example"
ERROR: Final = f"AADSTS7000222: {'the client secret has expired, ' * 20}renew it"


@pytest.fixture
def url(sqlite_url: str) -> str:
    """One schedule whose last run failed, with three runs; another one with a set of its own, and one without any."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    failing = facts.schedule(tenant, name="nightly", last_run_status="failed")
    other = facts.schedule(tenant, name="weekly")
    facts.schedule(tenant, name="never used")
    whole = NOW - DAY
    facts.backup_set(tenant, whole, schedule_id=failing, started_at=whole - timedelta(minutes=12), name="whole")
    facts.backup_set(
        tenant, None, schedule_id=failing, status="failed", created_at=NOW - HOUR, started_at=NOW - HOUR, error=ERROR
    )
    facts.backup_set(tenant, None, schedule_id=failing, status="running", created_at=NOW, started_at=NOW - HOUR / 2)
    facts.backup_set(tenant, NOW - 2 * DAY, schedule_id=other, name="other")
    return facts.load(sqlite_url)


async def test_enter_on_a_schedule_shows_its_runs_and_no_others(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="schedules") as driver:
        await driver.arrived(SchedulesScreen)
        await driver.press("enter")
        screen = await driver.arrived(RunsScreen)
        assert [(row["STATUS"].text, row["DURATION"].text) for row in cells(screen)] == [
            ("running", "for 30m"),
            ("failed", "-"),
            ("completed", "12m"),
        ]
        assert "nightly: ◷ follow-up: last run failed" in driver.words()
        await driver.press("down")
        assert "error: AADSTS7000222: the client secret has expired" in driver.words()
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        assert ERROR in " ".join(driver.shown("#recency").split())


async def test_one_key_leads_from_a_failed_run_to_it(url: str) -> None:
    async with open_app(url, tenant=TENANT) as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert LAST_RUN in {use.binding.id for use in key_uses(dashboard)}
        await driver.press("l")
        screen = await driver.arrived(RunsScreen)
        assert under_cursor(screen).status == "running"
        await driver.press("escape")
        await driver.arrived(DashboardScreen)


async def test_without_a_failed_run_there_is_no_such_key(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - HOUR)
    facts.overdue_schedule(tenant, last_run_status="success")
    async with open_app(facts.load(sqlite_url), tenant=TENANT) as driver:
        screen = await driver.arrived(DashboardScreen)
        assert LAST_RUN not in {use.binding.id for use in key_uses(screen)}
        await driver.press("l")
        assert driver.app.screen is screen


async def test_a_schedule_without_runs_says_that_no_set_names_it(url: str) -> None:
    async with open_app(url, tenant=TENANT, screen="schedules") as driver:
        await driver.arrived(SchedulesScreen)
        await driver.press("end", "enter")
        await driver.arrived(RunsScreen)
        assert "no backup set names this schedule as its own" in driver.words()


async def test_further_runs_come_when_the_end_is_near(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    schedule = facts.schedule(tenant)
    for number in range(SETS_PAGE + 5):
        facts.backup_set(tenant, NOW - number * HOUR, schedule_id=schedule)
    async with open_app(facts.load(sqlite_url), tenant=TENANT, screen="schedules") as driver:
        await driver.arrived(SchedulesScreen)
        await driver.press("enter")
        screen = await driver.arrived(RunsScreen)
        assert f"the newest {SETS_PAGE} runs, more below" in driver.words()
        await driver.press("end")
        await driver.until(lambda: len(row_list(screen).rows) == SETS_PAGE + 5)
        assert under_cursor(screen).key.set_id == SETS_PAGE
