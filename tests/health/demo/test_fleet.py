"""The demo fleet shows every state. The product itself judges it, at many instants and in many sizes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from health.demo.fleet import ARCHIVED_TENANTS, DEFAULT_TENANTS, SITUATIONS, demo_fleet
from health.demo.situations import Evidence, Situation, situation_of
from health.freshness import Freshness
from health.policy import HealthPolicy
from health.posture import Posture, Reason, TenantBackupHealth, judge
from health.quality import FAMILY_NAMES
from health.schedules import Condition
from tests.health.demo.demo_verdicts import LARGE, NOW, NOWS, POLICY, facts_of, verdicts

A = Reason.NO_BACKUP_BASIS
S = Reason.LATEST_BACKUP_STALE
D = Reason.LATEST_BACKUP_DEGRADED
F = Reason.SCHEDULE_FOLLOW_UP
COMBINATIONS = {
    (Posture.ABSENT, (A,)),
    (Posture.ABSENT, (A, F)),
    (Posture.STALE, (S,)),
    (Posture.STALE, (S, F)),
    (Posture.STALE, (S, D)),
    (Posture.STALE, (S, D, F)),
    (Posture.DEGRADED, (D,)),
    (Posture.DEGRADED, (D, F)),
    (Posture.HEALTHY, ()),
    (Posture.HEALTHY, (F,)),
}


def families_in(verdict: TenantBackupHealth) -> set[str]:
    return set() if verdict.quality is None else {name for name, _ in verdict.quality.families}


def conditions_in(verdict: TenantBackupHealth) -> list[Condition]:
    return [condition for assessment in verdict.follow_ups for condition in assessment.conditions]


def told_by(situation: Situation) -> tuple[Posture | None, set[str], list[Condition]]:
    """The intended verdict of a situation: posture, families, conditions."""
    if situation.evidence is Evidence.ILLEGIBLE:
        return None, set(), []
    posture = {
        Evidence.RECENT: Posture.DEGRADED if situation.families else Posture.HEALTHY,
        Evidence.OLD: Posture.STALE,
        Evidence.AHEAD: Posture.STALE,
        Evidence.ATTEMPTS: Posture.ABSENT,
        Evidence.NOTHING: Posture.ABSENT,
    }[situation.evidence]
    return posture, set(situation.families), [] if situation.condition is None else [situation.condition]


def assert_shows_everything(found: Iterable[TenantBackupHealth]) -> None:
    """Every posture with every reason, every family and condition, both ways of being stale, one unreadable tenant."""
    found = list(found)
    assert {(v.posture, v.reasons) for v in found if v.unreadable is None} == COMBINATIONS
    assert sum(v.unreadable is not None for v in found) == 1
    assert set().union(*map(families_in, found)) == set(FAMILY_NAMES)
    assert {condition for v in found for condition in conditions_in(v)} == set(Condition)
    assert {v.freshness for v in found if v.freshness is not None} == set(Freshness)
    assert any(
        v.confirmed and v.quality is not None and v.quality.assignments_not_recorded == v.quality.items for v in found
    )


def assert_as_told(found: list[TenantBackupHealth]) -> None:
    """Check that every tenant is judged as its situation says, with no other family or condition."""
    for index, verdict in enumerate(found):
        judged = (verdict.posture, families_in(verdict), conditions_in(verdict))
        assert judged == told_by(situation_of(index)), (index, verdict.tenant.name)


@pytest.mark.parametrize("tenants", [30, DEFAULT_TENANTS])
@pytest.mark.parametrize("now", NOWS, ids=str)
def test_everything_occurs_at_any_instant(now: datetime, tenants: int) -> None:
    found = verdicts(now, tenants)
    assert len(found) == tenants
    assert_shows_everything(found)
    assert_as_told(found)


def test_everything_occurs_in_a_large_fleet() -> None:
    found = verdicts(NOW, LARGE)
    assert len(found) == LARGE
    assert_shows_everything(found)
    assert_as_told(found)


def test_everything_occurs_in_the_smallest_fleet_that_can_show_it() -> None:
    assert_shows_everything(verdicts(NOW, 20))


@pytest.mark.parametrize("now", NOWS, ids=str)
def test_most_of_the_default_fleet_is_confirmed_and_stays_so(now: datetime) -> None:
    confirmed = [verdict for verdict in verdicts(now, DEFAULT_TENANTS) if verdict.confirmed]
    assert 0.84 <= len(confirmed) / DEFAULT_TENANTS <= 0.9
    assert min(verdict.holds_until for verdict in confirmed) >= now + timedelta(hours=3, minutes=59)


def test_a_large_fleet_has_the_same_proportions() -> None:
    found = verdicts(NOW, LARGE)
    assert 0.84 <= sum(verdict.confirmed for verdict in found) / LARGE <= 0.9
    for posture, reasons in COMBINATIONS:
        few = sum((v.posture, v.reasons) == (posture, reasons) for v in verdicts(NOW, DEFAULT_TENANTS))
        many = sum((v.posture, v.reasons) == (posture, reasons) for v in found)
        # Only the first block has nine unreadable tenants. In the others they are stale.
        assert many - few * LARGE // DEFAULT_TENANTS in (0, LARGE // DEFAULT_TENANTS - 1)
    assert not all(situation_of(DEFAULT_TENANTS + place) is SITUATIONS[place] for place in range(3))


@pytest.mark.parametrize(
    "policy",
    [
        HealthPolicy(freshness_window=timedelta(hours=26)),
        HealthPolicy(freshness_window=timedelta(hours=6)),
        HealthPolicy(freshness_window=timedelta(days=8)),
        HealthPolicy(timedelta(hours=24), timedelta(0), timedelta(0), timedelta(minutes=30)),
        HealthPolicy(timedelta(hours=36), timedelta(hours=6), timedelta(hours=1), timedelta(hours=12)),
    ],
)
def test_the_fleet_is_made_for_the_policy_that_judges_it(policy: HealthPolicy) -> None:
    found = verdicts(NOW, DEFAULT_TENANTS, policy)
    assert_shows_everything(found)
    assert_as_told(found)


def test_archived_tenants_come_in_addition() -> None:
    fleet = list(demo_fleet(NOW, 20, POLICY))
    archived = [demo for demo in fleet if demo.tenant.archived_at is not None]
    assert len(fleet) == 20 + ARCHIVED_TENANTS
    assert archived == fleet[20:]
    assert len(archived) == 2
    # They would need attention, so a screen that counted them would be wrong visibly.
    assert all(not judge(facts_of(demo, POLICY), POLICY, NOW).confirmed for demo in archived)
