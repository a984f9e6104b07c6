"""A fleet to measure on, of the size that a shape says. The same shape gives the same rows on every machine.

Each tenant has one schedule, with one of 50 crons in one of several zones. Every tenant's last run was at its
schedule's last slot, and its newest set is from that run. Half of the tenants have degraded items: six in a hundred, in
several families. A few tenants are absent, stale or have a schedule that missed its runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim

NOW: Final = datetime(2026, 11, 23, 9, tzinfo=UTC)
"""The instant of the verdicts; all dates of the fleets are relative to it."""
ROWS_VERSION: Final = 1
"""Part of a fleet's name. Change it when this file makes other rows, so that kept fleets are built again."""

Row = tuple[Any, ...]

_ZONES: Final = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "America/Sao_Paulo")
_CRONS: Final = (
    *(f"{minute} {hour} * * *" for hour in range(6) for minute in (0, 10, 20, 30, 45)),
    *(f"{minute} */6 * * *" for minute in range(0, 50, 5)),
    *(f"{minute} 1,13 * * mon-fri" for minute in range(0, 50, 5)),
)
_TYPES: Final = (
    "deviceConfiguration",
    "compliancePolicy",
    "conditionalAccessPolicy",
    "mobileApp",
    "deviceManagementScript",
)
_PLATFORMS: Final = ("windows10", "iOS", "macOS", "android", None)
_PAYLOAD: Final = '{"@odata.type":"#microsoft.graph.deviceConfiguration","version":3,"description":"measured"}'
_ASSIGNMENTS: Final = '[{"target":{"groupName":"Pilot ring"}}]'
_RUN: Final = timedelta(minutes=11)
_BETWEEN_RUNS: Final = timedelta(hours=12)


class FleetShape(NamedTuple):
    """How large a fleet is: its tenants, the sets of each, and how many of the newest sets have items."""

    tenants: int
    history: int
    item_sets: int
    items: int = 100

    @property
    def name(self) -> str:
        """The name under which a fleet of this shape is kept."""
        return f"fleet_v{ROWS_VERSION}_{self.tenants}x{self.history}x{self.item_sets}x{self.items}"

    @property
    def words(self) -> str:
        """The shape for people."""
        sets, items = self.tenants * self.history, self.tenants * min(self.item_sets, self.history) * self.items
        return f"{self.tenants:,} tenants, {sets:,} sets, {items:,} items"


class Rows(NamedTuple):
    """Some tenants with all their rows, with columns in the order of `keeping.py`; instants as text of SQLite."""

    tenants: list[Row]
    schedules: list[Row]
    sets: list[Row]
    items: list[Row]


def rows_of(shape: FleetShape, at_once: int = 100) -> Iterator[Rows]:
    """The rows of a fleet, `at_once` tenants at a time, in the order of their ids."""
    set_ids, item_ids = count(1), count(1)
    batch = Rows([], [], [], [])
    for tenant_id in range(1, shape.tenants + 1):
        _tell(shape, tenant_id, set_ids, item_ids, batch)
        if tenant_id % at_once == 0 or tenant_id == shape.tenants:
            yield batch
            batch = Rows([], [], [], [])


def _tell(shape: FleetShape, tenant_id: int, set_ids: Iterator[int], item_ids: Iterator[int], batch: Rows) -> None:
    cron = _CRONS[tenant_id % len(_CRONS)]
    zone = _ZONES[tenant_id // len(_CRONS) % len(_ZONES)]
    missed = timedelta(days=4) if tenant_id % 40 == 7 else timedelta(0)
    last_run = _last_slot(cron, zone) - missed + timedelta(seconds=tenant_id % 53, microseconds=tenant_id)
    created = _text(NOW - timedelta(days=400, seconds=tenant_id))
    batch.tenants.append((tenant_id, f"tenant-{tenant_id:06d}.example", f"Tenant {tenant_id:06d}", created, None))
    status = "failed" if tenant_id % 60 == 11 else "success"
    batch.schedules.append(
        (tenant_id, tenant_id, "nightly", 1, cron, zone, _text(last_run), status, None, created, None, None)
    )
    absent = tenant_id % 50 == 3
    for place in range(shape.history):
        age = shape.history - 1 - place
        set_id = next(set_ids)
        started = last_run - age * _BETWEEN_RUNS
        batch.sets.append(_set_row(set_id, tenant_id, started, age, absent))
        if age < shape.item_sets:
            captured = _text(started + _RUN)
            batch.items.extend(
                (next(item_ids), tenant_id, set_id, *told, captured, None, _ASSIGNMENTS, _PAYLOAD)
                for told in _items(shape.items, tenant_id % 2 == 0, tenant_id % 4 != 1)
            )


def _set_row(set_id: int, tenant_id: int, started: datetime, age: int, absent: bool) -> Row:
    status, error, completed = "completed", None, _text(started + _RUN)
    if absent:
        status, error = "failed", "401 Unauthorized"
    elif age and age % 20 == 0:
        status, error = "failed", "429 Too Many Requests"
    elif age and age % 27 == 0:
        status, error = "partial", "2 of 14 policy types could not be read"
    return (
        set_id, tenant_id, tenant_id, "nightly", "intunecd", f"{set_id:040x}", status, None, error,
        _text(started), completed if status != "failed" else None, _text(started + 2 * _RUN), None,
    )  # fmt: skip


@cache
def _items(items: int, flawed: bool, recorded: bool) -> tuple[Row, ...]:
    """The columns of a set's items between ids and instants; if `flawed`, six in a hundred items are degraded."""
    told = []
    for number in range(items):
        mode: str | None = "full"
        state: str | None = ("captured", "captured", "unassigned")[number % 3] if recorded else None
        orphans, warning = 0, None
        match number % 100 if flawed else -1:
            case 5 | 25:
                mode = "metadata_only"
            case 40:
                mode = None
            case 55:
                state = "failed"
            case 70:
                orphans = 2
            case 90:
                warning = "25 of 153 settings"
        kind = _TYPES[number % len(_TYPES)]
        name = f"{kind} {number:03d}"
        platform = _PLATFORMS[number % len(_PLATFORMS)]
        told.append((kind, f"{number:08d}-0000-4000", name, platform, mode, state, orphans, warning))
    return tuple(told)


@cache
def _last_slot(cron: str, zone: str) -> datetime:
    """The last slot that is at least an hour before NOW, so that its run has ended by NOW."""
    local = (NOW - timedelta(hours=1)).astimezone(ZoneInfo(zone))
    return next(CronSim(cron, local, reverse=True)).astimezone(UTC)


def _text(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(" ", "microseconds")
