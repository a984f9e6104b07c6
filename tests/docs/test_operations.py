"""The statements of `docs/operations.md`, run unchanged: the roles have the rights that they need, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from health.store.writing.tables import metadata
from tests.docs.pages import blocks
from tests.health.making import DAY, LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.tui.commands.recorder import ONE_FILE, Recorder

ROLES, CITUS = blocks("operations.md", "sql")


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    """A fleet in a database with the documented roles."""
    # Far above the ids that the database gives.
    tenant = TenantRow(1000, "contoso.example", "Contoso", LONG_AGO)
    completed = {1000: NOW - 100 * DAY, 1001: NOW - DAY}
    sets = [SetRow(number, 1000, completed_at=at, created_at=at) for number, at in completed.items()]
    items = [ItemRow(each.id, 1000, each.id) for each in sets]
    load(postgres_url, Rows([tenant], sets, items, [ScheduleRow(1000, 1000, created_at=LONG_AGO)]))
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        # As on a careful owner's server: without a grant a role cannot even connect.
        name = owner.info.dbname
        owner.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC'.encode())
        owner.execute(ROLES.replace("DATABASE fleet", f'DATABASE "{name}"').encode())
    yield postgres_url
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("DROP OWNED BY triage, writer")
        owner.execute("DROP ROLE triage, writer")


def as_role(url: str, role: str) -> str:
    return url.replace("postgres:@", f"{role}@")


def test_the_reading_role_reads_everything_and_could_write_nothing(url: str) -> None:
    resolver = TenantBackupHealthResolver(parse_database_url(as_role(url, "triage")), HealthPolicy())
    try:
        assert len(resolver.fleet(NOW)) == 1
        assert len(resolver.backup_sets("contoso.example", NOW).sets) == 2
        assert len(resolver.backup_set("contoso.example", 1001, NOW).items) == 1
        assert resolver.captured("contoso.example", 1001, 1001, NOW).payload is None
        assert len(resolver.schedules("contoso.example", NOW).schedules) == 1
        assert not resolver.role_could_write()
    finally:
        resolver.close()


@pytest.mark.parametrize("table", [*metadata.tables, "alembic_version"])
def test_the_reading_role_cannot_write_whatever_it_switches_off(url: str, table: str) -> None:
    with psycopg.connect(as_role(url, "triage")) as reader:
        reader.execute("SET default_transaction_read_only = off")
        reader.commit()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"DELETE FROM {table}".encode())


def test_the_writing_role_imports_records_and_prunes(url: str, tmp_path: Path) -> None:
    machine = Recorder(tmp_path, as_role(url, "writer"))
    facts = b'{"kind": "tenant", "tenant": "fabrikam.example", "name": "Fabrikam"}\n'
    for done in (
        machine.tenantpilot("import", "facts", "-", stdin=facts),
        machine.shell(ONE_FILE),
        machine.tenantpilot("prune", "--keep-days", "90", "--yes", "--now", f"{NOW:%FT%TZ}"),
    ):
        assert (done.returncode, done.stderr) == (0, b"")
    assert b"Removed 1 backup set with 1 item of 1 tenant" in done.stdout
    with bare(url) as store:
        assert store.execute("SELECT external_id FROM tenants ORDER BY 1") == [
            ("contoso",),
            ("contoso.example",),
            ("fabrikam.example",),
        ]


def test_the_first_screen_would_name_the_writing_role(url: str) -> None:
    resolver = TenantBackupHealthResolver(parse_database_url(as_role(url, "writer")), HealthPolicy())
    try:
        assert len(resolver.fleet(NOW)) == 1
        assert resolver.role_could_write()
    finally:
        resolver.close()


# More than one machine


def test_the_distributed_tables_and_those_on_the_first_nodes() -> None:
    before, reference, first, *others = CITUS.strip().splitlines()
    # Otherwise the other tables become local tables of Citus with the first one, and can no longer be distributed.
    assert before == "SET citus.enable_local_reference_table_foreign_keys = off;"
    assert reference == "SELECT create_reference_table('tenants');"
    table = re.match(r"SELECT create_distributed_table\('(\w+)', 'tenant_id'\);$", first)
    assert table is not None
    beside = re.compile(rf"SELECT create_distributed_table\('(\w+)', 'tenant_id', colocate_with => '{table[1]}'\);$")
    placed = [table[1], *(found[1] for line in others if (found := beside.match(line)))]
    assert len(placed) == 1 + len(others)
    # Parents first, because of their foreign keys.
    assert placed == [name for name in metadata.tables if name != "tenants"]
