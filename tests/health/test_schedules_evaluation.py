"""Schedules that cannot be evaluated, and how long an evaluation holds (docs/concepts.md, "Schedules")."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from health.facts import BackupSchedule
from health.schedules import assess
from tests.health.making import (
    DAY,
    GRACE,
    HOUR,
    LAST_INSTANT,
    LONGEST,
    NOW,
    POLICY,
    SKEW,
    TICK,
    WINDOW,
    a_good_schedule,
    a_schedule,
)
from tests.health.test_schedules import BOTH_SIDES, NIGHTLY, RECENT, conditions


@pytest.mark.parametrize(
    "cron",
    [
        "",
        " ",
        "0 2 * *",
        "0 2 * * * *",
        "@daily",
        "nightly",
        "60 2 * * *",
        "0 24 * * *",
        "0 2 0 * *",
        "0 2 * 13 *",
        "0 2 30 2 *",
        "*/0 * * * *",
        "0 2 * * MOO",
        "0 2 * * *\x00",
        "٣ 2 * * *",
    ],
)
def test_a_cron_that_is_not_five_fields_the_library_accepts(cron: str) -> None:
    found = assess(a_good_schedule(cron=cron), RECENT, POLICY, NOW)
    assert found.conditions == ("cannot_evaluate",)
    assert found.problem is not None
    assert found.problem.startswith("its cron expression")


@pytest.mark.parametrize("cron", [None, NIGHTLY])
@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "utc", "europe/berlin", "+01:00", "../UTC", "/etc/localtime", "UTC ", "localtime"]
)
def test_a_time_zone_must_be_an_iana_name_even_without_a_cron(zone: str, cron: str | None) -> None:
    found = assess(a_good_schedule(cron=cron, timezone=zone), RECENT, POLICY, NOW)
    assert (found.conditions, found.problem) == (("cannot_evaluate",), "its time zone is not an IANA name")


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "Europe/Berlin", "Asia/Calcutta", "GMT", "EST5EDT", "Etc/GMT+12"])
def test_iana_names_with_their_aliases(zone: str) -> None:
    assert conditions(a_good_schedule(timezone=zone)) == []


@pytest.mark.parametrize(("ahead", "holds"), BOTH_SIDES)
@pytest.mark.parametrize("column", ["created_at", "enabled_at", "last_run_at"])
def test_a_schedule_from_the_future_cannot_be_evaluated(column: str, ahead: timedelta, holds: bool) -> None:
    schedule = a_good_schedule(**{column: NOW + SKEW + ahead})
    assert conditions(schedule) == (["cannot_evaluate"] if holds else [])


def test_a_plan_in_the_far_future_can_be_evaluated() -> None:
    assert conditions(a_good_schedule(next_run_at=LAST_INSTANT)) == []


def test_a_cron_that_has_no_slot_left() -> None:
    now = LAST_INSTANT - HOUR
    assert conditions(a_good_schedule(now, cron="0 0 1 1 *"), basis=now, now=now) == ["cannot_evaluate"]
    assert conditions(a_good_schedule(now, cron="0 23 31 12 *"), basis=now, now=now) == []


@pytest.mark.parametrize("word", ["running", "failed", "success", None, ""])
def test_a_schedule_without_evaluation_has_no_other_condition(word: str | None) -> None:
    everything_wrong = a_good_schedule(
        cron="never", last_run_at=NOW - 9 * DAY, next_run_at=NOW - 8 * DAY, last_run_status=word
    )
    assert conditions(everything_wrong, basis=None) == ["cannot_evaluate"]
    assert conditions(everything_wrong._replace(cron=None, timezone="?"), basis=None) == ["cannot_evaluate"]
    future = everything_wrong._replace(cron=None, enabled_at=NOW + DAY)
    assert conditions(future, basis=None) == ["cannot_evaluate"]


def test_a_schedule_without_evaluation_says_since_when_and_why() -> None:
    future = a_good_schedule(enabled_at=NOW + DAY)
    why = "it was created, enabled or run in the future"
    until = NOW + DAY - SKEW - TICK
    assert assess(future, RECENT, POLICY, NOW) == (future, ("cannot_evaluate",), None, NOW + DAY, why, until)
    never = a_good_schedule(cron="never")
    why = "its cron expression does not have five fields"
    assert assess(never, RECENT, POLICY, NOW) == (never, ("cannot_evaluate",), None, RECENT, why, LAST_INSTANT)


# How long it holds


@pytest.mark.parametrize(
    ("schedule", "until"),
    [
        (a_good_schedule(last_run_at=RECENT, next_run_at=NOW), NOW + GRACE),
        (a_schedule(created_at=NOW), NOW + GRACE),
        (a_good_schedule(next_run_at=None, last_run_at=RECENT), RECENT + WINDOW + GRACE),
        (a_good_schedule(last_run_at=RECENT, last_run_status="running"), RECENT + LONGEST),
        (a_good_schedule(enabled_at=NOW + SKEW + TICK), NOW),
        (a_good_schedule(cron="never"), LAST_INSTANT),
        (a_good_schedule(last_run_at=NOW - 2 * DAY, next_run_at=NOW - DAY), LAST_INSTANT),
    ],
)
def test_how_long_the_same_conditions_are_found(schedule: BackupSchedule, until: datetime) -> None:
    basis = schedule.last_run_at
    found = assess(schedule, basis, POLICY, NOW)
    assert found.holds_until == until
    assert conditions(schedule, basis, until) == conditions(schedule, basis, NOW)
    if until < LAST_INSTANT:
        assert conditions(schedule, basis, until + TICK) != conditions(schedule, basis, NOW)


def test_a_missed_backup_ends_the_verdict_before_the_next_run() -> None:
    schedule = a_good_schedule(last_run_at=NOW - GRACE + HOUR / 2)
    assert assess(schedule, None, POLICY, NOW).holds_until == NOW + HOUR / 2
