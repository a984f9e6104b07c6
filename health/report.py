"""The report document and the check's exit status, from verdicts: what other programs read.

(docs/documents.md, "The report" and "The check")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from health.causes import Cause
from health.facts import BackupSet
from health.known import NOTHING_KNOWN, KnownOfTenant
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
"""The screen that confirms each reason (docs/concepts.md, "Where a reason is confirmed")."""


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
        needs_follow_up = Reason.SCHEDULE_FOLLOW_UP  # looked up once: access to an enum's member is slow
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


NOT_KNOWN_OF_THEN: Final = ("schedules", "deletions")
"""What the facts do not say about an instant of the past."""


class Beside(NamedTuple):
    """What a report says beside its verdicts.

    `narrowed_by` is as the user gave it. `known` and the groups' names are by the tenants' external ids. `causes` say
    why tenants need attention.
    """

    narrowed_by: Mapping[str, str] = MappingProxyType({})
    known: Mapping[str, KnownOfTenant] = MappingProxyType({})
    groups: Mapping[str, str] = MappingProxyType({})
    causes: Sequence[Cause] = ()
    names_bases: bool = False
    """The report names the row of each basis, so that it can be handed on as evidence."""
    attempts: Sequence[Mapping[str, Any]] = ()
    """The latest sets of the one tenant, newest first, as an export names them."""
    as_of: bool = False
    """The verdicts are of the past: the report says what cannot be known about that instant."""

    def known_of(self, health: TenantBackupHealth) -> KnownOfTenant:
        """The known entries of one tenant."""
        return self.known.get(health.tenant.external_id, NOTHING_KNOWN)


NOTHING_BESIDE: Final = Beside()


def report_head(
    verdicts: Sequence[TenantBackupHealth], policy: HealthPolicy, now: datetime, beside: Beside = NOTHING_BESIDE
) -> dict[str, Any]:
    """The document of `--format json` without its tenants, of verdicts judged at `now` (UTC): plain values only."""
    totals = FleetTotals.of(verdicts)
    return {
        "schema": SCHEMA,
        "evaluated_at": rfc3339(now),
        "policy": {
            "freshness_window_seconds": whole_seconds(policy.freshness_window),
            "schedule_grace_seconds": whole_seconds(policy.schedule_grace),
            "clock_skew_seconds": whole_seconds(policy.clock_skew),
            "longest_run_seconds": whole_seconds(policy.longest_run),
        },
        **({"as_of": {"instant": rfc3339(now), "not_known": list(NOT_KNOWN_OF_THEN)}} if beside.as_of else {}),
        **({"narrowed_by": dict(beside.narrowed_by)} if beside.narrowed_by else {}),
        "totals": {name: getattr(totals, name) for name in totals.__slots__},
    }


def basis_named(health: TenantBackupHealth) -> dict[str, Any] | None:
    """The row that governs, by all that finds it again: what an export has beside the document's own fields.

    (docs/screens.md, "Whose it is"). None without a basis, or if it cannot be read.
    """
    basis = health.basis
    if health.unreadable is not None or basis is None:
        return None
    return {
        "tenant": health.tenant.external_id,
        "id": basis.id,
        "source": basis.source,
        "source_ref": basis.source_ref,
        "status": basis.status,
        "completed_at": None if basis.completed_at is None else rfc3339(basis.completed_at),
    }


def tenant_entry(health: TenantBackupHealth, now: datetime, known: KnownOfTenant = NOTHING_KNOWN) -> dict[str, Any]:
    """One tenant's entry in the document."""
    entry = _verdict_entry(health, now)
    if live := known.live:
        entry["known"] = [
            {"reason": each.reason, "until": rfc3339(each.until), "who": each.who, "why": each.why} for each in live
        ]
    return entry


def _verdict_entry(health: TenantBackupHealth, now: datetime) -> dict[str, Any]:
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
    """A UTC instant as `2026-11-23T09:00:00Z`, with a fraction of a second only if it is not zero."""
    text = instant.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if instant.microsecond else text) + "Z"


def age_seconds(completed_at: datetime, now: datetime) -> int:
    """Whole seconds between two instants, rounded down; negative for one in the future."""
    return (now - completed_at) // timedelta(seconds=1)


def whole_seconds(duration: timedelta) -> int | float:
    """The duration in seconds, as an int if it is a whole number."""
    seconds = duration.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


class CheckStatus(IntEnum):
    """The exit status of `tenantpilot check`, as monitoring plug-ins define it."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def check_status(
    totals: FleetTotals,
    min_tenants: int,
    missing: int = 0,
    counting: FleetTotals | None = None,
    *,
    doubtful: bool = False,
) -> CheckStatus:
    """2 any absent; else 3 any unreadable, too few, `missing`, `doubtful`; else 1 stale, degraded, follow-up; else 0.

    Facts are `doubtful` if they are too old to confirm anything, or if a wrong clock makes their age uncertain.

    `counting` has the totals of the tenants whose states count, if not all of them do.
    """
    counting = counting or totals
    if counting.absent:
        return CheckStatus.CRITICAL
    if counting.unreadable or missing or doubtful or totals.tenants < max(1, min_tenants):
        return CheckStatus.UNKNOWN
    if counting.confirmed < counting.tenants:
        return CheckStatus.WARNING
    return CheckStatus.OK
