"""Pruning: old sets go, but never one that a verdict needs, and the verdicts stay the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from health.policy import HealthPolicy
from health.store.opening import limits
from health.store.opening.errors import StoreConflict, StoreUnreachable
from health.store.opening.reading import reading_once
from health.store.opening.urls import parse_database_url
from health.store.writing import pruning
from health.store.writing.earlier_sets import EarlierSets, Place, sets_before
from health.store.writing.pruning import KeepLast, KeepSince, PrunePlan, PruneRequest, plan_pruning, prune
from health.store.writing.transactions import writing
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, TICK
from tests.health.store.bare import Bare, bare
from tests.oracle.loading import load
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.subject import fleet_report

POLICY = HealthPolicy()


def tenant(number: int, **columns: Any) -> TenantRow:
    return TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO)._replace(**columns)


def a_set(set_id: int, age: timedelta, tenant_id: int = 1, **columns: Any) -> SetRow:
    at = NOW - age
    return SetRow(set_id, tenant_id, completed_at=at, created_at=at)._replace(**columns)


def fill(url: str, sets: list[SetRow], tenants: Sequence[TenantRow] = (tenant(1),), *, unchecked: bool = False) -> None:
    """A fleet whose sets have two items each, with captured JSON."""
    items = [
        ItemRow(2 * each.id + n, each.tenant_id, each.id, policy_identifier=f"policy-{n}")
        for each in sets
        for n in (0, 1)
    ]
    load(url, Rows(list(tenants), sets, items, []), unchecked=unchecked)
    with bare(url) as database:
        database.execute("UPDATE backup_items SET payload = '{\"a\": 1}', assignments = '[]'")


def planned(url: str, request: PruneRequest) -> PrunePlan:
    with reading_once(parse_database_url(url)) as connection:
        return plan_pruning(connection, request, POLICY, NOW)


def pruned(url: str, request: PruneRequest) -> PrunePlan:
    """Prune, and compare the verdicts before and after, and the plan."""
    before, plan = fleet_report(url, NOW, DEFAULT_POLICY), planned(url, request)
    with writing(parse_database_url(url)) as connection:
        done = prune(connection, request, POLICY, NOW)
    assert done == plan
    assert fleet_report(url, NOW, DEFAULT_POLICY) == before
    return done


def left(url: str) -> list[int]:
    """The ids of the sets that are left. Every item that is left belongs to one of them."""
    with bare(url) as database:
        found = [row[0] for row in database.execute("SELECT id FROM backup_sets ORDER BY id")]
        of_items = {row[0] for row in database.execute("SELECT backup_set_id FROM backup_items")}
    assert of_items == set(found)
    return found


def since(days: int) -> PruneRequest:
    return PruneRequest(KeepSince(NOW - days * DAY))


def last(backups: int) -> PruneRequest:
    return PruneRequest(KeepLast(backups))


# By age


def test_older_sets_go_to_the_microsecond(database_url: str) -> None:
    fill(database_url, [a_set(1, 9 * DAY), a_set(2, 7 * DAY + TICK), a_set(3, 7 * DAY), a_set(4, HOUR)])
    plan = pruned(database_url, since(7))
    assert left(database_url) == [3, 4]
    assert plan.by_tenant() == [("tenant-1", 2, 4)]


def test_only_the_age_of_a_set_counts_not_its_status(database_url: str) -> None:
    old = [
        a_set(1, 9 * DAY, status="failed", completed_at=None, started_at=NOW - 9 * DAY, created_at=NOW),
        a_set(2, 9 * DAY, status="running", completed_at=None),
        a_set(3, 9 * DAY, status="partial"),
        a_set(4, 9 * DAY, deleted_at=NOW - DAY),
        a_set(5, 9 * DAY, status="Whatever?"),
    ]
    new = [
        each._replace(id=each.id + 10, completed_at=NOW - DAY, started_at=None, created_at=NOW - DAY) for each in old
    ]
    fill(database_url, [*old, *new, a_set(20, HOUR)])
    pruned(database_url, since(7))
    assert left(database_url) == [11, 12, 13, 14, 15, 20]


def test_the_basis_stays_however_old(database_url: str) -> None:
    fill(
        database_url, [a_set(1, 90 * DAY), a_set(2, 80 * DAY), a_set(3, 80 * DAY), a_set(4, 70 * DAY, status="failed")]
    )
    pruned(database_url, since(7))
    assert left(database_url) == [3]


def test_a_tenant_that_never_had_a_backup_keeps_nothing_old(database_url: str) -> None:
    fill(database_url, [a_set(1, 90 * DAY, status="failed"), a_set(2, 80 * DAY, deleted_at=NOW)])
    pruned(database_url, since(7))
    assert left(database_url) == []


def test_the_basis_of_an_archived_tenant_stays_too(database_url: str) -> None:
    fill(database_url, [a_set(1, 90 * DAY), a_set(2, 80 * DAY)], [tenant(1, archived_at=NOW - DAY)])
    pruned(database_url, since(7))
    assert left(database_url) == [2]


def test_the_reference_of_the_next_import_stays(database_url: str) -> None:
    """A type that went missing makes sets partial until it is back. Its evidence must stay until then."""
    sets = [
        a_set(1, 90 * DAY, source="intunecd"),
        a_set(2, 80 * DAY, source="intunecd"),
        a_set(3, 70 * DAY, source="intunecd", status="partial"),
        a_set(4, 60 * DAY, source="intunecd", deleted_at=NOW),
        a_set(5, 50 * DAY, source="tenuvault"),
        a_set(6, HOUR, source="intunecd", status="partial"),
    ]
    fill(database_url, sets)
    pruned(database_url, since(7))
    assert left(database_url) == [2, 5, 6]
    assert len(held_against(database_url).items) == 2


def held_against(url: str) -> EarlierSets:
    """The reference of the next set of the first tenant's `intunecd`."""
    with writing(parse_database_url(url)) as connection:
        return sets_before(connection, Place(1, "intunecd", NOW))


def test_a_partial_set_that_alone_has_missing_types_stays(database_url: str) -> None:
    """If a partial set replaced a completed one, no completed set has the missing types."""
    missing = "no files now of types that the last completed set has: Scripts"
    lost = f"skipped: Apps; {missing}; Roles: 1 of 1 items gone"
    sets = [
        a_set(1, 90 * DAY, source="intunecd", status="partial", error=missing),
        a_set(
            2,
            80 * DAY,
            source="intunecd",
            status="partial",
            error=lost,
        ),
        a_set(3, 70 * DAY, source="intunecd", status="partial", error="skipped: Apps"),
        a_set(4, 60 * DAY, source="intunecd", status="partial", error="skipped: Apps"),
        a_set(5, HOUR, source="restic"),
    ]
    fill(database_url, sets)
    before = held_against(database_url)
    pruned(database_url, since(7))
    assert left(database_url) == [2, 4, 5]
    assert held_against(database_url) == before
    assert before.missing == {"Scripts"}


# By number


def test_the_last_backups_and_all_newer_sets_stay(database_url: str) -> None:
    sets = [
        a_set(1, 9 * DAY),
        a_set(2, 8 * DAY, status="failed"),
        a_set(3, 7 * DAY, status="partial"),
        a_set(4, 6 * DAY, deleted_at=NOW),
        a_set(5, 5 * DAY, status="cancelled"),
        a_set(6, 4 * DAY),
        a_set(7, HOUR, status="failed"),
    ]
    fill(database_url, sets)
    pruned(database_url, last(2))
    assert left(database_url) == [3, 4, 5, 6, 7]
    pruned(database_url, last(1))
    assert left(database_url) == [6, 7]


def test_a_tenant_with_too_few_backups_keeps_everything(database_url: str) -> None:
    fill(database_url, [a_set(1, 9 * DAY, status="failed"), a_set(2, 8 * DAY), a_set(3, 7 * DAY, status="failed")])
    pruned(database_url, last(2))
    assert left(database_url) == [1, 2, 3]


def test_backups_of_one_instant_stay_together(database_url: str) -> None:
    fill(database_url, [a_set(1, 9 * DAY), a_set(2, 8 * DAY), a_set(3, 8 * DAY), a_set(4, 8 * DAY)])
    pruned(database_url, last(1))
    assert left(database_url) == [2, 3, 4]


def test_a_run_that_may_be_under_way_stays(database_url: str) -> None:
    longest = POLICY.longest_run
    sets = [
        a_set(1, 9 * DAY, status="running", completed_at=None),
        a_set(2, longest + TICK, status="running", completed_at=None),
        a_set(3, longest, status="running", completed_at=None),
        a_set(4, longest, status="failed", completed_at=None),
        a_set(5, HOUR),
    ]
    fill(database_url, sets)
    pruned(database_url, last(1))
    assert left(database_url) == [3, 5]


# Only the captured JSON


def test_only_the_captured_json_goes(database_url: str) -> None:
    fill(database_url, [a_set(1, 9 * DAY), a_set(2, 8 * DAY), a_set(3, HOUR)])
    request = since(7)._replace(payloads_only=True)
    assert pruned(database_url, request).by_tenant() == [("tenant-1", 2, 4)]
    with bare(database_url) as database:
        query = "SELECT backup_set_id, payload IS NULL, assignments IS NULL, capture_mode FROM backup_items ORDER BY id"
        rows = [tuple(map(str, row)) for row in database.execute(query)]
    gone, kept = {"1", "True"}, {"0", "False"}
    assert [(row[0], row[1] in gone, row[2] in gone, row[3]) for row in rows] == [
        (str(set_id), set_id != 3, set_id != 3, "full") for set_id in (1, 1, 2, 2, 3, 3)
    ]
    assert {row[1] for row in rows} <= gone | kept
    assert pruned(database_url, request).sets == ()


def test_null_is_null_and_not_the_json_of_it(postgres_url: str) -> None:
    fill(postgres_url, [a_set(1, 9 * DAY), a_set(2, HOUR)])
    pruned(postgres_url, since(7)._replace(payloads_only=True))
    with bare(postgres_url) as database:
        assert database.execute("SELECT count(*) FROM backup_items WHERE payload IS NULL") == [(2,)]


# Which tenants


def test_only_the_tenants_named(database_url: str) -> None:
    sets = [a_set(10 * number + n, age, number) for number in (1, 2, 3) for n, age in ((0, 9 * DAY), (1, HOUR))]
    fill(database_url, sets, [tenant(1), tenant(2), tenant(3)])
    plan = pruned(database_url, since(7)._replace(external_ids=("tenant-1", "tenant-3")))
    assert plan.by_tenant() == [("tenant-1", 1, 2), ("tenant-3", 1, 2)]
    assert left(database_url) == [11, 20, 21, 31]


def test_an_unknown_tenant_is_refused(database_url: str) -> None:
    fill(database_url, [a_set(1, 9 * DAY), a_set(2, HOUR)])
    with pytest.raises(StoreConflict, match="There is no tenant 'nobody'"):
        planned(database_url, since(7)._replace(external_ids=("nobody",)))


# Unreadable tenants


@pytest.mark.parametrize("column", ["completed_at", "deleted_at"])
@pytest.mark.parametrize("archived_at", [None, NOW - DAY])
def test_a_tenant_with_an_unknown_basis_is_left_alone(
    database_url: str, archived_at: datetime | None, column: str
) -> None:
    garbage = "infinity" if database_url.startswith("postgresql") else "the day before"
    unknown: dict[str, Any] = {column: garbage}
    sets = [a_set(1, 9 * DAY), a_set(2, 8 * DAY, **unknown), a_set(3, 8 * DAY), a_set(4, HOUR)]
    others = [a_set(11, 9 * DAY, 2), a_set(12, HOUR, 2)]
    fill(database_url, [*sets, *others], [tenant(1, archived_at=archived_at), tenant(2)], unchecked=True)
    plan = pruned(database_url, since(7))
    assert plan.left_alone == ("tenant-1",)
    assert left(database_url) == [1, 2, 3, 4, 12]


def test_a_tenant_unreadable_for_another_reason_is_left_alone(database_url: str) -> None:
    garbage = "infinity" if database_url.startswith("postgresql") else "2026-02-31 00:00:00.000000"
    schedule = ScheduleRow(1, 1, created_at=garbage)
    load(database_url, Rows([tenant(1)], [a_set(1, 9 * DAY), a_set(2, HOUR)], [], [schedule]), unchecked=True)
    assert pruned(database_url, since(7)) == PrunePlan((), ("tenant-1",))


def test_a_set_without_a_readable_time_stays(database_url: str) -> None:
    garbage = "-infinity" if database_url.startswith("postgresql") else "0000-01-01 00:00:00.000000"
    odd = a_set(1, 9 * DAY, status="failed", completed_at=garbage)
    fill(database_url, [odd, a_set(2, 9 * DAY), a_set(3, HOUR)], unchecked=True)
    pruned(database_url, since(7))
    assert left(database_url) == [1, 3]


# All or nothing


def test_a_verdict_that_would_change_keeps_everything(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(database_url, [a_set(1, 9 * DAY), a_set(2, 2 * HOUR), a_set(3, HOUR)])
    real = pruning._plan

    def with_the_basis(*arguments: Any) -> PrunePlan:
        plan = real(*arguments)
        return plan._replace(sets=(*plan.sets, plan.sets[0]._replace(set_id=3)))

    monkeypatch.setattr(pruning, "_plan", with_the_basis)
    with (
        pytest.raises(StoreConflict, match="'tenant-1' would change, so nothing was removed"),
        writing(parse_database_url(database_url)) as connection,
    ):
        prune(connection, since(7), POLICY, NOW)
    assert left(database_url) == [1, 2, 3]


def test_planning_writes_nothing(database_url: str) -> None:
    fill(database_url, [a_set(1, 9 * DAY), a_set(2, HOUR)])
    with bare(database_url) as database:
        before = database.everything()
        planned(database_url, since(7))
        assert database.everything() == before


def test_no_other_program_can_write_sets_meanwhile(postgres_url: str) -> None:
    fill(postgres_url, [a_set(1, 9 * DAY), a_set(2, HOUR)])
    with bare(postgres_url) as other, writing(parse_database_url(postgres_url)) as connection:
        prune(connection, since(7), POLICY, NOW)
        other.execute("SET lock_timeout = '100ms'")
        with pytest.raises(Exception, match="lock timeout"):
            other.execute("UPDATE backup_sets SET deleted_at = now() WHERE id = 2")


def test_a_long_wait_for_another_writer_is_an_error(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOCK_SECONDS", 0.1)
    fill(postgres_url, [a_set(1, 9 * DAY), a_set(2, HOUR)])
    with bare(postgres_url) as other, other.rolled_back():
        other.execute("UPDATE backup_sets SET deleted_at = now() WHERE id = 2")
        with (
            pytest.raises(StoreUnreachable, match="is locked by a program that writes to it: try again"),
            writing(parse_database_url(postgres_url)) as connection,
        ):
            prune(connection, since(7), POLICY, NOW)


# Any fleet


def random_fleet(seed: int) -> Rows:
    """Tenants with up to eight sets in any state and of any age, with items in any state."""
    rng = random.Random(seed)
    tenants: list[TenantRow] = []
    sets: list[SetRow] = []
    items: list[ItemRow] = []
    for number in range(1, 61):
        tenants.append(tenant(number, archived_at=rng.choice([None, None, None, NOW - DAY])))
        for _ in range(rng.randrange(9)):
            age = rng.choice([-DAY, HOUR, 25 * HOUR, 7 * DAY, 7 * DAY + TICK, 30 * DAY])
            status = rng.choice(["completed", "completed", "partial", "failed", "running", "odd"])
            deleted_at = rng.choice([None, None, None, NOW])
            source = rng.choice(["intunecd", "tenuvault"])
            sets.append(a_set(len(sets) + 1, age, number, status=status, deleted_at=deleted_at, source=source))
            for n in range(rng.randrange(3)):
                mode = rng.choice(["full", "metadata_only"])
                items.append(
                    ItemRow(len(items) + 1, number, len(sets), policy_identifier=f"policy-{n}", capture_mode=mode)
                )
    return Rows(tenants, sets, items, [])


@pytest.mark.parametrize("seed", range(3))
def test_no_fleet_has_another_verdict_afterwards(database_url: str, seed: int) -> None:
    load(database_url, random_fleet(seed))
    for request in (last(5), since(30), last(2), since(7), last(1), since(1)):
        pruned(database_url, request)
    with bare(database_url) as database:
        assert_only_what_is_needed_is_left(database)
    assert pruned(database_url, since(1)).sets == ()


def assert_only_what_is_needed_is_left(database: Bare) -> None:
    """After the strictest rule: per tenant the sets younger than a day, the basis, and of each source the last complete
    set and the last with something kept."""
    query = "SELECT tenant_id, source, status FROM backup_sets WHERE completed_at < ?"
    found = database.execute(query, (NOW - DAY,))
    for tenant_id in {row[0] for row in found}:
        old = [row for row in found if row[0] == tenant_id]
        for kept in ((source, status) for source in ("intunecd", "tenuvault") for status in ("completed", "partial")):
            assert sum(row[1:] == kept for row in old) <= 1
        assert {row[2] for row in old} <= {"partial", "completed"}
