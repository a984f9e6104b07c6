"""Fleets for the screens: rows written by the bare driver, tenant by tenant, seen at NOW."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from health.posture import Posture, Reason
from tests.oracle.loading import load, sqlite_path
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow

NOW: Final = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)
STALE_AT: Final = NOW - 3 * DAY - 4 * HOUR
FUTURE_AT: Final = NOW + 2 * DAY

WHOLE: Final = ItemRow()
METADATA: Final = ItemRow(capture_mode="metadata_only")
UNASSIGNED: Final = ItemRow(assignments_state="failed")
DEGRADED_ITEMS: Final = (METADATA, METADATA, METADATA, UNASSIGNED, WHOLE, WHOLE, WHOLE)
"""Seven items, four of them degraded: three with metadata only, one without its assignments."""


class Facts:
    """The rows of a small fleet, added one by one; `load` writes them."""

    def __init__(self) -> None:
        self.rows = Rows([], [], [], [])

    def tenant(self, name: str, external_id: str | None = None, **columns: Any) -> int:
        """Add a tenant. Returns its id."""
        number = len(self.rows.tenants) + 1
        row = TenantRow(number, external_id or f"{name.casefold().replace(' ', '-')}.example", name, LONG_AGO)
        self.rows.tenants.append(row._replace(**columns))
        return number

    def backup_set(self, tenant_id: int, completed_at: Any, *items: ItemRow, **columns: Any) -> int:
        """Add a set of a tenant, recorded at the moment it completed; by default with one whole item."""
        number = len(self.rows.sets) + 1
        row = SetRow(
            id=number,
            tenant_id=tenant_id,
            name=f"run {number}",
            source="intunecd",
            completed_at=completed_at,
            created_at=completed_at,
        )
        self.rows.sets.append(row._replace(**columns))
        for place, item in enumerate(items or (WHOLE,)):
            identity: dict[str, Any] = {
                "id": len(self.rows.items) + 1,
                "tenant_id": tenant_id,
                "backup_set_id": number,
                "policy_identifier": f"policy-{place}",
            }
            if item.display_name == WHOLE.display_name:
                identity["display_name"] = f"Policy {place}"
            self.rows.items.append(item._replace(**identity))
        return number

    def schedule(self, tenant_id: int, **columns: Any) -> int:
        """Add an enabled schedule that ran an hour ago, with success, and runs again in an hour."""
        number = len(self.rows.schedules) + 1
        row = ScheduleRow(
            id=number,
            tenant_id=tenant_id,
            last_run_at=NOW - HOUR,
            last_run_status="success",
            next_run_at=NOW + HOUR,
            created_at=NOW - 30 * DAY,
        )
        self.rows.schedules.append(row._replace(**columns))
        return number

    def overdue_schedule(self, tenant_id: int, **columns: Any) -> int:
        """Add a nightly schedule whose last run, more than two days ago, failed: overdue and unsuccessful."""
        late: dict[str, Any] = {
            "name": "nightly",
            "cron": "0 2 * * *",
            "last_run_at": NOW - 2 * DAY - 7 * HOUR,
            "last_run_status": "failed",
            "next_run_at": None,
        }
        return self.schedule(tenant_id, **(late | columns))

    def load(self, url: str) -> str:
        """Write the rows, also those that the checks of the schema would refuse. Returns the URL."""
        load(url, self.rows, unchecked=True)
        return url


class Combination(NamedTuple):
    """One of the ten possible combinations of posture and reasons, as a tenant."""

    name: str
    posture: Posture | None
    reasons: tuple[Reason, ...]

    @property
    def external_id(self) -> str:
        """The external id, as `Facts.tenant` makes it from the name."""
        return f"{self.name.casefold().replace(' ', '-')}.example"


_ABSENT, _STALE = Reason.NO_BACKUP_BASIS, Reason.LATEST_BACKUP_STALE
_DEGRADED, _FOLLOW_UP = Reason.LATEST_BACKUP_DEGRADED, Reason.SCHEDULE_FOLLOW_UP

COMBINATIONS: Final = (
    Combination("Absent", Posture.ABSENT, (_ABSENT,)),
    Combination("Absent late", Posture.ABSENT, (_ABSENT, _FOLLOW_UP)),
    Combination("Stale", Posture.STALE, (_STALE,)),
    Combination("Stale degraded", Posture.STALE, (_STALE, _DEGRADED)),
    Combination("Stale late", Posture.STALE, (_STALE, _FOLLOW_UP)),
    Combination("Stale degraded late", Posture.STALE, (_STALE, _DEGRADED, _FOLLOW_UP)),
    Combination("Degraded", Posture.DEGRADED, (_DEGRADED,)),
    Combination("Degraded late", Posture.DEGRADED, (_DEGRADED, _FOLLOW_UP)),
    Combination("Healthy", Posture.HEALTHY, ()),
    Combination("Healthy late", Posture.HEALTHY, (_FOLLOW_UP,)),
)
UNREADABLE: Final = Combination("Unreadable", None, ())


def every_combination() -> Facts:
    """One tenant for each combination, and one whose evidence cannot be read."""
    facts = Facts()
    for combination in COMBINATIONS:
        tenant = facts.tenant(combination.name)
        items = DEGRADED_ITEMS if _DEGRADED in combination.reasons else (WHOLE, WHOLE)
        if combination.posture is not Posture.ABSENT:
            stale = _STALE in combination.reasons
            facts.backup_set(tenant, STALE_AT if stale else NOW - 2 * HOUR, *items)
        elif _FOLLOW_UP in combination.reasons:
            facts.backup_set(tenant, None, created_at=NOW - DAY, status="failed", error="throttled")
        if _FOLLOW_UP in combination.reasons:
            facts.overdue_schedule(tenant)
    unreadable = facts.tenant(UNREADABLE.name)
    facts.backup_set(unreadable, "31 February", created_at=NOW - HOUR)
    return facts


def small_fleet() -> Facts:
    """One tenant of each state, ids 1 to 6, the worst last: enough for a test that is not about states."""
    facts = Facts()
    names = ("Tailspin", "Northwind", "Adventure Works", "Fabrikam", "Contoso", "Wingtip")
    tailspin, northwind, adventure, fabrikam, _contoso, wingtip = (facts.tenant(name) for name in names)
    facts.backup_set(tailspin, NOW - HOUR)
    facts.backup_set(northwind, NOW - 5 * HOUR)
    facts.overdue_schedule(northwind)
    facts.backup_set(adventure, NOW - 2 * HOUR, *DEGRADED_ITEMS)
    facts.backup_set(fabrikam, STALE_AT)
    facts.backup_set(wingtip, "no instant", created_at=NOW - HOUR)
    return facts


def write(url: str, statement: str, *values: Any) -> None:
    """Write as another program does meanwhile, with or without the checks of the schema."""
    with closing(sqlite3.connect(sqlite_path(url))) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement, values)


def stored(instant: datetime) -> str:
    """An instant as SQLite keeps it."""
    return instant.replace(tzinfo=None).isoformat(" ", "microseconds")


def add_set(url: str, set_id: int, tenant_id: int, completed_at: datetime, **columns: Any) -> None:
    """Write a set with one whole item, as another program does while the screens are open."""
    at = stored(completed_at)
    row = {"id": set_id, "tenant_id": tenant_id, "name": f"run {set_id}", "source": "intunecd", "status": "completed"}
    row |= {"completed_at": at, "created_at": at} | columns
    marks = ", ".join("?" * len(row))
    write(url, f"INSERT INTO backup_sets ({', '.join(row)}) VALUES ({marks})", *row.values())
    write(
        url,
        "INSERT INTO backup_items (id, tenant_id, backup_set_id, policy_type, policy_identifier, display_name,"
        " capture_mode, orphaned_assignments) VALUES (?, ?, ?, 'configurationPolicy', 'p', 'Policy', 'full', 0)",
        100_000 + set_id,
        tenant_id,
        set_id,
    )
