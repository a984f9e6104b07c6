"""One definition of degradation: the rendered rules, their frozen copies, and a database's indexes."""

from __future__ import annotations

import importlib
import re
from typing import Any, Final

import pytest

from health.quality import ITEM_FAMILIES
from health.store.reading import predicates
from tests.health.store.bare import Bare

MIGRATION: Final[Any] = importlib.import_module("health.store.migrations.versions.0001_facts")
UNREADABLE: Final[Any] = importlib.import_module("health.store.migrations.versions.0002_unreadable")
RUNS: Final[Any] = importlib.import_module("health.store.migrations.versions.0004_runs")
DIALECTS = ["sqlite", "postgresql"]

CANDIDATE = "deleted_at IS NULL AND status IN ('completed', 'partial')"
UNKNOWN = "(capture_mode IS NULL OR capture_mode NOT IN ('full', 'metadata_only'))"
METADATA = "capture_mode = 'metadata_only'"
NOT_CAPTURED = "(assignments_state IS NOT NULL AND assignments_state NOT IN ('captured', 'unassigned'))"
ORPHANED = "orphaned_assignments > 0"
WARNED = "integrity_warning IS NOT NULL"
DEGRADED = f"({UNKNOWN} OR {METADATA} OR {NOT_CAPTURED} OR {ORPHANED} OR {WARNED})"

INDEXES = {
    "ix_backup_sets_latest": CANDIDATE,
    "ix_backup_sets_failing": "error IS NOT NULL AND deleted_at IS NULL",
    "ix_backup_sets_runs": "schedule_id IS NOT NULL",
    "ix_backup_items_present": "deleted_at IS NULL",
    "ix_backup_items_degraded": f"deleted_at IS NULL AND {DEGRADED}",
    "ix_backup_items_not_recorded": "deleted_at IS NULL AND assignments_state IS NULL",
    "ix_backup_items_unknown_quality": f"deleted_at IS NULL AND {UNKNOWN}",
    "ix_backup_items_metadata_only": f"deleted_at IS NULL AND {METADATA}",
    "ix_backup_items_assignments_not_captured": f"deleted_at IS NULL AND {NOT_CAPTURED}",
    "ix_backup_items_orphaned_assignments": f"deleted_at IS NULL AND {ORPHANED}",
    "ix_backup_items_integrity_warning": f"deleted_at IS NULL AND {WARNED}",
}
"""Each partial index with its predicate, written by hand (docs/concepts.md, "The basis" and "Quality").

The predicate for values that are not instants differs by engine.
"""


def test_the_rules_are_rendered_as_the_contract_states_them() -> None:
    rendered = {family.name: predicates.family_predicate(family) for family in ITEM_FAMILIES}
    assert rendered == {
        "unknown_quality": UNKNOWN,
        "metadata_only": METADATA,
        "assignments_not_captured": NOT_CAPTURED,
        "orphaned_assignments": ORPHANED,
        "integrity_warning": WARNED,
    }
    assert predicates.degraded_predicate() == DEGRADED
    assert predicates.candidate_predicate() == CANDIDATE
    assert predicates.present_predicate() == "deleted_at IS NULL"
    assert predicates.not_recorded_predicate() == "assignments_state IS NULL"
    assert predicates.not_disabled_predicate("sqlite") == "is_enabled IS NOT 0"
    assert predicates.not_disabled_predicate("postgresql") == "is_enabled IS NOT FALSE"


def test_with_an_alias_only_the_columns_change() -> None:
    columns = (
        r"\b(capture_mode|assignments_state|orphaned_assignments|integrity_warning|deleted_at|status|is_enabled|error)"
        r"\b(?!')"
    )
    dialects = [
        (made(dialect), made(dialect, "item."))
        for dialect in DIALECTS
        for made in (
            predicates.deletion_unknown_predicate,
            predicates.orphans_unknown_predicate,
            predicates.unreadable_item_predicate,
            predicates.not_disabled_predicate,
        )
    ]
    for plain, aliased in (
        (predicates.degraded_predicate(), predicates.degraded_predicate("item.")),
        (predicates.candidate_predicate(), predicates.candidate_predicate("item.")),
        (predicates.present_predicate(), predicates.present_predicate("item.")),
        (predicates.failing_predicate(), predicates.failing_predicate("item.")),
        (predicates.not_recorded_predicate(), predicates.not_recorded_predicate("item.")),
        *dialects,
    ):
        assert re.sub(columns, r"item.\1", plain) == aliased


def test_the_frozen_copies_equal_the_rendered_rules() -> None:
    rendered = {family.name: predicates.family_predicate(family) for family in ITEM_FAMILIES}
    assert rendered == MIGRATION.ITEM_PREDICATES
    assert list(rendered) == list(MIGRATION.ITEM_PREDICATES)
    assert predicates.degraded_predicate() == MIGRATION.DEGRADED
    assert predicates.candidate_predicate() == MIGRATION.CANDIDATE
    assert predicates.present_predicate() == MIGRATION.PRESENT
    assert predicates.happened_expression() == MIGRATION.HAPPENED == RUNS.HAPPENED
    assert predicates.failing_predicate() == RUNS.FAILING
    assert predicates.sqlite_instant("completed_at") == MIGRATION.instant("completed_at")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_frozen_copy_for_values_that_are_not_instants(dialect: str) -> None:
    assert predicates.no_instant_predicate("completed_at", dialect) == MIGRATION.NO_INSTANT[dialect]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_frozen_copies_for_unreadable_rows(dialect: str) -> None:
    unknown = predicates.deletion_unknown_predicate(dialect)
    assert unknown == UNREADABLE.DELETION_UNKNOWN[dialect]
    assert predicates.deletion_unknown_candidate_predicate(dialect) == f"{UNREADABLE.ENDED} AND {unknown}"
    assert predicates.orphans_unknown_predicate(dialect) == UNREADABLE.ORPHANS_UNKNOWN[dialect]


def stored_predicate(store: Bare, index: str) -> str:
    """The WHERE of an index as the database keeps it."""
    if store.dialect == "sqlite":
        ((sql,),) = store.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", [index])
        return str(sql).split(" WHERE ", 1)[1]
    ((predicate,),) = store.execute(
        "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = ?::regclass", [index]
    )
    return str(predicate)


def as_stored(store: Bare, table: str, predicate: str) -> str:
    """The same predicate after the database has parsed it. PostgreSQL returns it in another form."""
    if store.dialect == "sqlite":
        return predicate
    with store.rolled_back():
        store.execute(f"CREATE INDEX ix_probe ON {table} (tenant_id) WHERE {predicate}")
        return stored_predicate(store, "ix_probe")


@pytest.mark.parametrize("index", INDEXES)
def test_the_index_in_the_database_has_the_contracts_predicate(shared: Bare, index: str) -> None:
    table = "backup_sets" if "_sets_" in index else "backup_items"
    assert stored_predicate(shared, index) == as_stored(shared, table, INDEXES[index])


def test_the_index_of_sets_without_an_instant(shared: Bare) -> None:
    rendered = f"{CANDIDATE} AND {predicates.no_instant_predicate('completed_at', shared.dialect)}"
    assert stored_predicate(shared, "ix_backup_sets_no_instant") == as_stored(shared, "backup_sets", rendered)


def unreadable_indexes(dialect: str) -> dict[str, str]:
    return {
        "ix_backup_sets_deletion_unknown": predicates.deletion_unknown_candidate_predicate(dialect),
        "ix_backup_items_deletion_unknown": predicates.deletion_unknown_predicate(dialect),
        "ix_backup_items_orphans_unknown": predicates.orphans_unknown_predicate(dialect),
    }


def test_the_indexes_of_unreadable_rows(shared: Bare) -> None:
    for index, rendered in unreadable_indexes(shared.dialect).items():
        table = "backup_sets" if "_sets_" in index else "backup_items"
        assert stored_predicate(shared, index) == as_stored(shared, table, rendered)


def test_there_are_no_other_indexes_except_those_of_the_keys(shared: Bare) -> None:
    if shared.dialect == "sqlite":
        found = shared.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    else:
        found = shared.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix~_%' ESCAPE '~'"
        )
    assert {name for (name,) in found} == {
        *INDEXES,
        *unreadable_indexes(shared.dialect),
        "ix_backup_sets_no_instant",
        "ix_backup_sets_happened",
    }


def test_every_family_of_items_has_its_index() -> None:
    assert {f"ix_backup_items_{family.name}" for family in ITEM_FAMILIES} <= set(INDEXES)
