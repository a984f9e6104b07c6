"""Totals of a report and the exit status of `check`: every tenant counts once, and the worst state decides."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.facts import TenantFacts, UnreadableEvidence
from health.posture import TenantBackupHealth, judge
from health.report import FleetTotals, check_status
from tests.health.making import DAY, NOW, POLICY, a_good_schedule, a_schedule, a_set, a_tally, a_tenant, an_item, judged

EVIDENCE = UnreadableEvidence("backup_sets", "completed_at", 12, "backup_sets.completed_at of row 12 is missing")


def unreadable() -> TenantBackupHealth:
    return judge(TenantFacts(a_tenant(), None, None, (), EVIDENCE), POLICY, NOW)


def fleet_of_all_states() -> list[TenantBackupHealth]:
    failing = a_schedule(created_at=NOW, last_run_status="failed")
    old, worse = a_set(NOW - 2 * DAY), a_tally(an_item(integrity_warning=""))
    return [
        unreadable(),
        unreadable(),
        judged(None),
        judged(None),
        judged(None, failing),
        judged(old),
        judged(old, failing, tally=worse),
        judged(old, tally=worse),
        judged(a_set(), tally=worse),
        judged(a_set(), failing, tally=worse),
        judged(a_set(), failing),
        judged(a_set()),
        judged(a_set(), a_good_schedule()),
        judged(a_set()),
    ]


def test_totals_count_each_tenant_once_and_a_follow_up_beside() -> None:
    assert FleetTotals.of(fleet_of_all_states()) == FleetTotals(
        tenants=14, unreadable=2, absent=3, stale=3, degraded=2, healthy=4, confirmed=3, schedule_follow_up=4
    )


@given(st.lists(st.sampled_from(fleet_of_all_states()), max_size=20))
def test_totals_add_up_for_any_part_of_a_fleet(part: list[TenantBackupHealth]) -> None:
    totals = FleetTotals.of(part)
    states = totals.unreadable + totals.absent + totals.stale + totals.degraded + totals.healthy
    assert states == totals.tenants == len(part)
    assert totals.confirmed == sum(health.confirmed for health in part) <= totals.healthy


# The exit status of a check

NOBODY = FleetTotals(0, 0, 0, 0, 0, 0, 0, 0)


def fleet(**counts: int) -> FleetTotals:
    """Totals of a fleet with this many tenants in each state; `follow_up` are healthy except for a schedule."""
    names = ("unreadable", "absent", "stale", "degraded", "follow_up", "confirmed")
    by_state = {name: counts.get(name, 0) for name in names}
    return FleetTotals(
        tenants=sum(by_state.values()),
        unreadable=by_state["unreadable"],
        absent=by_state["absent"],
        stale=by_state["stale"],
        degraded=by_state["degraded"],
        healthy=by_state["follow_up"] + by_state["confirmed"],
        confirmed=by_state["confirmed"],
        schedule_follow_up=by_state["follow_up"],
    )


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({"confirmed": 3}, 0),
        ({"confirmed": 3, "stale": 1}, 1),
        ({"confirmed": 3, "degraded": 1}, 1),
        ({"confirmed": 3, "follow_up": 1}, 1),
        ({"confirmed": 3, "unreadable": 1}, 3),
        ({"confirmed": 3, "absent": 1}, 2),
        ({"stale": 1, "degraded": 1, "follow_up": 1, "unreadable": 1}, 3),
        ({"absent": 1, "stale": 1, "unreadable": 1}, 2),
        ({}, 3),
    ],
)
def test_exit_status(counts: dict[str, int], status: int) -> None:
    assert check_status(fleet(**counts), 0) == status


@pytest.mark.parametrize(("least", "status"), [(0, 0), (1, 0), (2, 0), (3, 3)])
def test_fewer_tenants_than_expected_are_unknown(least: int, status: int) -> None:
    assert check_status(fleet(confirmed=2), least) == status


def test_absent_outranks_too_few_and_unreadable_then_the_rest() -> None:
    assert check_status(fleet(absent=1), 9) == 2
    assert check_status(fleet(absent=1, unreadable=1), 9) == 2
    assert check_status(fleet(stale=1), 9) == 3
    assert check_status(fleet(unreadable=1, stale=1), 0) == 3


def test_precedence_in_every_fleet_of_up_to_two_tenants_a_state() -> None:
    names = ("unreadable", "absent", "stale", "degraded", "follow_up", "confirmed")
    for numbers in product(range(3), repeat=len(names)):
        counts = dict(zip(names, numbers, strict=True))
        expected = 0
        if counts["stale"] or counts["degraded"] or counts["follow_up"]:
            expected = 1
        if counts["unreadable"] or not any(numbers):
            expected = 3
        if counts["absent"]:
            expected = 2
        assert check_status(fleet(**counts), 0) == expected, counts
