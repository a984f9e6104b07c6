"""Null where the contract forbids it, as in tables that another program made: only one tenant loses its verdict.

Modules: health.store.reading.snapshot, health.store.reading.rows.
"""

from __future__ import annotations

from typing import Final

import pytest

from health.answers import PartInVerdict
from tests.health.making import NOW
from tests.health.store.bare import Bare, bare
from tests.health.store.spoiled_rows import entries, two_tenants
from tests.oracle.loading import load
from tests.resolving import resolving
from tui.commands import run

READ: Final = [
    ("tenants", "external_id", 1),
    ("tenants", "name", 1),
    ("tenants", "created_at", 1),
    ("backup_sets", "name", 10),
    ("backup_sets", "source", 10),
    ("backup_sets", "created_at", 10),
    ("backup_items", "orphaned_assignments", 1),
    ("backup_schedules", "name", 10),
    ("backup_schedules", "is_enabled", 10),
    ("backup_schedules", "timezone", 10),
    ("backup_schedules", "created_at", 10),
]
"""Columns that a verdict reads and that must not be null (docs/facts.md, "The facts"), with the first tenant's row."""


def without_not_null(store: Bare) -> None:
    """Allow null in every column except the keys."""
    if store.dialect == "sqlite":
        store.execute("PRAGMA writable_schema = ON")
        nullable = "replace(replace(sql, 'TEXT NOT NULL', 'TEXT'), 'INTEGER NOT NULL', 'INTEGER')"
        store.execute(f"UPDATE sqlite_master SET sql = {nullable} WHERE type = 'table'")
        store.execute("PRAGMA writable_schema = RESET")
        return
    columns = store.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND is_nullable = 'NO' AND column_name NOT IN ('id', 'tenant_id', 'digest', 'version_num')"
    )
    for table, column in columns:
        store.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")


def make_null(url: str, table: str, column: str, row: int) -> None:
    load(url, two_tenants())
    with bare(url) as store:
        without_not_null(store)
    with bare(url) as store:
        if store.dialect == "sqlite":
            store.execute("PRAGMA ignore_check_constraints = ON")
        store.execute(f"UPDATE {table} SET {column} = NULL WHERE id = {row}")


@pytest.mark.parametrize(("table", "column", "row"), READ)
def test_null_costs_its_tenant_the_verdict_and_no_other(fresh_url: str, table: str, column: str, row: int) -> None:
    make_null(fresh_url, table, column, row)
    lost, other = entries(fresh_url).values()
    assert (lost["posture"], lost["confirmed"]) == (None, False)
    assert (lost["error"]["table"], lost["error"]["column"], lost["error"]["row"]) == (table, column, row)
    assert (other["tenant"], other["confirmed"]) == ("tenant-2", True)
    assert lost["tenant"] == ("(tenants row 1)" if column == "external_id" else "tenant-1")
    # Without its name it is shown by its external id.
    assert lost["name"] == ("tenant-1" if (table, column) == ("tenants", "name") else "Tenant 1")


@pytest.mark.parametrize(("table", "column", "row"), READ)
def test_every_command_prints_such_a_fleet(
    fresh_url: str, table: str, column: str, row: int, capsys: pytest.CaptureFixture[str]
) -> None:
    make_null(fresh_url, table, column, row)
    at = ["--now", NOW.isoformat(), "--database", fresh_url]
    for words, exit_code in (
        *((["report", "--format", form], 0) for form in ("json", "table", "csv", "markdown")),
        (["check"], 3),
    ):
        assert run([*words, *at]) == exit_code
        printed = capsys.readouterr()
        assert printed.err == ""
        assert "unreadable" in printed.out


@pytest.mark.parametrize(("table", "column", "row"), [each for each in READ if each[1] != "external_id"])
def test_every_screen_answers(fresh_url: str, table: str, column: str, row: int) -> None:
    make_null(fresh_url, table, column, row)
    with resolving(fresh_url) as resolver:
        attempts = resolver.dashboard("tenant-1", NOW).attempts
        assert len(attempts) == 4
        sets = {each.key.set_id: each for each in resolver.backup_sets("tenant-1", NOW).sets}
        shown = resolver.backup_set("tenant-1", 10, NOW)
        schedules = resolver.schedules("tenant-1", NOW).schedules
    spoiled = table in ("backup_sets", "backup_items")
    assert (sets[10].part is PartInVerdict.UNREADABLE) == spoiled
    assert shown.listed == sets[10]
    assert [item.unreadable is not None for item in shown.items] == [table == "backup_items"]
    found = [each.unreadable for each in schedules if each.unreadable is not None]
    assert [(each.column, each.row) for each in found] == ([(column, row)] if table == "backup_schedules" else [])


@pytest.mark.parametrize("column", ["policy_type", "policy_identifier", "display_name"])
def test_an_item_without_a_name_counts_and_its_screen_says_so(fresh_url: str, column: str) -> None:
    make_null(fresh_url, "backup_items", column, 1)
    assert entries(fresh_url)["tenant-1"]["confirmed"]
    with resolving(fresh_url) as resolver:
        (item,) = resolver.backup_set("tenant-1", 10, NOW).items
    assert getattr(item, column) == ""
    assert item.unreadable is not None
    assert item.unreadable.message == f"backup_items.{column} of row 1 is missing"


def test_a_set_without_a_status_is_listed_as_unreadable(fresh_url: str) -> None:
    make_null(fresh_url, "backup_sets", "status", 12)
    assert entries(fresh_url)["tenant-1"]["confirmed"]
    with resolving(fresh_url) as resolver:
        sets = {each.key.set_id: each for each in resolver.backup_sets("tenant-1", NOW).sets}
    assert (sets[12].status, sets[12].part) == ("", PartInVerdict.UNREADABLE)
    assert sets[10].part is PartInVerdict.BASIS
