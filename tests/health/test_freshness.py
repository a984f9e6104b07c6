"""Both sides of the freshness window and of the clocks' tolerance (docs/concepts.md, "Freshness")."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.freshness import Freshness, freshness_holds_until, freshness_of, goes_stale_at, no_longer_fresh_from
from health.policy import HealthPolicy
from tests.health.making import FIRST_INSTANT, LAST_INSTANT, NOW, POLICY, SKEW, TICK, WINDOW

NOTHING = timedelta(0)


def test_the_policy_is_the_contracts_unless_settings_say_otherwise() -> None:
    assert HealthPolicy() == POLICY


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (NOTHING, "fresh"),
        (WINDOW - TICK, "fresh"),
        (WINDOW, "fresh"),
        (WINDOW + TICK, "too_old"),
        (timedelta(days=4000), "too_old"),
        (-TICK, "fresh"),
        (-SKEW + TICK, "fresh"),
        (-SKEW, "fresh"),
        (-SKEW - TICK, "in_the_future"),
        (-timedelta(days=4000), "in_the_future"),
    ],
)
def test_both_sides_of_the_window_and_of_the_tolerance(age: timedelta, expected: str) -> None:
    assert freshness_of(NOW - age, POLICY, NOW) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [(NOTHING, "fresh"), (TICK, "too_old"), (-TICK, "in_the_future")],
)
def test_without_tolerance_the_present_instant_is_still_fresh(age: timedelta, expected: str) -> None:
    assert freshness_of(NOW - age, HealthPolicy(NOTHING, NOTHING, NOTHING, NOTHING), NOW) == expected


@pytest.mark.parametrize(
    ("completed_at", "now", "expected"),
    [
        (FIRST_INSTANT, LAST_INSTANT, "too_old"),
        (LAST_INSTANT, FIRST_INSTANT, "in_the_future"),
        (FIRST_INSTANT, FIRST_INSTANT, "fresh"),
        (LAST_INSTANT, LAST_INSTANT, "fresh"),
    ],
)
def test_the_ends_of_the_calendar_are_judged_too(completed_at: datetime, now: datetime, expected: str) -> None:
    found = freshness_of(completed_at, POLICY, now)
    assert found == expected
    assert freshness_holds_until(completed_at, found, POLICY) >= now


def test_a_basis_goes_stale_a_window_after_it_was_completed() -> None:
    assert goes_stale_at(NOW, POLICY) == NOW + WINDOW
    assert goes_stale_at(LAST_INSTANT, POLICY) == LAST_INSTANT


def test_a_basis_is_older_than_the_window_from_the_tick_after_that() -> None:
    assert no_longer_fresh_from(NOW, POLICY) == NOW + WINDOW + TICK
    assert no_longer_fresh_from(LAST_INSTANT, POLICY) == LAST_INSTANT


@pytest.mark.parametrize(
    ("age", "until"),
    [
        (NOTHING, NOW + WINDOW),
        (WINDOW, NOW + WINDOW),
        (-SKEW, NOW + WINDOW),
        # In the future until the clock is within the tolerance of it.
        (-SKEW - TICK, NOW - SKEW - TICK),
        (-timedelta(days=9), NOW - SKEW - TICK),
        # Nothing makes an old backup young.
        (WINDOW + TICK, LAST_INSTANT),
    ],
)
def test_how_long_the_freshness_holds(age: timedelta, until: datetime) -> None:
    found = freshness_of(NOW, POLICY, NOW + age)
    assert freshness_holds_until(NOW, found, POLICY) == until


SPANS = st.timedeltas(NOTHING, timedelta(days=3))


@given(age=st.timedeltas(-timedelta(days=9), timedelta(days=9)), window=SPANS, skew=SPANS)
def test_freshness_changes_right_after_the_instant_it_holds_until(
    age: timedelta, window: timedelta, skew: timedelta
) -> None:
    policy = HealthPolicy(freshness_window=window, clock_skew=skew)
    now = NOW + age
    found = freshness_of(NOW, policy, now)
    until = freshness_holds_until(NOW, found, policy)
    assert until >= now
    assert freshness_of(NOW, policy, until) is found
    if until < LAST_INSTANT:
        assert freshness_of(NOW, policy, until + TICK) is not found


@given(age=st.timedeltas(NOTHING, timedelta(days=9)), later=SPANS)
def test_a_stale_basis_never_becomes_fresh_by_waiting(age: timedelta, later: timedelta) -> None:
    if freshness_of(NOW, POLICY, NOW + age) is Freshness.TOO_OLD:
        assert freshness_of(NOW, POLICY, NOW + age + later) is Freshness.TOO_OLD
