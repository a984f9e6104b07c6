"""Known reasons stand beside a verdict until they end by themselves, and do not change it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.facts import UnreadableEvidence
from health.known import NOTHING_KNOWN, KnownEntry, KnownState, entries_by_tenant, known_of
from health.posture import Reason, TenantBackupHealth, judge
from tests.health.making import DAY, NOW, POLICY, TICK, a_set, facts_of, judged

STALE, DEGRADED = Reason.LATEST_BACKUP_STALE, Reason.LATEST_BACKUP_DEGRADED


def entry(reason: Reason = STALE, until: datetime = NOW + DAY, tenant: str = "contoso.example") -> KnownEntry:
    return KnownEntry(tenant, reason, until, "ana", "ticket 4711")


def stale(degraded: bool = False) -> TenantBackupHealth:
    return judged(a_set(NOW - 3 * DAY, status="partial" if degraded else "completed"))


def states(noted: list[KnownEntry], health: TenantBackupHealth) -> list[str]:
    return [each.state.value for each in known_of(noted, health, NOW).entries]


@pytest.mark.parametrize(
    ("until", "state"),
    [(NOW + DAY, "live"), (NOW + TICK, "live"), (NOW, "expired"), (NOW - TICK, "expired")],
)
def test_it_is_live_until_just_before_its_end(until: datetime, state: str) -> None:
    assert states([entry(until=until)], stale()) == [state]
    assert known_of([entry(until=until)], stale(), NOW).all_known is (state == "live")


def test_it_ends_when_its_reason_is_gone() -> None:
    noted = [entry(), entry(until=NOW - DAY)]
    assert states(noted, judged(a_set())) == ["reason gone", "reason gone"]
    assert not known_of(noted, judged(a_set()), NOW).all_known


def test_it_ends_when_another_reason_comes() -> None:
    assert states([entry()], stale(degraded=True)) == ["another reason"]
    assert states([entry(DEGRADED), entry()], stale(degraded=True)) == ["live", "live"]
    assert known_of([entry(DEGRADED), entry()], stale(degraded=True), NOW).all_known
    # A reason whose entry has ended is not a new reason, but it is not known any more.
    assert states([entry(DEGRADED, until=NOW), entry()], stale(degraded=True)) == ["live", "expired"]
    assert not known_of([entry(DEGRADED, until=NOW), entry()], stale(degraded=True), NOW).all_known


def test_an_unreadable_tenant_is_never_known() -> None:
    evidence = UnreadableEvidence("backup_sets", "completed_at", 7, "completed_at of row 7 is not an instant")
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
    assert sorted(each.entry for each in found.entries) == sorted(noted)
    unnoted = [reason for reason in health.reasons if all(each.reason != reason for each in noted)]
    for each, state in found.entries:
        if each.reason not in health.reasons:
            assert state is KnownState.REASON_GONE
        elif each.until <= NOW:
            assert state is KnownState.EXPIRED
        else:
            assert state is (KnownState.ANOTHER_REASON if unnoted else KnownState.LIVE)
    unknown = [
        reason for reason in health.reasons if not any(each.reason == reason and each.until > NOW for each in noted)
    ]
    assert found.all_known is (bool(health.reasons) and not unknown)
    assert [each.reason for each in found.live] == sorted((each.reason for each in found.live), key=list(Reason).index)
    assert found.in_state(KnownState.LIVE) == found.live


def test_entries_are_found_by_their_tenant() -> None:
    one, other, third = entry(), entry(tenant="fabrikam.example"), entry(DEGRADED)
    assert entries_by_tenant([one, other, third]) == {"contoso.example": [one, third], "fabrikam.example": [other]}
