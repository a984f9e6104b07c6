"""Facts made by hand for the tests of the pure floors: all is well unless a test says otherwise.

The durations (docs/concepts.md, "The policy") are written here again, so that a changed default fails.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from health.facts import BackupItem, BackupSchedule, BackupSet, ItemTally, Tenant, TenantFacts
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge
from health.quality import BackupQualityResolver

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
WINDOW = timedelta(hours=24)
GRACE = timedelta(minutes=60)
SKEW = timedelta(minutes=5)
LONGEST = timedelta(hours=6)
POLICY = HealthPolicy(WINDOW, GRACE, SKEW, LONGEST)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_INSTANT = datetime(1, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def a_tenant(**columns: Any) -> Tenant:
    """Contoso."""
    return Tenant(1, "contoso.example", "Contoso", LONG_AGO)._replace(**columns)


def a_set(completed_at: datetime | None = NOW - HOUR, **columns: Any) -> BackupSet:
    """A completed set that was recorded at the moment it ended."""
    usual = BackupSet(
        id=4711,
        tenant_id=1,
        schedule_id=None,
        name="nightly",
        source="intunecd",
        source_ref=None,
        status="completed",
        item_count=None,
        error=None,
        started_at=None,
        completed_at=completed_at,
        created_at=completed_at or NOW - HOUR,
        deleted_at=None,
    )
    return usual._replace(**columns)


def an_item(number: int = 1, **columns: Any) -> BackupItem:
    """An item that is whole: captured in full, its assignments too."""
    usual = BackupItem(
        id=number,
        policy_type="configurationPolicy",
        policy_identifier=f"policy-{number}",
        display_name=f"Policy {number}",
        platform=None,
        capture_mode="full",
        assignments_state="captured",
        orphaned_assignments=0,
        integrity_warning=None,
        captured_at=None,
    )
    return usual._replace(**columns)


def a_schedule(**columns: Any) -> BackupSchedule:
    """An enabled schedule without a plan that never ran: each test says what it needs."""
    usual = BackupSchedule(
        id=7,
        tenant_id=1,
        name="nightly",
        is_enabled=True,
        cron=None,
        timezone="UTC",
        last_run_at=None,
        last_run_status=None,
        next_run_at=None,
        created_at=LONG_AGO,
        enabled_at=None,
        deleted_at=None,
    )
    return usual._replace(**columns)


def a_good_schedule(now: datetime = NOW, **columns: Any) -> BackupSchedule:
    """A schedule that ran an hour ago, with success, and runs again in an hour."""
    return a_schedule(
        last_run_at=now - HOUR, last_run_status="success", next_run_at=now + HOUR, created_at=now - 30 * DAY
    )._replace(**columns)


def a_tally(*items: BackupItem) -> ItemTally:
    """The tally of these items; by default of one whole item."""
    return BackupQualityResolver(POLICY).tally(items or (an_item(),))


def facts_of(
    basis: BackupSet | None, *schedules: BackupSchedule, tally: ItemTally | None = None, tenant: Tenant | None = None
) -> TenantFacts:
    """One tenant's facts; the basis has one whole item unless a tally says otherwise."""
    counts = None if basis is None else tally or a_tally()
    return TenantFacts(tenant or a_tenant(), basis, counts, tuple(schedules))


def judged(
    basis: BackupSet | None,
    *schedules: BackupSchedule,
    tally: ItemTally | None = None,
    tenant: Tenant | None = None,
) -> TenantBackupHealth:
    """The verdict on such facts at NOW, by the documented policy (docs/concepts.md, "The policy")."""
    return judge(facts_of(basis, *schedules, tally=tally, tenant=tenant), POLICY, NOW)
