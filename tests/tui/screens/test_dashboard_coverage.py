"""A dashboard's history: the coverage stands beside the verdict, and never replaces it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.content import Content

from health.coverage import CoverageState
from tests.tui.screens.driving import Clock, Driver, open_app
from tests.tui.screens.fleets import (
    COMBINATIONS,
    DAY,
    DEGRADED_ITEMS,
    FUTURE_AT,
    HOUR,
    NOW,
    UNREADABLE,
    Combination,
    Facts,
    every_combination,
    stored,
    write,
)
from tui.screens.dashboard import DashboardScreen
from tui.widgets.coverage_strip import CoverageStrip
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.needs_attention import AttentionItem
from tui.widgets.row_list import RowList
from tui.words.wording import State, state_of

TITLE = "Last 30 days"
TICK = timedelta(microseconds=1)


def nightly(facts: Facts, name: str, *, missing: tuple[int, ...] = (), degraded: tuple[int, ...] = ()) -> int:
    """A tenant with a set each day for more than 30 days, the last an hour ago, each just in time for the window."""
    tenant = facts.tenant(name)
    for day in range(32):
        if day not in missing:
            facts.backup_set(tenant, NOW - HOUR - day * DAY, *(DEGRADED_ITEMS if day in degraded else ()))
    return tenant


def strip_of(driver: Driver) -> CoverageStrip:
    return driver.app.screen.query_one(CoverageStrip)


async def test_the_strip_shows_the_coverage_of_the_resolver(sqlite_url: str) -> None:
    facts = Facts()
    nightly(facts, "Contoso", missing=(10,), degraded=(5,))
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        coverage = strip_of(driver).coverage
        assert coverage is not None
        assert coverage is dashboard.facts.coverage
        assert coverage.lasted(CoverageState.NOT_COVERED) == DAY - TICK
        assert coverage.lasted(CoverageState.DEGRADED) == DAY
        # Each set came an hour before the end of a day's cell, so a bad time across two days is bad in both.
        assert f"{TITLE} {19 * '▁'}▆▆▁▁▁▃▃▁▁▁▁ " in driver.words()
        assert "▁ protected 92 % of the time, ▃ degraded 4 %, ▆ uncovered 4 % (23h 59m)" in driver.words()


async def test_a_bad_month_takes_no_check_away_and_a_good_one_gives_none(sqlite_url: str) -> None:
    facts = Facts()
    bad_month = facts.tenant("Bad month")
    for age in (40 * DAY, HOUR):
        facts.backup_set(bad_month, NOW - age)
    nightly(facts, "Good month", missing=(0, 1))
    facts.load(sqlite_url)
    for tenant, state, said in (
        ("bad-month", State.HEALTHY, "protected 0 % of the time"),
        ("good-month", State.STALE, "protected 96 % of the time"),
    ):
        async with open_app(sqlite_url, tenant=f"{tenant}.example") as driver:
            await driver.arrived(DashboardScreen)
            assert state.label in driver.words()
            assert said in driver.words()
            assert (State.HEALTHY.glyph in driver.words()) is (state is State.HEALTHY)
            assert driver.words().index(state.label) < driver.words().index(TITLE)


@pytest.mark.parametrize("combination", COMBINATIONS[::2], ids=lambda each: each.name)
async def test_the_last_cell_is_never_calmer_than_the_posture(combination: Combination, sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    async with open_app(url, tenant=combination.external_id) as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.health is not None
        glyph = {State.HEALTHY: "▁", State.FOLLOW_UP: "▁", State.DEGRADED: "▃"}.get(state_of(dashboard.health), "▆")
        if dashboard.facts.coverage is None:
            assert TITLE not in driver.words()  # less than a day of it is known
            return
        drawn = driver.words().partition(f"{TITLE} ")[2].split()[0]
        assert len(drawn) == 30
        assert "▁▃▆".index(drawn[-1]) >= "▁▃▆".index(glyph)


async def test_an_unreadable_tenant_has_no_strip(sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    async with open_app(url, tenant=UNREADABLE.external_id) as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.facts.coverage is None
        assert not strip_of(driver).display
        assert "Last 30 days" not in driver.words()


async def test_a_set_in_the_future_does_not_protect_the_past(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(nightly(facts, "Contoso"), FUTURE_AT)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example") as driver:
        await driver.arrived(DashboardScreen)
        assert State.STALE.label in driver.words()
        assert f"{TITLE} {29 * '▁'}▆ " in driver.words()
        assert "A backup set dated in the future is not counted" in driver.words()


async def test_a_long_history_is_counted_whole(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    for number in range(125):
        facts.backup_set(tenant, NOW - number * HOUR)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example") as driver:
        await driver.arrived(DashboardScreen)
        assert f"{TITLE} {24 * '·'}{6 * '▁'} " in driver.words()
        assert "· unknown 24d 20h: before the first backup set, or no longer kept" in driver.words()


async def test_a_refresh_shows_the_history_that_is_kept_then(sqlite_url: str) -> None:
    facts = Facts()
    nightly(facts, "Contoso")
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example") as driver:
        await driver.arrived(DashboardScreen)
        assert f"{TITLE} {30 * '▁'} " in driver.words()
        write(sqlite_url, "UPDATE backup_sets SET deleted_at = ? WHERE id IN (6, 7)", stored(NOW))
        await driver.press("r")
        await driver.until(lambda: f"{TITLE} {24 * '▁'}·▁▁▁▁▁ " in driver.words())
        write(sqlite_url, "UPDATE backup_sets SET completed_at = 'no instant' WHERE id = 20")
        await driver.press("r")
        await driver.until(lambda: State.UNREADABLE.label in driver.words())
        await driver.until(lambda: not strip_of(driver).display)


async def test_facts_that_grew_old_are_not_called_the_last_days(sqlite_url: str) -> None:
    facts = Facts()
    nightly(facts, "Contoso")
    facts.load(sqlite_url)
    clock = Clock()
    async with open_app(sqlite_url, tenant="contoso.example", clock=clock) as driver:
        dashboard = await driver.arrived(DashboardScreen)
        clock.boot += 1000
        await driver.until(lambda: dashboard.unconfirmed)
        await driver.until(lambda: "30 days to 2026-11-23 09:00 UTC" in driver.words())
        assert State.HEALTHY.glyph not in driver.words()


@pytest.mark.parametrize("columns", [60, 80])
async def test_it_is_hidden_before_it_takes_room_from_the_attempts(columns: int, sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    async with open_app(url, tenant="stale-degraded-late.example", size=(columns, 40)) as driver:
        dashboard = await driver.arrived(DashboardScreen)
        attempts = dashboard.query_one("#attempts", RowList)
        has_room: dict[int, bool] = {}
        for lines in (40, 26, 25, 24, 23, 22, 21, 20, 12, 22, 23, 24, 26):
            await driver.resize(columns, lines)
            body, strip = dashboard.query_one("#body").region, strip_of(driver).region
            for item in dashboard.query(AttentionItem):
                assert body.contains_region(item.region), lines
            if strip:
                assert body.contains_region(strip), lines
                assert body.contains_region(attempts.region), lines
                assert strip.bottom <= attempts.region.y, lines
                # At least the heading and two attempts, and a line for the one under the cursor.
                assert attempts.size.height >= 3, lines
                assert body.contains_region(dashboard.query_one(CursorDetail).region), lines
            # Only the size decides, not the way to it.
            assert has_room.setdefault(lines, bool(strip)) is bool(strip), lines
        assert has_room[40]
        assert not has_room[12]
        if columns == 80:
            assert has_room[24]


@pytest.mark.parametrize(("age", "shown"), [(DAY - TICK, False), (DAY, True)])
async def test_a_history_shorter_than_a_day_has_no_strip(age: timedelta, shown: bool, sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - age)
    async with open_app(facts.load(sqlite_url), tenant="contoso.example", size=(80, 40)) as driver:
        await driver.arrived(DashboardScreen)
        assert strip_of(driver).display is shown


async def test_no_alarm_over_sets_that_retention_removed(sqlite_url: str) -> None:
    """The time before the oldest kept set is unknown. Only the time after it has a state's colour."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - 5 * DAY)
    facts.backup_set(tenant, NOW - HOUR)
    async with open_app(facts.load(sqlite_url), tenant="contoso.example", size=(80, 40)) as driver:
        await driver.arrived(DashboardScreen)
        strip = strip_of(driver).content
        assert isinstance(strip, Content)
        days = strip.plain.index("\n")
        coloured = [
            strip.plain[span.start : span.end]
            for span in strip.spans
            if "stale" in str(span.style) and span.end <= days
        ]
        assert "·" * 25 in strip.plain[:days]
        assert 0 < sum(map(len, coloured)) <= 5
