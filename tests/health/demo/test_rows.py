"""The demo fleet's rows: the tables accept them, they are plausible, and they are the same on every machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest

from health.demo.fleet import (
    ARCHIVED_TENANTS,
    DEFAULT_TENANTS,
    SITUATIONS,
    UNREADABLE_INSTANT,
    DemoTenant,
    ItemRow,
    ScheduleRow,
    SetRow,
    TenantRow,
    demo_fleet,
)
from health.demo.items import LARGEST_CONFIGURATION
from health.demo.names import demo_name
from health.demo.situations import UNREADABLE, Evidence, situation_of
from health.facts import BASIS_STATUSES
from tests.health.demo.demo_verdicts import LARGE, NOW, NOWS, POLICY, basis_row, is_kept, unreadable_of

Row = TenantRow | ScheduleRow | SetRow | ItemRow


def rows_of(demo: DemoTenant) -> list[Row]:
    return [demo.tenant, *demo.schedules, *demo.sets, *demo.items]


def instants_of(row: Row) -> list[tuple[str, object]]:
    """The columns of a row that hold an instant, with their values, without nulls."""
    cells = zip(row._fields, row, strict=True)
    return [(column, value) for column, value in cells if column.endswith("_at") and value is not None]


def test_the_only_value_that_cannot_be_read_is_one_completion() -> None:
    fleet = list(demo_fleet(NOW, 30, POLICY))
    strange = [
        (type(row), column, value)
        for demo in fleet
        for row in rows_of(demo)
        for column, value in instants_of(row)
        if not isinstance(value, datetime) or value.tzinfo is not UTC
    ]
    assert strange == [(SetRow, "completed_at", UNREADABLE_INSTANT)]
    unreadable = fleet[SITUATIONS.index(UNREADABLE)]
    assert [row for row in unreadable.sets if is_kept(row)][-1].completed_at == UNREADABLE_INSTANT


CONTRACT: tuple[tuple[type[Row], str], ...] = (
    (TenantRow, "id external_id name created_at archived_at"),
    (
        ScheduleRow,
        "id tenant_id name is_enabled cron timezone last_run_at last_run_status next_run_at created_at enabled_at"
        " deleted_at",
    ),
    (
        SetRow,
        "id tenant_id schedule_id name source source_ref status item_count error started_at completed_at created_at"
        " deleted_at",
    ),
    (
        ItemRow,
        "id tenant_id backup_set_id policy_type policy_identifier display_name platform capture_mode"
        " assignments_state orphaned_assignments integrity_warning captured_at deleted_at assignments payload",
    ),
)


def test_rows_have_the_columns_of_the_contract_in_their_order() -> None:
    for row_type, columns in CONTRACT:
        assert row_type._fields == tuple(columns.split())


def assert_storable(demo: DemoTenant) -> None:
    """Fail at rows of one tenant that the tables' constraints would refuse (docs/facts.md, "The facts")."""
    schedules, sets = {row.id for row in demo.schedules}, {row.id for row in demo.sets}
    for row in rows_of(demo):
        assert row.id > 0
        assert isinstance(row, TenantRow) or row.tenant_id == demo.tenant.id
    for backup_set in demo.sets:
        assert backup_set.schedule_id is None or backup_set.schedule_id in schedules
        assert backup_set.completed_at is not None or backup_set.status not in BASIS_STATUSES
        assert backup_set.item_count is None or backup_set.item_count >= 0
    assert len({(row.source, row.source_ref) for row in demo.sets}) == len(demo.sets)
    assert all(item.backup_set_id in sets and item.orphaned_assignments >= 0 for item in demo.items)
    identities = {(item.backup_set_id, item.policy_type, item.policy_identifier) for item in demo.items}
    assert len(identities) == len(demo.items)


def assert_believable(demo: DemoTenant, now: datetime) -> None:
    """Fail at an instant before the tenant existed or, except for a wrong clock, after now."""
    assert now - timedelta(days=3 * 366) < demo.tenant.created_at < now
    ahead = situation_of(demo.tenant.id - 1).evidence is Evidence.AHEAD
    for row in rows_of(demo):
        for column, value in instants_of(row):
            if isinstance(value, datetime) and column != "next_run_at":
                assert value >= demo.tenant.created_at, (row, column)
                assert value <= now or ahead, (row, column)
    assert len(demo.schedules) <= 3
    starts = [row.started_at for row in demo.sets if row.completed_at is None or row.started_at < row.created_at]
    assert starts == sorted(starts)


@pytest.mark.parametrize("now", [NOW, NOWS[2], NOWS[6]], ids=str)
def test_the_rows_of_the_default_fleet_keep_every_constraint(now: datetime) -> None:
    seen: dict[str, list[int]] = {"tenants": [], "schedules": [], "sets": [], "items": []}
    json_texts: set[str] = set()
    for demo in demo_fleet(now, DEFAULT_TENANTS, POLICY):
        assert_storable(demo)
        assert_believable(demo, now)
        seen["tenants"].append(demo.tenant.id)
        seen["schedules"].extend(row.id for row in demo.schedules)
        seen["sets"].extend(row.id for row in demo.sets)
        seen["items"].extend(row.id for row in demo.items)
        json_texts.update(text for row in demo.items for text in (row.assignments, row.payload) if text is not None)
    assert all(len(set(ids)) == len(ids) for ids in seen.values())
    assert all(seen[table] == sorted(seen[table]) for table in ("tenants", "sets", "items"))
    assert all(isinstance(json.loads(text), dict | list) for text in json_texts)


def test_the_rows_of_a_large_fleet_keep_every_constraint() -> None:
    items = 0
    for demo in demo_fleet(NOW, LARGE, POLICY):
        assert_storable(demo)
        items += len(demo.items)
        # Only the newest sets have items, and every older set without items is deleted.
        assert sum(map(is_kept, demo.sets)) <= 2
    assert items < 200 * LARGE


def test_the_default_fleet_has_all_that_a_screen_shows() -> None:
    fleet = list(demo_fleet(NOW, DEFAULT_TENANTS, POLICY))
    sets = [row for demo in fleet for row in demo.sets]
    items = [row for demo in fleet for row in demo.items]
    schedules = [row for demo in fleet for row in demo.schedules]
    assert {row.status for row in sets} == {"completed", "partial", "failed", "cancelled", "running"}
    assert {row.source for row in sets} == {"intunecd", "tenuvault", "intunemanagement"}
    assert {row.assignments_state for row in items} >= {"captured", "unassigned", "failed", "excluded", None}
    assert any(row.deleted_at is not None for row in sets)
    assert any(row.deleted_at is not None for row in items)
    assert any(row.deleted_at is not None for row in schedules)
    assert any(not row.is_enabled for row in schedules)
    assert {len(demo.schedules) for demo in fleet} == {0, 1, 2, 3}
    newer = [demo for demo in fleet if demo.sets and (basis := latest_kept(demo)) and demo.sets[-1].id > basis.id]
    assert {demo.sets[-1].status for demo in newer} >= {"failed", "running"}
    assert len({row.timezone for row in schedules}) > 10


def latest_kept(demo: DemoTenant) -> SetRow | None:
    return None if unreadable_of(demo) else basis_row(demo)


@pytest.mark.parametrize("tenants", [1, 7, 200, 20_000])
def test_names_and_external_ids_are_unique(tenants: int) -> None:
    names = [demo_name(index, tenants + ARCHIVED_TENANTS) for index in range(tenants + ARCHIVED_TENANTS)]
    assert len({name.external_id for name in names}) == len(names)
    assert len({name.name for name in names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.example", name.external_id) for name in names)


def test_names_sort_as_expected_and_situations_are_mixed() -> None:
    tenants = [demo.tenant for demo in demo_fleet(NOW, DEFAULT_TENANTS, POLICY) if demo.tenant.archived_at is None]
    names = [row.name for row in tenants]
    assert {"Müller & Söhne", "株式会社サンプル", "van der Velde Logistiek"} < set(names)
    assert sorted(names) != sorted(names, key=str.casefold)
    places = {row.id: place for place, row in enumerate(sorted(tenants, key=lambda row: row.name.casefold()))}
    taken = sorted(places[number] for number in range(1, len(SITUATIONS) + 1))
    quarters = [sum(place * 4 // DEFAULT_TENANTS == quarter for place in taken) for quarter in range(4)]
    assert min(quarters) >= 3
    assert sum(after - before == 1 for before, after in pairwise(taken)) <= len(SITUATIONS) // 3


def digest_of(now: datetime, tenants: int) -> str:
    return hashlib.sha256(repr(list(demo_fleet(now, tenants, POLICY))).encode()).hexdigest()


def test_the_same_arguments_give_the_same_rows_in_every_process() -> None:
    here = digest_of(NOW, 30)
    assert digest_of(NOW, 30) == here
    code = "from tests.health.demo.test_rows import NOW, digest_of; print(digest_of(NOW, 30))"
    for seed in ("1", "2"):
        output = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo"},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert output.strip() == here


def test_the_instant_may_be_given_in_any_zone() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert list(demo_fleet(elsewhere, 20, POLICY)) == list(demo_fleet(NOW, 20, POLICY))


def test_tenants_are_made_one_at_a_time() -> None:
    first = next(demo_fleet(NOW, 10**9, POLICY))
    assert first.tenant.id == 1
    assert len(first.items) <= 2 * LARGEST_CONFIGURATION + 2
