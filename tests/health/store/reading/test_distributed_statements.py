"""The statements for a Citus cluster, without a cluster: their shape, and that they find the same rows.

They run on plain PostgreSQL too, so their answers are compared with those of the statements for one server.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from health.doctor.facts import Examined
from health.posture import Posture
from health.resolver import TenantBackupHealthResolver
from health.store.opening import revision
from health.store.opening.deadline import DeadlineConnection
from health.store.opening.home import HOME, HOME_ALONE, ONE_SERVER
from health.store.reading import distributed_statements as distributed
from health.store.reading import history_statements, statements
from health.store.reading.token import CHANGES
from health.store.writing.same_content import NEWEST_ON_NODES
from tests.engines import COORDINATOR
from tests.health.making import DAY, NOW
from tests.health.store.bare import bare
from tests.health.store.test_tenant_id import OF_A_TENANT
from tests.oracle.cases import Blueprint, fleet, numbered
from tests.oracle.loading import load
from tests.resolving import resolving
from tests.tui.screens.driving import Clock, listed, open_app
from tui.clock import utc_now
from tui.commands import run
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.causes import CausesScreen
from tui.screens.changes import ChangesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.runs import RunsScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen

PG: Final = "postgresql"
OF_ONE_TENANT: Final = {
    "basis_set": distributed.basis_set(),
    "all_schedules": statements.all_schedules(PG),
    "sets_page": statements.sets_page(PG, after_a_key=False),
    "sets_page after a key": statements.sets_page(PG, after_a_key=True),
    "reference_items": statements.reference_items(PG),
    "one_set": statements.one_set(PG),
    "items_of": statements.items_of(PG),
    "CAPTURED_JSON": statements.CAPTURED_JSON,
    "COMPARED_SET": history_statements.COMPARED_SET,
    "REFERENCE_SET": history_statements.REFERENCE_SET,
    "REFERENCE_OF_AFTER": history_statements.REFERENCE_OF_AFTER,
    "items_that_may_differ": history_statements.items_that_may_differ(PG, of_reference=False),
    "items_that_may_differ of the reference": history_statements.items_that_may_differ(PG, of_reference=True),
    "items_present": history_statements.items_present(of_reference=False),
    "items_present of the reference": history_statements.items_present(of_reference=True),
    "CONTENTS": history_statements.CONTENTS,
    "last_good_copies": history_statements.last_good_copies(PG),
}
OF_MANY: Final = {
    f"{ask.__name__}{' of some' if narrowed else ''}": ask(narrowed)
    for ask in (
        distributed.basis_sets,
        distributed.enabled_schedules,
        distributed.unreadable_candidates,
        distributed.failing_sets,
        distributed.first_sets,
        distributed.basis_contents,
    )
    for narrowed in (False, True)
} | {
    "RUNS": distributed.RUNS,
    "WITH_DISABLED_SCHEDULES": distributed.WITH_DISABLED_SCHEDULES,
    "BASIS_ENDS": distributed.BASIS_ENDS,
}
_READ: Final = re.compile(rf"(?:FROM|JOIN)\s+(?:{'|'.join(OF_A_TENANT)})(?:\s+AS\s+(\w+))?")


@pytest.mark.parametrize("statement", OF_ONE_TENANT.values(), ids=OF_ONE_TENANT)
def test_one_tenants_names_it_as_a_constant_of_every_table(statement: str) -> None:
    """Then Citus sends it to one shard."""
    tables = _READ.findall(statement)
    assert tables
    assert statement.count("tenant_id = :tenant_id") >= len(tables)
    assert not re.search(r"tenant_id = (?!:tenant_id)", statement)
    assert not re.search(r"\btenants\b", statement)


@pytest.mark.parametrize("statement", OF_MANY.values(), ids=OF_MANY)
def test_citus_can_push_down_the_statement_for_many_tenants(statement: str) -> None:
    assert not re.search(r"\btenants\b|LATERAL|UNION|\bWITH\b|OFFSET", statement)
    # A limit stands only within one set's items, never on a shard's rows.
    assert not statement.endswith("LIMIT 1")
    for inner in re.findall(r"\((SELECT [^()]*(?:\([^()]*\)[^()]*)*)\)", statement):
        tied = re.search(r"\w+\.tenant_id = \w+\.tenant_id", inner)
        assert tied or "DISTINCT ON (candidate.tenant_id)" in inner, inner


def test_the_newest_sets_of_all_tenants_can_be_pushed_down() -> None:
    assert not re.search(r"LATERAL|UNION|\bWITH\b|LIMIT|MATERIALIZED", NEWEST_ON_NODES)


def answers(resolver: TenantBackupHealthResolver) -> list[Any]:
    fleet = resolver.fleet(NOW)
    names = [health.tenant.external_id for health in fleet]
    readable = [health for health in fleet if health.unreadable is None]
    found: list[Any] = [fleet, resolver.tenants(names[:1], NOW), resolver.tenants(names[1:4], NOW)]
    found += [resolver.examined(NOW), resolver.as_of(NOW - 3 * DAY), resolver.as_of(NOW - 3 * DAY, names[1:2])]
    found += [resolver.causes(fleet, NOW), resolver.causes(readable[:2], NOW)]
    found += [resolver.coverage(NOW - 30 * DAY, NOW, NOW), resolver.coverage(NOW - 30 * DAY, NOW, NOW, names[1:3])]
    for name in names[:8]:
        found += [resolver.dashboard(name, NOW), resolver.backup_sets(name, NOW), resolver.schedules(name, NOW)]
        found += [resolver.backup_set(name, None, NOW), resolver.changes(name, NOW), resolver.last_good(name, NOW)]
    return found


def test_they_find_what_one_servers_find(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--tenants", "60", "--now", f"{NOW:%FT%TZ}", "--database", postgres_url]) == 0, (
        capsys.readouterr()
    )
    with bare(postgres_url) as store:
        # One tenant is not archived, and one has no set at all.
        store.execute("UPDATE tenants SET archived_at = 'infinity' WHERE id = 3")
        store.execute("UPDATE tenants SET archived_at = now() WHERE id = 4")
    with resolving(postgres_url) as resolver:
        expected = answers(resolver)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DeadlineConnection, "distributed", property(lambda _: True, lambda _, __: None), raising=False)
        with resolving(postgres_url) as resolver:
            assert answers(resolver) == expected


def test_a_new_connection_knows_that_the_rows_are_on_nodes(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its one retry is for what ended the connection before it."""
    load(postgres_url, fleet(numbered([Blueprint()])))
    for name, asked in (("HOME", HOME), ("HOME_ALONE", HOME_ALONE), ("ONE_SERVER", ONE_SERVER)):
        monkeypatch.setattr(revision, name, asked.replace("extname = 'citus'", "extname = 'plpgsql'"))
    monkeypatch.setitem(CHANGES, PG, "SELECT NULL")
    with resolving(postgres_url) as resolver, bare(postgres_url) as owner:
        for _ in range(3):
            assert len(resolver.fleet(NOW)) == 1
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tenantpilot' AND datname = current_database()"
            )


WALK: Final[tuple[tuple[Any, ...], ...]] = (
    (DashboardScreen, "b"),
    (BackupSetsScreen, "escape"),
    (DashboardScreen, "s"),
    (SchedulesScreen, "enter"),
    (RunsScreen, "escape"),
    (SchedulesScreen, "escape"),
    (DashboardScreen, "equals_sign"),
    (ChangesScreen, "escape"),
    (DashboardScreen, "enter"),
    (BackupSetScreen, "escape"),
    (DashboardScreen, "escape"),
    (TenantsScreen, "o"),
    (CausesScreen, "escape"),
    (TenantsScreen, "r"),
)
"""Each screen, and the key that leads to the next."""

if COORDINATOR is not None:

    def test_the_nodes_find_what_one_server_finds(
        postgres_url: str, citus_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = []
        for url in (postgres_url, citus_url):
            demo = ["demo", "--tenants", "60", "--now", f"{NOW:%FT%TZ}", "--database", url]
            assert run(demo) == 0, capsys.readouterr()
            with resolving(url) as resolver:
                # Each node has its own statistics for the planner.
                found.append([each for each in answers(resolver) if not isinstance(each, Examined)])
        assert found[0] == found[1]

    async def test_every_screen_reads_from_the_nodes(citus_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["demo", "--tenants", "60", "--database", citus_url]) == 0, capsys.readouterr()
        async with open_app(citus_url, clock=Clock(utc_now())) as driver:
            tenants = await driver.arrived(TenantsScreen)
            degraded = next(each for each in listed(tenants) if each.posture is Posture.DEGRADED and each.schedules)
            await driver.open_tenant(degraded.tenant.external_id)
            for kind, *keys in WALK:
                await driver.arrived(kind)
                assert not driver.facts.asking.problem, driver.text()
                await driver.press(*keys)
            await driver.settled()
            assert not driver.facts.asking.problem, driver.text()
