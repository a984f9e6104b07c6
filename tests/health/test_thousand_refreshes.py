"""A resolver that runs for days: after a thousand refreshes it holds no more than after three hundred.

Modules: health.resolver.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.errors import StoreError
from health.store.opening.urls import parse_database_url
from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.memory import holdings
from tests.oracle.loading import load, sqlite_path
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow

WARM, LAST = 300, 1000
ENDED = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'tenantpilot' AND datname = current_database()"
)


def a_fleet() -> Rows:
    numbers = range(1, 21)
    sets = [SetRow(n, n, completed_at=NOW - n * HOUR, created_at=NOW - n * HOUR) for n in numbers]
    return Rows(
        [TenantRow(n, f"tenant-{n}", f"Tenant {n}", LONG_AGO) for n in numbers],
        sets,
        [ItemRow(each.id, each.tenant_id, each.id) for each in sets],
        [ScheduleRow(n, n, cron="0 2 * * *", created_at=LONG_AGO, last_run_at=NOW - DAY) for n in numbers],
    )


def test_a_thousand_refreshes_hold_no_more_than_three_hundred(database_url: str) -> None:
    load(database_url, a_fleet())
    resolver = TenantBackupHealthResolver(parse_database_url(database_url), HealthPolicy())
    now, before = NOW, holdings()
    try:
        for number in range(1, LAST + 1):
            if number % 20 == 3:
                fail(database_url, resolver)
            elif number % 20 == 13:
                have_another_connection(database_url)
            elif number % 4 == 1:
                change(database_url, number)
            elif number % 4 == 2:
                now = NOW + number % 40 * HOUR
            assert len(resolver.refreshed_fleet(now).verdicts) == 20
            if number == WARM:
                before = holdings()
        after = holdings()
    finally:
        resolver.close()
    # One more object in every fourth refresh would be as many.
    assert after.blocks - before.blocks < (LAST - WARM) / 4
    assert after.files == before.files


def change(url: str, number: int) -> None:
    """Change the name, the quality, the basis; after a few times all is as before."""
    with bare(url) as writer:
        if writer.dialect == "sqlite":
            writer.execute("PRAGMA synchronous = OFF")
        writer.execute(f"UPDATE tenants SET name = 'Tenant number {number % 3}' WHERE id = 1")
        writer.execute(f"UPDATE backup_items SET orphaned_assignments = {number % 5} WHERE tenant_id = 2")
        writer.execute(
            "UPDATE backup_sets SET deleted_at = CASE WHEN deleted_at IS NULL THEN created_at END WHERE tenant_id = 3"
        )


def fail(url: str, resolver: TenantBackupHealthResolver) -> None:
    """One refresh that fails."""
    with bare(url) as owner:
        owner.execute("ALTER TABLE alembic_version RENAME TO aside")
        with pytest.raises(StoreError):
            resolver.refreshed_fleet(NOW)
        owner.execute("ALTER TABLE aside RENAME TO alembic_version")


def have_another_connection(url: str) -> None:
    """The server ends the connection, or another file with the same facts takes the file's place."""
    if url.startswith("sqlite"):
        file = Path(sqlite_path(url))
        Path(shutil.copyfile(file, file.with_name("other.db"))).replace(file)
        return
    with bare(url) as owner:
        owner.execute(ENDED)
