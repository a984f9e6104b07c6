"""The one decision: what a tenant's facts say about its recovery starting point.

(docs/concepts.md, "Posture and reasons")
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from health.facts import BackupSchedule, BackupSet, Tenant, TenantFacts, UnreadableEvidence
from health.freshness import Freshness, freshness_holds_until, freshness_of
from health.instants import EARLIEST, LATEST
from health.policy import HealthPolicy
from health.quality import BackupQualityResolver, BackupQualitySummary
from health.schedules import ScheduleAssessment, assess


class Posture(StrEnum):
    """The state of a tenant's basis, worst first. An unreadable tenant has none."""

    ABSENT = "absent"
    STALE = "stale"
    DEGRADED = "degraded"
    HEALTHY = "healthy"


class Reason(StrEnum):
    """Why a tenant needs attention. Reasons are listed in this order."""

    NO_BACKUP_BASIS = "no_backup_basis"
    LATEST_BACKUP_STALE = "latest_backup_stale"
    LATEST_BACKUP_DEGRADED = "latest_backup_degraded"
    SCHEDULE_FOLLOW_UP = "schedule_follow_up"


class TenantBackupHealth(NamedTuple):
    """One tenant's verdict. Every screen, widget and report shows this object and never computes its own.

    If `unreadable` says why there is no verdict, `posture`, `freshness` and `quality` are None. The last two are also
    None without a basis. `follow_ups` are the schedules with at least one condition, by id. `holds_until` is the last
    instant at which the same facts give the same verdict.
    """

    tenant: Tenant
    posture: Posture | None
    reasons: tuple[Reason, ...]
    basis: BackupSet | None
    freshness: Freshness | None
    quality: BackupQualitySummary | None
    schedules: tuple[BackupSchedule, ...]
    follow_ups: tuple[ScheduleAssessment, ...]
    unreadable: UnreadableEvidence | None
    holds_until: datetime
    of_the_past: bool = False
    """Judged as of an instant of the past. Never confirmed, because its schedules and deletions are not known."""

    @property
    def primary_reason(self) -> Reason | None:
        """The first reason that holds; None if no reason holds."""
        return self.reasons[0] if self.reasons else None

    @property
    def confirmed(self) -> bool:
        """Healthy, without any reason, and not of the past: only this state may be shown as a positive check."""
        return not self.reasons and self.posture is Posture.HEALTHY and not self.of_the_past


def judge(facts: TenantFacts, policy: HealthPolicy, now: datetime) -> TenantBackupHealth:
    """Judge one tenant's facts at one UTC instant; the same arguments always give the same verdict."""
    if facts.unreadable is not None:
        unreadable = TenantBackupHealth(facts.tenant, None, (), None, None, None, (), (), facts.unreadable, LATEST)
        return unreadable._replace(of_the_past=facts.of_the_past)
    basis, quality = facts.basis, None
    if basis is not None and basis.completed_at is not None and facts.tally is not None:
        quality = BackupQualityResolver(policy).resolve(basis, facts.tally)
    verdict = _verdict(facts.tenant, basis, quality, facts.schedules, policy, now)
    return verdict._replace(of_the_past=True) if facts.of_the_past else verdict


def judged_again(health: TenantBackupHealth, policy: HealthPolicy, now: datetime) -> TenantBackupHealth:
    """What `judge` says about the same facts at another UTC instant. Time changes neither the basis nor its quality.

    (docs/reading.md, "A verdict ends when it ends")
    """
    if health.unreadable is not None:
        return health
    verdict = _verdict(health.tenant, health.basis, health.quality, health.schedules, policy, now)
    return verdict._replace(of_the_past=True) if health.of_the_past else verdict


def _verdict(
    tenant: Tenant,
    basis: BackupSet | None,
    quality: BackupQualitySummary | None,
    schedules: tuple[BackupSchedule, ...],
    policy: HealthPolicy,
    now: datetime,
) -> TenantBackupHealth:
    """The verdict on a readable tenant. `quality` is the basis's; None if there is no basis to judge."""
    reasons: tuple[Reason, ...] = ()
    freshness, holds_until = None, LATEST
    completed_at = None
    if basis is None or basis.completed_at is None or quality is None:
        posture = Posture.ABSENT
        reasons = (Reason.NO_BACKUP_BASIS,)
    else:
        completed_at = basis.completed_at
        posture = Posture.HEALTHY
        if quality.degraded:
            posture = Posture.DEGRADED
            reasons = (Reason.LATEST_BACKUP_DEGRADED,)
        freshness = freshness_of(completed_at, policy, now)
        holds_until = freshness_holds_until(completed_at, freshness, policy)
        if freshness is not Freshness.FRESH:
            posture = Posture.STALE
            reasons = (Reason.LATEST_BACKUP_STALE, *reasons)
    follow_ups: tuple[ScheduleAssessment, ...] = ()
    for schedule in schedules:
        assessment = assess(schedule, completed_at, policy, now)
        if assessment.holds_until < holds_until:
            holds_until = assessment.holds_until
        if assessment.conditions:
            follow_ups += (assessment,)
    if follow_ups:
        reasons += (Reason.SCHEDULE_FOLLOW_UP,)
    return TenantBackupHealth(
        tenant, posture, reasons, basis, freshness, quality, schedules, follow_ups, None, holds_until
    )


_WORST_FIRST: Final = (None, *Posture)


def triage_key(health: TenantBackupHealth) -> tuple[int, datetime, str, str]:
    """Sorts tenants worst first, then oldest basis, then name and external id (docs/documents.md, "Triage order")."""
    rank = len(_WORST_FIRST) if health.confirmed else _WORST_FIRST.index(health.posture)
    completed_at = EARLIEST if health.basis is None else health.basis.completed_at or EARLIEST
    return rank, completed_at, health.tenant.name.casefold(), health.tenant.external_id
