"""The oracle against figures worked out by hand, so that we can trust it.

(docs/concepts.md, "The verdict"; docs/documents.md, "The report")
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oracle.cases import CLEAN, NOW, TICK, Blueprint, SetShape, fleet, numbered, set_shape
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, ScheduleRow
from tests.oracle.verdict import expected_report, item_families, rfc3339

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RECENT = NOW - HOUR


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, micro, UTC)


def entry_of(*sets: SetShape, schedules: tuple[ScheduleRow, ...] = (), **columns: Any) -> dict[str, Any]:
    """The report entry of one tenant at 2026-11-23 09:00."""
    rows = fleet(numbered([Blueprint(sets, schedules, **columns)]))
    (entry,) = expected_report(rows, DEFAULT_POLICY, NOW)["tenants"]
    assert isinstance(entry, dict)
    return entry


# --- the basis ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sets", "basis"),
    [
        ([], None),
        ([set_shape(RECENT, CLEAN)], 1),
        ([set_shape(RECENT, CLEAN), set_shape(RECENT - TICK, CLEAN)], 1),
        ([set_shape(RECENT, CLEAN), set_shape(RECENT + TICK)], 2),
        ([set_shape(RECENT, CLEAN), set_shape(RECENT)], 2),  # a tie: the greatest id, though it is empty
        ([set_shape(RECENT), set_shape(RECENT, CLEAN, status="partial")], 2),
        ([set_shape(RECENT, CLEAN), set_shape(NOW, CLEAN, status="failed")], 1),
        ([set_shape(RECENT, CLEAN), set_shape(NOW, CLEAN, status="running")], 1),
        ([set_shape(RECENT, CLEAN), set_shape(NOW, CLEAN, status="cancelled")], 1),
        ([set_shape(RECENT, CLEAN), set_shape(NOW, CLEAN, status="Completed")], 1),
        ([set_shape(RECENT, CLEAN), set_shape(NOW, CLEAN, deleted_at=NOW)], 1),
        ([set_shape(RECENT, CLEAN), set_shape(NOW + 9 * DAY, CLEAN)], 2),  # a future stamp governs, and is not trusted
    ],
)
def test_the_basis_is_the_latest_relevant_set(sets: list[SetShape], basis: int | None) -> None:
    found = entry_of(*sets)["basis"]
    assert (found and found["id"]) == basis


def test_absent_names_the_backup_sets() -> None:
    assert entry_of(set_shape(None, status="failed", created_at=NOW)) == {
        "tenant": "case-000001",
        "name": "contoso",
        "posture": "absent",
        "confirmed": False,
        "primary_reason": "no_backup_basis",
        "reasons": ["no_backup_basis"],
        "basis": None,
        "schedules": {"enabled": 0, "follow_up": []},
        "confirm": [{"reason": "no_backup_basis", "screen": "backup_sets"}],
    }


# --- quality --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "families"),
    [
        (ItemRow(), []),
        (ItemRow(assignments_state="unassigned"), []),
        (ItemRow(assignments_state=None), []),
        (ItemRow(capture_mode=None), ["unknown_quality"]),
        (ItemRow(capture_mode=""), ["unknown_quality"]),
        (ItemRow(capture_mode="Full"), ["unknown_quality"]),
        (ItemRow(capture_mode="metadata_only"), ["metadata_only"]),
        (ItemRow(assignments_state="failed"), ["assignments_not_captured"]),
        (ItemRow(assignments_state="excluded"), ["assignments_not_captured"]),
        (ItemRow(assignments_state=""), ["assignments_not_captured"]),
        (ItemRow(assignments_state="Captured"), ["assignments_not_captured"]),
        (ItemRow(orphaned_assignments=1), ["orphaned_assignments"]),
        (ItemRow(integrity_warning=""), ["integrity_warning"]),
        (ItemRow(capture_mode="metadata_only", orphaned_assignments=3), ["metadata_only", "orphaned_assignments"]),
    ],
)
def test_the_families_of_an_item(item: ItemRow, families: list[str]) -> None:
    assert item_families(item) == families


BOTH = CLEAN._replace(capture_mode="metadata_only", integrity_warning="x")
DELETED = BOTH._replace(deleted_at=NOW)


@pytest.mark.parametrize(
    ("shape", "items", "degraded_items", "families"),
    [
        (set_shape(RECENT, CLEAN), 1, 0, {}),
        (set_shape(RECENT), 0, 0, {"empty_set": 1}),
        (set_shape(RECENT, DELETED, item_count=0), 0, 0, {"empty_set": 1}),
        (set_shape(RECENT, CLEAN, DELETED, item_count=1), 1, 0, {}),
        (set_shape(RECENT, CLEAN, DELETED, item_count=2), 1, 0, {"missing_items": 1}),
        (set_shape(RECENT, item_count=7), 0, 0, {"empty_set": 1, "missing_items": 7}),
        (set_shape(RECENT, CLEAN, CLEAN, item_count=1), 2, 0, {}),
        (set_shape(RECENT, BOTH, BOTH, CLEAN), 3, 2, {"metadata_only": 2, "integrity_warning": 2}),
        (set_shape(RECENT, CLEAN, status="partial"), 1, 0, {"incomplete_run": 1}),
        (set_shape(RECENT, CLEAN, status="partial", error="x"), 1, 0, {"incomplete_run": 1}),
        (set_shape(RECENT, CLEAN, error=""), 1, 0, {"contradictory_run": 1}),
        (set_shape(RECENT, CLEAN, started_at=RECENT), 1, 0, {}),
        (set_shape(RECENT, CLEAN, started_at=RECENT + TICK), 1, 0, {"contradictory_run": 1}),
        (set_shape(RECENT, CLEAN, created_at=utc(2026, 11, 23, 2)), 1, 0, {}),
        (set_shape(RECENT, CLEAN, created_at=utc(2026, 11, 23, 2) - TICK), 1, 0, {"contradictory_run": 1}),
        (set_shape(RECENT, CLEAN, created_at=utc(1, 1, 1), started_at=NOW, error=""), 1, 0, {"contradictory_run": 1}),
    ],
)
def test_the_quality_of_a_set(shape: SetShape, items: int, degraded_items: int, families: dict[str, int]) -> None:
    entry = entry_of(shape)
    basis = entry["basis"]
    assert (basis["items"], basis["degraded_items"], basis["families"]) == (items, degraded_items, families)
    assert entry["posture"] == ("degraded" if families else "healthy")
    assert entry["confirmed"] is not bool(families)


# --- freshness, posture ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("completed_at", "freshness", "age_seconds"),
    [
        (utc(2026, 11, 22, 9), "fresh", 86400),
        (utc(2026, 11, 22, 9) - TICK, "too_old", 86400),
        (utc(2026, 11, 22, 8, 59, 59), "too_old", 86401),
        (utc(2026, 11, 23, 9), "fresh", 0),
        (utc(2026, 11, 23, 9) + TICK, "fresh", -1),
        (utc(2026, 11, 23, 9, 5), "fresh", -300),
        (utc(2026, 11, 23, 9, 5) + TICK, "in_the_future", -301),
        (utc(1, 1, 1), "too_old", 739942 * 86400 + 9 * 3600),
        (utc(9999, 12, 31), "in_the_future", -(2912116 * 86400) + 9 * 3600),
    ],
)
def test_freshness(completed_at: datetime, freshness: str, age_seconds: int) -> None:
    entry = entry_of(set_shape(completed_at, CLEAN))
    assert (entry["basis"]["freshness"], entry["basis"]["age_seconds"]) == (freshness, age_seconds)
    assert entry["posture"] == ("healthy" if freshness == "fresh" else "stale")
    assert entry["confirmed"] is (freshness == "fresh")


def test_stale_and_degraded_lists_both_reasons_with_their_places() -> None:
    late = ScheduleRow(cron="30 7 * * *", created_at=NOW - 9 * DAY, last_run_at=NOW - DAY, last_run_status="failed")
    entry = entry_of(set_shape(NOW - 2 * DAY, BOTH), schedules=(late._replace(is_enabled=False), late, late))
    assert entry["posture"] == "stale"
    assert entry["primary_reason"] == "latest_backup_stale"
    assert entry["reasons"] == ["latest_backup_stale", "latest_backup_degraded", "schedule_follow_up"]
    assert entry["confirm"] == [
        {"reason": "latest_backup_stale", "screen": "backup_set", "backup_set": 1},
        {"reason": "latest_backup_degraded", "screen": "backup_set", "backup_set": 1},
        {"reason": "schedule_follow_up", "screen": "schedules"},
    ]
    conditions = ["overdue", "last_run_unsuccessful"]
    assert entry["schedules"] == {
        "enabled": 2,
        "follow_up": [
            {"id": 2, "name": "schedule 2", "conditions": conditions},
            {"id": 3, "name": "schedule 3", "conditions": conditions},
        ],
    }


def test_a_follow_up_beside_a_healthy_backup_is_not_confirmed() -> None:
    entry = entry_of(set_shape(RECENT, CLEAN), schedules=(ScheduleRow(created_at=NOW, last_run_status="failed"),))
    assert (entry["posture"], entry["confirmed"], entry["reasons"]) == ("healthy", False, ["schedule_follow_up"])


# --- evidence that cannot be read -----------------------------------------------------------------------

GOOD = set_shape(RECENT, CLEAN)
RAN = ScheduleRow(cron="0 8 * * *", created_at=NOW - 9 * DAY, last_run_at=RECENT, last_run_status="ok")


@pytest.mark.parametrize(
    ("sets", "schedules", "cell"),
    [
        ([GOOD, set_shape("garbage", created_at=NOW)], (), ("backup_sets", "completed_at", 2)),
        ([set_shape(None, created_at=NOW, status="partial"), GOOD], (), ("backup_sets", "completed_at", 1)),
        ([GOOD, set_shape("garbage", created_at=NOW, status="failed")], (), None),
        ([GOOD, set_shape("garbage", created_at=NOW, deleted_at=NOW)], (), None),
        ([set_shape(RECENT, started_at="")], (), ("backup_sets", "started_at", 1)),
        ([set_shape(RECENT, created_at=5)], (), ("backup_sets", "created_at", 1)),
        ([set_shape(RECENT - TICK, created_at="garbage"), GOOD], (), None),
        ([GOOD], (RAN, RAN._replace(next_run_at="infinity")), ("backup_schedules", "next_run_at", 2)),
        ([GOOD], (RAN, RAN._replace(next_run_at="infinity", is_enabled=False)), None),
        ([GOOD], (RAN, RAN._replace(next_run_at="infinity", deleted_at=NOW)), None),
        # A deleted_at that is not an instant deletes nothing, and we cannot know whether it should.
        ([set_shape(RECENT, CLEAN, deleted_at="x"), GOOD], (), ("backup_sets", "deleted_at", 1)),
        ([GOOD, set_shape(RECENT - TICK, CLEAN, deleted_at="x")], (), ("backup_sets", "deleted_at", 2)),
        ([GOOD, set_shape(NOW, CLEAN, status="failed", deleted_at="x")], (), None),
        ([set_shape(RECENT, CLEAN, CLEAN._replace(deleted_at="x"))], (), ("backup_items", "deleted_at", 2)),
        ([set_shape(RECENT - TICK, CLEAN._replace(deleted_at="x")), GOOD], (), None),
        ([GOOD], (RAN, RAN._replace(deleted_at="x")), ("backup_schedules", "deleted_at", 2)),
        ([GOOD], (RAN, RAN._replace(deleted_at="x", is_enabled=False)), None),
    ],
)
def test_unreadable(
    sets: list[SetShape], schedules: tuple[ScheduleRow, ...], cell: tuple[str, str, int] | None
) -> None:
    entry = entry_of(*sets, schedules=schedules)
    if cell is None:
        assert "error" not in entry
        assert entry["posture"] is not None
        return
    table, column, row = cell
    assert entry == {
        "tenant": "case-000001",
        "name": "contoso",
        "posture": None,
        "confirmed": False,
        "primary_reason": None,
        "reasons": [],
        "basis": None,
        "schedules": None,
        "confirm": [],
        "error": {"table": table, "column": column, "row": row},
    }


# --- the report -----------------------------------------------------------------------------------------


def test_instants_have_a_fraction_only_where_there_is_one() -> None:
    assert rfc3339(utc(2026, 11, 20, 2, 10)) == "2026-11-20T02:10:00Z"
    assert rfc3339(utc(1, 1, 1, 2, 10, 0, 1)) == "0001-01-01T02:10:00.000001Z"


def test_triage_order_and_totals() -> None:
    failed = ScheduleRow(created_at=NOW, last_run_status="failed")
    blueprints = [
        Blueprint((GOOD,)),  # 1 confirmed, "contoso"
        Blueprint((GOOD,), (failed,)),  # 2 healthy with a reason
        Blueprint((set_shape(RECENT),)),  # 3 degraded
        Blueprint((set_shape(NOW + DAY, CLEAN),)),  # 4 stale: the younger of two
        Blueprint((set_shape(NOW - 2 * DAY, CLEAN),), (failed,)),  # 5 stale, "zebra"
        Blueprint(
            (set_shape(NOW - 2 * DAY, CLEAN),)
        ),  # 6 stale, "Zebra": the same name but for case, so by external id
        Blueprint((), (failed,)),  # 7 absent, " padded"
        Blueprint((set_shape(None, created_at=NOW),)),  # 8 unreadable
        Blueprint((), archived_at=NOW),  # 9 not judged
        Blueprint((set_shape(RECENT - TICK, CLEAN),)),  # 10 confirmed, older
        Blueprint((GOOD,), created_at="garbage"),  # 11 unreadable, "contoso": before 8
    ]
    report = expected_report(fleet(numbered(blueprints)), DEFAULT_POLICY, NOW)
    order = [int(entry["tenant"].removeprefix("case-")) for entry in report["tenants"]]
    assert order == [11, 8, 7, 5, 6, 4, 3, 2, 10, 1]
    assert report["totals"] == {
        "tenants": 10,
        "unreadable": 2,
        "absent": 1,
        "stale": 3,
        "degraded": 1,
        "healthy": 3,
        "confirmed": 2,
        "schedule_follow_up": 3,
    }
