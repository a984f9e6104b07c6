"""A database in each state of its statistics, for the tests of plans, which only read: each state is a copy of its own.

A state is made from the one before, once on each engine; with one for each test, that was most of their time.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.health.making import LONG_AGO
from tests.health.store.bare import bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow

Stages = list[tuple[str, str]]
"""States by their names, each with the URL of its database."""

ALL_ALIKE = "loaded and analysed, all items alike"


def a_fleet(tenants: int, sets: int, items: int, alike: bool) -> Rows:
    """Tenants with a history. `alike`: every item is in as many families as possible, so that statistics are equal."""
    rows = Rows([], [], [], [])
    for tenant in range(1, tenants + 1):
        rows.tenants.append(TenantRow(tenant, f"tenant-{tenant}", "Contoso", LONG_AGO))
        rows.schedules.append(ScheduleRow(tenant, tenant, cron="0 2 * * *", created_at=LONG_AGO))
        for number in range(sets):
            set_id = tenant * 100 + number
            completed_at = LONG_AGO.replace(hour=number)
            rows.sets.append(SetRow(set_id, tenant, completed_at=completed_at, created_at=completed_at))
            for item in range(items):
                row = ItemRow(set_id * 100 + item, tenant, set_id, policy_identifier=f"policy-{item}")
                bad = alike or (item + tenant) % 9 == 0
                rows.items.append(
                    row._replace(
                        capture_mode=None if bad else "full",
                        assignments_state="failed" if bad and item % 2 else None,
                        orphaned_assignments=int(bad),
                        integrity_warning="" if bad else None,
                    )
                )
    return rows


def stages(url: str) -> Iterator[str]:
    """Put a database into the possible states of its statistics, one after the other; each by its name."""

    def analyse() -> None:
        with bare(url) as store:
            store.execute("ANALYZE")

    yield "empty, without statistics"
    if url.startswith("sqlite"):
        # PostgreSQL believes even statistics this wrong, until autovacuum runs ANALYZE.
        analyse()
        yield "empty, with the statistics of that"
    load(url, a_fleet(60, 4, 5, alike=True))
    yield "loaded, with the statistics that an empty database left"
    analyse()
    yield ALL_ALIKE
    load(url, _shifted(a_fleet(100, 12, 9, alike=False), 1000))
    analyse()
    yield "loaded and analysed, a few items degraded"
    if url.startswith("sqlite"):
        with bare(url) as store:
            store.execute("DROP TABLE sqlite_stat1")
        yield "loaded, without statistics"


def _shifted(rows: Rows, by: int) -> Rows:
    """The same fleet under other ids."""
    return Rows(
        [row._replace(id=row.id + by, external_id=f"other-{row.id}") for row in rows.tenants],
        [row._replace(id=row.id + by * 100, tenant_id=row.tenant_id + by) for row in rows.sets],
        [
            row._replace(
                id=row.id + by * 10_000, tenant_id=row.tenant_id + by, backup_set_id=row.backup_set_id + by * 100
            )
            for row in rows.items
        ],
        [row._replace(id=row.id + by, tenant_id=row.tenant_id + by) for row in rows.schedules],
    )
