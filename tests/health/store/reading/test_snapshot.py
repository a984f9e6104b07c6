"""Reading facts: a constant number of statements, one snapshot, and no other tenant's rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from health.resolver import UnknownTenant
from tests.engines import ONE_SERVER
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, TICK
from tests.health.store.bare import Bare, bare
from tests.oracle.loading import load
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving
from tests.statements import before_each_statement, statements
from tests.subject import fleet_report

COMPLETED = NOW - HOUR


def tenant(number: int, **columns: Any) -> TenantRow:
    return TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO)._replace(**columns)


def a_set(set_id: int, tenant_id: int, completed_at: datetime | None = COMPLETED, **columns: Any) -> SetRow:
    return SetRow(set_id, tenant_id, completed_at=completed_at, created_at=completed_at or COMPLETED)._replace(
        **columns
    )


def an_item(item_id: int, tenant_id: int, set_id: int, **columns: Any) -> ItemRow:
    return ItemRow(item_id, tenant_id, set_id, policy_identifier=f"policy-{item_id}")._replace(**columns)


def rows(
    tenants: list[TenantRow],
    sets: list[SetRow] | None = None,
    items: list[ItemRow] | None = None,
    schedules: list[ScheduleRow] | None = None,
) -> Rows:
    return Rows(tenants, sets or [], items or [], schedules or [])


def entries(url: str, now: datetime = NOW) -> dict[str, Any]:
    """The report's entries by external id."""
    return {entry["tenant"]: entry for entry in fleet_report(url, now, DEFAULT_POLICY)["tenants"]}


# The number of statements


def a_fleet(tenants: int, sets: int, first: int = 1) -> Rows:
    ids = count(first * 1000)
    fleet = rows([], [], [], [])
    for number in range(first, first + tenants):
        fleet.tenants.append(tenant(number))
        for age in range(sets):
            set_id = next(ids)
            fleet.sets.append(a_set(set_id, number, COMPLETED - age * DAY))
            fleet.items.append(an_item(set_id, number, set_id))
        schedule_id = next(ids)
        fleet.schedules.append(ScheduleRow(schedule_id, number, cron="0 2 * * *", created_at=LONG_AGO))
    return fleet


def statements_of_a_fleet(url: str) -> list[str]:
    with resolving(url) as resolver, statements() as seen:
        resolver.fleet(NOW)
    return seen


def statements_of_a_tenant(url: str, external_id: str) -> list[str]:
    with resolving(url) as resolver, statements() as seen:
        resolver.tenants([external_id], NOW)
    return seen


def test_a_fleet_takes_as_many_statements_however_many_tenants(database_url: str) -> None:
    empty = statements_of_a_fleet(database_url)
    load(database_url, a_fleet(1, 1))
    one = statements_of_a_fleet(database_url)
    load(database_url, a_fleet(70, 3, first=2))
    many = statements_of_a_fleet(database_url)
    assert one == many == empty
    assert sum("FROM tenants" in statement for statement in many) <= 4


def test_a_tenant_takes_as_many_statements_whatever_its_history(database_url: str) -> None:
    load(database_url, a_fleet(1, 1))
    load(database_url, a_fleet(1, 80, first=2))
    assert statements_of_a_tenant(database_url, "tenant-1") == statements_of_a_tenant(database_url, "tenant-2")


def test_nor_do_those_of_a_screen(database_url: str) -> None:
    load(database_url, a_fleet(1, 1))
    load(database_url, a_fleet(1, 80, first=2))
    counted = []
    for external_id, set_id in (("tenant-1", 1000), ("tenant-2", 2000)):
        with resolving(database_url) as resolver, statements() as seen:
            resolver.dashboard(external_id, NOW)
            resolver.backup_sets(external_id, NOW)
            resolver.backup_set(external_id, set_id, NOW)
            resolver.schedules(external_id, NOW)
        counted.append(len(seen))
    assert counted[0] == counted[1]


# One snapshot


def before_and_after(store: Bare) -> None:
    """Change everything that one evaluation reads, in one commit."""
    instant = str(NOW)
    if store.dialect == "sqlite":
        instant = NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
    store.execute("BEGIN")
    store.execute("UPDATE tenants SET name = 'Renamed'")
    store.execute("UPDATE backup_schedules SET last_run_status = 'failed'")
    for number in (1, 2):
        store.execute(f"UPDATE backup_items SET capture_mode = NULL WHERE tenant_id = {number}")
        store.execute(
            "INSERT INTO backup_sets (id, tenant_id, name, source, status, completed_at, created_at)"
            f" VALUES ({number + 50}, {number}, 'newer', 'x', 'partial', '{instant}', '{instant}')"
        )
    store.execute(f"INSERT INTO tenants (id, external_id, name, created_at) VALUES (3, 'new', 'New', '{instant}')")
    store.execute("COMMIT")


def two_tenants_in_order() -> Rows:
    return rows(
        [tenant(1), tenant(2)],
        [a_set(1, 1), a_set(2, 2)],
        [an_item(1, 1, 1), an_item(2, 2, 2)],
        [
            ScheduleRow(number, number, created_at=LONG_AGO, last_run_at=COMPLETED, last_run_status="ok")
            for number in (1, 2)
        ],
    )


@pytest.mark.parametrize("database_url", ONE_SERVER, indirect=True)
def test_a_writer_that_commits_between_two_statements_is_not_seen(database_url: str) -> None:
    load(database_url, two_tenants_in_order())
    with bare(database_url) as store:
        if store.dialect == "sqlite":
            # In another journal mode no writer can commit during a read.
            store.execute("PRAGMA journal_mode = WAL")
    before = fleet_report(database_url, NOW, DEFAULT_POLICY)
    number_of_statements = len(statements_of_a_fleet(database_url))
    assert number_of_statements >= 5
    seen = []
    for number in range(number_of_statements):
        with bare(database_url) as store:
            seen.append(report_while_somebody_commits(database_url, store, number) == before)
            after = fleet_report(database_url, NOW, DEFAULT_POLICY)
            assert after != before
            for table in ("backup_items", "backup_sets", "backup_schedules", "tenants"):
                store.execute(f"DELETE FROM {table}")
        load(database_url, two_tenants_in_order())
    # A commit before the snapshot begins belongs to it. From the first answer without it on, no answer has it.
    assert seen == sorted(seen)
    assert seen.count(True) >= 4


def report_while_somebody_commits(url: str, store: Bare, number: int) -> dict[str, Any]:
    """The report, with a commit right before one statement. It is all from before the commit or all from after it."""
    place = count()

    def commit(*_statement: object) -> None:
        if next(place) == number:
            before_and_after(store)

    with before_each_statement(commit):
        found = fleet_report(url, NOW, DEFAULT_POLICY)
    after = fleet_report(url, NOW, DEFAULT_POLICY)
    renamed = [entry["name"] in ("Renamed", "New") for entry in found["tenants"]]
    assert found == after or not any(renamed), found
    if found != after:
        assert [entry["confirmed"] for entry in found["tenants"]] == [True, True]
        assert found["totals"]["tenants"] == 2
    return found


# The basis


def test_the_latest_set_that_ended_with_something_kept_is_the_basis(database_url: str) -> None:
    sets = [
        a_set(10, 1, NOW - 3 * HOUR),
        a_set(11, 1, NOW - 2 * HOUR, status="partial"),
        a_set(12, 1, NOW - HOUR, deleted_at=NOW),
        a_set(13, 1, None, status="running"),
        *(
            a_set(20 + place, 1, NOW - HOUR, status=status)
            for place, status in enumerate(
                ["failed", "cancelled", "running", "Completed", "completed ", "COMPLETED", ""]
            )
        ),
        # In a tie the greatest id wins, in whatever order they were written.
        a_set(31, 2, COMPLETED, created_at=COMPLETED - TICK),
        a_set(30, 2, COMPLETED),
        # A microsecond decides before the id does.
        a_set(40, 3, COMPLETED + TICK),
        a_set(41, 3, COMPLETED),
        a_set(50, 4, None, status="failed"),
    ]
    load(database_url, rows([tenant(number) for number in range(1, 6)], sets))
    found = {name: entry["basis"] and entry["basis"]["id"] for name, entry in entries(database_url).items()}
    assert found == {"tenant-1": 11, "tenant-2": 31, "tenant-3": 40, "tenant-4": None, "tenant-5": None}


def test_items_that_are_deleted_or_of_other_sets_count_for_nothing(database_url: str) -> None:
    items = [
        an_item(1, 1, 11),
        an_item(2, 1, 11, deleted_at=NOW, capture_mode=None),
        an_item(3, 1, 10, capture_mode="metadata_only"),
        an_item(4, 2, 20, capture_mode="metadata_only"),
    ]
    sets = [a_set(10, 1, COMPLETED - DAY), a_set(11, 1), a_set(20, 2)]
    load(database_url, rows([tenant(1), tenant(2)], sets, items))
    basis = entries(database_url)["tenant-1"]["basis"]
    assert (basis["items"], basis["degraded_items"], basis["families"]) == (1, 0, {})


def test_in_postgresql_tenants_that_use_the_same_ids_never_mix(postgres_url: str) -> None:
    schedule = ScheduleRow(1, 1, created_at=NOW, last_run_status="ok")
    sets = [a_set(1, 1, NOW - 5 * HOUR), a_set(2, 1, NOW - 6 * HOUR), a_set(1, 2, NOW - 3 * DAY), a_set(2, 2)]
    items = [
        an_item(1, 1, 1),
        an_item(1, 2, 2),
        an_item(2, 2, 2, capture_mode=None),
        an_item(2, 1, 2, capture_mode=None),
    ]
    schedules = [schedule, schedule._replace(tenant_id=2, last_run_status="failed", name="theirs")]
    load(postgres_url, rows([tenant(1), tenant(2)], sets, items, schedules))
    one, two = (entries(postgres_url)[f"tenant-{number}"] for number in (1, 2))
    assert (one["basis"]["id"], one["basis"]["items"], one["confirmed"]) == (1, 1, True)
    assert (two["basis"]["id"], two["basis"]["items"], two["basis"]["degraded_items"]) == (2, 2, 1)
    assert two["schedules"]["follow_up"] == [{"id": 1, "name": "theirs", "conditions": ["last_run_unsuccessful"]}]


# The schedules and tenants that are judged


def test_enabled_schedules_not_deleted_are_judged_in_order_of_ids(
    database_url: str,
) -> None:
    failing = ScheduleRow(9, 1, created_at=NOW, last_run_status="failed", name="nine")
    schedules = [
        failing,
        failing._replace(id=3, name="three"),
        failing._replace(id=5, is_enabled=False),
        failing._replace(id=6, deleted_at=LONG_AGO),
        failing._replace(id=7, last_run_status=None),
        failing._replace(id=8, tenant_id=2),
    ]
    load(database_url, rows([tenant(1), tenant(2)], [a_set(1, 1)], [an_item(1, 1, 1)], schedules))
    found = entries(database_url)["tenant-1"]["schedules"]
    assert found["enabled"] == 3
    assert [(each["id"], each["name"]) for each in found["follow_up"]] == [(3, "three"), (9, "nine")]


def test_archived_tenants_are_not_judged_and_not_counted(database_url: str) -> None:
    load(
        database_url,
        rows(
            [tenant(1), tenant(2, archived_at=LONG_AGO), tenant(3, archived_at=NOW + DAY)], [a_set(1, 1), a_set(2, 2)]
        ),
    )
    document = fleet_report(database_url, NOW, DEFAULT_POLICY)
    assert [entry["tenant"] for entry in document["tenants"]] == ["tenant-1"]
    assert document["totals"]["tenants"] == 1
    with resolving(database_url) as resolver, pytest.raises(UnknownTenant, match="tenant-2"):
        resolver.tenants(["tenant-1", "tenant-2"], NOW)


def test_no_tenants_at_all(database_url: str) -> None:
    with resolving(database_url) as resolver:
        assert resolver.fleet(NOW) == []


def test_narrowing_gives_the_same_verdicts_in_order_each_once(database_url: str) -> None:
    sets = [a_set(1, 1), a_set(2, 2, NOW - 3 * DAY), a_set(4, 4, NOW - 2 * HOUR)]
    items = [an_item(1, 1, 1), an_item(2, 2, 2), an_item(4, 4, 4)]
    load(database_url, rows([tenant(number) for number in range(1, 5)], sets, items))
    with resolving(database_url) as resolver:
        fleet = {health.tenant.external_id: health for health in resolver.fleet(NOW)}
        some = resolver.tenants(["tenant-1", "tenant-3", "tenant-1", "tenant-2"], NOW)
        assert [health.tenant.external_id for health in some] == ["tenant-3", "tenant-2", "tenant-1"]
        assert some == [fleet[health.tenant.external_id] for health in some]
        assert resolver.tenants([], NOW) == []


@pytest.mark.parametrize("external_id", ["", "TENANT-1", "tenant-1 ", "tenant-%", "' OR 1=1 --", "tenant-\x00"])
def test_an_external_id_is_compared_exactly(database_url: str, external_id: str) -> None:
    load(database_url, rows([tenant(1)]))
    if "\x00" in external_id and database_url.startswith("postgresql"):
        pytest.skip("the driver takes no NUL")
    with resolving(database_url) as resolver, pytest.raises(UnknownTenant):
        resolver.tenants([external_id], NOW)


def test_in_sqlite_a_blob_does_not_match_a_tenants_id(sqlite_url: str) -> None:
    load(sqlite_url, rows([tenant(1), tenant(2)], [a_set(1, 1), a_set(2, 2)], [an_item(1, 1, 1)]))
    with bare(sqlite_url) as store:
        store.execute("UPDATE tenants SET external_id = ? WHERE id = 2", (b"tenant-1",))
    assert {name: entry["posture"] for name, entry in entries(sqlite_url).items()} == {
        "tenant-1": "healthy",
        "tenant-1 (a blob)": "degraded",
    }
    with resolving(sqlite_url) as resolver, pytest.raises(UnknownTenant):
        resolver.dashboard("tenant-1 (a blob)", NOW)


def test_instants_are_read_to_the_microsecond(database_url: str) -> None:
    load(database_url, two_tenants_in_order())
    later = NOW + timedelta(hours=23, microseconds=1)
    assert entries(database_url, later)["tenant-1"]["posture"] == "stale"
    assert entries(database_url, later - TICK)["tenant-1"]["posture"] == "healthy"
