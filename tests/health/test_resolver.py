"""The resolver over a database that changes, is replaced, breaks and comes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from health.store.opening.errors import StoreError
from tests.engines import ONE_SERVER
from tests.health.making import DAY, GRACE, HOUR, LONG_AGO, NOW, TICK, WINDOW
from tests.health.store.bare import bare
from tests.oracle.loading import load, sqlite_path
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving
from tests.statements import statements

MINUTE = HOUR / 60


def a_fleet() -> Rows:
    """Tenants whose verdicts change at different instants after NOW."""
    rows = Rows([], [], [], [])
    for number, completed_at in enumerate(
        [NOW - WINDOW, NOW - HOUR, NOW + HOUR, NOW - 3 * DAY, NOW - WINDOW + MINUTE], start=1
    ):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        rows.sets.append(SetRow(number, number, completed_at=completed_at, created_at=completed_at))
        rows.items.append(ItemRow(number, number, number))
        schedule = ScheduleRow(number, number, created_at=LONG_AGO, last_run_at=NOW - HOUR, last_run_status="running")
        if number % 2:
            schedule = schedule._replace(last_run_status="ok", next_run_at=NOW + number * MINUTE)
        rows.schedules.append(schedule)
    return rows


def test_a_refresh_is_a_fresh_read_even_if_the_clock_is_set_back(
    database_url: str,
) -> None:
    load(database_url, a_fleet())
    with resolving(database_url) as held:
        for later in (
            *(0 * HOUR, TICK, MINUTE, GRACE + MINUTE, GRACE + MINUTE + TICK, 2 * HOUR, 5 * HOUR, 5 * HOUR + TICK),
            *(WINDOW - HOUR, WINDOW, 2 * DAY, HOUR, -DAY, NOW - LONG_AGO),
        ):
            with resolving(database_url) as fresh:
                assert held.fleet(NOW + later) == fresh.fleet(NOW + later), later


@pytest.mark.parametrize("database_url", ONE_SERVER, indirect=True)
def test_a_refresh_with_nothing_changed_reads_no_facts(database_url: str) -> None:
    load(database_url, a_fleet())
    with resolving(database_url) as held:
        first = held.refreshed_fleet(NOW)
        with statements() as seen:
            second = held.refreshed_fleet(NOW)
        assert not any("FROM tenants" in statement for statement in seen)
        # The server's name, the session's settings and the token, all in one flight.
        assert len(seen) <= 4
        assert all(one is other for one, other in zip(first.verdicts, second.verdicts, strict=True))


def test_a_refresh_sees_what_another_connection_has_changed(database_url: str) -> None:
    load(database_url, a_fleet())
    with resolving(database_url) as held, bare(database_url) as writer:
        assert len(held.fleet(NOW)) == 5
        writer.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 2")
        assert "Renamed" in {health.tenant.name for health in held.fleet(NOW)}
        writer.execute("UPDATE backup_items SET capture_mode = NULL WHERE tenant_id = 2")
        (changed,) = [health for health in held.fleet(NOW) if health.tenant.id == 2]
        assert changed.reasons == ("latest_backup_degraded",)


def test_a_replaced_sqlite_file_is_noticed(sqlite_url: str, sqlite_template: Path, tmp_path: Path) -> None:
    load(sqlite_url, a_fleet())
    with resolving(sqlite_url) as held:
        assert len(held.fleet(NOW)) == 5
        shutil.copyfile(sqlite_template, tmp_path / "other.db")
        (tmp_path / "other.db").replace(sqlite_path(sqlite_url))
        assert held.fleet(NOW) == []
        Path(sqlite_path(sqlite_url)).unlink()
        with pytest.raises(StoreError, match="tenantpilot db init"):
            held.fleet(NOW)


def test_a_connection_that_was_ended_is_replaced_once_and_quietly(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held:
        before = held.fleet(NOW)
        with psycopg.connect(postgres_url, autocommit=True) as other:
            ended = other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tenantpilot' AND datname = current_database()"
            ).fetchall()
            assert ended == [(True,)]
            other.execute("UPDATE tenants SET name = name")
        assert held.fleet(NOW) == before
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tenantpilot' AND datname = current_database()"
            )
        assert held.tenants(["tenant-2"], NOW) == [health for health in before if health.tenant.id == 2]
