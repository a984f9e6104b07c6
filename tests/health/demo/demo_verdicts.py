"""The demo fleet's rows as facts and as verdicts, as the product would read and judge them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from health.demo.fleet import DemoTenant, SetRow, demo_fleet
from health.facts import BASIS_STATUSES, BackupItem, BackupSchedule, BackupSet, Tenant, TenantFacts, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge
from health.quality import BackupQualityResolver

POLICY = HealthPolicy()
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOWS = [
    NOW,
    datetime(2026, 6, 17, 0, 0, tzinfo=UTC),
    datetime(2027, 3, 3, 14, 27, 31, 987654, tzinfo=UTC),
    datetime(2026, 7, 1, 18, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),  # Europe's clocks have just gone forward
    datetime(2026, 10, 25, 0, 45, tzinfo=UTC),  # Europe's clocks are about to go back: 02:45 for the first time
    datetime(2026, 10, 25, 1, 15, tzinfo=UTC),  # 02:15 for the second time
    datetime(2026, 3, 8, 12, 0, tzinfo=UTC),  # America's clocks went forward in the night
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),  # New York's clocks have just gone back
    datetime(2026, 4, 4, 16, 5, tzinfo=UTC),  # Sydney's clocks have just gone back
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, tzinfo=UTC),
]
LARGE = 2_000
"""Tenants of a fleet; only their newest sets have items."""


def basis_row(demo: DemoTenant) -> SetRow | None:
    """The basis (docs/concepts.md, "The basis"). The completion of every candidate must be an instant."""
    candidates = [row for row in demo.sets if is_kept(row)]
    assert all(isinstance(row.completed_at, datetime) for row in candidates)
    return max(candidates, key=lambda row: (row.completed_at, row.id), default=None)


def is_kept(row: SetRow) -> bool:
    """Whether a set is a candidate for the basis (docs/concepts.md, "The basis")."""
    return row.deleted_at is None and row.status in BASIS_STATUSES


def unreadable_of(demo: DemoTenant) -> UnreadableEvidence | None:
    """The evidence of a tenant with a candidate whose completion is not an instant."""
    for row in demo.sets:
        if is_kept(row) and not isinstance(row.completed_at, datetime):
            return UnreadableEvidence("backup_sets", "completed_at", row.id, "no instant")
    return None


def facts_of(demo: DemoTenant, policy: HealthPolicy) -> TenantFacts:
    """The facts that reading the tables would give to `judge`, made from the yielded rows."""
    tenant = Tenant(demo.tenant.id, demo.tenant.external_id, demo.tenant.name, demo.tenant.created_at)
    unreadable = unreadable_of(demo)
    if unreadable is not None:
        return TenantFacts(tenant, None, None, (), unreadable)
    basis, tally, row = None, None, basis_row(demo)
    if row is not None:
        assert isinstance(row.completed_at, datetime)
        basis = BackupSet(*row[:10], row.completed_at, *row[11:])
        items = (
            BackupItem(item.id, *item[3:12])
            for item in demo.items
            if item.backup_set_id == row.id and item.deleted_at is None
        )
        tally = BackupQualityResolver(policy).tally(items)
    enabled = tuple(BackupSchedule(*row) for row in demo.schedules if row.is_enabled and row.deleted_at is None)
    return TenantFacts(tenant, basis, tally, enabled)


@lru_cache(maxsize=64)
def verdicts(now: datetime, tenants: int, policy: HealthPolicy = POLICY) -> list[TenantBackupHealth]:
    """The judged tenants of a fleet, in the order of their ids."""
    fleet = demo_fleet(now, tenants, policy)
    return [judge(facts_of(demo, policy), policy, now) for demo in fleet if demo.tenant.archived_at is None]
