"""The forecast is the later verdict if nothing runs; and plans that cannot keep a backup fresh are found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.facts import ItemTally, TenantFacts
from health.forecast import cannot_stay_fresh, goes_stale_by, longest_pause
from health.posture import Reason, judge
from tests.health.making import DAY, HOUR, LAST_INSTANT, NOW, POLICY, SKEW, TICK, WINDOW, a_set, a_tenant, judged

spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3))


@given(age=st.timedeltas(min_value=-DAY, max_value=3 * DAY), ahead=spans, degraded=st.booleans())
def test_the_forecast_is_the_verdict_of_the_later_instant(age: timedelta, ahead: timedelta, degraded: bool) -> None:
    basis = a_set(NOW - age)
    facts = TenantFacts(a_tenant(), basis, ItemTally(3, int(degraded), 0, (int(degraded), 0, 0, 0, 0)), ())
    now, later = (Reason.LATEST_BACKUP_STALE in judge(facts, POLICY, at).reasons for at in (NOW, NOW + ahead))
    assert goes_stale_by(judge(facts, POLICY, NOW), POLICY, NOW + ahead) == (later and not now)


def test_fresh_to_the_last_tick_of_the_window() -> None:
    health = judged(a_set(NOW - HOUR))
    assert not goes_stale_by(health, POLICY, NOW - HOUR + WINDOW)
    assert goes_stale_by(health, POLICY, NOW - HOUR + WINDOW + TICK)


@pytest.mark.parametrize("completed_at", [None, NOW - WINDOW - TICK, NOW + SKEW + TICK])
def test_a_tenant_without_a_fresh_basis_does_not_go_stale(completed_at: datetime | None) -> None:
    health = judged(None if completed_at is None else a_set(completed_at))
    assert not goes_stale_by(health, POLICY, LAST_INSTANT)


@pytest.mark.parametrize(
    ("plans", "pause"),
    [
        ([("0 2 * * *", "UTC")], DAY),
        ([("0 2 * * *", "UTC"), ("0 14 * * *", "UTC")], DAY / 2),
        ([("0 2 * * 1-5", "UTC")], 3 * DAY),
        ([("0 2 1 * *", "UTC")], 31 * DAY),
        ([("0 2 * * *", "UTC"), ("0 3 1 * *", "UTC")], DAY - HOUR + HOUR),
        ([("0 2 1 1 *", "UTC")], 365 * DAY),
        ([("0 2 29 2 *", "UTC")], (4 * 365 + 1) * DAY),
        ([("*/5 8-17 * * 1-5", "UTC")], timedelta(days=2, hours=14, minutes=5)),
    ],
)
def test_the_longest_time_between_two_planned_runs(plans: list[tuple[str, str]], pause: timedelta) -> None:
    assert longest_pause(plans, NOW) == pause


def test_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    before = datetime(2026, 10, 20, tzinfo=UTC)
    assert longest_pause([("0 1 * * *", "Europe/Berlin")], before) == 25 * HOUR


@pytest.mark.parametrize(
    "plans",
    [
        [],
        [(None, "UTC")],
        [("0 2 * * *", "UTC"), (None, "UTC")],
        [("0 2 * * *", "UTC"), ("61 2 * * *", "UTC")],
        [("0 2 * * *", "Nowhere/At_All")],
        [("0 2 30 2 *", "UTC")],
    ],
)
def test_another_tools_plan_is_unknown(plans: list[tuple[str | None, str]]) -> None:
    assert longest_pause(plans, NOW) is None


def test_at_the_end_of_the_calendar_plans_end() -> None:
    assert longest_pause([("0 2 * * *", "UTC")], LAST_INSTANT - HOUR) is None


def test_a_run_takes_time_too() -> None:
    assert cannot_stay_fresh(WINDOW, POLICY)
    assert not cannot_stay_fresh(WINDOW - TICK, POLICY)
