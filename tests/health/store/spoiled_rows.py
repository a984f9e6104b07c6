"""Two tenants without problems, until a test spoils a row; and their entries in a report."""

from __future__ import annotations

from typing import Any, Final

from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.subject import fleet_report

COMPLETED: Final = NOW - HOUR
"""The completion of each tenant's basis."""


def one_tenant(number: int) -> Rows:
    """A tenant that is confirmed, with an older set, a failed one, a deleted one and a disabled schedule."""
    usual = SetRow(10 * number, number, completed_at=COMPLETED, created_at=COMPLETED)
    ran = ScheduleRow(10 * number, number, created_at=LONG_AGO, last_run_at=COMPLETED, last_run_status="ok")
    return Rows(
        [TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO)],
        [
            usual,
            usual._replace(id=10 * number + 1, completed_at=COMPLETED - DAY),
            usual._replace(id=10 * number + 2, status="failed"),
            usual._replace(id=10 * number + 3, deleted_at=NOW),
        ],
        [ItemRow(number, number, 10 * number)],
        [ran, ran._replace(id=10 * number + 1, is_enabled=False)],
    )


def two_tenants(**columns: Any) -> Rows:
    """Two such tenants; `table__place__column` sets a value in a row of the first."""
    first, second = one_tenant(1), one_tenant(2)
    for path, value in columns.items():
        table, place, column = path.split("__")
        rows: list[Any] = getattr(first, table)
        rows[int(place)] = rows[int(place)]._replace(**{column: value})
    return Rows(
        first.tenants + second.tenants,
        first.sets + second.sets,
        first.items + second.items,
        first.schedules + second.schedules,
    )


def garbage(url: str) -> str:
    """A value that a database without its checks accepts as an instant, although it is not one."""
    return "garbage" if url.startswith("sqlite") else "infinity"


def entries(url: str) -> dict[str, Any]:
    """Each tenant's entry in the report of a fleet, by its external id."""
    return {entry["tenant"]: entry for entry in fleet_report(url, NOW, DEFAULT_POLICY)["tenants"]}
