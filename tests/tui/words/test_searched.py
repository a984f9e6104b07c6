"""The words that find a tenant, and those that exclude it."""

from __future__ import annotations

import pytest

from health.facts import UnreadableEvidence
from health.posture import TenantBackupHealth, judge
from tests.health.making import DAY, HOUR, NOW, POLICY, a_schedule, a_set, a_tally, a_tenant, an_item, facts_of, judged
from tui.words.searched import WordFilter, searched_words

EVIDENCE = UnreadableEvidence("backup_sets", "completed_at", 7, "completed_at of row 7 is not an instant")
UNREADABLE = judge(facts_of(None)._replace(unreadable=EVIDENCE), POLICY, NOW)
FAILED = a_schedule(name="Weekly", last_run_status="Throttled", created_at=NOW - HOUR / 2)
LATE = a_schedule(id=8, name="hourly", cron="0 * * * *", last_run_at=NOW - 9 * HOUR, last_run_status="success")
DEGRADED = judged(a_set(status="partial"), FAILED, LATE, tally=a_tally(an_item(capture_mode="metadata_only")))


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (judged(a_set()), "Contoso contoso.example HEALTHY"),
        (judged(None), "absent no backup basis"),
        (judged(a_set(NOW - 3 * DAY)), "stale latest backup"),
        (judged(a_set(NOW + DAY)), "latest backup lies in the future"),
        (DEGRADED, "degraded metadata only incomplete run"),
        # The words of every schedule, not only of the first.
        (DEGRADED, "weekly throttled hourly overdue"),
        (judged(a_set(), FAILED), "follow-up schedule_follow_up last_run_unsuccessful"),
        (judged(None), "no_backup_basis"),
        (judged(a_set(NOW - 3 * DAY)), "latest_backup_stale too_old"),
        (judged(a_set(NOW + DAY)), "in_the_future"),
        (DEGRADED, "latest_backup_degraded metadata_only incomplete_run overdue"),
        (UNREADABLE, "unreadable cannot be read completed_at"),
        (judged(a_set(), tenant=a_tenant(name="ẞtraße")), "SSTRASSE"),
    ],
)
def test_found_by(health: TenantBackupHealth, words: str) -> None:
    searched = searched_words(health, POLICY, NOW)
    assert WordFilter.of(words).passes(searched), searched
    assert not WordFilter.of(f"{words} elsewhere").passes(searched)
    first, *_ = words.split()
    assert not WordFilter.of(f"-{first}").passes(searched)
    assert WordFilter.of("-elsewhere").passes(searched)


@pytest.mark.parametrize(
    "health",
    [
        judged(a_set(), FAILED, tenant=a_tenant(name="Healthy Foods", external_id="healthy.example")),
        judged(None, tenant=a_tenant(name="healthy")),
        UNREADABLE,
    ],
)
def test_healthy_means_confirmed(health: TenantBackupHealth) -> None:
    searched = searched_words(health, POLICY, NOW)
    assert not WordFilter.of("Healthy").passes(searched)
    assert WordFilter.of("-healthy").passes(searched)
    confirmed = searched_words(judged(a_set(), tenant=a_tenant(name="stale")), POLICY, NOW)
    assert WordFilter.of("healthy").passes(confirmed)
    # While it is typed, it finds words that begin with it.
    assert WordFilter.of("health").passes(confirmed)
    assert not WordFilter.of("-healthy").passes(confirmed)


def test_a_group_and_a_cause_are_words_too() -> None:
    searched = searched_words(judged(None), POLICY, NOW, "gold", "AADSTS7000222: expired")
    assert WordFilter.of("group:gold aadsts7000222").passes(searched)
    assert not WordFilter.of("group:silver").passes(searched)
    assert not WordFilter.of("group:gold").passes(searched_words(judged(None), POLICY, NOW))


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("", (), ()),
        (" Stale  -Degraded ", ("stale",), ("degraded",)),
        ("follow-up", ("follow-up",), ()),
        ("-", ("-",), ()),
        ("--", (), ("-",)),
    ],
)
def test_words_with_blanks_between_them(typed: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    found = WordFilter.of(typed)
    assert found == (wanted, unwanted)
    assert bool(found) is bool(typed.strip())
