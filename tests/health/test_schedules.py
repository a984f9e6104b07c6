"""The follow-up conditions of one schedule, both sides of each (docs/concepts.md, "Schedules")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from health.facts import BackupSchedule
from health.schedules import Condition, assess
from tests.health.making import (
    DAY,
    GRACE,
    HOUR,
    LONGEST,
    NOW,
    POLICY,
    SKEW,
    TICK,
    WINDOW,
    a_good_schedule,
    a_schedule,
)

RECENT = NOW - HOUR
NOTHING = timedelta(0)
BOTH_SIDES = [(-TICK, False), (NOTHING, False), (TICK, True)]
"""The last instant within a limit, and the first one past it, a microsecond later."""


def conditions(schedule: BackupSchedule, basis: datetime | None = RECENT, now: datetime = NOW) -> list[str]:
    return [str(condition) for condition in assess(schedule, basis, POLICY, now).conditions]


def due_of(schedule: BackupSchedule) -> datetime | None:
    return assess(schedule, RECENT, POLICY, NOW).due


def test_a_schedule_in_order_needs_no_follow_up() -> None:
    schedule = a_good_schedule()
    assert conditions(schedule) == []
    assert assess(schedule, RECENT, POLICY, NOW).schedule == schedule


def test_the_conditions_and_their_order() -> None:
    assert [str(condition) for condition in Condition] == [
        "cannot_evaluate",
        "stuck",
        "never_ran",
        "overdue",
        "not_planned",
        "last_run_unsuccessful",
        "success_without_backup",
    ]


# Due instants


def test_a_plan_is_due_if_nothing_else_is() -> None:
    assert due_of(a_schedule(next_run_at=NOW)) == NOW
    assert due_of(a_schedule()) is None


@pytest.mark.parametrize(("after", "counts"), BOTH_SIDES)
@pytest.mark.parametrize("column", ["created_at", "enabled_at"])
def test_a_plan_from_before_created_or_enabled_is_ignored(column: str, after: timedelta, counts: bool) -> None:
    planned = NOW - HOUR
    schedule = a_schedule(next_run_at=planned, **{column: planned - after})
    assert due_of(schedule) == (planned if counts else None)


@pytest.mark.parametrize(("before", "counts"), BOTH_SIDES)
def test_a_run_that_began_within_the_tolerance_serves_a_plan(before: timedelta, counts: bool) -> None:
    planned = NOW - HOUR
    schedule = a_good_schedule(next_run_at=planned, last_run_at=planned - SKEW - before)
    assert due_of(schedule) == (planned if counts else None)


def test_a_plan_is_served_by_any_later_run() -> None:
    assert due_of(a_good_schedule(next_run_at=NOW - 3 * HOUR, last_run_at=NOW - HOUR)) is None


NIGHTLY = "0 2 * * *"
SLOT = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "slot"), [(SLOT - DAY, SLOT), (SLOT - TICK, SLOT), (SLOT, SLOT + DAY), (SLOT + TICK, SLOT + DAY)]
)
@pytest.mark.parametrize("column", ["created_at", "enabled_at"])
def test_the_first_slot_after_the_anchor_is_due(column: str, anchor: datetime, slot: datetime) -> None:
    assert due_of(a_schedule(cron=NIGHTLY, **{column: anchor})) == slot


def test_the_anchor_is_the_latest_of_creation_enabling_and_run() -> None:
    early, late = SLOT - 9 * DAY, SLOT - 2 * DAY + HOUR
    for created, enabled, ran in ((early, early, late), (early, late, early), (late, early, early)):
        schedule = a_schedule(cron=NIGHTLY, created_at=created, enabled_at=enabled, last_run_at=ran)
        assert due_of(schedule) == SLOT - DAY


@pytest.mark.parametrize(
    ("ran", "slot"),
    [
        (SLOT - SKEW - TICK, SLOT),
        # From here on the run, which was a little early, has served the slot.
        (SLOT - SKEW, SLOT + DAY),
        (SLOT - TICK, SLOT + DAY),
        (SLOT, SLOT + DAY),
    ],
)
def test_a_run_that_begins_seconds_before_its_slot_has_served_it(ran: datetime, slot: datetime) -> None:
    assert due_of(a_good_schedule(cron=NIGHTLY, next_run_at=None, last_run_at=ran)) == slot


def test_enabling_seconds_before_a_slot_serves_nothing() -> None:
    schedule = a_schedule(cron=NIGHTLY, last_run_at=SLOT - 5 * DAY, last_run_status="ok", enabled_at=SLOT - TICK)
    assert due_of(schedule) == SLOT


def test_the_earlier_of_plan_and_slot_is_due() -> None:
    ran = SLOT - DAY
    missed = a_good_schedule(cron=NIGHTLY, last_run_at=ran, next_run_at=SLOT + DAY)
    assert due_of(missed) == SLOT
    assert conditions(missed, basis=ran) == ["overdue"]
    earlier = a_good_schedule(cron=NIGHTLY, last_run_at=ran, next_run_at=SLOT - 3 * HOUR)
    assert due_of(earlier) == SLOT - 3 * HOUR


def test_slots_are_in_local_time() -> None:
    berlin = a_schedule(cron=NIGHTLY, timezone="Europe/Berlin", created_at=datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert due_of(berlin) == datetime(2026, 11, 23, 1, tzinfo=UTC)
    summer = a_schedule(cron=NIGHTLY, timezone="Europe/Berlin", created_at=datetime(2026, 7, 1, tzinfo=UTC))
    assert due_of(summer) == datetime(2026, 7, 2, tzinfo=UTC)


# never_ran, overdue, not_planned


@pytest.mark.parametrize(("late", "holds"), BOTH_SIDES)
def test_never_ran_past_the_grace_after_due_else_after_the_anchor(late: timedelta, holds: bool) -> None:
    expected = ["never_ran"] if holds else []
    since = NOW - GRACE - late
    assert conditions(a_schedule(created_at=NOW - DAY, next_run_at=since)) == expected
    assert conditions(a_schedule(created_at=since)) == expected
    assert conditions(a_schedule(created_at=NOW - DAY, enabled_at=since)) == expected
    assert conditions(a_schedule(created_at=SLOT - HOUR, cron=NIGHTLY), now=SLOT + GRACE + late) == expected


def test_never_ran_counts_from_what_is_due_not_the_old_anchor() -> None:
    assert conditions(a_schedule(created_at=NOW - 30 * DAY, next_run_at=NOW + HOUR)) == []


@pytest.mark.parametrize(("late", "holds"), BOTH_SIDES)
def test_overdue_past_the_grace_after_what_was_due(late: timedelta, holds: bool) -> None:
    expected = ["overdue"] if holds else []
    assert conditions(a_good_schedule(last_run_at=NOW - DAY, next_run_at=NOW - GRACE - late), NOW - DAY) == expected
    nightly = a_good_schedule(cron=NIGHTLY, last_run_at=SLOT - DAY, next_run_at=None)
    assert conditions(nightly, basis=SLOT - DAY, now=SLOT + GRACE + late) == expected


@pytest.mark.parametrize(("late", "holds"), BOTH_SIDES)
def test_not_planned_past_window_and_grace_after_the_anchor(late: timedelta, holds: bool) -> None:
    expected = ["not_planned"] if holds else []
    anchor = NOW - WINDOW - GRACE - late
    schedule = a_good_schedule(next_run_at=None, last_run_at=anchor)
    assert conditions(schedule, basis=anchor) == expected
    enabled = a_good_schedule(next_run_at=None, last_run_at=NOW - 9 * DAY, enabled_at=anchor)
    assert conditions(enabled, basis=anchor) == expected


def test_overdue_by_is_counted_from_what_was_due() -> None:
    overdue = assess(a_good_schedule(last_run_at=NOW - DAY, next_run_at=NOW - 5 * HOUR), RECENT, POLICY, NOW)
    assert (overdue.due, overdue.waiting_since) == (NOW - 5 * HOUR, NOW - 5 * HOUR)
    waiting = assess(a_schedule(created_at=NOW - 3 * HOUR), RECENT, POLICY, NOW)
    assert (waiting.due, waiting.waiting_since) == (None, NOW - 3 * HOUR)


# The status of the last run


@pytest.mark.parametrize("word", ["success", "succeeded", "completed", "ok", "OK", "Success", "COMPLETED", "SuccEEded"])
def test_success_in_any_case(word: str) -> None:
    assert conditions(a_good_schedule(last_run_status=word)) == []


@pytest.mark.parametrize("word", ["", " ", "failed", "ok ", " success", "done", "warning", "partial", "ökay"])
def test_every_other_status_is_unsuccessful_even_without_a_run(word: str) -> None:
    assert conditions(a_good_schedule(last_run_status=word)) == ["last_run_unsuccessful"]
    assert conditions(a_schedule(created_at=NOW, last_run_status=word)) == ["last_run_unsuccessful"]


def test_no_status_is_unsuccessful_only_if_there_was_a_run() -> None:
    assert conditions(a_good_schedule(last_run_status=None)) == ["last_run_unsuccessful"]
    assert conditions(a_schedule(created_at=NOW, last_run_status=None)) == []


def test_a_success_without_a_run_does_not_count() -> None:
    assert conditions(a_schedule(created_at=NOW, last_run_status="success"), basis=None) == []


@pytest.mark.parametrize(("late", "holds"), BOTH_SIDES)
@pytest.mark.parametrize("basis", [None, NOW - 9 * DAY])
def test_success_without_backup_past_the_grace_after_the_run(
    late: timedelta, holds: bool, basis: datetime | None
) -> None:
    expected = ["success_without_backup"] if holds else []
    assert conditions(a_good_schedule(last_run_at=NOW - GRACE - late), basis) == expected


@pytest.mark.parametrize(("earlier", "holds"), BOTH_SIDES)
def test_a_backup_belongs_to_a_run_that_began_up_to_the_grace_after(earlier: timedelta, holds: bool) -> None:
    ran = NOW - 5 * HOUR
    expected = ["success_without_backup"] if holds else []
    assert conditions(a_good_schedule(last_run_at=ran), ran - GRACE - earlier) == expected


@pytest.mark.parametrize("word", [None, "failed", ""])
def test_only_a_success_misses_its_backup(word: str | None) -> None:
    schedule = a_good_schedule(last_run_at=NOW - 5 * HOUR, last_run_status=word)
    assert conditions(schedule, basis=None) == ["last_run_unsuccessful"]


def test_conditions_that_hold_together_are_listed_in_their_order() -> None:
    late = a_good_schedule(last_run_at=NOW - 2 * DAY, next_run_at=NOW - DAY)
    assert conditions(late, basis=None) == ["overdue", "success_without_backup"]
    assert conditions(late._replace(last_run_status="failed"), None) == ["overdue", "last_run_unsuccessful"]
    unplanned = late._replace(next_run_at=None)
    assert conditions(unplanned, basis=None) == ["not_planned", "success_without_backup"]
    assert conditions(unplanned._replace(last_run_status="x")) == ["not_planned", "last_run_unsuccessful"]
    never = a_schedule(last_run_status="failed")
    assert conditions(never) == ["never_ran", "last_run_unsuccessful"]


# stuck


@pytest.mark.parametrize(("late", "holds"), BOTH_SIDES)
@pytest.mark.parametrize("word", ["running", "RUNNING", "Running"])
def test_stuck_past_the_longest_run_from_its_beginning_or_anchor(word: str, late: timedelta, holds: bool) -> None:
    expected = ["stuck"] if holds else []
    since = NOW - LONGEST - late
    assert conditions(a_good_schedule(last_run_at=since, last_run_status=word), None) == expected
    assert conditions(a_schedule(created_at=since, last_run_status=word), None) == expected
    assert conditions(a_schedule(enabled_at=since, last_run_status=word), None) == expected


def test_a_run_is_timed_from_its_beginning_though_enabled_since() -> None:
    since = NOW - LONGEST - TICK
    schedule = a_good_schedule(last_run_at=since, enabled_at=NOW - HOUR, last_run_status="running")
    assert conditions(schedule) == ["stuck"]
    assert assess(schedule, RECENT, POLICY, NOW).waiting_since == since


def test_while_it_runs_nothing_else_can_hold() -> None:
    overdue = a_good_schedule(last_run_at=NOW - LONGEST, next_run_at=NOW - 5 * HOUR, last_run_status="running")
    assert conditions(overdue, basis=None) == []
    never = a_schedule(next_run_at=NOW - 5 * HOUR, created_at=NOW - LONGEST, last_run_status="running")
    assert conditions(never, basis=None) == []
