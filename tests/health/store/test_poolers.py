"""Behind PgBouncer, in session and in transaction mode, everything works (docs/reading.md, "Poolers").

Modules: health.store.opening, health.store.reading, health.store.writing, health.resolver, tui.commands.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.poolers import PGBOUNCER, pooler_of, running_pooler
from tests.resolving import resolving
from tests.servers import own_server, standby_of
from tests.tui.screens.driving import Clock, open_app
from tests.waiting import until
from tui.clock import utc_now
from tui.commands import run
from tui.screens.tenants import TenantsScreen

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="not run: no pgbouncer is installed here")

TENANTS = 12


def a_fleet() -> Rows:
    """Tenants that differ in names, sets, items and schedules."""
    numbers = range(1, TENANTS + 1)
    completed = {number: NOW - number * HOUR / 3 for number in numbers}
    return Rows(
        [TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO) for number in numbers],
        [
            SetRow(100 * number + age, number, completed_at=completed[number] - age * HOUR, created_at=NOW)
            for number in numbers
            for age in range(number % 4)
        ],
        [
            ItemRow(1000 * number + place, number, 100 * number, policy_identifier=f"policy-{number}-{place}")
            for number in numbers
            if number % 4
            for place in range(number)
        ],
        [ScheduleRow(number, number, f"nightly {number}", created_at=LONG_AGO) for number in numbers],
    )


@pytest.fixture(params=[("Europe/Berlin", "German"), ("Asia/Kolkata", "SQL, DMY")], ids=["Berlin", "Kolkata"])
def abroad(request: pytest.FixtureRequest, postgres_url: str) -> str:
    """A fleet on a server that is set to another time zone and date style."""
    zone, style = request.param
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE \"{name}\" SET timezone = '{zone}'".encode())
        owner.execute(f"ALTER DATABASE \"{name}\" SET datestyle = '{style}'".encode())
        owner.execute(f"ALTER DATABASE \"{name}\" SET intervalstyle = 'sql_standard'".encode())
    load(postgres_url, a_fleet())
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        for table in ("tenants", "backup_schedules", "backup_sets", "backup_items"):
            owner.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100000)".encode())
    return postgres_url


@pytest.fixture(
    params=[(mode, ignored) for mode in ("session", "transaction") for ignored in ("", "options")],
    ids=lambda param: f"{param[0]}-{param[1] or 'default'}",
)
def pooled(request: pytest.FixtureRequest, abroad: str) -> Iterator[str]:
    """The same database behind a pooler."""
    mode, ignored = request.param
    with pooler_of(abroad, mode, ignored=ignored) as url:
        yield url


def printed(command: list[str], url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = run([*command, "--database", url])
    said = capsys.readouterr()
    assert said.err == ""
    return status, said.out


def test_every_reading_command_prints_what_it_does_without(
    abroad: str, pooled: str, capsys: pytest.CaptureFixture[str]
) -> None:
    now = ["--now", f"{NOW:%FT%TZ}"]
    for command in (
        ["report", "--format", "json", *now], ["report", "--format", "csv", *now], ["check", *now],
        ["tenant", "list"], ["schedule", "list"], ["causes", *now], ["coverage", *now],
        ["diff", "--tenant", "tenant-3", *now], ["last-good", "--tenant", "tenant-3", *now],
        ["prune", "--keep-days", "1"],
    ):  # fmt: skip
        assert printed(command, pooled, capsys) == printed(command, abroad, capsys), command
    assert run(["db", "status", "--database", pooled]) == 0
    assert "in the schema public" in capsys.readouterr().out
    assert run(["metrics", "--database", pooled, *now]) == 0
    assert 'tenantpilot_tenants{state="unreadable"} 0.0' in capsys.readouterr().out


def test_every_writing_command_writes_what_it_does_without(
    abroad: str, pooled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE__URL", pooled)
    at = utc_now() - HOUR
    facts = tmp_path / "facts.jsonl"
    of_the_set = {"external_id": "new.example", "source": "own", "source_ref": "1"}
    item = {"policy_type": "path", "policy_identifier": "/srv", "display_name": "/srv", "capture_mode": "full"}
    lines: list[dict[str, str]] = [
        {"kind": "tenant", "external_id": "new.example", "name": "New"},
        {"kind": "set", **of_the_set, "name": "nightly", "status": "completed", "completed_at": f"{at:%FT%TZ}"},
        {"kind": "item", **of_the_set, **item},
    ]
    facts.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    for command in (
        ["tenant", "add", "new.example"],
        ["schedule", "add", "hourly", "--tenant", "new.example", "--cron", "0 * * * *"],
        ["import", "facts", str(facts)],
        ["record", "--tenant", "new.example", "--schedule", "hourly", "--source", "facts", "--", "cat", str(facts)],
        ["tenant", "rename", "new.example", "Newer"],
        ["tenant", "archive", "tenant-1"],
        ["prune", "--keep-days", "1", "--yes"],
        ["db", "init"],
        ["db", "upgrade"],
    ):
        assert run(command) == 0, (command, capsys.readouterr())
    capsys.readouterr()
    with psycopg.connect(abroad) as owner:
        owner.execute("SET timezone = 'UTC'; SET datestyle = 'ISO'")
        (kept,) = owner.execute("SELECT completed_at FROM backup_sets WHERE source = 'own'").fetchall()
        (ran,) = owner.execute("SELECT last_run_at FROM backup_schedules WHERE name = 'hourly'").fetchall()
    assert kept[0] == at.replace(microsecond=0)
    assert abs(ran[0] - utc_now()) < timedelta(minutes=1)
    with resolving(pooled) as resolver:
        (health,) = resolver.tenants(["new.example"], utc_now())
        assert health.tenant.name == "Newer"
        assert health.unreadable is None
        assert health.basis is not None


Question = Callable[[TenantBackupHealthResolver], Any]


def questions(number: int) -> list[Question]:
    """The questions of one tenant's screens."""
    tenant = f"tenant-{number}"
    return [
        lambda resolver: resolver.dashboard(tenant, NOW),
        lambda resolver: resolver.backup_sets(tenant, NOW),
        lambda resolver: resolver.backup_set(tenant, 100 * number, NOW),
        lambda resolver: resolver.captured(tenant, 100 * number, 1000 * number, NOW),
        lambda resolver: resolver.schedules(tenant, NOW),
        lambda resolver: resolver.tenants([tenant], NOW),
        lambda resolver: resolver.fleet(NOW),
        lambda resolver: resolver._store().change_token() is not None,
    ]


def test_every_screen_is_right(abroad: str, pooled: str) -> None:
    with resolving(abroad) as straight, resolving(pooled) as resolver:
        for question in questions(3):
            assert question(resolver) == question(straight)


async def test_the_screens_themselves(pooled: str) -> None:
    async with open_app(pooled, clock=Clock(utc_now())) as driver:
        await driver.arrived(TenantsScreen)
        await driver.until(lambda: "Tenant 1" in driver.words())
        assert "unreadable" not in driver.words()


@pytest.mark.parametrize("ignored", ["", "options"])
def test_two_clients_through_a_pool_of_one(abroad: str, ignored: str) -> None:
    """Two thousand mixed questions in the four ways to be pooled: no answer is that to another's question."""
    asked = [(number, place) for number in range(1, TENANTS + 1) for place in range(len(questions(1)))]
    with resolving(abroad) as straight:
        right = {(number, place): questions(number)[place](straight) for number, place in asked}

    def client(of: int) -> int:
        mine = [each for each in asked if each[0] % 2 == of]
        done = 0
        with resolving(url) as resolver:
            while done < 500:
                for number, place in mine[: 500 - done]:
                    assert questions(number)[place](resolver) == right[number, place]
                    done += 1
        return done

    with pooler_of(abroad, "transaction", ignored=ignored) as url, ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(client, (0, 1))) == 1000


async def test_a_failover_is_seen_by_an_open_screen() -> None:
    """An asynchronous standby is promoted behind the pooler without the last import, which was green."""
    now, give_up_at = utc_now(), time.monotonic() + 60
    with own_server("fsync", "full_page_writes", "autovacuum") as primary, standby_of(primary) as standby:
        primary.execute("CREATE DATABASE fleet")
        fleet = primary.url_of("fleet")
        initialise(parse_database_url(fleet))
        load(fleet, Rows([TenantRow(1, "tenant-1", "Tenant 1", LONG_AGO)], [], [], []))
        done = primary.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{done}'"
        until(lambda: standby.execute(replayed).fetchone() == (True,), f"replay up to {done}")
        standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
        standby.execute("SELECT pg_reload_conf()")
        receives = "SELECT FROM pg_stat_wal_receiver"
        until(lambda: not standby.execute(receives).fetchall(), "the standby receives nothing more")
        last = SetRow(1, 1, completed_at=now - HOUR, created_at=now - HOUR)
        load(fleet, Rows([], [last], [ItemRow(1, 1, 1)], []))
        with running_pooler(fleet, "transaction") as pooler:
            async with open_app(pooler.url, clock=Clock(now)) as driver:
                await driver.arrived(TenantsScreen)
                await driver.until(lambda: "✓ healthy" in driver.words())
                primary.kill()
                standby.execute("SELECT pg_promote()")
                pooler.fail_over_to(standby.url_of("fleet"))
                # The first answers may still come from the old server. Then they are errors.
                while "✕ absent" not in driver.words():
                    assert time.monotonic() < give_up_at
                    await driver.press("r")
                    await driver.settled()
                assert "✓ healthy" not in driver.words()
                await driver.open_tenant("tenant-1")
                await driver.until(lambda: "No backup basis" in driver.words())
