"""The figures of a dashboard: a verdict's state, and how many schedules need follow-up."""

from __future__ import annotations

import pytest

from tests.health.making import (
    HOUR,
    NOW,
    POLICY,
    a_good_schedule,
    a_set,
    judged,
)
from tests.tui.widgets.hosting import hosted, words
from tests.tui.widgets.verdicts import LATE, VERDICTS
from tui.widgets.dashboard_kpis import DashboardKpis
from tui.words.wording import state_of


async def test_the_strip_shows_every_state_and_no_health_from_old_facts() -> None:
    strip = DashboardKpis(POLICY)
    async with hosted(strip) as pilot:
        assert "healthy" not in words(pilot)
        strip.shown_at = NOW
        for health in VERDICTS:
            for too_old in (False, True):
                strip.unconfirmed = too_old
                strip.health = health
                await pilot.pause(0)
                assert state_of(health, facts_too_old=too_old).label in words(pilot)
                assert ("healthy" in words(pilot)) is (health.confirmed and not too_old)


@pytest.mark.parametrize(("width", "ahead"), [(60, False), (79, False), (80, True)])
async def test_nothing_in_the_strip_is_cut(width: int, ahead: bool) -> None:
    strip = DashboardKpis(POLICY)
    strip.health = judged(a_set(NOW - 14 * HOUR - HOUR / 60), LATE, a_good_schedule(id=8))
    strip.shown_at = NOW
    async with hosted(strip, size=(width, 8)) as pilot:
        assert "…" not in words(pilot)
        assert "14h 1m ago" in words(pilot)
        assert "1 of 2 follow-up" in words(pilot)
        assert ("stale in 9h 59m" in words(pilot)) is ahead


async def test_the_strip_counts_the_schedules_that_need_follow_up() -> None:
    strip = DashboardKpis(POLICY)
    strip.health = judged(a_set(), LATE, a_good_schedule(id=8))
    strip.shown_at = NOW
    async with hosted(strip) as pilot:
        assert "1 of 2" in words(pilot)
        strip.health = judged(a_set(), a_good_schedule(), a_good_schedule(id=8))
        await pilot.pause(0)
        assert "2 enabled" in words(pilot)
