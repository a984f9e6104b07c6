"""What is known stands beside a verdict until it ends by itself, and changes nothing of it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.facts import UnreadableEvidence
from health.known import NOTHING_KNOWN, KnownEntry, entries_by_tenant, known_of
from health.posture import Reason, TenantBackupHealth, judge
from tests.health.making import DAY, NOW, POLICY, TICK, a_set, facts_of, judged

STALE, DEGRADED = Reason.LATEST_BACKUP_STALE, Reason.LATEST_BACKUP_DEGRADED


def entry(reason: Reason = STALE, until: datetime = NOW + DAY, tenant: str = "contoso.example") -> KnownEntry:
    return KnownEntry(tenant, reason, until, "ana", "ticket 4711")


def stale(degraded: bool = False) -> TenantBackupHealth:
    return judged(a_set(NOW - 3 * DAY, status="partial" if degraded else "completed"))


@pytest.mark.parametrize(
    ("until", "live"),
    [(NOW + DAY, True), (NOW + TICK, True), (NOW, False), (NOW - TICK, False)],
)
def test_it_is_live_until_just_before_its_end(until: datetime, live: bool) -> None:
    found = known_of([entry(until=until)], stale(), NOW)
    assert (len(found.live), len(found.expired), len(found.ended)) == ((1, 0, 0) if live else (0, 1, 0))
    assert found.all_known is live


def test_it_ends_when_its_reason_is_gone() -> None:
    found = known_of([entry(), entry(until=NOW - DAY)], judged(a_set()), NOW)
    assert (len(found.live), len(found.expired), len(found.ended)) == (0, 0, 2)
    assert not found.all_known


def test_another_reason_is_not_known() -> None:
    found = known_of([entry()], stale(degraded=True), NOW)
    assert [each.reason for each in found.live] == [STALE]
    assert not found.all_known
    assert known_of([entry(DEGRADED), entry()], stale(degraded=True), NOW).all_known
    assert not known_of([entry(DEGRADED, until=NOW), entry()], stale(degraded=True), NOW).all_known


def test_what_cannot_be_read_is_never_known() -> None:
    evidence = UnreadableEvidence("backup_sets", "completed_at", 7, "backup_sets.completed_at of row 7 is no instant")
    health = judge(facts_of(None)._replace(unreadable=evidence), POLICY, NOW)
    found = known_of([entry(reason) for reason in Reason], health, NOW)
    assert not found.live
    assert not found.all_known


def test_without_an_entry_nothing_is_known() -> None:
    assert known_of([], stale(), NOW) == NOTHING_KNOWN
    assert not known_of([], judged(a_set()), NOW).all_known


entries = st.lists(
    st.builds(entry, st.sampled_from(Reason), st.timedeltas(-DAY, DAY).map(lambda after: NOW + after)), max_size=6
)
verdicts = st.sampled_from([stale(), stale(degraded=True), judged(None), judged(a_set())])


@given(entries, verdicts)
def test_as_the_words_say_it(noted: list[KnownEntry], health: TenantBackupHealth) -> None:
    found = known_of(noted, health, NOW)
    assert sorted(found.live + found.expired + found.ended) == sorted(noted)
    for each in noted:
        holds, in_time = each.reason in health.reasons, each.until > NOW
        assert (each in found.live, each in found.expired, each in found.ended) == (
            holds and in_time,
            holds and not in_time,
            not holds,
        )
    unknown = [
        reason for reason in health.reasons if not any(each.reason == reason and each.until > NOW for each in noted)
    ]
    assert found.all_known is (bool(health.reasons) and not unknown)
    assert [each.reason for each in found.live] == sorted((each.reason for each in found.live), key=list(Reason).index)


def test_entries_are_found_by_their_tenant() -> None:
    one, other, third = entry(), entry(tenant="fabrikam.example"), entry(DEGRADED)
    assert entries_by_tenant([one, other, third]) == {"contoso.example": [one, third], "fabrikam.example": [other]}
