"""The one decision: the ten combinations, their order, how long it holds (docs/concepts.md, "Posture and reasons")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.facts import BackupSchedule, BackupSet, ItemTally, TenantFacts, UnreadableEvidence
from health.posture import Posture, Reason, TenantBackupHealth, judge, triage_key
from tests.health.making import (
    DAY,
    GRACE,
    HOUR,
    LAST_INSTANT,
    LONG_AGO,
    LONGEST,
    NOW,
    POLICY,
    SKEW,
    TICK,
    WINDOW,
    a_good_schedule,
    a_schedule,
    a_set,
    a_tally,
    a_tenant,
    an_item,
    facts_of,
    judged,
)

ABSENT, STALE, DEGRADED, FOLLOW_UP = (
    "no_backup_basis",
    "latest_backup_stale",
    "latest_backup_degraded",
    "schedule_follow_up",
)
FRESH_SET, OLD_SET = a_set(NOW - HOUR), a_set(NOW - WINDOW - TICK)
WORSE = a_tally(an_item(capture_mode="metadata_only"))
FAILING = a_schedule(created_at=NOW, last_run_status="failed")
GOOD = a_good_schedule()


@pytest.mark.parametrize("with_good_schedule", [False, True])
@pytest.mark.parametrize(
    ("basis", "degraded", "failing", "posture", "reasons"),
    [
        (None, False, False, "absent", (ABSENT,)),
        (None, False, True, "absent", (ABSENT, FOLLOW_UP)),
        (OLD_SET, False, False, "stale", (STALE,)),
        (OLD_SET, False, True, "stale", (STALE, FOLLOW_UP)),
        (OLD_SET, True, False, "stale", (STALE, DEGRADED)),
        (OLD_SET, True, True, "stale", (STALE, DEGRADED, FOLLOW_UP)),
        (FRESH_SET, True, False, "degraded", (DEGRADED,)),
        (FRESH_SET, True, True, "degraded", (DEGRADED, FOLLOW_UP)),
        (FRESH_SET, False, False, "healthy", ()),
        (FRESH_SET, False, True, "healthy", (FOLLOW_UP,)),
    ],
)
def test_all_ten_combinations(
    basis: BackupSet | None,
    degraded: bool,
    failing: bool,
    posture: str,
    reasons: tuple[str, ...],
    with_good_schedule: bool,
) -> None:
    schedules = ([GOOD] if with_good_schedule else []) + ([FAILING] if failing else [])
    health = judged(basis, *schedules, tally=WORSE if degraded else None)
    assert (health.posture, health.reasons) == (posture, reasons)
    assert health.primary_reason == (reasons[0] if reasons else None)
    assert health.confirmed is (posture == "healthy" and not reasons)
    assert health.unreadable is None


def test_the_words_and_their_order() -> None:
    assert [str(posture) for posture in Posture] == ["absent", "stale", "degraded", "healthy"]
    assert [str(reason) for reason in Reason] == [ABSENT, STALE, DEGRADED, FOLLOW_UP]


@pytest.mark.parametrize(
    ("age", "posture"),
    [
        (WINDOW, "healthy"),
        (WINDOW + TICK, "stale"),
        (-SKEW, "healthy"),
        (-SKEW - TICK, "stale"),
    ],
)
def test_both_ends_of_freshness_decide_the_posture(age: timedelta, posture: str) -> None:
    assert judged(a_set(NOW - age)).posture == posture


def test_a_sets_own_families_degrade_it_though_items_are_whole() -> None:
    assert judged(a_set(status="partial")).reasons == (DEGRADED,)
    assert judged(a_set(item_count=2)).reasons == (DEGRADED,)
    assert judged(a_set(), tally=a_tally(an_item(assignments_state=None))).confirmed


def test_a_schedule_in_order_or_none_changes_nothing() -> None:
    assert judged(FRESH_SET).confirmed
    without_basis = judged(None, a_good_schedule(last_run_at=NOW))
    assert (without_basis.posture, without_basis.reasons) == ("absent", (ABSENT,))


def test_a_verdict_has_the_facts_it_was_judged_from() -> None:
    health = judged(OLD_SET, GOOD, FAILING, tally=WORSE)
    assert (health.basis, health.freshness, health.schedules) == (OLD_SET, "too_old", (GOOD, FAILING))
    assert health.quality is not None
    assert health.quality.families == (("metadata_only", 1),)
    assert [found.schedule for found in health.follow_ups] == [FAILING]
    absent = judged(None)
    assert (absent.basis, absent.freshness, absent.quality, absent.follow_ups) == (None, None, None, ())


def test_every_schedule_with_a_condition_is_listed_in_order() -> None:
    schedules = [FAILING._replace(id=number) for number in (2, 5, 9)]
    assert [found.schedule.id for found in judged(FRESH_SET, *schedules).follow_ups] == [2, 5, 9]


def test_success_without_backup_is_judged_beside_the_tenants_basis() -> None:
    ran = a_good_schedule(last_run_at=NOW - 3 * HOUR)
    assert judged(a_set(NOW - 2 * HOUR), ran).confirmed
    assert judged(a_set(NOW - 5 * HOUR), ran).reasons == (FOLLOW_UP,)
    assert judged(None, ran).reasons == (ABSENT, FOLLOW_UP)


EVIDENCE = UnreadableEvidence("backup_sets", "completed_at", 4711, "backup_sets.completed_at of row 4711 is missing")


def test_the_unreadable_has_no_posture_no_reason_no_confirmation() -> None:
    health = judge(TenantFacts(a_tenant(), None, None, (), EVIDENCE), POLICY, NOW)
    assert (health.posture, health.reasons, health.primary_reason) == (None, (), None)
    assert (health.basis, health.freshness, health.quality) == (None, None, None)
    assert (health.schedules, health.follow_ups) == ((), ())
    assert (health.unreadable, health.holds_until) == (EVIDENCE, LAST_INSTANT)
    assert not health.confirmed


@pytest.mark.parametrize(("basis", "tally"), [(a_set(None), a_tally()), (FRESH_SET, None)])
def test_a_basis_without_its_instant_or_tally_is_absent(basis: BackupSet, tally: ItemTally | None) -> None:
    health = judge(TenantFacts(a_tenant(), basis, tally, ()), POLICY, NOW)
    assert (health.posture, health.reasons) == ("absent", (ABSENT,))


# Triage


def tenants_in_triage_order() -> Iterator[TenantBackupHealth]:
    """Each differs from the next only in the next sort key (docs/documents.md, "Triage order")."""
    number = 0

    def named(name: str, external_id: str = "") -> Any:
        nonlocal number
        number += 1
        return a_tenant(id=number, name=name, external_id=external_id or f"tenant-{99 - number}")

    for name in ("Adventure", "Zebra"):
        yield judge(TenantFacts(named(name), None, None, (), EVIDENCE), POLICY, NOW)
    for name in ("alpine", "Contoso"):
        yield judged(None, tenant=named(name))
    yield judged(a_set(NOW - 9 * DAY), tenant=named("Zoo"))
    yield judged(a_set(NOW - 2 * DAY), tenant=named("Ant"))
    # The age of a basis in the future cannot be trusted either.
    yield judged(a_set(NOW + DAY), tenant=named("Ant"))
    yield judged(a_set(NOW - 2 * HOUR), tenant=named("Zoo"), tally=WORSE)
    yield judged(FRESH_SET, tenant=named("Ant"), tally=WORSE)
    yield judged(a_set(NOW - 2 * HOUR), FAILING, tenant=named("Zoo"))
    yield judged(FRESH_SET, FAILING, tenant=named("Ant"))
    # Confirmed: oldest basis, then name without regard to case, then external id.
    yield judged(a_set(NOW - HOUR - TICK), tenant=named("zzz"))
    yield judged(FRESH_SET, tenant=named("contoso", "b.example"))
    yield judged(FRESH_SET, tenant=named("CONTOSO", "c.example"))
    yield judged(FRESH_SET, tenant=named("Fabrikam", "a.example"))
    yield judged(FRESH_SET, tenant=named("Strassen", "d.example"))
    yield judged(FRESH_SET, tenant=named("Straßen", "e.example"))
    yield judged(FRESH_SET, tenant=named("Strasser", "c.example"))


def test_triage_order() -> None:
    wanted = list(tenants_in_triage_order())
    shuffled = Random(7).sample(wanted, len(wanted))
    assert shuffled != wanted
    assert sorted(shuffled, key=triage_key) == wanted
    for one, other in pairwise(wanted):
        assert triage_key(one) < triage_key(other)


# How long a verdict holds

AROUND = [
    *(sign * limit + tick for limit in (WINDOW, GRACE, SKEW, LONGEST, WINDOW + GRACE) for sign in (1, -1)
      for tick in (timedelta(0), TICK, -TICK)),
    timedelta(0), HOUR, -HOUR, -9 * DAY, 30 * DAY,
]  # fmt: skip
INSTANTS = st.one_of(
    st.sampled_from(AROUND).map(lambda apart: NOW - apart),
    st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 26), timezones=st.just(UTC)),
    st.sampled_from([LONG_AGO, LAST_INSTANT, LAST_INSTANT - HOUR]),
)
MAYBE = st.none() | INSTANTS
SETS = st.builds(
    lambda completed_at, created_at, status: a_set(completed_at, created_at=created_at, status=status),
    INSTANTS,
    INSTANTS,
    st.sampled_from(["completed", "partial"]),
)
SCHEDULES = st.builds(
    a_schedule,
    cron=st.sampled_from([None, "0 2 * * *", "*/20 * * * *", "30 8 * * MON", "never"]),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Mars/Olympus"]),
    created_at=INSTANTS,
    enabled_at=MAYBE,
    last_run_at=MAYBE,
    next_run_at=MAYBE,
    last_run_status=st.sampled_from([None, "", "success", "OK", "failed", "running"]),
)
FACTS = st.builds(
    lambda basis, schedules, tally: facts_of(basis, *schedules, tally=tally),
    st.none() | SETS,
    st.lists(SCHEDULES, max_size=3),
    st.sampled_from([a_tally(), WORSE]),
)


def seen(health: TenantBackupHealth) -> tuple[object, ...]:
    """A verdict without the instant until which it holds."""
    follow_ups = [(found.schedule, found.conditions, found.problem) for found in health.follow_ups]
    return health.posture, health.reasons, health.freshness, health.quality, follow_ups


@given(facts=FACTS, now=INSTANTS, fraction=st.floats(0, 1))
def test_a_verdict_holds_until_its_instant_and_changes_right_after(
    facts: TenantFacts, now: datetime, fraction: float
) -> None:
    health = judge(facts, POLICY, now)
    until = health.holds_until
    assert until >= now
    between = now + (until - now) * fraction
    for later in (between, until):
        if later <= until:
            again = judge(facts, POLICY, later)
            assert seen(again) == seen(health), later
            assert again.holds_until == until, later
    if until < LAST_INSTANT:
        assert seen(judge(facts, POLICY, until + TICK)) != seen(health)


@given(facts=FACTS, now=INSTANTS)
def test_a_verdict_depends_on_its_arguments_alone(facts: TenantFacts, now: datetime) -> None:
    assert judge(facts, POLICY, now) == judge(facts, POLICY, now)


RANK = {"absent": 0, "stale": 1, "degraded": 2, "healthy": 3}


def rank(health: TenantBackupHealth) -> int:
    assert health.posture is not None
    return RANK[health.posture]


@given(facts=FACTS, now=INSTANTS, later=st.timedeltas(timedelta(0), 9 * DAY))
def test_time_improves_only_a_basis_that_was_in_the_future(facts: TenantFacts, now: datetime, later: timedelta) -> None:
    try:
        then = now + later
    except OverflowError:
        return
    before, after = judge(facts, POLICY, now), judge(facts, POLICY, then)
    if before.freshness != "in_the_future":
        assert rank(after) <= rank(before)


@given(facts=FACTS, now=INSTANTS, schedules=st.lists(SCHEDULES, max_size=3))
def test_schedules_never_change_a_posture(facts: TenantFacts, now: datetime, schedules: list[BackupSchedule]) -> None:
    health = judge(facts, POLICY, now)
    other = judge(facts._replace(schedules=tuple(schedules)), POLICY, now)
    assert (other.posture, other.freshness, other.quality) == (health.posture, health.freshness, health.quality)
    without = [reason for reason in health.reasons if reason != FOLLOW_UP]
    assert [reason for reason in other.reasons if reason != FOLLOW_UP] == without


def test_the_order_of_schedules_changes_no_reason() -> None:
    for order in permutations([GOOD, FAILING, a_good_schedule(cron="never")]):
        assert judged(FRESH_SET, *order).reasons == (FOLLOW_UP,)
