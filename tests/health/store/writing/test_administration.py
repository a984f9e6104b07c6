"""Creating and upgrading a schema: once, whole or not at all, and never over what is not ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from health.store.migrations import upgrade as migrations
from health.store.opening import revision
from health.store.opening.errors import SchemaProblem
from health.store.opening.revision import CURRENT, SchemaState
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise, upgrade
from health.store.writing.transactions import transaction
from tests.health.making import NOW
from tests.health.store.bare import bare
from tests.health.store.schema_versions import (
    NEWER,
    OLDER,
    drop_everything,
    execute,
    sentence_of,
    set_version,
    state_of,
    tables,
)
from tests.health.store.spoiled_rows import entries, garbage, two_tenants
from tests.oracle.loading import TABLES, Tables, load
from tests.oracle.rows import ItemRow


def test_creating_is_done_once(tableless_url: str) -> None:
    address = parse_database_url(tableless_url)
    assert initialise(address)
    created = tables(tableless_url)
    assert {"tenants", "backup_schedules", "backup_sets", "backup_items", "alembic_version"} <= created
    execute(
        tableless_url, f"INSERT INTO tenants (external_id, name, created_at) VALUES ('x', 'x', '{NOW:%F %T}.000000')"
    )
    assert not initialise(address)
    with bare(tableless_url) as store:
        assert store.execute("SELECT external_id FROM tenants") == [("x",)]


def test_creating_over_an_older_or_newer_one_changes_nothing(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "REVISIONS", (OLDER, CURRENT))
    for number, advice in ((OLDER, "run 'tenantpilot db upgrade'"), (NEWER, "install a newer TenantPilot")):
        set_version(fresh_url, number)
        with pytest.raises(SchemaProblem, match=advice):
            initialise(parse_database_url(fresh_url))
        with bare(fresh_url) as store:
            assert store.execute("SELECT version_num FROM alembic_version") == [(number,)]


def test_upgrading_what_is_absent_or_newer_says_what_to_do(tableless_url: str) -> None:
    with pytest.raises(SchemaProblem, match="run 'tenantpilot db init'"):
        upgrade(parse_database_url(tableless_url))
    assert tables(tableless_url) == set()
    initialise(parse_database_url(tableless_url))
    assert upgrade(parse_database_url(tableless_url)) is SchemaState.CURRENT
    set_version(tableless_url, NEWER)
    with pytest.raises(SchemaProblem, match="install a newer TenantPilot"):
        upgrade(parse_database_url(tableless_url))


def test_creating_the_file_makes_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "fleet.db"
    assert initialise(parse_database_url(f"sqlite:///{path}"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["fleet.db"]


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every upgrade is interrupted when all of its statements have run."""
    real = migrations.upgrade_schema

    def fail(connection: Connection, *progress: Any) -> None:
        real(connection, *progress)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "upgrade_schema", fail)


@pytest.mark.usefixtures("interrupted")
def test_creating_that_fails_leaves_no_tables(tableless_url: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        initialise(parse_database_url(tableless_url))
    assert tables(tableless_url) == set()


AT_FIRST: Final[Tables] = [
    (table, tuple(column for column in columns if column != "payload_digest"))
    for table, columns in TABLES
    if table != "captured_payloads"
]
"""The tables of the first version: content had no digest."""


def at_first_version(url: str) -> None:
    """The tables as the first version made them."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with transaction(parse_database_url(url)) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "tp0001")


def indexes(url: str) -> set[tuple[str, str]]:
    listed = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    if not url.startswith("sqlite"):
        listed = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    with bare(url) as store:
        return {(name, made_by) for name, made_by in store.execute(listed)}


def test_upgrading_the_first_version_keeps_rows_and_finds_garbage(tableless_url: str) -> None:
    at_first_version(tableless_url)
    fleet = two_tenants(sets__1__deleted_at=garbage(tableless_url), items__0__orphaned_assignments=-1)
    fleet.items.append(ItemRow(3, 2, 20, policy_identifier="policy-2", deleted_at=garbage(tableless_url)))
    load(tableless_url, fleet, unchecked=True, tables=AT_FIRST)
    with bare(tableless_url) as store:
        before = store.everything(AT_FIRST)
    advice = f" has an older schema than this program ({CURRENT}): run 'tenantpilot db upgrade'."
    assert sentence_of(tableless_url) == advice
    assert upgrade(parse_database_url(tableless_url)) is SchemaState.OLDER
    with bare(tableless_url) as store:
        assert store.everything(AT_FIRST) == before
    assert upgrade(parse_database_url(tableless_url)) is SchemaState.CURRENT
    found = {name: (entry["error"]["table"], entry["error"]["row"]) for name, entry in entries(tableless_url).items()}
    assert found == {"tenant-1": ("backup_sets", 11), "tenant-2": ("backup_items", 3)}


def test_upgraded_tables_have_the_indexes_of_new_ones(tableless_url: str) -> None:
    at_first_version(tableless_url)
    first = indexes(tableless_url)
    upgrade(parse_database_url(tableless_url))
    upgraded = indexes(tableless_url)
    drop_everything(tableless_url)
    initialise(parse_database_url(tableless_url))
    assert upgraded == indexes(tableless_url)
    assert {name for name, _ in upgraded - first} - {"captured_payloads_pkey"} == {
        "ix_backup_sets_deletion_unknown",
        "ix_backup_items_deletion_unknown",
        "ix_backup_items_orphans_unknown",
        "ix_backup_sets_failing",
        "ix_backup_sets_runs",
    }
    assert {name for name, _ in first - upgraded} == {"ix_backup_sets_schedule"}


@pytest.mark.usefixtures("interrupted")
def test_an_upgrade_that_fails_leaves_the_first_version(tableless_url: str) -> None:
    at_first_version(tableless_url)
    before = indexes(tableless_url)
    with pytest.raises(KeyboardInterrupt):
        upgrade(parse_database_url(tableless_url))
    assert indexes(tableless_url) == before
    assert state_of(parse_database_url(tableless_url)) is SchemaState.OLDER
