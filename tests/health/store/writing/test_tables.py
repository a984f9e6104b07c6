"""The four tables as the databases themselves hold them (docs/facts.md, "The facts"): columns, nulls, checks, keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Inspector, create_engine, inspect

from health.store.writing.tables import metadata
from tests.health.store.bare import Bare

THEN = datetime(2026, 11, 23, 9, tzinfo=UTC)

NOT_NULL = {
    "tenants": ["external_id", "name", "created_at"],
    "backup_schedules": ["tenant_id", "name", "is_enabled", "timezone", "created_at"],
    "backup_sets": ["tenant_id", "name", "source", "status", "created_at"],
    "backup_items": [
        "tenant_id",
        "backup_set_id",
        "policy_type",
        "policy_identifier",
        "display_name",
        "orphaned_assignments",
    ],
}
NULLABLE = {
    "tenants": ["archived_at"],
    "backup_schedules": ["cron", "last_run_at", "last_run_status", "next_run_at", "enabled_at", "deleted_at"],
    "backup_sets": [
        "schedule_id",
        "source_ref",
        "source_tenant",
        "item_count",
        "error",
        "started_at",
        "completed_at",
        "deleted_at",
    ],
    "backup_items": [
        "platform",
        "capture_mode",
        "assignments_state",
        "integrity_warning",
        "captured_at",
        "deleted_at",
        "assignments",
        "payload",
        "payload_digest",
    ],
}
COLUMNS = {
    "tenants": ["id", "external_id", "name", "created_at", "archived_at"],
    "backup_schedules": [
        *("id", "tenant_id", "name", "is_enabled", "cron", "timezone", "last_run_at", "last_run_status"),
        *("next_run_at", "created_at", "enabled_at", "deleted_at"),
    ],
    "backup_sets": [
        *("id", "tenant_id", "schedule_id", "name", "source", "source_ref", "status", "item_count", "error"),
        *("started_at", "completed_at", "created_at", "deleted_at", "source_tenant"),
    ],
    # The large column stays last.
    "backup_items": [
        *("id", "tenant_id", "backup_set_id", "policy_type", "policy_identifier", "display_name", "platform"),
        *("capture_mode", "assignments_state", "orphaned_assignments", "integrity_warning", "captured_at"),
        *("deleted_at", "payload_digest", "assignments", "payload"),
    ],
}
BY_TENANT = ["backup_schedules", "backup_sets", "backup_items"]

GOOD: dict[str, dict[str, Any]] = {
    "tenants": {"external_id": "fabrikam.example", "name": "Fabrikam", "created_at": THEN},
    "backup_schedules": {
        "tenant_id": 1,
        "name": "nightly",
        "is_enabled": True,
        "timezone": "UTC",
        "created_at": THEN,
    },
    "backup_sets": {
        "tenant_id": 1,
        "name": "nightly",
        "source": "intunecd",
        "source_ref": "b",
        "status": "failed",
        "created_at": THEN,
    },
    "backup_items": {
        "tenant_id": 1,
        "backup_set_id": 1,
        "policy_type": "Roles",
        "policy_identifier": "b.json",
        "display_name": "B",
        "orphaned_assignments": 0,
    },
}


@pytest.fixture(scope="module")
def store(shared: Bare) -> Bare:
    """Two tenants, each with a schedule, a set and an item of its own."""
    for number in (1, 2):
        # The database gives them ids from one on.
        shared.insert("tenants", external_id=f"tenant-{number}", name="Contoso", created_at=THEN)
        of_tenant = {"tenant_id": number}
        shared.insert("backup_schedules", **GOOD["backup_schedules"] | of_tenant)
        shared.insert("backup_sets", **GOOD["backup_sets"] | of_tenant | {"source_ref": "a"})
        item = of_tenant | {"backup_set_id": number, "policy_identifier": "a.json"}
        shared.insert("backup_items", **GOOD["backup_items"] | item)
    return shared


@pytest.fixture(scope="module")
def inspector(shared_url: str, store: Bare) -> Iterator[Inspector]:
    engine = create_engine(shared_url.replace("postgresql://", "postgresql+psycopg://"))
    yield inspect(engine)
    engine.dispose()


def refusal(store: Bare, table: str, **columns: Any) -> str | None:
    """The constraint that refuses a row which is valid except for these columns."""
    return store.refusal(table, **GOOD[table] | columns)


# Columns


def test_only_the_tables_and_the_version_exist(inspector: Inspector) -> None:
    assert set(inspector.get_table_names()) == {*COLUMNS, "captured_payloads", "alembic_version"}
    assert inspector.get_view_names() == []


@pytest.mark.parametrize("table", COLUMNS)
def test_the_columns_in_their_order(inspector: Inspector, table: str) -> None:
    found = [column["name"] for column in inspector.get_columns(table)]
    if inspector.dialect.name == "postgresql":
        # There a large column is stored separately, and a later column stands last.
        assert sorted(found) == sorted(COLUMNS[table])
    else:
        assert found == COLUMNS[table]


@pytest.mark.parametrize("table", COLUMNS)
def test_the_statements_see_the_same_columns_as_the_database(table: str) -> None:
    assert sorted(column.name for column in metadata.tables[table].columns) == sorted(COLUMNS[table])


def test_content_is_kept_by_tenant_and_digest(inspector: Inspector) -> None:
    columns = {column["name"]: column["nullable"] for column in inspector.get_columns("captured_payloads")}
    assert columns == {"tenant_id": False, "digest": False, "payload": False}
    assert inspector.get_pk_constraint("captured_payloads")["constrained_columns"] == ["tenant_id", "digest"]


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_is_listed_as_null_or_not(table: str) -> None:
    assert sorted([*NOT_NULL[table], *NULLABLE[table], "id"]) == sorted(COLUMNS[table])


@pytest.mark.parametrize(("table", "column"), [(table, column) for table in NOT_NULL for column in NOT_NULL[table]])
def test_columns_that_are_not_marked_null_are_not_null(store: Bare, table: str, column: str) -> None:
    assert refusal(store, table) is None
    assert refusal(store, table, **{column: None}) == "not null"


@pytest.mark.parametrize(("table", "column"), [(table, column) for table in NULLABLE for column in NULLABLE[table]])
def test_columns_that_are_marked_null_may_be_null(store: Bare, table: str, column: str) -> None:
    assert refusal(store, table, **{column: None}) is None


def test_the_types_in_postgresql(store: Bare) -> None:
    if store.dialect == "sqlite":
        pytest.skip("SQLite's types are checks")
    found = store.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
    )
    types = {(table, column): kind for table, column, kind in found if table in COLUMNS}
    for (table, column), kind in types.items():
        expected = "text"
        if column == "id" or (column.endswith("_id") and column != "external_id"):
            expected = "bigint"
        elif column.endswith("_at"):
            expected = "timestamp with time zone"
        elif column in ("item_count", "orphaned_assignments"):
            expected = "integer"
        elif column == "is_enabled":
            expected = "boolean"
        elif column in ("assignments", "payload"):
            expected = "jsonb"
        assert kind == expected, (table, column)


def test_the_defaults(store: Bare) -> None:
    with store.rolled_back():
        schedule = {key: value for key, value in GOOD["backup_schedules"].items() if key != "timezone"}
        item = {key: value for key, value in GOOD["backup_items"].items() if key != "orphaned_assignments"}
        store.insert("backup_schedules", id=99, **schedule)
        store.insert("backup_items", id=99, **item)
        assert store.execute("SELECT timezone FROM backup_schedules WHERE id = 99") == [("UTC",)]
        assert store.execute("SELECT orphaned_assignments FROM backup_items WHERE id = 99") == [(0,)]


# Checks


@pytest.mark.parametrize("status", ["completed", "partial"])
def test_completed_and_partial_sets_have_an_instant(store: Bare, status: str) -> None:
    assert refusal(store, "backup_sets", status=status, completed_at=None) == "check"
    assert refusal(store, "backup_sets", status=status, completed_at=THEN) is None


@pytest.mark.parametrize("status", ["running", "failed", "cancelled", "Completed", "paused", "", "ok \u202e"])
@pytest.mark.parametrize("completed_at", [None, THEN])
def test_any_other_status_is_accepted_with_and_without_one(
    store: Bare, status: str, completed_at: datetime | None
) -> None:
    assert refusal(store, "backup_sets", status=status, completed_at=completed_at) is None


@pytest.mark.parametrize(("count", "expected"), [(-1, "check"), (0, None), (1, None), (2**31 - 1, None)])
def test_counts_are_not_negative(store: Bare, count: int, expected: str | None) -> None:
    assert refusal(store, "backup_sets", item_count=count) == expected
    assert refusal(store, "backup_items", orphaned_assignments=count) == expected


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("backup_schedules", "cron"),
        ("backup_schedules", "timezone"),
        ("backup_schedules", "last_run_status"),
        ("backup_sets", "source"),
        ("backup_sets", "error"),
        ("backup_items", "capture_mode"),
        ("backup_items", "assignments_state"),
        ("backup_items", "platform"),
        ("backup_items", "integrity_warning"),
    ],
)
@pytest.mark.parametrize("word", ["", "a word nobody has heard of", "Ünïcode \U0001f600", "\x1b[31m"])
def test_no_writers_vocabulary_is_rejected(store: Bare, table: str, column: str, word: str) -> None:
    assert refusal(store, table, **{column: word}) is None


def test_sqlite_refuses_other_values_as_flags_and_counts(store: Bare) -> None:
    if store.dialect == "postgresql":
        pytest.skip("PostgreSQL has types for that")
    for flag, expected in ((0, None), (1, None), (2, "check"), ("yes", "check")):
        assert refusal(store, "backup_schedules", is_enabled=flag) == expected
    for count in ("many", 1.5, b"1"):
        assert refusal(store, "backup_sets", item_count=count) == "check"
        assert refusal(store, "backup_items", orphaned_assignments=count) == "check"


# Keys


def test_an_external_id_is_unique(store: Bare) -> None:
    assert refusal(store, "tenants", external_id="tenant-1") == "unique"
    assert refusal(store, "tenants", external_id="TENANT-1") is None


def test_a_source_reference_is_unique_by_tenant_and_source(store: Bare) -> None:
    assert refusal(store, "backup_sets", source_ref="a") == "unique"
    assert refusal(store, "backup_sets", source_ref="a", source="other") is None
    assert refusal(store, "backup_sets", source_ref="a", tenant_id=2, source="other") is None
    assert refusal(store, "backup_sets", source_ref="A") is None
    with store.rolled_back():
        for _ in range(2):
            store.insert("backup_sets", **GOOD["backup_sets"] | {"source_ref": None})


def test_an_item_is_in_its_set_once(store: Bare) -> None:
    assert refusal(store, "backup_items", policy_identifier="a.json") == "unique"
    assert refusal(store, "backup_items", policy_identifier="a.json", policy_type="Filters") is None
    # A deleted one keeps its place.
    assert refusal(store, "backup_items", policy_identifier="a.json", deleted_at=THEN) == "unique"


@pytest.mark.parametrize("table", BY_TENANT)
def test_rows_belong_to_an_existing_tenant(store: Bare, table: str) -> None:
    assert refusal(store, table, tenant_id=3) == "foreign key"


def test_tenants_never_mix(store: Bare) -> None:
    assert refusal(store, "backup_sets", schedule_id=1) is None
    assert refusal(store, "backup_sets", schedule_id=2) == "foreign key"
    assert refusal(store, "backup_sets", schedule_id=3) == "foreign key"
    assert refusal(store, "backup_items", backup_set_id=1) is None
    assert refusal(store, "backup_items", backup_set_id=2) == "foreign key"
    assert refusal(store, "backup_items", backup_set_id=3) == "foreign key"


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_every_key_and_every_index_names_the_tenant(inspector: Inspector, store: Bare) -> None:
    for table in BY_TENANT:
        keys = [constraint["column_names"] for constraint in inspector.get_unique_constraints(table)]
        keys += [constraint["constrained_columns"] for constraint in inspector.get_foreign_keys(table)]
        primary = inspector.get_pk_constraint(table)["constrained_columns"]
        assert primary == (["tenant_id", "id"] if store.dialect == "postgresql" else ["id"])
        for columns in keys:
            assert columns[0] == "tenant_id", (table, columns)
        for index in inspector.get_indexes(table):
            assert index["column_names"][0] == "tenant_id", index


def test_foreign_keys_to_schedules_and_sets_are_composite(inspector: Inspector) -> None:
    keys = {
        (table, tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
        for table in BY_TENANT
        for key in inspector.get_foreign_keys(table)
    }
    assert keys == {
        ("backup_schedules", ("tenant_id",), "tenants", ("id",)),
        ("backup_sets", ("tenant_id",), "tenants", ("id",)),
        ("backup_sets", ("tenant_id", "schedule_id"), "backup_schedules", ("tenant_id", "id")),
        ("backup_items", ("tenant_id", "backup_set_id"), "backup_sets", ("tenant_id", "id")),
    }


@pytest.mark.parametrize("table", BY_TENANT)
def test_in_postgresql_two_tenants_may_use_one_id(store: Bare, table: str) -> None:
    of_tenant = {"id": 1, "tenant_id": 2} | ({"backup_set_id": 2} if table == "backup_items" else {})
    assert refusal(store, table, **of_tenant) == (None if store.dialect == "postgresql" else "unique")
    assert refusal(store, table, **of_tenant | {"id": 2}) == "unique"


@pytest.mark.parametrize("table", COLUMNS)
def test_ids_are_given_out_by_the_database(store: Bare, table: str) -> None:
    assert store.execute(f"SELECT id FROM {table} ORDER BY id") == [(1,), (2,)]


def test_instants_are_kept_to_the_microsecond(store: Bare) -> None:
    with store.rolled_back():
        instant = THEN + timedelta(microseconds=1)
        store.insert("tenants", id=50, **GOOD["tenants"] | {"created_at": instant})
        ((kept,),) = store.execute("SELECT created_at FROM tenants WHERE id = 50")
        assert kept == ("2026-11-23 09:00:00.000001" if store.dialect == "sqlite" else instant)
