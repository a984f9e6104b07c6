"""The oracle's schedules against figures worked out by hand (docs/concepts.md, "Schedules")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.cases import CLEAN, GRACE, NOW, SKEW, TICK, set_shape
from tests.oracle.rows import DEFAULT_POLICY, ScheduleRow
from tests.oracle.schedules import conditions_of, cron_is_accepted, due_of, first_slot

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RECENT = NOW - HOUR


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, micro, UTC)


@pytest.mark.parametrize(
    ("cron", "accepted"),
    [
        ("0 0 * * *", True),
        (" 0  0\t* * * ", True),
        ("0 0 L * MON-FRI", True),
        ("", False),
        ("@daily", False),
        ("0 0 0 * * *", False),
        ("* * * *", False),
        ("60 * * * *", False),
        ("0 0 31 2 *", False),
        ("9" * 5000 + " 0 * * *", False),
    ],
)
def test_crons_that_the_library_accepts(cron: str, accepted: bool) -> None:
    assert cron_is_accepted(cron) is accepted


@pytest.mark.parametrize(
    ("cron", "zone", "after", "slot"),
    [
        ("0 8 * * *", "UTC", utc(2026, 11, 23, 8), utc(2026, 11, 24, 8)),
        ("0 8 * * *", "UTC", utc(2026, 11, 23, 8) - TICK, utc(2026, 11, 23, 8)),
        ("0 8 * * *", "UTC", utc(2026, 11, 23, 8) + TICK, utc(2026, 11, 24, 8)),
        ("0 9 * * *", "Europe/Berlin", utc(2026, 11, 23, 7), utc(2026, 11, 23, 8)),
        ("0 9 * * *", "Europe/Berlin", utc(2026, 7, 1, 6), utc(2026, 7, 1, 7)),
        ("0 19 * * *", "Australia/Lord_Howe", utc(2026, 11, 23, 7), utc(2026, 11, 23, 8)),
        # Clocks go forward at 01:00 UTC: 02:30 does not exist, the run is at 03:00, which is 01:00 UTC.
        ("30 2 * * *", "Europe/Berlin", utc(2026, 3, 29, 0), utc(2026, 3, 29, 1)),
        # Clocks go back at 01:00 UTC: 02:30 is at 00:30 UTC, and not again at 01:30.
        ("30 2 * * *", "Europe/Berlin", utc(2026, 10, 25, 0), utc(2026, 10, 25, 0, 30)),
        ("30 2 * * *", "Europe/Berlin", utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)),
        ("30 2 * * *", "Europe/Berlin", utc(2026, 10, 25, 1, 15), utc(2026, 10, 26, 1, 30)),
        ("*/30 * * * *", "Europe/Berlin", utc(2026, 10, 25, 0, 45), utc(2026, 10, 25, 1)),
        ("0 0 */31 * MON#5", "UTC", utc(2026, 1, 1), None),
        ("0 8 * * *", "UTC", utc(9999, 12, 31, 8), None),
    ],
)
def test_the_first_slot_after_an_instant(cron: str, zone: str, after: datetime, slot: datetime | None) -> None:
    assert first_slot(cron, zone, after) == slot


# Created nine days ago, last run an hour ago, every day at 08:00 UTC, which is exactly one grace ago.
RAN = ScheduleRow(cron="0 8 * * *", created_at=NOW - 9 * DAY, last_run_at=RECENT, last_run_status="ok")
UNPLANNED = RAN._replace(cron=None)
NEVER = ScheduleRow(created_at=NOW - 9 * DAY)


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        (UNPLANNED, None),
        (RAN, utc(2026, 11, 24, 8)),
        (RAN._replace(last_run_at=utc(2026, 11, 23, 7)), utc(2026, 11, 23, 8)),
        # A run that starts up to five minutes before its slot has served it.
        (RAN._replace(last_run_at=utc(2026, 11, 23, 7, 55)), utc(2026, 11, 24, 8)),
        (RAN._replace(last_run_at=utc(2026, 11, 23, 7, 55) - TICK), utc(2026, 11, 23, 8)),
        # A schedule that never ran has no such tolerance.
        (NEVER._replace(cron="0 8 * * *", created_at=utc(2026, 11, 23, 7, 58)), utc(2026, 11, 23, 8)),
        (NEVER._replace(cron="0 8 * * *", enabled_at=utc(2026, 11, 23, 8)), utc(2026, 11, 24, 8)),
        (UNPLANNED._replace(next_run_at=RECENT + SKEW), None),
        (UNPLANNED._replace(next_run_at=RECENT + SKEW + TICK), RECENT + SKEW + TICK),
        (UNPLANNED._replace(next_run_at=RECENT + 2 * HOUR, enabled_at=RECENT + 2 * HOUR), None),
        (UNPLANNED._replace(next_run_at=RECENT + 2 * HOUR, created_at=RECENT + 2 * HOUR), None),
        (NEVER._replace(next_run_at=NEVER.created_at), None),
        (NEVER._replace(next_run_at=NOW - 8 * DAY), NOW - 8 * DAY),
        # A next_run_at that was rolled forward does not hide the slot. The slot does not hide an earlier next_run_at.
        (RAN._replace(next_run_at=utc(2026, 12, 1)), utc(2026, 11, 24, 8)),
        (RAN._replace(next_run_at=utc(2026, 11, 23, 20)), utc(2026, 11, 23, 20)),
    ],
)
def test_due(schedule: ScheduleRow, due: datetime | None) -> None:
    assert due_of(schedule, DEFAULT_POLICY) == due


ALONE = ["cannot_evaluate"]
LONG_STOPPED = NOW - 25 * HOUR


@pytest.mark.parametrize(
    ("schedule", "conditions"),
    [
        (RAN, []),
        (NEVER, ["never_ran"]),
        (NEVER._replace(created_at=NOW - GRACE), []),
        (NEVER._replace(created_at=NOW - GRACE - TICK), ["never_ran"]),
        (NEVER._replace(enabled_at=NOW - GRACE), []),
        (NEVER._replace(cron="0 8 * * *", created_at=NOW - 2 * HOUR), []),
        (NEVER._replace(cron="59 7 * * *", created_at=NOW - 2 * HOUR), ["never_ran"]),
        (NEVER._replace(last_run_status=""), ["never_ran", "last_run_unsuccessful"]),
        (NEVER._replace(last_run_status="ok"), ["never_ran"]),
        (RAN._replace(last_run_at=NOW - 2 * HOUR), []),
        (RAN._replace(last_run_at=NOW - 2 * HOUR, cron="59 7 * * *"), ["overdue"]),
        (RAN._replace(last_run_at=NOW - 2 * HOUR, next_run_at=NOW - GRACE - TICK), ["overdue"]),
        (UNPLANNED._replace(last_run_at=LONG_STOPPED), []),
        (UNPLANNED._replace(last_run_at=LONG_STOPPED - TICK), ["not_planned"]),
        (UNPLANNED._replace(last_run_at=LONG_STOPPED - TICK, enabled_at=NOW - DAY), []),
        (UNPLANNED._replace(last_run_at=LONG_STOPPED - TICK, next_run_at=NOW + DAY), []),
        (RAN._replace(last_run_status=None), ["last_run_unsuccessful"]),
        (RAN._replace(last_run_status="okay"), ["last_run_unsuccessful"]),
        (RAN._replace(last_run_status="SUCCEEDED"), []),
        (RAN._replace(last_run_status="Running", last_run_at=NOW - 6 * HOUR), []),
        (RAN._replace(last_run_status="Running", last_run_at=NOW - 6 * HOUR - TICK), ["stuck"]),
        (NEVER._replace(last_run_status="running"), ["stuck"]),
        (NEVER._replace(last_run_status="running", enabled_at=NOW - 6 * HOUR), []),
        (RAN._replace(timezone="Mars/Olympus"), ALONE),
        (UNPLANNED._replace(timezone="", last_run_status="failed"), ALONE),
        (RAN._replace(cron="@daily", last_run_status="running", last_run_at=NOW - DAY), ALONE),
        (RAN._replace(cron="0 0 */31 * MON#5"), ALONE),
        (RAN._replace(created_at=NOW + SKEW), []),
        (RAN._replace(created_at=NOW + SKEW + TICK), ALONE),
        (RAN._replace(enabled_at=NOW + SKEW + TICK), ALONE),
        (RAN._replace(last_run_at=NOW + SKEW + TICK), ALONE),
        (RAN._replace(next_run_at=utc(9999, 12, 31)), []),
    ],
)
def test_the_conditions_of_a_schedule(schedule: ScheduleRow, conditions: list[str]) -> None:
    basis = set_shape(NOW, CLEAN).row
    assert conditions_of(schedule, basis, DEFAULT_POLICY, NOW) == conditions


@pytest.mark.parametrize(
    ("last_run_at", "status", "completed_at", "held"),
    [
        (NOW - 2 * HOUR, "success", None, True),
        (NOW - 2 * HOUR, "success", NOW - 3 * HOUR, False),
        (NOW - 2 * HOUR, "success", NOW - 3 * HOUR - TICK, True),
        (NOW - GRACE - TICK, "ok", None, True),
        (NOW - GRACE, "ok", None, False),
        (NOW - 2 * HOUR, "failed", None, False),
        (NOW - 2 * HOUR, "running", None, False),
        (None, "success", None, False),
    ],
)
def test_success_without_backup(
    last_run_at: datetime | None, status: str, completed_at: datetime | None, held: bool
) -> None:
    schedule = RAN._replace(last_run_at=last_run_at, last_run_status=status)
    basis = None if completed_at is None else set_shape(completed_at).row
    assert ("success_without_backup" in conditions_of(schedule, basis, DEFAULT_POLICY, NOW)) is held
