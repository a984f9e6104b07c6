"""Every degradation family, on both sides, by the two tables (docs/concepts.md, "Quality")."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.facts import BackupItem, BackupSet, ItemTally
from health.quality import FAMILY_NAMES, BackupQualityResolver, BackupQualitySummary
from tests.health.making import LONGEST, NOW, POLICY, TICK, a_set, a_tally, an_item

RESOLVER = BackupQualityResolver(POLICY)


def families_of(**columns: Any) -> list[str]:
    return list(RESOLVER.families_of(an_item(**columns)))


def quality_of(basis: BackupSet, *items: BackupItem) -> BackupQualitySummary:
    return RESOLVER.resolve(basis, RESOLVER.tally(items))


# Items


def test_an_item_captured_in_full_is_in_no_family() -> None:
    assert families_of() == []


@pytest.mark.parametrize("mode", [None, "", "Full", "FULL", "full ", " full", "metadata-only", "partial", "völlig"])
def test_any_other_capture_mode_is_of_unknown_quality(mode: str | None) -> None:
    assert families_of(capture_mode=mode) == ["unknown_quality"]


def test_metadata_only_is_its_own_family_and_not_unknown() -> None:
    assert families_of(capture_mode="metadata_only") == ["metadata_only"]


@pytest.mark.parametrize("state", ["failed", "excluded", "", "Captured", "captured ", "CAPTURED", "skipped"])
def test_assignments_failed_excluded_or_unknown_are_not_captured(state: str) -> None:
    assert families_of(assignments_state=state) == ["assignments_not_captured"]


@pytest.mark.parametrize("state", ["captured", "unassigned", None])
def test_assignments_captured_none_or_not_recorded_degrade_nothing(state: str | None) -> None:
    assert families_of(assignments_state=state) == []


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, ["orphaned_assignments"]), (9, ["orphaned_assignments"])])
def test_one_orphaned_assignment_is_enough(count: int, expected: list[str]) -> None:
    assert families_of(orphaned_assignments=count) == expected


@pytest.mark.parametrize("warning", ["25 of 153 settings", "", " "])
def test_any_integrity_warning_counts_the_empty_one_too(warning: str) -> None:
    assert families_of(integrity_warning=warning) == ["integrity_warning"]


def test_an_item_can_be_in_every_family_that_excludes_no_other() -> None:
    worst = {"assignments_state": "failed", "orphaned_assignments": 3, "integrity_warning": ""}
    others = ["assignments_not_captured", "orphaned_assignments", "integrity_warning"]
    assert families_of(capture_mode="metadata_only", **worst) == ["metadata_only", *others]
    assert families_of(capture_mode=None, **worst) == ["unknown_quality", *others]


# Counting


def test_a_tally_counts_items_once_and_families_each() -> None:
    items = [
        an_item(1),
        an_item(2, capture_mode=None, assignments_state="failed", orphaned_assignments=4, integrity_warning="x"),
        an_item(3, capture_mode="metadata_only"),
        an_item(4, assignments_state=None),
        an_item(5, assignments_state=None, integrity_warning="y"),
    ]
    assert RESOLVER.tally(items) == ItemTally(
        items=5, degraded_items=3, assignments_not_recorded=2, families=(1, 1, 1, 1, 2)
    )


def test_a_summary_has_families_above_zero_in_the_contracts_order() -> None:
    items = [
        an_item(1, integrity_warning="cut off"),
        an_item(2, capture_mode="new word"),
        an_item(3, assignments_state="excluded"),
        an_item(4, assignments_state=None),
    ]
    assert quality_of(a_set(), *items) == BackupQualitySummary(
        items=4,
        degraded_items=3,
        families=(("unknown_quality", 1), ("assignments_not_captured", 1), ("integrity_warning", 1)),
        assignments_not_recorded=1,
    )


@pytest.mark.parametrize("families", [(1, 0, 0, 0), (1, 0, 0, 0, 0, 0)])
def test_a_tally_of_other_families_is_not_read_as_these(families: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        RESOLVER.resolve(a_set(), ItemTally(1, 1, 0, families))


def test_the_names_of_the_families() -> None:
    assert FAMILY_NAMES == (
        "unknown_quality",
        "metadata_only",
        "assignments_not_captured",
        "orphaned_assignments",
        "integrity_warning",
        "incomplete_run",
        "empty_set",
        "missing_items",
        "contradictory_run",
    )


def test_a_set_of_whole_items_is_not_degraded() -> None:
    quality = quality_of(a_set(item_count=2), an_item(1), an_item(2, assignments_state=None))
    assert quality == BackupQualitySummary(2, 0, (), 1)
    assert not quality.degraded


def test_one_family_is_enough_of_the_items_or_of_the_set() -> None:
    assert quality_of(a_set(), an_item(1), an_item(2, integrity_warning="")).degraded
    assert quality_of(a_set(item_count=2), an_item(1)).degraded


@given(
    st.lists(
        st.builds(
            an_item,
            capture_mode=st.sampled_from([None, "", "full", "metadata_only", "Full"]),
            assignments_state=st.sampled_from([None, "", "captured", "unassigned", "failed", "excluded", "new"]),
            orphaned_assignments=st.integers(0, 2),
            integrity_warning=st.sampled_from([None, "", "warned"]),
        ),
        max_size=12,
    )
)
def test_counts_agree_with_one_another(items: list[BackupItem]) -> None:
    tally = RESOLVER.tally(items)
    assert tally.items == len(items)
    assert max(tally.families) <= tally.degraded_items <= min(tally.items, sum(tally.families))
    assert tally.degraded_items == sum(bool(RESOLVER.families_of(item)) for item in items)
    assert RESOLVER.tally(items[::-1]) == tally
    worse = [item._replace(integrity_warning="") for item in items]
    assert RESOLVER.tally(worse).degraded_items == len(items)


# The set itself


def set_families(basis: BackupSet, items: int = 1) -> dict[str, int]:
    whole = [an_item(number) for number in range(items)]
    return dict(quality_of(basis, *whole).families)


def test_a_partial_set_is_an_incomplete_run() -> None:
    assert set_families(a_set(status="partial")) == {"incomplete_run": 1}
    assert set_families(a_set(status="completed")) == {}


def test_a_set_without_items_is_empty() -> None:
    assert set_families(a_set(), items=0) == {"empty_set": 1}
    assert set_families(a_set(item_count=0), items=0) == {"empty_set": 1}


@pytest.mark.parametrize(
    ("declared", "present", "expected"),
    [
        (None, 2, {}),
        (2, 2, {}),
        (1, 2, {}),
        (3, 2, {"missing_items": 1}),
        (112, 2, {"missing_items": 110}),
        (5, 0, {"empty_set": 1, "missing_items": 5}),
    ],
)
def test_missing_items_are_declared_items_that_are_not_there(
    declared: int | None, present: int, expected: dict[str, int]
) -> None:
    assert set_families(a_set(item_count=declared), items=present) == expected


@pytest.mark.parametrize("error", ["no token", "", " "])
def test_a_completed_set_with_an_error_contradicts_itself(error: str) -> None:
    assert set_families(a_set(error=error)) == {"contradictory_run": 1}


def test_a_partial_set_may_have_an_error() -> None:
    assert set_families(a_set(status="partial", error="one module failed")) == {"incomplete_run": 1}


@pytest.mark.parametrize(("after", "expected"), [(-TICK, {}), (timedelta(0), {}), (TICK, {"contradictory_run": 1})])
@pytest.mark.parametrize("status", ["completed", "partial"])
def test_a_run_that_ended_before_it_began_contradicts_itself(
    after: timedelta, expected: dict[str, int], status: str
) -> None:
    incomplete = {"incomplete_run": 1} if status == "partial" else {}
    assert set_families(a_set(NOW, started_at=NOW + after, status=status)) == incomplete | expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [(LONGEST - TICK, {}), (LONGEST, {}), (LONGEST + TICK, {"contradictory_run": 1}), (-timedelta(days=900), {})],
)
@pytest.mark.parametrize("status", ["completed", "partial"])
def test_a_run_that_ended_long_after_its_record_contradicts_itself(
    after: timedelta, expected: dict[str, int], status: str
) -> None:
    incomplete = {"incomplete_run": 1} if status == "partial" else {}
    assert set_families(a_set(NOW, created_at=NOW - after, status=status)) == incomplete | expected


@pytest.mark.parametrize("status", ["running", "failed", "cancelled"])
def test_a_run_that_did_not_end_does_not_contradict_itself(status: str) -> None:
    assert set_families(a_set(None, status=status, started_at=NOW, created_at=NOW)) == {}


def test_a_run_that_contradicts_itself_in_three_ways_counts_once() -> None:
    basis = a_set(NOW, error="x", started_at=NOW + TICK, created_at=NOW - LONGEST - TICK)
    assert set_families(basis) == {"contradictory_run": 1}


def test_a_set_in_every_family_of_its_own_and_of_its_items() -> None:
    basis = a_set(NOW, status="partial", item_count=3, started_at=NOW + TICK)
    items = a_tally(
        an_item(1, capture_mode=None, assignments_state="failed", orphaned_assignments=1, integrity_warning=""),
        an_item(2, capture_mode="metadata_only"),
    )
    assert RESOLVER.resolve(basis, items).families == (
        ("unknown_quality", 1),
        ("metadata_only", 1),
        ("assignments_not_captured", 1),
        ("orphaned_assignments", 1),
        ("integrity_warning", 1),
        ("incomplete_run", 1),
        ("missing_items", 1),
        ("contradictory_run", 1),
    )
