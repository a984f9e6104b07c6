"""The report document and the check's exit status, from verdicts: what other programs read.

(docs/documents.md, "The report" and "The check")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from health.facts import BackupSet
from health.policy import HealthPolicy
from health.posture import Posture, Reason, TenantBackupHealth
from health.schedules import ScheduleAssessment

SCHEMA: Final = "tenantpilot.report/1"

CONFIRMING_SCREENS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.NO_BACKUP_BASIS: "backup_sets",
        Reason.LATEST_BACKUP_STALE: "backup_set",
        Reason.LATEST_BACKUP_DEGRADED: "backup_set",
        Reason.SCHEDULE_FOLLOW_UP: "schedules",
    }
)
"""From a reason to the screen that confirms it (docs/concepts.md, "Where a reason is confirmed")."""


@dataclass(frozen=True, slots=True)
class FleetTotals:
    """Tenants counted by state. `healthy` includes those with a follow-up; `schedule_follow_up` counts any posture."""

    tenants: int
    unreadable: int
    absent: int
    stale: int
    degraded: int
    healthy: int
    confirmed: int
    schedule_follow_up: int

    @classmethod
    def of(cls, verdicts: Iterable[TenantBackupHealth]) -> FleetTotals:
        """Count verdicts, each once."""
        postures: dict[Posture | None, int] = dict.fromkeys((None, *Posture), 0)
        confirmed = follow_up = 0
        needs_follow_up = Reason.SCHEDULE_FOLLOW_UP  # looked up once: an enum's members are slow to come by
        for health in verdicts:
            postures[health.posture] += 1
            if health.reasons:
                follow_up += needs_follow_up in health.reasons
            else:
                confirmed += health.confirmed
        return cls(
            tenants=sum(postures.values()),
            unreadable=postures[None],
            absent=postures[Posture.ABSENT],
            stale=postures[Posture.STALE],
            degraded=postures[Posture.DEGRADED],
            healthy=postures[Posture.HEALTHY],
            confirmed=confirmed,
            schedule_follow_up=follow_up,
        )


def report_document(verdicts: Sequence[TenantBackupHealth], policy: HealthPolicy, now: datetime) -> dict[str, Any]:
    """The document of `--format json`: plain values only. `verdicts` come in triage order, judged at `now` (UTC)."""
    totals = FleetTotals.of(verdicts)
    return {
        "schema": SCHEMA,
        "evaluated_at": rfc3339(now),
        "policy": {
            "freshness_window_seconds": _seconds(policy.freshness_window),
            "schedule_grace_seconds": _seconds(policy.schedule_grace),
            "clock_skew_seconds": _seconds(policy.clock_skew),
            "longest_run_seconds": _seconds(policy.longest_run),
        },
        "totals": {name: getattr(totals, name) for name in totals.__slots__},
        "tenants": [tenant_entry(health, now) for health in verdicts],
    }


def tenant_entry(health: TenantBackupHealth, now: datetime) -> dict[str, Any]:
    """One tenant's entry in the document."""
    if health.unreadable is not None:
        return {
            "tenant": health.tenant.external_id,
            "name": health.tenant.name,
            "posture": None,
            "confirmed": False,
            "primary_reason": None,
            "reasons": [],
            "basis": None,
            "schedules": None,
            "confirm": [],
            "error": health.unreadable._asdict(),
        }
    return {
        "tenant": health.tenant.external_id,
        "name": health.tenant.name,
        "posture": health.posture,
        "confirmed": health.confirmed,
        "primary_reason": health.primary_reason,
        "reasons": list(health.reasons),
        "basis": None if health.basis is None else _basis_entry(health, health.basis, now),
        "schedules": {
            "enabled": len(health.schedules),
            "follow_up": [_follow_up_entry(assessment) for assessment in health.follow_ups],
        },
        "confirm": [_confirm_entry(reason, health.basis) for reason in health.reasons],
    }


def _basis_entry(health: TenantBackupHealth, basis: BackupSet, now: datetime) -> dict[str, Any]:
    quality, completed_at = health.quality, basis.completed_at
    assert quality is not None
    assert completed_at is not None
    return {
        "id": basis.id,
        "name": basis.name,
        "source": basis.source,
        "status": basis.status,
        "completed_at": rfc3339(completed_at),
        "age_seconds": age_seconds(completed_at, now),
        "freshness": health.freshness,
        "items": quality.items,
        "degraded_items": quality.degraded_items,
        "families": dict(quality.families),
    }


def _follow_up_entry(assessment: ScheduleAssessment) -> dict[str, Any]:
    schedule = assessment.schedule
    return {"id": schedule.id, "name": schedule.name, "conditions": list(assessment.conditions)}


def _confirm_entry(reason: Reason, basis: BackupSet | None) -> dict[str, Any]:
    screen = CONFIRMING_SCREENS[reason]
    entry: dict[str, Any] = {"reason": reason, "screen": screen}
    if screen == "backup_set" and basis is not None:
        entry["backup_set"] = basis.id
    return entry


def rfc3339(instant: datetime) -> str:
    """A UTC instant as `2026-11-23T09:00:00Z`, with a fraction of a second only where there is one."""
    text = instant.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if instant.microsecond else text) + "Z"


def age_seconds(completed_at: datetime, now: datetime) -> int:
    """Whole seconds between two instants, rounded down; negative for one in the future."""
    return (now - completed_at) // timedelta(seconds=1)


def _seconds(duration: timedelta) -> int | float:
    seconds = duration.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


class CheckStatus(IntEnum):
    """The exit status of `tenantpilot check`, as monitoring plug-ins have it."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def check_status(totals: FleetTotals, min_tenants: int, missing: int = 0) -> CheckStatus:
    """2 any absent; else 3 any unreadable, too few, `missing`; else 1 any stale, degraded or follow-up; else 0."""
    if totals.absent:
        return CheckStatus.CRITICAL
    if totals.unreadable or missing or totals.tenants < max(1, min_tenants):
        return CheckStatus.UNKNOWN
    if totals.confirmed < totals.tenants:
        return CheckStatus.WARNING
    return CheckStatus.OK
