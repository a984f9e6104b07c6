"""The last 30 days of the demo's tenants look like those of a real fleet, with its usual problems.

Modules: health.demo.histories, health.coverage.
"""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache

import pytest

from health.coverage import Coverage, CoverageState, PastSet, TenantPast, coverage_of
from health.demo.fleet import DEFAULT_TENANTS, DemoTenant, demo_fleet
from health.demo.situations import Evidence, situation_of
from health.facts import BackupItem, BackupSet
from health.posture import judge
from health.quality import BackupQualityResolver
from tests.health.demo.demo_verdicts import NOW, NOWS, POLICY, facts_of, is_kept

DAY = timedelta(days=1)


def past_of(demo: DemoTenant, now: datetime) -> TenantPast:
    """The history that reading the tables would give to `coverage_of`, made from the yielded rows."""
    present: Counter[int] = Counter()
    degraded: Counter[int] = Counter()
    for item in demo.items:
        if item.deleted_at is None:
            present[item.backup_set_id] += 1
            degraded[item.backup_set_id] += bool(BackupQualityResolver.families_of(BackupItem(item.id, *item[3:12])))
    sets = []
    for row in filter(is_kept, demo.sets):
        if isinstance(row.completed_at, datetime) and row.completed_at <= now:
            backup_set = BackupSet(*row[:10], row.completed_at, *row[11:])
            sets.append(PastSet(row.completed_at, row.id, backup_set, present[row.id], degraded[row.id]))
    return TenantPast(sets, min((past.completed_at for past in sets), default=None))


@lru_cache(maxsize=8)
def coverages(now: datetime, evidence: Evidence) -> list[Coverage]:
    """The last 30 days of the default fleet's tenants with that evidence."""
    found = []
    for demo in demo_fleet(now, DEFAULT_TENANTS, POLICY):
        if demo.tenant.archived_at is None and situation_of(demo.tenant.id - 1).evidence is evidence:
            health = judge(facts_of(demo, POLICY), POLICY, now)
            coverage = coverage_of(health, past_of(demo, now), POLICY, now)
            assert coverage is not None
            found.append(coverage)
    return found


@pytest.mark.parametrize("now", NOWS[:4], ids=str)
def test_tenants_with_backups_were_covered_most_of_the_time(now: datetime) -> None:
    found = coverages(now, Evidence.RECENT)
    # No time is unknown because the demo left a set out.
    assert not any(coverage.lasted(None) for coverage in found)
    assert min(coverage.shares.protected for coverage in found) >= 60
    assert statistics.median(coverage.shares.protected for coverage in found) >= 90
    calm = sum(coverage.cells.count(CoverageState.NOT_COVERED) <= 5 for coverage in found)
    assert calm >= 0.8 * len(found)


@pytest.mark.parametrize("now", NOWS[:4], ids=str)
def test_some_tenants_with_backups_had_bad_days(now: datetime) -> None:
    found = coverages(now, Evidence.RECENT)
    assert any(coverage.lasted(CoverageState.NOT_COVERED) > DAY for coverage in found)
    assert any(coverage.lasted(CoverageState.DEGRADED) > DAY for coverage in found)
    assert any(coverage.shares.protected == 100 for coverage in found)


def test_tenants_whose_backups_ended_were_covered_before() -> None:
    found = coverages(NOW, Evidence.OLD)
    assert all(coverage.cells[-1] is CoverageState.NOT_COVERED for coverage in found)
    assert any(coverage.shares.protected >= 50 for coverage in found)


def test_kept_sets_of_the_past_have_the_items_they_declare() -> None:
    """A set without items would be degraded (docs/concepts.md, "Quality"), like one that declares more than it has."""
    for demo in demo_fleet(NOW, DEFAULT_TENANTS, POLICY):
        present = Counter(item.backup_set_id for item in demo.items if item.deleted_at is None)
        for row in list(filter(is_kept, demo.sets))[:-1]:
            assert present[row.id] > 0
            assert row.item_count in (None, present[row.id])


def test_how_many_rows_the_past_takes() -> None:
    """The command's time goes into rows. Twice as many would make the demo slow."""
    fleet = list(demo_fleet(NOW, DEFAULT_TENANTS, POLICY))
    assert sum(len(demo.sets) for demo in fleet) <= 110 * DEFAULT_TENANTS
    assert sum(len(demo.items) for demo in fleet) <= 1_200 * DEFAULT_TENANTS
