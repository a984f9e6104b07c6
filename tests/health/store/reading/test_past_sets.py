"""The coverage from a database: at every instant as the oracle says of the rows completed by then.

Modules: health.store.reading.history, health.coverage.
"""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest

from health.coverage import Coverage, CoverageState
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, TICK, WINDOW
from tests.oracle.loading import load
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, Rows, SetRow, TenantRow, known
from tests.oracle.verdict import basis_of, candidates, freshness_of, quality_of
from tests.resolving import resolving
from tests.statements import statements

PROTECTED, DEGRADED, NOT_COVERED = CoverageState
BEGIN = NOW - 30 * DAY


def coverage_in(url: str, tenant: int) -> Coverage:
    with resolving(url) as resolver:
        found = resolver.dashboard(f"tenant-{tenant}", NOW).coverage
    assert found is not None
    return found


def by_the_oracle(rows: Rows, tenant: TenantRow, at: datetime) -> CoverageState | None:
    """From the rows, without the sets completed later (docs/concepts.md, "The basis" and "Freshness").

    None if it is not known (docs/concepts.md, "Coverage").
    """
    undeleted = [row._replace(deleted_at=None) for row in rows.sets]
    latest = basis_of([row for row in candidates(tenant, undeleted) if known(row.completed_at) <= at])
    if latest is None:
        return None
    deleted = {row.id for row in rows.sets if row.deleted_at is not None}
    if latest.id in deleted and freshness_of(known(latest.completed_at), DEFAULT_POLICY, at) == "fresh":
        return None
    basis = basis_of([row for row in candidates(tenant, rows.sets) if known(row.completed_at) <= at])
    if basis is None or freshness_of(known(basis.completed_at), DEFAULT_POLICY, at) != "fresh":
        return NOT_COVERED
    _, _, families = quality_of(basis, rows.items, DEFAULT_POLICY)
    return DEGRADED if families else PROTECTED


def rows_of(rows: Rows, tenant: TenantRow) -> Rows:
    """The rows of one tenant, so that the oracle does not look through those of all at every instant."""
    sets = [row for row in rows.sets if row.tenant_id == tenant.id]
    return Rows([tenant], sets, [row for row in rows.items if row.tenant_id == tenant.id], [])


def any_history(random: Random, tenants: int, sets: int) -> Rows:
    """Tenants with every kind of set in and around the 30 days, often at the same instants, and their items."""
    rows = Rows([], [], [], [])
    for tenant in range(1, tenants + 1):
        rows.tenants.append(TenantRow(tenant, f"tenant-{tenant}", f"Tenant {tenant}", LONG_AGO))
        for set_id in range(tenant * 1000, tenant * 1000 + sets):
            completed_at = NOW - random.randint(-2, 60) * DAY / 2 - random.choice([0, 0, 1, 5]) * HOUR
            row = SetRow(
                set_id,
                tenant,
                status=random.choice(["completed"] * 6 + ["partial", "failed", "running", "Completed"]),
                item_count=random.choice([None, None, 0, 1, 3]),
                error=random.choice([None, None, None, "", "throttled"]),
                started_at=completed_at + random.choice([-HOUR, -HOUR, -HOUR, TICK]),
                completed_at=completed_at,
                created_at=completed_at + random.choice([HOUR, HOUR, HOUR, -6 * HOUR, -6 * HOUR - TICK]),
                deleted_at=random.choice([None, None, None, None, NOW]),
            )
            rows.sets.append(row)
            for place in range(random.choice([0, 1, 1, 2, 3])):
                item = ItemRow(
                    set_id * 10 + place,
                    tenant,
                    set_id,
                    policy_identifier=f"policy-{place}",
                    capture_mode=random.choice(["full"] * 9 + ["metadata_only", None]),
                    assignments_state=random.choice(["captured"] * 5 + [None] * 5 + ["failed"]),
                    orphaned_assignments=random.choice([0] * 10 + [1]),
                    integrity_warning=random.choice([None] * 10 + [""]),
                    deleted_at=random.choice([None, None, None, NOW]),
                )
                rows.items.append(item)
    return rows


def test_at_every_instant_it_is_what_the_oracle_says(database_url: str) -> None:
    rows = any_history(Random(4711), tenants=20, sets=30)
    load(database_url, rows)
    seen = set()
    for tenant in rows.tenants:
        found = coverage_in(database_url, tenant.id)
        own = rows_of(rows, tenant)
        edges = {BEGIN, NOW} | {known(row.completed_at) for row in own.sets}
        edges |= {edge + WINDOW for edge in edges}
        for at in sorted(edge + step for edge in edges for step in (-TICK, 0 * TICK, TICK)):
            if BEGIN <= at < NOW:
                (state,) = [span.state for span in found.spans if span.begin <= at < span.end]
                assert state is by_the_oracle(own, tenant, at), (tenant.id, at)
                seen.add(state)
    assert seen == {*CoverageState, None}


# The sets that are read


def a_history(*completed_at: datetime, tenant: int = 1) -> Rows:
    """One tenant with a set of one whole item for each instant, ids in their order."""
    rows = Rows([TenantRow(tenant, f"tenant-{tenant}", "Contoso", LONG_AGO)], [], [], [])
    for set_id, at in enumerate(completed_at, start=100 * tenant):
        rows.sets.append(SetRow(set_id, tenant, completed_at=at, created_at=at))
        rows.items.append(ItemRow(set_id, tenant, set_id))
    return rows


def test_a_run_every_five_minutes_is_counted_whole_in_one_statement(database_url: str) -> None:
    load(database_url, a_history(*(NOW - number * HOUR / 12 for number in range(800))))
    with resolving(database_url) as resolver, statements() as seen:
        found = resolver.dashboard("tenant-1", NOW).coverage
    assert found is not None
    assert found.lasted(PROTECTED) == 799 * HOUR / 12
    assert len([statement for statement in seen if ":begin" in statement]) == 1


def test_another_tenants_sets_do_not_count(database_url: str) -> None:
    load(database_url, a_history(NOW - 40 * DAY, NOW - 2 * DAY))
    load(database_url, a_history(*(NOW - hours * HOUR for hours in range(100)), tenant=2))
    found = coverage_in(database_url, 1)
    assert found.lasted(PROTECTED) == DAY + TICK
    assert coverage_in(database_url, 2).lasted(PROTECTED) == 99 * HOUR


# Unreadable sets


def test_an_older_unreadable_set_covers_nothing_and_blinds_nothing(database_url: str) -> None:
    rows = a_history(NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY, NOW - HOUR)
    garbage = "garbage" if database_url.startswith("sqlite") else "infinity"
    rows.sets[1] = rows.sets[1]._replace(started_at=garbage)
    load(database_url, rows, unchecked=True)
    found = coverage_in(database_url, 1)
    assert found.unreadable_sets == 1
    assert [(span.state, span.begin) for span in found.spans[-3:]] == [
        (PROTECTED, NOW - 3 * DAY),
        (NOT_COVERED, NOW - 2 * DAY),
        (PROTECTED, NOW - DAY),
    ]


@pytest.mark.parametrize("now", [NOW, NOW - 2 * DAY])
def test_an_unreadable_tenant_has_no_coverage_at_any_instant(database_url: str, now: datetime) -> None:
    rows = a_history(NOW - 3 * DAY, NOW - DAY)
    garbage = "garbage" if database_url.startswith("sqlite") else "infinity"
    rows.sets[1] = rows.sets[1]._replace(completed_at=garbage)
    load(database_url, rows, unchecked=True)
    with resolving(database_url) as resolver, statements() as seen:
        answer = resolver.dashboard("tenant-1", now)
    assert answer.health.unreadable is not None
    assert answer.coverage is None
    assert not any(":begin" in statement for statement in seen)
