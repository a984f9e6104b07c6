"""Answers judged again from the present facts equal those of a fresh read at that instant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from health.again import fleet_again, holds_until, tenant_again
from health.answers import BackupSetsAnswer, SchedulesAnswer
from health.instants import LATEST
from health.posture import judged_again
from tests.health.making import DAY, HOUR, NOW, POLICY, TICK
from tests.health.test_resolver import a_fleet
from tests.oracle.loading import load
from tests.resolving import resolving

LATER = [TICK, HOUR / 60, HOUR, HOUR + TICK, 2 * HOUR, 5 * HOUR, 23 * HOUR, DAY, DAY + TICK, 3 * DAY]


@pytest.mark.parametrize("later", LATER)
def test_a_fleet_judged_again_is_the_fleet_read_again(sqlite_url: str, later: timedelta) -> None:
    load(sqlite_url, a_fleet())
    with resolving(sqlite_url) as held, resolving(sqlite_url) as fresh:
        first = held.refreshed_fleet(NOW)
        again = fleet_again(first, POLICY, NOW + later)
        assert again == fresh.refreshed_fleet(NOW + later)
        kept = [health for health in again.verdicts if any(health is one for one in first.verdicts)]
        assert kept == [health for health in again.verdicts if NOW + later <= health.holds_until and health in kept]


@pytest.mark.parametrize("later", LATER)
def test_a_tenants_answers_judged_again_are_those_read_again(sqlite_url: str, later: timedelta) -> None:
    load(sqlite_url, a_fleet())
    with resolving(sqlite_url) as held:
        for number in range(1, 6):
            schedules = tenant_again(held.schedules(f"tenant-{number}", NOW), POLICY, NOW + later)
            assert isinstance(schedules, SchedulesAnswer)
            assert schedules == held.schedules(f"tenant-{number}", NOW + later)
            sets = tenant_again(held.backup_sets(f"tenant-{number}", NOW), POLICY, NOW + later)
            assert isinstance(sets, BackupSetsAnswer)
            assert sets == held.backup_sets(f"tenant-{number}", NOW + later)


def test_the_earliest_instant_counts_and_no_tenant_has_no_end(sqlite_url: str) -> None:
    load(sqlite_url, a_fleet())
    with resolving(sqlite_url) as held:
        verdicts = held.fleet(NOW)
    assert holds_until(verdicts) == sorted(health.holds_until for health in verdicts)[0]
    assert holds_until([]) == LATEST
    assert [judged_again(health, POLICY, NOW) for health in verdicts] == verdicts
