"""Tables written anew while they are read: an older snapshot finds them empty (docs/reading.md, "One snapshot").

Modules: health.store.opening.postgresql, health.store.opening.reading, health.store.reading.held_connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from psycopg.errors import DeadlockDetected

from health.resolver import UnknownTenant
from health.store.opening.errors import StoreBrokenOff
from health.store.opening.statements import Asked
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.health.store.bare import Bare, bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving
from tests.statements import before_each_statement

TENANTS = 100
KEPT = "CREATE TEMP TABLE kept AS SELECT * FROM {0}; TRUNCATE {0} CASCADE; INSERT INTO {0} SELECT * FROM kept"
AGAIN = "CREATE TABLE again (LIKE {0} INCLUDING ALL); INSERT INTO again SELECT * FROM {0};"
FIRST_OF_FACTS = ("SELECT tenants.id", "SELECT tenant >>")
"""The beginnings of the statements by which a snapshot reads its first facts: tenants, or blocks of them."""
ANEW = {
    "rewritten": "ALTER TABLE backup_schedules ADD COLUMN noted text DEFAULT random()",
    "truncated": KEPT.format("backup_items"),
    "made again": f"{AGAIN.format('backup_schedules')} DROP TABLE backup_schedules CASCADE;"
    " ALTER TABLE again RENAME TO backup_schedules",
}


def a_fleet() -> Rows:
    """Tenants in several blocks, each with a schedule whose last run failed."""
    rows, at = Rows([], [], [], []), NOW - HOUR
    for number in range(1, TENANTS + 1):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        rows.schedules.append(ScheduleRow(number, number, created_at=LONG_AGO, last_run_at=at, last_run_status="no"))
        rows.sets.append(SetRow(number, number, completed_at=at, created_at=at))
        rows.items.append(ItemRow(number, number, number))
    return rows


@contextmanager
def written_while_read(writer: Bare, *times: str) -> Iterator[None]:
    """In this block, each of these commits after a snapshot has begun and before it reads the facts."""
    left = list(times)

    def write(asked: Asked) -> None:
        if left and asked.statement.startswith(FIRST_OF_FACTS):
            writer.execute(left.pop(0))

    with before_each_statement(write):
        yield
    assert not left


def renamed(writer: Bare) -> None:
    writer.execute("UPDATE tenants SET name = concat(name, '.') WHERE id = 2")


@pytest.mark.parametrize("way", ANEW)
def test_a_table_that_is_written_anew_is_never_read_as_empty(postgres_url: str, way: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, bare(postgres_url) as writer:
        with written_while_read(writer, ANEW[way]):
            found = held.refreshed_fleet(NOW).verdicts
        assert [len(each.schedules) for each in found] == [1] * TENANTS
        with resolving(postgres_url) as fresh:
            assert list(found) == fresh.fleet(NOW)


def test_nor_is_it_by_a_refresh_that_compares_blocks_and_by_a_screen(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, bare(postgres_url) as writer:
        looks: list[Callable[[], object]] = [
            lambda: held.refreshed_fleet(NOW).verdicts,
            lambda: held.dashboard("tenant-7", NOW),
            lambda: held.tenants(["tenant-7", "tenant-8"], NOW),
        ]
        for _ in range(3):
            held.refreshed_fleet(NOW)
            renamed(writer)
        for look in looks:
            renamed(writer)
            with written_while_read(writer, ANEW["made again"]):
                found = look()
            assert found == look()


def test_a_tenant_is_not_missing_because_its_table_is_written_anew(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, bare(postgres_url) as writer:
        with written_while_read(writer, "ALTER TABLE tenants ADD COLUMN noted text DEFAULT random()"):
            assert held.dashboard("tenant-7", NOW).health.tenant.id == 7
        with pytest.raises(UnknownTenant):
            held.dashboard("tenant-0", NOW)


def test_a_table_that_is_written_anew_all_the_time_is_an_error(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    twice = [f"ALTER TABLE backup_schedules ADD COLUMN noted_{n} text DEFAULT random()" for n in (1, 2)]
    with resolving(postgres_url) as held, bare(postgres_url) as writer:
        with written_while_read(writer, *twice), pytest.raises(StoreBrokenOff, match="a table was written anew"):
            held.fleet(NOW)
        assert len(held.fleet(NOW)) == TENANTS


def test_a_reader_that_is_ended_for_a_deadlock_asks_again(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    left = 1

    def end(_: Asked) -> None:
        nonlocal left
        if left:
            left -= 1
            raise DeadlockDetected("deadlock detected")

    with resolving(postgres_url) as held, before_each_statement(end):
        assert len(held.fleet(NOW)) == TENANTS
    left, locked = 2, pytest.raises(StoreBrokenOff, match="locked by a program that writes to it")
    with resolving(postgres_url) as held, before_each_statement(end), locked:
        held.fleet(NOW)


def test_a_service_that_cannot_say_it_is_read_all_the_same(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with bare(postgres_url) as owner:
        owner.execute("CREATE ROLE asks_little LOGIN")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO asks_little")
        owner.execute("REVOKE EXECUTE ON FUNCTION pg_relation_filenode(regclass) FROM PUBLIC")
        try:
            with resolving(postgres_url.replace("postgres:@", "asks_little@")) as held:
                assert len(held.fleet(NOW)) == TENANTS
                assert held.dashboard("tenant-7", NOW).health.schedules
        finally:
            owner.execute("DROP OWNED BY asks_little")
            owner.execute("DROP ROLE asks_little")
