"""Leap days, ends of years, clock changes in odd zones: through the store of both engines, to the microsecond.

Modules: health.freshness, health.schedules, health.store.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from health.freshness import Freshness
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.schedules import Condition
from health.store.opening.urls import parse_database_url
from tests.health.making import GRACE, LONG_AGO, SKEW, TICK, WINDOW
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow

INSTANTS: Final = (
    datetime(2028, 2, 28, 12, tzinfo=UTC),
    datetime(2028, 2, 29, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2028, 3, 1, tzinfo=UTC),
    # Not a leap year, although four divides it.
    datetime(2100, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2027, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2028, 1, 1, tzinfo=UTC),
    # Clocks change: Berlin in spring, Lord Howe by half an hour, Chatham at a quarter to three.
    datetime(2027, 3, 28, 1, tzinfo=UTC),
    datetime(2027, 4, 3, 15, tzinfo=UTC),
    datetime(2027, 4, 3, 14, tzinfo=UTC),
)

PLANS: Final = [
    # Zone, cron, the last run in local time, and the next slot in local time.
    ("Asia/Kathmandu", "0 0 29 2 *", "2024-02-29 00:00", "2028-02-29 00:00"),
    ("Pacific/Chatham", "0 0 1 1 *", "2027-01-01 00:00", "2028-01-01 00:00"),
    ("Australia/Lord_Howe", "59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59"),
    ("Asia/Kathmandu", "45 5 * * *", "2027-12-31 05:45", "2028-01-01 05:45"),
    # A night that is half an hour shorter, and a night that is an hour longer.
    ("Australia/Lord_Howe", "0 3 * * *", "2027-10-02 03:00", "2027-10-03 03:00"),
    ("Pacific/Chatham", "0 4 * * *", "2027-04-03 04:00", "2027-04-04 04:00"),
    ("Pacific/Chatham", "0 4 * * *", "2027-09-25 04:00", "2027-09-26 04:00"),
]


def there(zone: str, local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def loaded(url: str, rows: Rows) -> TenantBackupHealthResolver:
    load(url, rows)
    return TenantBackupHealthResolver(parse_database_url(url), HealthPolicy())


def test_a_basis_is_fresh_for_its_window_on_any_day(database_url: str) -> None:
    rows = Rows([], [], [], [])
    for number, instant in enumerate(INSTANTS, 1):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        rows.sets.append(SetRow(number, number, completed_at=instant, created_at=instant))
        rows.items.append(ItemRow(number, number, number))
    resolver = loaded(database_url, rows)
    for number, instant in enumerate(INSTANTS, 1):
        found = []
        for now in (instant - SKEW - TICK, instant - SKEW, instant + WINDOW, instant + WINDOW + TICK):
            (health,) = resolver.tenants([f"tenant-{number}"], now)
            assert health.basis is not None
            assert health.basis.completed_at == instant
            found.append(health.freshness)
        assert found == [Freshness.IN_THE_FUTURE, Freshness.FRESH, Freshness.FRESH, Freshness.TOO_OLD], instant
    resolver.close()


def test_a_schedule_is_overdue_a_grace_after_its_slot_in_its_zone(database_url: str) -> None:
    rows = Rows([], [], [], [])
    for number, (zone, cron, last, _) in enumerate(PLANS, 1):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        ran = ScheduleRow(number, number, cron=cron, timezone=zone, last_run_at=there(zone, last))
        rows.schedules.append(ran._replace(last_run_status="ok", created_at=datetime(2020, 1, 1, tzinfo=UTC)))
    resolver = loaded(database_url, rows)
    for number, (zone, _, _, due) in enumerate(PLANS, 1):
        found = []
        for late in (timedelta(0), TICK):
            answer = resolver.schedules(f"tenant-{number}", there(zone, due) + GRACE + late)
            (judged,) = answer.schedules
            assert judged.assessment is not None
            found.append(Condition.OVERDUE in judged.assessment.conditions)
        assert found == [False, True], PLANS[number - 1]
    resolver.close()


@pytest.mark.parametrize("number", range(len(PLANS)))
def test_the_plans_above_have_the_nights_of_their_comments(number: int) -> None:
    """The nights are as long as the comments say, and the instants are local times."""
    zone, _, last, due = PLANS[number]
    length = there(zone, due) - there(zone, last)
    by_the_wall = datetime.fromisoformat(due) - datetime.fromisoformat(last)
    expected = {4: -timedelta(minutes=30), 5: timedelta(hours=1), 6: -timedelta(hours=1)}
    assert length - by_the_wall == expected.get(number, timedelta(0))
