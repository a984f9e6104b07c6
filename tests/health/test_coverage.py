"""The coverage of the last 30 days is the freshness and quality of the basis, at every known instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from health.coverage import Coverage, CoverageState, PastSet, TenantPast, coverage_of
from health.facts import BackupItem, BackupSet, Tenant, UnreadableEvidence
from health.freshness import Freshness, freshness_of
from health.policy import HealthPolicy
from health.posture import Posture, TenantBackupHealth, judge
from health.quality import BackupQualityResolver
from tests.health.making import (
    DAY,
    FIRST_INSTANT,
    HOUR,
    LAST_INSTANT,
    LONG_AGO,
    NOW,
    POLICY,
    SKEW,
    TICK,
    WINDOW,
    a_set,
    a_tally,
    a_tenant,
    an_item,
    facts_of,
)

PROTECTED, DEGRADED, NOT_COVERED = CoverageState
BEGIN = NOW - 30 * DAY
WHOLE, BAD = an_item(), an_item(capture_mode="metadata_only")


class Kept(NamedTuple):
    """A set that may be a basis, and its items; `readable` is False if its row cannot be read."""

    backup_set: BackupSet
    items: tuple[BackupItem, ...] = (WHOLE,)
    readable: bool = True

    @property
    def completed_at(self) -> datetime:
        assert self.backup_set.completed_at is not None
        return self.backup_set.completed_at

    @property
    def past(self) -> PastSet:
        tally = BackupQualityResolver(POLICY).tally(self.items)
        read = self.backup_set if self.readable else None
        return PastSet(self.completed_at, self.backup_set.id, read, tally.items, tally.degraded_items)


def kept(completed_at: datetime, *items: BackupItem, readable: bool = True, **columns: object) -> Kept:
    return Kept(a_set(completed_at, **columns), items or (WHOLE,), readable)


def basis_of(sets: Sequence[Kept], at: datetime) -> Kept | None:
    """The basis at an instant: the latest completed by then, then the greatest id (docs/concepts.md, "The basis")."""
    completed = [each for each in sets if each.completed_at <= at]
    return max(completed, key=lambda each: (each.completed_at, each.backup_set.id), default=None)


def judged_then(sets: Sequence[Kept], policy: HealthPolicy, at: datetime) -> CoverageState:
    basis = basis_of(sets, at)
    if basis is None or not basis.readable or freshness_of(basis.completed_at, policy, at) is not Freshness.FRESH:
        return NOT_COVERED
    quality = BackupQualityResolver(policy)
    return DEGRADED if quality.resolve(basis.backup_set, quality.tally(basis.items)).degraded else PROTECTED


def health_now(sets: Sequence[Kept], tenant: Tenant, policy: HealthPolicy, now: datetime) -> TenantBackupHealth:
    """The present verdict: its basis may lie in the future."""
    basis = basis_of(sets, LAST_INSTANT)
    if basis is None:
        return judge(facts_of(None, tenant=tenant), policy, now)
    tally = BackupQualityResolver(policy).tally(basis.items)
    return judge(facts_of(basis.backup_set, tally=tally, tenant=tenant), policy, now)


def coverage(
    *sets: Kept,
    tenant: Tenant | None = None,
    policy: HealthPolicy = POLICY,
    now: datetime = NOW,
    deleted: Sequence[Kept] = (),
) -> Coverage | None:
    gone = [each.past._replace(backup_set=None, deleted=True) for each in deleted]
    first_at = min((each.completed_at for each in (*sets, *deleted)), default=None)
    past = TenantPast([*(each.past for each in sets), *gone], first_at)
    return coverage_of(health_now(sets, tenant or a_tenant(), policy, now), past, policy, now)


def known(found: Coverage | None) -> Coverage:
    assert found is not None
    return found


def state_at(found: Coverage, at: datetime) -> CoverageState | None:
    (state,) = [span.state for span in found.spans if span.begin <= at < span.end]
    return state


def shown(found: Coverage | None) -> str:
    """The cells as letters: protected, degraded, not covered, and a dot for unknown."""
    return "".join("." if cell is None else "pdn"[cell] for cell in known(found).cells)


# At every instant

# Near the ends of the period and near each other: ties, gaps of exactly a window, sets in the future.
ages = st.one_of(
    st.timedeltas(min_value=-2 * DAY, max_value=33 * DAY),
    st.builds(
        lambda steps, near: steps * WINDOW + near, st.integers(-1, 33), st.sampled_from([0 * TICK, TICK, -TICK, SKEW])
    ),
)
kept_sets = st.builds(
    lambda age, set_id, status, item_count, error, started, items, readable: kept(
        NOW - age,
        *items,
        readable=readable,
        id=set_id,
        status=status,
        item_count=item_count,
        error=error,
        started_at=None if started is None else NOW - age + started,
    )._replace(items=tuple(items)),
    ages,
    st.integers(1, 1000),
    st.sampled_from(["completed", "completed", "completed", "partial"]),
    st.sampled_from([None, None, 0, 1, 2]),
    st.sampled_from([None, None, None, "throttled"]),
    st.sampled_from([None, -HOUR, TICK]),
    st.sampled_from([[], [WHOLE], [WHOLE], [WHOLE], [WHOLE, BAD]]),
    st.sampled_from([True, True, True, False]),
)
histories = st.lists(kept_sets, max_size=12, unique_by=lambda each: each.backup_set.id)
policies = st.sampled_from([POLICY, HealthPolicy(freshness_window=26 * HOUR), HealthPolicy(freshness_window=0 * DAY)])
tenants = st.sampled_from([LONG_AGO, BEGIN + 7 * DAY + TICK, NOW - TICK]).map(lambda at: a_tenant(created_at=at))


def instants_of_interest(sets: Sequence[Kept], policy: HealthPolicy) -> list[datetime]:
    """Both sides of every instant that may change the state."""
    edges = [BEGIN, NOW, *(each.completed_at for each in sets)]
    edges += [each.completed_at + policy.freshness_window for each in sets]
    instants = [edge + step for edge in edges for step in (-TICK, 0 * TICK, TICK)]
    return [at for at in instants if BEGIN <= at < NOW]


@given(sets=histories, tenant=tenants, policy=policies)
def test_at_every_instant_it_is_the_verdict_of_then(sets: list[Kept], tenant: Tenant, policy: HealthPolicy) -> None:
    found = coverage(*sets, tenant=tenant, policy=policy)
    assume(found is not None)
    known_from = min((each.completed_at for each in sets), default=tenant.created_at) or BEGIN
    for at in instants_of_interest(sets, policy):
        assert state_at(known(found), at) is (None if at < known_from else judged_then(sets, policy, at)), at


@given(sets=histories, tenant=tenants, policy=policies)
def test_the_spans_are_without_a_gap(sets: list[Kept], tenant: Tenant, policy: HealthPolicy) -> None:
    found = coverage(*sets, tenant=tenant, policy=policy)
    assume(found is not None)
    spans = known(found).spans
    assert (spans[0].begin, spans[-1].end) == (BEGIN, NOW)
    assert all(span.begin < span.end for span in spans)
    for one, following in pairwise(spans):
        assert one.end == following.begin
        assert one.state is not following.state


@given(sets=histories, tenant=tenants, policy=policies)
def test_a_cell_is_the_worst_in_it_and_the_last_never_calmer(
    sets: list[Kept], tenant: Tenant, policy: HealthPolicy
) -> None:
    found = coverage(*sets, tenant=tenant, policy=policy)
    assume(found is not None)
    spans = [span for span in known(found).spans if span.state is not None]
    for day, cell in enumerate(known(found).cells[:-1]):
        begin, end = BEGIN + day * DAY, BEGIN + (day + 1) * DAY
        within = [span.state for span in spans if span.begin < end and span.end > begin and span.state is not None]
        assert cell == max(within, default=None)
    posture = health_now(sets, tenant, policy, NOW).posture
    now = {Posture.HEALTHY: PROTECTED, Posture.DEGRADED: DEGRADED}.get(posture or Posture.ABSENT, NOT_COVERED)
    last = [span.state for span in spans if span.end > NOW - DAY and span.state is not None]
    assert known(found).cells[-1] == max([now, *last])


@given(sets=histories, tenant=tenants, policy=policies)
def test_shares_are_whole_percent_and_never_better_than_the_truth(
    sets: list[Kept], tenant: Tenant, policy: HealthPolicy
) -> None:
    maybe = coverage(*sets, tenant=tenant, policy=policy)
    assume(maybe is not None)
    found = known(maybe)
    time = 30 * DAY - found.lasted(None)
    shares = found.shares
    assert sum(shares) == 100
    assert min(shares) >= 0
    assert shares.protected * time <= 100 * found.lasted(PROTECTED)
    assert shares.not_covered * time >= 100 * found.lasted(NOT_COVERED)
    assert (shares.protected + shares.degraded) * time <= 100 * (found.lasted(PROTECTED) + found.lasted(DEGRADED))
    assert (shares.protected == 100) is (found.lasted(PROTECTED) == time)


@given(sets=histories, tenant=tenants, data=st.data())
def test_the_order_of_the_sets_changes_nothing(sets: list[Kept], tenant: Tenant, data: st.DataObject) -> None:
    assert coverage(*sets, tenant=tenant) == coverage(*data.draw(st.permutations(sets)), tenant=tenant)


# Boundaries and examples


def test_covered_to_the_last_tick_of_the_window_and_no_further() -> None:
    completed_at = NOW - 10 * DAY
    found = known(coverage(kept(completed_at)))
    assert [(span.begin, span.end) for span in found.spans if span.state is PROTECTED] == [
        (completed_at, completed_at + WINDOW + TICK)
    ]
    assert found.lasted(NOT_COVERED) == 9 * DAY - TICK
    assert found.lasted(None) == 20 * DAY


@pytest.mark.parametrize(
    ("sets", "cells"),
    [
        ([], 30 * "n"),
        ([kept(NOW - day * DAY) for day in range(31)], 30 * "p"),
        ([kept(NOW - day * DAY - HOUR) for day in range(31)], 30 * "p"),
        # The basis at the beginning was completed before it.
        ([kept(BEGIN - HOUR), *(kept(NOW - day * DAY) for day in range(30))], "n" + 29 * "p"),
        ([kept(NOW - day * DAY) for day in range(31) if day != 10], 20 * "p" + "n" + 9 * "p"),
        # One tick of a day is enough.
        ([kept(NOW - day * DAY - TICK * (day == 10)) for day in range(31)], 30 * "p"),
        ([kept(NOW - day * DAY + TICK * (day == 10)) for day in range(31)], 30 * "p"),
        ([kept(NOW - day * DAY + 2 * TICK * (day == 10)) for day in range(31)], 20 * "p" + "n" + 9 * "p"),
        ([kept(NOW - day * DAY, BAD if day == 10 else WHOLE) for day in range(31)], 20 * "p" + "d" + 9 * "p"),
        # Not covered is worse than degraded, also if it is shorter.
        (
            [kept(NOW - day * DAY + HOUR * (day == 10), BAD if day == 10 else WHOLE) for day in range(31)],
            20 * "p" + "n" + 9 * "p",
        ),
    ],
)
def test_the_strip_of_a_history(sets: list[Kept], cells: str) -> None:
    assert shown(coverage(*sets)) == cells


def test_of_two_sets_at_one_instant_the_greater_id_counts() -> None:
    older, whole, bad = kept(BEGIN, id=5), kept(NOW - HOUR, id=1), kept(NOW - HOUR, BAD, id=2)
    assert known(coverage(older, whole, bad)).lasted(DEGRADED) == HOUR
    assert (
        known(coverage(older, whole, bad._replace(backup_set=bad.backup_set._replace(id=0)))).lasted(DEGRADED)
        == 0 * DAY
    )


def test_a_bad_minute_of_thirty_days_is_never_rounded_away() -> None:
    sets = [kept(NOW - day * DAY + HOUR / 60 * (day == 10)) for day in range(31)]
    found = known(coverage(*sets))
    assert found.lasted(NOT_COVERED) == HOUR / 60 - TICK
    assert found.shares == (99, 0, 1)


def test_a_good_minute_of_thirty_days_is_zero_percent() -> None:
    found = known(coverage(kept(BEGIN - WINDOW - TICK), kept(NOW - HOUR / 60)))
    assert found.shares == (0, 0, 100)
    assert shown(found) == 30 * "n"


# Known and unknown time


def test_the_time_before_the_first_set_is_unknown() -> None:
    for created_at in (LONG_AGO, NOW - 5 * DAY, NOW):
        found = known(coverage(kept(NOW - 2 * DAY), tenant=a_tenant(created_at=created_at)))
        assert found.lasted(None) == 28 * DAY
        assert shown(found) == 28 * "." + "p" + "n"
        assert found.shares == (50, 0, 50)


def test_without_any_set_it_is_uncovered_since_recorded() -> None:
    assert shown(coverage()) == 30 * "n"
    assert shown(coverage(tenant=a_tenant(created_at=NOW - 2 * DAY))) == 28 * "." + "nn"


def test_a_history_shorter_than_a_day_is_not_shown() -> None:
    assert coverage(kept(NOW - DAY + TICK)) is None
    assert coverage(kept(NOW - DAY)) is not None
    assert coverage(tenant=a_tenant(created_at=NOW - DAY + TICK)) is None
    assert coverage(tenant=a_tenant(created_at=NOW - DAY)) is not None


def test_the_time_of_pruned_sets_is_unknown() -> None:
    sets = [kept(NOW - day * DAY, id=100 - day) for day in range(31)]
    found = known(coverage(*sets[:5], deleted=sets[5:]))
    assert shown(found) == 26 * "." + 4 * "p"
    assert found.shares == (100, 0, 0)
    assert found.unreadable_sets == 0
    # If the pruned set would not have been fresh either, the time is known.
    assert shown(known(coverage(*sets[:2], deleted=[sets[10]]))) == 21 * "." + "n" * 8 + "p"


def test_an_unreadable_tenant_has_no_coverage() -> None:
    evidence = UnreadableEvidence("backup_sets", "completed_at", 7, "completed_at of row 7 is not an instant")
    health = judge(facts_of(None)._replace(unreadable=evidence), POLICY, NOW)
    assert coverage_of(health, TenantPast([kept(NOW - 9 * DAY).past], NOW - 9 * DAY), POLICY, NOW) is None


def test_a_set_that_cannot_be_read_governs_and_covers_nothing() -> None:
    sets = [kept(NOW - day * DAY, id=100 - day) for day in range(31)]
    lost = kept(NOW - 5 * DAY - HOUR, id=7, readable=False)
    found = known(coverage(*sets, lost))
    assert found.unreadable_sets == 1
    assert found.lasted(NOT_COVERED) == HOUR
    assert shown(found) == 24 * "p" + "n" + 5 * "p"


def test_a_set_dated_in_the_future_counts_for_nothing() -> None:
    sets = [kept(NOW - day * DAY, id=100 - day) for day in range(31)]
    ahead = kept(NOW + SKEW + TICK, id=200)
    found = known(coverage(*sets, ahead))
    assert found.dated_ahead
    assert found.shares == (100, 0, 0)
    assert shown(found) == 29 * "p" + "n"
    within = known(coverage(*sets, kept(NOW + SKEW, id=200)))
    assert not within.dated_ahead
    assert shown(within) == 30 * "p"


@pytest.mark.parametrize("now", [FIRST_INSTANT + 2 * DAY, LAST_INSTANT])
def test_the_ends_of_the_calendar_have_a_past_too(now: datetime) -> None:
    found = known(coverage(kept(now - 2 * DAY), tenant=a_tenant(created_at=FIRST_INSTANT), now=now))
    assert found.lasted(PROTECTED) == DAY + TICK
    assert found.end == now
    assert found.cells[-1] is NOT_COVERED


# Quality from two counts


@given(kept_set=kept_sets)
def test_two_counts_of_a_set_say_whether_it_is_degraded(kept_set: Kept) -> None:
    quality = BackupQualityResolver(POLICY)
    tally = a_tally(*kept_set.items) if kept_set.items else quality.tally(())
    assert quality.is_degraded(kept_set.backup_set, tally.items, tally.degraded_items) is (
        quality.resolve(kept_set.backup_set, tally).degraded
    )
