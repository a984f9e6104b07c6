"""Findings about the intervals between backups, against the window (docs/doctor.md, "Schedules and the window")."""

from __future__ import annotations

from datetime import timedelta

import pytest

from health.doctor import of_intervals
from health.doctor.facts import FleetFacts, SourceRuns
from health.doctor.finding import Finding, Trouble
from health.doctor.of_intervals import intervals_of
from health.facts import BackupSchedule
from health.posture import TenantBackupHealth
from tests.health.making import DAY, HOUR, NOW, POLICY, a_schedule, a_set, a_tenant, judged

NIGHTLY = "30 2 * * *"
TWICE_A_DAY = "30 2,14 * * *"


def a_tenant_with(number: int, *schedules: BackupSchedule) -> TenantBackupHealth:
    return judged(a_set(), *schedules, tenant=a_tenant(id=number, external_id=f"tenant-{number}"))


def planned(*crons: str) -> FleetFacts:
    """A tenant for each cron."""
    return FleetFacts(NOW, POLICY, [a_tenant_with(n, a_schedule(cron=cron)) for n, cron in enumerate(crons, 1)])


def observed(sets: int, every: timedelta, *, sources: int = 1) -> FleetFacts:
    """One tenant without a schedule, whose sets came at these intervals."""
    first = NOW - every * (sets - 1)
    share = [SourceRuns(1, "tenant-1", None, f"tool-{n}", sets // sources, first, NOW) for n in range(sources)]
    return FleetFacts(NOW, POLICY, [a_tenant_with(1)], share)


def lengths(fleet: FleetFacts) -> list[timedelta]:
    return [each.length for each in intervals_of(fleet).known]


def test_an_interval_is_the_longest_pause_of_all_plans() -> None:
    assert lengths(planned(NIGHTLY, TWICE_A_DAY)) == [DAY, 12 * HOUR]
    two = a_tenant_with(1, a_schedule(cron="0 6 * * *"), a_schedule(cron="0 10 * * *"))
    assert lengths(FleetFacts(NOW, POLICY, [two])) == [20 * HOUR]


def test_without_plans_it_is_the_observed_pause() -> None:
    assert lengths(observed(4, DAY)) == [DAY]
    assert lengths(observed(3, DAY)) == []
    assert lengths(observed(4, DAY - timedelta(minutes=7))) == [DAY]
    assert lengths(observed(4, DAY - timedelta(minutes=8))) == [DAY - timedelta(minutes=15)]
    assert lengths(observed(4, timedelta(seconds=1))) == [timedelta(minutes=15)]
    # If another tool plans one of the schedules, its runs are unknown and the observed pauses count.
    unplanned = observed(5, 6 * HOUR)._replace(verdicts=[a_tenant_with(1, a_schedule(cron=NIGHTLY), a_schedule())])
    assert lengths(unplanned) == [6 * HOUR]


def test_the_nightly_fleet_on_a_window_of_a_day() -> None:
    fleet = intervals_of(planned(NIGHTLY, NIGHTLY, TWICE_A_DAY))
    figures = {"tenants_with_an_interval": 3, "window_seconds": 86_400, "suggested_window_seconds": 93_600}
    assert of_intervals.window_too_short(fleet) == Finding(Trouble.WINDOW_TOO_SHORT, ("tenant-1", "tenant-2"), figures)
    # The longer window suits them: none of them is an exception.
    assert of_intervals.rarer_than_window(fleet) is None


def test_half_of_the_fleet_is_not_most_of_it() -> None:
    fleet = intervals_of(planned(NIGHTLY, TWICE_A_DAY))
    assert of_intervals.window_too_short(fleet) is None
    figures = {"window_seconds": 86_400, "longest_interval_seconds": 86_400}
    assert of_intervals.rarer_than_window(fleet) == Finding(Trouble.RARER_THAN_WINDOW, ("tenant-1",), figures)


def test_a_weekly_one_in_a_nightly_fleet() -> None:
    found = of_intervals.rarer_than_window(intervals_of(planned(NIGHTLY, NIGHTLY, "0 3 * * 0")))
    figures = {"window_seconds": 93_600, "longest_interval_seconds": 7 * 86_400}
    assert found == Finding(Trouble.RARER_THAN_WINDOW, ("tenant-3",), figures)
    assert of_intervals.rarer_than_window(intervals_of(planned(TWICE_A_DAY))) is None


@pytest.mark.parametrize(("every", "found"), [(8 * HOUR, True), (8 * HOUR + timedelta(minutes=15), False)])
def test_a_window_of_three_intervals(every: timedelta, found: bool) -> None:
    expected = Finding(Trouble.WINDOW_TOO_LONG, ("tenant-1",), {"window_seconds": 86_400}) if found else None
    assert of_intervals.window_too_long(intervals_of(observed(4, every))) == expected


def test_with_schedules_a_missed_run_is_seen() -> None:
    assert of_intervals.window_too_long(intervals_of(planned("0 * * * *"))) is None
    # If half of the fleet runs less often, the window is not too long for most.
    half = observed(4, HOUR)
    half = half._replace(verdicts=[*half.verdicts, a_tenant_with(2, a_schedule(cron=NIGHTLY))])
    assert of_intervals.window_too_long(intervals_of(half)) is None


def test_no_enabled_schedule() -> None:
    fleet = FleetFacts(NOW, POLICY, [a_tenant_with(1), a_tenant_with(2, a_schedule()), a_tenant_with(3)])
    figures = {"tenants_of_the_fleet": 3, "with_a_disabled_one": 1}
    found = of_intervals.no_schedule(fleet._replace(with_disabled=frozenset({2, 3})))
    assert found == Finding(Trouble.NO_SCHEDULE, ("tenant-1", "tenant-3"), figures)
    assert of_intervals.no_schedule(fleet._replace(verdicts=fleet.verdicts[1:2])) is None
