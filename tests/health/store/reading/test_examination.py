"""The doctor's facts from a database, on each engine.

Modules: health.store.reading.examination, health.store.reading.examination_statements.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from health.doctor.facts import Examined, SourceRuns
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, SKEW, TICK
from tests.health.store.bare import bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving
from tests.statements import statements


def tenants(number: int, **columns: Any) -> Rows:
    """This many tenants without a set."""
    found = [TenantRow(each, f"tenant-{each}", f"Tenant {each}", LONG_AGO) for each in range(1, number + 1)]
    return Rows([each._replace(**columns) for each in found], [], [], [])


def add_set(rows: Rows, tenant: int, age: timedelta, *digests: str | None, **columns: Any) -> None:
    """A set of a tenant of this age, with an item for each digest."""
    number = len(rows.sets) + 1
    at = NOW - age
    rows.sets.append(SetRow(number, tenant, completed_at=at, created_at=at)._replace(**columns))
    for place, digest in enumerate(digests):
        item = ItemRow(len(rows.items) + 1, tenant, number, "Filters", f"policy-{place:03}", payload_digest=digest)
        rows.items.append(item)


def examined(url: str, rows: Rows) -> Examined:
    load(url, rows, unchecked=True)
    with resolving(url) as resolver:
        return resolver.examined(NOW)


def test_runs_by_tenant_and_source(database_url: str) -> None:
    rows = tenants(2)
    for age in (DAY, 2 * DAY, 3 * DAY, 30 * DAY, 30 * DAY + TICK):
        add_set(rows, 1, age, source="intunecd")
    add_set(rows, 1, -SKEW, source="restic", status="partial")
    add_set(rows, 1, -SKEW - TICK, source="restic")
    add_set(rows, 1, HOUR, source="restic", status="failed")
    add_set(rows, 1, HOUR, source="restic", deleted_at=NOW)
    add_set(rows, 2, HOUR, source="borg")
    rows.tenants[1] = rows.tenants[1]._replace(archived_at=NOW - DAY)
    assert examined(database_url, rows).fleet.runs == (
        SourceRuns(1, "tenant-1", None, "intunecd", 4, NOW - 30 * DAY, NOW - DAY),
        SourceRuns(1, "tenant-1", None, "restic", 1, NOW + SKEW, NOW + SKEW),
        SourceRuns(2, "tenant-2", NOW - DAY, "borg", 1, NOW - HOUR, NOW - HOUR),
    )


def test_first_sets_and_disabled_schedules(database_url: str) -> None:
    rows = tenants(3)
    add_set(rows, 1, 40 * DAY, deleted_at=NOW)
    add_set(rows, 1, DAY)
    disabled: list[dict[str, Any]] = [{"is_enabled": False}, {}, {"is_enabled": False, "deleted_at": NOW}]
    for number, columns in enumerate(disabled, 1):
        rows.schedules.append(ScheduleRow(number, number, created_at=LONG_AGO)._replace(**columns))
    fleet = examined(database_url, rows).fleet
    assert fleet.first_sets == {1: NOW - 40 * DAY}
    assert fleet.with_disabled == {1}


TEN = tuple(f"sha256:{number}" for number in range(10))


@pytest.mark.parametrize(
    ("others", "found"),
    [
        (TEN, True),
        (TEN[:9], False),
        ((*TEN[:4], "sha256:other", *TEN[5:]), False),
        ((*TEN[:4], None, *TEN[5:]), False),
        ((*TEN, "sha256:more"), False),
    ],
    ids=["equal", "one fewer", "one differs", "one without a digest", "one more"],
)
def test_equal_content_is_all_of_it(database_url: str, others: tuple[str | None, ...], found: bool) -> None:
    rows = tenants(3)
    add_set(rows, 1, HOUR, *TEN)
    add_set(rows, 2, 2 * HOUR, *others)
    add_set(rows, 3, 2 * HOUR, *TEN)
    add_set(rows, 3, HOUR, *reversed(TEN))
    assert examined(database_url, rows).fleet.alike == ((("tenant-1", "tenant-2"),) if found else ())


def test_few_items_may_be_alike_by_chance(database_url: str) -> None:
    rows = tenants(2)
    for tenant in (1, 2):
        add_set(rows, tenant, HOUR, *TEN[:9])
    assert examined(database_url, rows).fleet.alike == ()


def test_archived_tenants_and_deleted_items_do_not_count(database_url: str) -> None:
    rows = tenants(3)
    for tenant in (1, 2, 3):
        add_set(rows, tenant, HOUR, *TEN)
    rows.tenants[0] = rows.tenants[0]._replace(archived_at=NOW)
    gone = ItemRow(99, 2, 2, "Filters", "gone", payload_digest="sha256:gone", deleted_at=NOW)
    rows.items.append(gone)
    assert examined(database_url, rows).fleet.alike == (("tenant-2", "tenant-3"),)


def test_with_very_many_alike_the_whole_fleet_is_asked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("health.store.reading.examination._FEW_TENANTS", 1)
    rows = tenants(3)
    for tenant, content in ((1, TEN), (2, TEN), (3, TEN[:9])):
        add_set(rows, tenant, HOUR, *content)
    assert examined(database_url, rows).fleet.alike == (("tenant-1", "tenant-2"),)


def test_statistics(fresh_url: str) -> None:
    rows = tenants(1)
    add_set(rows, 1, HOUR, *TEN)
    load(fresh_url, rows)
    with resolving(fresh_url) as resolver:
        assert resolver.examined(NOW).without_statistics == ("backup_sets", "backup_items")
        with bare(fresh_url) as store:
            store.execute("ANALYZE backup_sets")
        assert resolver.examined(NOW).without_statistics == ("backup_items",)
        with bare(fresh_url) as store:
            store.execute("ANALYZE")
        assert resolver.examined(NOW).without_statistics == ()


def test_the_number_of_statements_does_not_grow(database_url: str) -> None:
    numbers = []
    for first in (1, 11):
        rows = Rows([], [], [], [])
        for number in range(first, first + first * 3):
            rows.tenants.append(TenantRow(number, f"tenant-{number}", "Contoso", LONG_AGO))
            at = NOW - HOUR
            rows.sets.append(SetRow(number, number, completed_at=at, created_at=at))
            for place, digest in enumerate(TEN):
                rows.items.append(
                    ItemRow(100 * number + place, number, number, "Filters", f"{place}", payload_digest=digest)
                )
        load(database_url, rows)
        with resolving(database_url) as resolver, statements() as seen:
            resolver.examined(NOW)
        numbers.append(len(seen))
    assert numbers[0] == numbers[1]
