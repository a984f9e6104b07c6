"""A refresh beside a busy writer: only the blocks of tenants that changed are read, and no change is ever missed."""

from __future__ import annotations

from itertools import count
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health.store.columns import BACKUP_SCHEDULES, BACKUP_SETS, Kind
from health.store.columns import TENANTS as TENANTS_READ
from health.store.reading.blocks import Blocks, block_of, changed_blocks, tenant_ids_in
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.oracle.loading import clear, load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving
from tests.statements import flights

TENANTS: Final = 200
INSTANT: Final = "timestamptz '2026-01-01 00:00Z' + {0} * interval '1 second'"
CHANGES: Final = (
    "UPDATE tenants SET name = name || E'\\n{0}' WHERE id = {1}",
    "UPDATE tenants SET external_id = 'other-{0}-{1}' WHERE id = {1}",
    f"UPDATE tenants SET archived_at = CASE WHEN archived_at IS NULL THEN {INSTANT} END WHERE id = {{1}}",
    "INSERT INTO tenants (id, external_id, name, created_at)"
    f" VALUES (1000 + {{0}}, 'new-{{0}}', 'New', {INSTANT}), (-{{0}}, 'below-{{0}}', 'New', {INSTANT})"
    " ON CONFLICT DO NOTHING",
    "UPDATE backup_schedules SET is_enabled = NOT is_enabled WHERE tenant_id = {1}",
    "UPDATE backup_schedules SET last_run_status = CASE WHEN last_run_status = '' THEN NULL ELSE '' END"
    " WHERE tenant_id = {1}",
    f"UPDATE backup_schedules SET last_run_at = {INSTANT} WHERE tenant_id = {{1}}",
    f"INSERT INTO backup_schedules (id, tenant_id, name, is_enabled, timezone, created_at)"
    f" SELECT 1000 + {{0}}, id, 'n', true, 'UTC', {INSTANT} FROM tenants WHERE id = {{1}} ON CONFLICT DO NOTHING",
    # The rows of two tenants, as a rule of two blocks, change places.
    "UPDATE tenants AS one SET name = other.name FROM tenants AS other"
    " WHERE (one.id, other.id) IN (({1}, 4 * {0} + 1), (4 * {0} + 1, {1}))",
    "UPDATE backup_schedules SET tenant_id = 4 * {0} + 1"
    " WHERE tenant_id = {1} AND EXISTS (SELECT FROM tenants WHERE id = 4 * {0} + 1)",
    # Two texts side by side stay the same when they are joined.
    "UPDATE backup_sets SET name = concat(name, ','), source = concat('\"', source) WHERE tenant_id = {1}",
    "UPDATE backup_sets SET name = left(name, -1), source = concat(right(name, 1), source) WHERE tenant_id = {1}",
    "DELETE FROM backup_items WHERE tenant_id = {1}; DELETE FROM backup_sets WHERE tenant_id = {1};"
    " DELETE FROM backup_schedules WHERE tenant_id = {1}; DELETE FROM tenants WHERE id = {1}",
    f"INSERT INTO backup_sets (id, tenant_id, name, source, status, completed_at, created_at)"
    f" SELECT 1000 + {{0}}, id, 'n', 's', 'partial', {INSTANT}, {INSTANT} FROM tenants WHERE id = {{1}}"
    " ON CONFLICT DO NOTHING",
    "UPDATE backup_sets SET status = CASE status WHEN 'failed' THEN 'completed' ELSE 'failed' END"
    " WHERE tenant_id = {1}",
    f"UPDATE backup_sets SET completed_at = {INSTANT} WHERE tenant_id = {{1}}",
    "UPDATE backup_sets SET completed_at = 'infinity' WHERE tenant_id = {1}",
    f"UPDATE backup_sets SET deleted_at = CASE WHEN deleted_at IS NULL THEN {INSTANT} END WHERE tenant_id = {{1}}",
    "UPDATE backup_sets SET error = CASE WHEN error IS NULL THEN '' END WHERE tenant_id = {1}",
    "UPDATE backup_items SET capture_mode = CASE WHEN capture_mode IS NULL THEN 'full' END WHERE tenant_id = {1}",
    "UPDATE backup_items SET orphaned_assignments = {0} % 3 WHERE tenant_id = {1}",
    f"UPDATE backup_items SET deleted_at = CASE WHEN deleted_at IS NULL THEN {INSTANT} END WHERE tenant_id = {{1}}",
    "DELETE FROM backup_items WHERE tenant_id = {1}",
    # A column that no verdict reads may move the token and nothing else.
    "UPDATE backup_items SET payload = '{{}}' WHERE tenant_id = {1}",
)
of_tenants = st.tuples(st.sampled_from(CHANGES), st.integers(0, 50), st.integers(1, TENANTS))


def a_fleet() -> Rows:
    """Tenants in seven blocks, each with a schedule and a set of one item."""
    rows = Rows([], [], [], [])
    for number in range(1, TENANTS + 1):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        rows.schedules.append(ScheduleRow(number, number, created_at=LONG_AGO, last_run_at=NOW - HOUR))
        rows.sets.append(SetRow(number, number, completed_at=NOW - HOUR, created_at=NOW))
        rows.items.append(ItemRow(number, number, number))
    return rows


@given(st.lists(st.lists(of_tenants, min_size=1, max_size=3), min_size=2, max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_change_is_missed(postgres_url: str, rounds: list[list[tuple[str, int, int]]]) -> None:
    clear(postgres_url)
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, resolving(postgres_url) as fresh, bare(postgres_url) as writer:
        held.refreshed_fleet(NOW)
        for changes in rounds:
            for statement, number, tenant in changes:
                writer.execute(statement.format(number, tenant))
            again = held.refreshed_fleet(NOW)
            fresh._kept.token = None
            assert again.verdicts == fresh.refreshed_fleet(NOW).verdicts


OTHER_VALUES: Final = {
    Kind.TEXT: ("''", "'other'"),
    Kind.FLAG: ("NOT {}",),
    Kind.COUNT: ("7", "8"),
    Kind.INSTANT: ("timestamptz '2026-01-01 00:00:00.000001Z'", "timestamptz '2026-01-01 00:00:00.000002Z'"),
}


def test_every_column_of_a_fact_is_in_the_digest_of_its_block(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, bare(postgres_url) as writer:

        def blocks() -> Blocks:
            return held._store().read(lambda snapshot: snapshot.blocks()[1])

        tenants = count(1)
        for table in (TENANTS_READ, BACKUP_SCHEDULES, BACKUP_SETS):
            for column in table.columns:
                tenant = next(tenants)
                # After the first value the row is no part of the facts.
                gone = column.name in ("deleted_at", "archived_at", "status")
                for value in OTHER_VALUES.get(column.kind, ())[: 1 if gone else None]:
                    before = blocks()
                    other = value.format(column.name)
                    # The id of each row is its tenant's.
                    writer.execute(f"UPDATE {table.table} SET {column.name} = {other} WHERE id = {tenant}")
                    assert changed_blocks(before, blocks()) == {block_of(tenant)}, column.name


def test_a_tenant_that_changed_is_read_in_three_flights(postgres_url: str) -> None:
    """The token; the digests of the blocks; the rows of the one block that differs."""
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, bare(postgres_url) as writer:
        held.refreshed_fleet(NOW)
        # The first time the digests come with the whole fleet, because they were not asked for before.
        writer.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 2")
        held.refreshed_fleet(NOW)
        writer.execute("UPDATE tenants SET name = 'Renamed again' WHERE id = 2")
        with flights() as seen:
            again = held.refreshed_fleet(NOW)
        assert len(seen) == 3
        assert "tenants.id IN :tenant_ids" in seen[2]
        assert [each.tenant.name for each in again.verdicts if each.tenant.id == 2] == ["Renamed again"]


def test_verdicts_of_other_blocks_stay_the_same_objects(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, bare(postgres_url) as writer:
        for name in ("One", "Two", "Three"):
            before = {each.tenant.id: each for each in held.refreshed_fleet(NOW).verdicts}
            writer.execute(f"UPDATE tenants SET name = '{name}' WHERE id = 2")
        after = {each.tenant.id: each for each in held.refreshed_fleet(NOW).verdicts}
        assert {number for number in after if after[number] is not before[number]} == {2}


def test_blocks_are_compared_by_number() -> None:
    assert changed_blocks({1: "a", 2: "b", 3: "c"}, {1: "a", 2: "x", 4: "d"}) == {2, 3, 4}
    assert all(block_of(number) == 7 for number in tenant_ids_in([7]))
    assert block_of(tenant_ids_in([7])[0] - 1) == 6
    assert block_of(-1) == -1
    assert -1 in tenant_ids_in([-1])
