"""Covered time in whole seconds, checked against a verdict for each moment that was written from the words alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.coverage import PastSet, TenantPast
from health.covered_time import CoveredTime, covered_time
from health.facts import Tenant, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import judge
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, POLICY, TICK, WINDOW, a_set, a_tenant, facts_of

BEGIN = NOW - 30 * DAY
SECOND = timedelta(seconds=1)


class Kept(NamedTuple):
    """A completed or partial set: whether it is in a family, deleted, or cannot be read."""

    completed_at: datetime
    id: int
    bad: bool = False
    deleted: bool = False
    readable: bool = True

    @property
    def past(self) -> PastSet:
        backup_set = a_set(self.completed_at, id=self.id) if self.readable else None
        return PastSet(self.completed_at, self.id, backup_set, 1, int(self.bad), self.deleted)


def time_of(
    *sets: Kept,
    tenant: Tenant | None = None,
    policy: HealthPolicy = POLICY,
    begin: datetime = BEGIN,
    end: datetime = NOW,
    now: datetime = NOW,
) -> CoveredTime:
    health = judge(facts_of(None, tenant=tenant or a_tenant()), policy, now)
    first_at = min((each.completed_at for each in sets), default=None)
    return covered_time(health, TenantPast([each.past for each in sets], first_at), policy, begin, end, now)


def state_at(sets: Sequence[Kept], tenant: Tenant, policy: HealthPolicy, now: datetime, at: datetime) -> str:
    """The state at one moment, by the words of the contract."""
    if at >= now:
        return "unknown"
    if sets and all(at < each.completed_at for each in sets):
        return "unknown"
    if not sets:
        assert tenant.created_at is not None
        return "unknown" if at < tenant.created_at else "uncovered"
    then = [each for each in sets if each.completed_at <= at]
    latest = max(then, key=lambda each: (each.completed_at, each.id))
    if latest.deleted and at - latest.completed_at <= policy.freshness_window:
        return "unknown"
    kept = [each for each in then if not each.deleted]
    if not kept:
        return "uncovered"
    basis = max(kept, key=lambda each: (each.completed_at, each.id))
    if not basis.readable or at - basis.completed_at > policy.freshness_window:
        return "uncovered"
    return "degraded" if basis.bad else "protected"


def expected(
    sets: Sequence[Kept], tenant: Tenant, policy: HealthPolicy, begin: datetime, end: datetime, now: datetime
) -> CoveredTime:
    """The moments between all instants that may change the state."""
    edges = {begin, end, now, tenant.created_at or begin}
    for each in sets:
        edges |= {each.completed_at, each.completed_at + policy.freshness_window + TICK}
    inside = sorted(edge for edge in edges if begin <= edge <= end)
    lasted = {"protected": timedelta(0), "degraded": timedelta(0), "uncovered": timedelta(0), "unknown": timedelta(0)}
    for one, following in pairwise(inside):
        lasted[state_at(sets, tenant, policy, now, one)] += following - one
    whole = {state: int(duration.total_seconds()) for state, duration in lasted.items()}
    total = int((end - begin).total_seconds())
    known = whole["protected"] + whole["degraded"] + whole["uncovered"]
    return CoveredTime(whole["protected"], whole["degraded"], whole["uncovered"], total - known)


instants = st.one_of(
    st.timedeltas(min_value=-2 * DAY, max_value=33 * DAY).map(lambda ago: NOW - ago),
    st.builds(
        lambda steps, near: NOW - steps * WINDOW + near, st.integers(-1, 32), st.sampled_from([0 * TICK, TICK, -TICK])
    ),
)
histories = st.lists(
    st.builds(
        Kept,
        instants,
        st.integers(1, 1000),
        st.booleans(),
        st.sampled_from([False, False, True]),
        st.sampled_from([True, True, True, False]),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)
policies = st.sampled_from([POLICY, HealthPolicy(freshness_window=26 * HOUR), HealthPolicy(freshness_window=0 * DAY)])
tenants = st.sampled_from([LONG_AGO, BEGIN + 7 * DAY + TICK, NOW + DAY]).map(lambda at: a_tenant(created_at=at))
periods = st.tuples(instants, instants).map(lambda pair: (min(pair), max(pair)))


@given(sets=histories, tenant=tenants, policy=policies, period=periods)
def test_it_is_as_the_words_say_at_each_moment(
    sets: list[Kept], tenant: Tenant, policy: HealthPolicy, period: tuple[datetime, datetime]
) -> None:
    begin, end = period
    found = time_of(*sets, tenant=tenant, policy=policy, begin=begin, end=end)
    assert found == expected(sets, tenant, policy, begin, end, NOW)
    assert sum(found) == (end - begin) // SECOND
    assert min(found) >= 0


@given(sets=histories, tenant=tenants, policy=policies)
def test_only_sets_that_may_be_fresh_in_the_period_are_needed(
    sets: list[Kept], tenant: Tenant, policy: HealthPolicy
) -> None:
    health = judge(facts_of(None, tenant=tenant), policy, NOW)
    first_at = min((each.completed_at for each in sets), default=None)
    near = [each.past for each in sets if BEGIN - policy.freshness_window <= each.completed_at < NOW]
    assert covered_time(health, TenantPast(near, first_at), policy, BEGIN, NOW, NOW) == time_of(
        *sets, tenant=tenant, policy=policy
    )


def test_covered_to_the_end_of_the_window() -> None:
    assert time_of(Kept(BEGIN, 1)) == (86400, 0, 29 * 86400 - 1, 1)
    assert time_of(Kept(BEGIN - TICK, 1)) == (86400, 0, 29 * 86400, 0)
    assert time_of(Kept(NOW - HOUR, 1, bad=True)) == (0, 3600, 0, 30 * 86400 - 3600)


@pytest.mark.parametrize(
    ("created_at", "found"),
    [
        (LONG_AGO, (0, 0, 30 * 86400, 0)),
        (NOW - DAY, (0, 0, 86400, 29 * 86400)),
        (NOW, (0, 0, 0, 30 * 86400)),
    ],
)
def test_without_any_set_it_is_uncovered_since_it_was_created(created_at: datetime, found: CoveredTime) -> None:
    assert time_of(tenant=a_tenant(created_at=created_at)) == found


def test_before_the_first_set_even_a_deleted_one_nothing_is_known() -> None:
    assert time_of(Kept(NOW - 2 * DAY - TICK, 1)).unknown == 28 * 86400
    assert time_of(Kept(NOW - 10 * DAY, 1, deleted=True), Kept(NOW - 2 * DAY, 2)) == (
        86400,
        0,
        8 * 86400 - 1,
        21 * 86400 + 1,
    )


def test_a_first_set_after_the_period_makes_all_of_it_unknown() -> None:
    assert time_of(Kept(NOW - HOUR, 1), end=NOW - HOUR) == (0, 0, 0, 30 * 86400 - 3600)


def test_where_a_deleted_set_would_be_the_basis_nothing_is_known() -> None:
    """Also if an older set was still fresh. It lasts until the next set, or until it would not have been fresh."""
    older, deleted, newer = Kept(NOW - 30 * HOUR, 1), Kept(NOW - 24 * HOUR, 2, deleted=True), Kept(NOW - 20 * HOUR, 3)
    assert time_of(older, deleted, newer, begin=NOW - 30 * HOUR) == (6 * 3600 + 20 * 3600, 0, 0, 4 * 3600)
    assert time_of(older, deleted, begin=NOW - 30 * HOUR) == (6 * 3600, 0, 0, 24 * 3600)
    # At the same instant the greater id is the basis.
    same = Kept(NOW - 24 * HOUR, 3)
    assert time_of(older, deleted, same, begin=NOW - 30 * HOUR).unknown == 0


def test_an_unreadable_tenants_time_is_not_known() -> None:
    evidence = UnreadableEvidence("backup_sets", "completed_at", 7, "completed_at of row 7 is not an instant")
    health = judge(facts_of(None)._replace(unreadable=evidence), POLICY, NOW)
    past = TenantPast([Kept(NOW - HOUR, 1).past], NOW - HOUR)
    assert covered_time(health, past, POLICY, BEGIN, NOW, NOW) == (0, 0, 0, 30 * 86400)


def test_the_future_is_not_known() -> None:
    assert time_of(Kept(NOW - HOUR, 1), begin=NOW - HOUR, end=NOW + 2 * HOUR) == (3600, 0, 0, 7200)


def test_fractions_are_rounded_down_and_an_empty_time_is_zero() -> None:
    half = timedelta(milliseconds=500)
    assert time_of(Kept(NOW - HOUR - half, 1), begin=NOW - HOUR - half) == (3600, 0, 0, 0)
    assert time_of(Kept(NOW - HOUR - half, 1), begin=NOW - HOUR - 2 * half) == (3600, 0, 0, 1)
    assert time_of(begin=NOW, end=NOW) == (0, 0, 0, 0)
    assert time_of(begin=NOW, end=NOW - DAY) == (0, 0, 0, 0)


@given(
    sets=st.lists(
        st.builds(
            lambda second, **of: Kept(BEGIN + second * SECOND, 0, **of),
            st.integers(-40, 160),
            bad=st.booleans(),
            deleted=st.booleans(),
            readable=st.booleans(),
        ),
        max_size=8,
    ),
    seconds=st.tuples(st.integers(-20, 140), st.integers(0, 120)),
)
def test_second_by_second(sets: list[Kept], seconds: tuple[int, int]) -> None:
    """If every change and the end of the window is at a full second, each second is as its middle."""
    sets = [each._replace(id=number) for number, each in enumerate(sets, 1)]
    tenant, policy = a_tenant(), HealthPolicy(freshness_window=30 * SECOND - TICK)
    begin = BEGIN + seconds[0] * SECOND
    middles = [begin + number * SECOND + SECOND / 2 for number in range(seconds[1])]
    states = [state_at(sets, tenant, policy, NOW, middle) for middle in middles]
    found = time_of(*sets, tenant=tenant, policy=policy, begin=begin, end=begin + seconds[1] * SECOND)
    assert found == tuple(states.count(name) for name in CoveredTime._fields)
