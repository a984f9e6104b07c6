"""An unreadable value costs only its tenant the verdict, and names table, column and row. Odd text costs nothing.

Modules: health.store.reading.snapshot, health.store.reading.rows.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from health.answers import PartInVerdict
from health.store.reading.rows import parse_postgresql_instant, parse_sqlite_instant
from tests.health.making import FIRST_INSTANT, LAST_INSTANT, LONG_AGO, NOW, TICK
from tests.health.store.bare import bare
from tests.health.store.spoiled_rows import entries, garbage, two_tenants
from tests.health.store.writing.test_tables_instants import CANONICAL, NO_INSTANTS
from tests.oracle.loading import load
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, TenantRow
from tests.resolving import resolving
from tests.subject import fleet_report
from tui.commands import run


@pytest.mark.parametrize(
    ("place", "table", "row"),
    [
        ("tenants__0__created_at", "tenants", 1),
        ("tenants__0__archived_at", "tenants", 1),
        ("sets__0__completed_at", "backup_sets", 10),
        ("sets__0__started_at", "backup_sets", 10),
        ("sets__0__created_at", "backup_sets", 10),
        # It is not the basis, but might be.
        ("sets__1__completed_at", "backup_sets", 11),
        # We cannot know whether they are deleted.
        ("sets__0__deleted_at", "backup_sets", 10),
        ("sets__1__deleted_at", "backup_sets", 11),
        ("sets__3__deleted_at", "backup_sets", 13),
        ("schedules__0__deleted_at", "backup_schedules", 10),
        ("schedules__0__created_at", "backup_schedules", 10),
        ("schedules__0__enabled_at", "backup_schedules", 10),
        ("schedules__0__last_run_at", "backup_schedules", 10),
        ("schedules__0__next_run_at", "backup_schedules", 10),
    ],
)
def test_a_value_that_is_not_an_instant_costs_only_its_tenant(
    database_url: str, place: str, table: str, row: int
) -> None:
    column = place.rpartition("__")[2]
    load(database_url, two_tenants(**{place: garbage(database_url)}), unchecked=True)
    document = fleet_report(database_url, NOW, DEFAULT_POLICY)
    lost, other = document["tenants"]
    assert lost["tenant"] == "tenant-1"
    assert (lost["posture"], lost["confirmed"], lost["reasons"]) == (None, False, [])
    error = lost["error"]
    assert (error["table"], error["column"], error["row"]) == (table, column, row)
    assert error["message"] == f"{table}.{column} of row {row} is not an instant: {garbage(database_url)!r}"
    assert (other["tenant"], other["confirmed"]) == ("tenant-2", True)
    assert document["totals"] == {
        "tenants": 2,
        "unreadable": 1,
        "absent": 0,
        "stale": 0,
        "degraded": 0,
        "healthy": 1,
        "confirmed": 1,
        "schedule_follow_up": 0,
    }


@pytest.mark.parametrize(
    "place",
    [
        "sets__1__started_at",
        "sets__1__created_at",
        "sets__2__started_at",
        "sets__2__completed_at",
        "sets__2__deleted_at",
        "sets__3__completed_at",
        "items__0__captured_at",
        "schedules__1__last_run_at",
        "schedules__1__created_at",
        "schedules__1__deleted_at",
    ],
)
def test_a_row_that_no_verdict_reads_costs_nothing(database_url: str, place: str) -> None:
    load(database_url, two_tenants(**{place: garbage(database_url)}), unchecked=True)
    assert all(entry["confirmed"] for entry in entries(database_url).values())


@pytest.mark.parametrize("status", ["completed", "partial"])
def test_a_candidate_without_completed_at_is_unreadable(database_url: str, status: str) -> None:
    load(database_url, two_tenants(sets__1__completed_at=None, sets__1__status=status), unchecked=True)
    found = entries(database_url)
    assert found["tenant-1"]["error"] == {
        "table": "backup_sets",
        "column": "completed_at",
        "row": 11,
        "message": "backup_sets.completed_at of row 11 is missing",
    }
    assert found["tenant-2"]["confirmed"]


def test_a_possibly_deleted_item_is_unreadable_in_the_basis_alone(
    database_url: str,
) -> None:
    fleet = two_tenants(items__0__deleted_at=garbage(database_url))
    fleet.items.append(ItemRow(3, 2, 21, deleted_at=garbage(database_url), capture_mode=None))
    load(database_url, fleet, unchecked=True)
    found = entries(database_url)
    assert found["tenant-1"]["error"] == {
        "table": "backup_items",
        "column": "deleted_at",
        "row": 1,
        "message": "backup_items.deleted_at of row 1 is not an instant",
    }
    assert found["tenant-2"]["confirmed"]
    with resolving(database_url) as resolver:
        (basis,) = [each for each in resolver.backup_sets("tenant-1", NOW).sets if each.key.set_id == 10]
        assert (basis.part, basis.quality) == (PartInVerdict.UNREADABLE, None)
        answer = resolver.backup_set("tenant-1", 10, NOW)
        (item,) = answer.items
        assert item.unreadable is not None
        assert item.unreadable.message.endswith(f"deleted_at of row 1 is not an instant: {garbage(database_url)!r}")
        # In the history the quality of such a set is unknown too.
        coverage = resolver.dashboard("tenant-2", NOW).coverage
        assert coverage is not None
        assert coverage.unreadable_sets == 1


def test_items_that_cannot_be_read_come_before_degraded_ones(database_url: str) -> None:
    fleet = two_tenants()
    for number, columns in ((3, {"capture_mode": None}), (4, {"deleted_at": garbage(database_url)}), (5, {})):
        item = ItemRow(number, 1, 10, policy_identifier=f"policy-{number}", display_name=f"{number}")
        fleet.items.append(item._replace(**columns))
    load(database_url, fleet, unchecked=True)
    with resolving(database_url) as resolver:
        assert [item.id for item in resolver.backup_set("tenant-1", 10, NOW).items] == [4, 3, 5, 1]


# Flags and counts


UNREADABLE_VALUES = [
    ("sets__0__item_count", -5, "backup_sets", 10),
    ("items__0__orphaned_assignments", -1, "backup_items", 1),
]
"""Without their CHECKs both engines accept these."""
UNREADABLE_IN_SQLITE = [
    *(("schedules__0__is_enabled", value, "backup_schedules", 10) for value in (2, -1, 0.5, "", "true", "false", b"0")),
    # We cannot know whether it is disabled.
    ("schedules__1__is_enabled", 2, "backup_schedules", 11),
    *(("sets__0__item_count", value, "backup_sets", 10) for value in (1.5, "many", "", b"1")),
    *(("items__0__orphaned_assignments", value, "backup_items", 1) for value in (0.5, "none", "", b"0")),
]


def assert_lost(url: str, place: str, value: Any, table: str, row: int) -> None:
    load(url, two_tenants(**{place: value}), unchecked=True)
    found = entries(url)
    error = found["tenant-1"]["error"]
    assert (error["table"], error["column"], error["row"]) == (table, place.rpartition("__")[2], row)
    assert (found["tenant-1"]["posture"], found["tenant-1"]["confirmed"]) == (None, False)
    assert found["tenant-2"]["confirmed"]


@pytest.mark.parametrize(("place", "value", "table", "row"), UNREADABLE_VALUES)
def test_a_count_below_zero_is_unreadable(database_url: str, place: str, value: Any, table: str, row: int) -> None:
    assert_lost(database_url, place, value, table, row)


@pytest.mark.parametrize(("place", "value", "table", "row"), UNREADABLE_IN_SQLITE)
def test_in_sqlite_an_invalid_flag_or_count_is_unreadable(
    sqlite_url: str, place: str, value: Any, table: str, row: int
) -> None:
    assert_lost(sqlite_url, place, value, table, row)


def test_a_screen_shows_a_schedule_as_the_verdict_reads_it(sqlite_url: str) -> None:
    load(sqlite_url, two_tenants(schedules__0__is_enabled="true", schedules__1__is_enabled=2), unchecked=True)
    with resolving(sqlite_url) as resolver:
        shown = resolver.schedules("tenant-1", NOW).schedules
    assert [(each.schedule, each.assessment) for each in shown] == [(None, None), (None, None)]
    assert [each.unreadable and each.unreadable.message for each in shown] == [
        "backup_schedules.is_enabled of row 10 is neither 0 nor 1: 'true'",
        "backup_schedules.is_enabled of row 11 is neither 0 nor 1: '2'",
    ]


def test_zero_counts_and_both_flags_are_readable(database_url: str) -> None:
    load(database_url, two_tenants(sets__0__item_count=0, items__0__orphaned_assignments=0))
    found = entries(database_url)["tenant-1"]
    assert (found["confirmed"], found["schedules"]["enabled"]) == (True, 1)


def test_the_calendars_first_and_last_instants_are_instants(database_url: str) -> None:
    load(
        database_url,
        two_tenants(
            tenants__0__created_at=FIRST_INSTANT,
            sets__1__completed_at=FIRST_INSTANT,
            schedules__0__next_run_at=LAST_INSTANT,
        ),
    )
    assert all(entry["confirmed"] for entry in entries(database_url).values())


@pytest.mark.parametrize("value", ["-infinity", "0001-12-31 23:59:59.999999+00 BC", "10000-01-01 00:00:00+00"])
def test_instants_that_only_postgresql_has(postgres_url: str, value: str) -> None:
    load(postgres_url, two_tenants(sets__0__completed_at=value, tenants__0__created_at=LONG_AGO), unchecked=True)
    found = entries(postgres_url)
    assert found["tenant-1"]["posture"] is None
    assert found["tenant-2"]["confirmed"]


def test_unreadable_tenants_sort_first_even_before_absent_ones(database_url: str) -> None:
    fleet = two_tenants(sets__0__completed_at=garbage(database_url))
    fleet.tenants.append(TenantRow(3, "tenant-3", "A name that sorts first", LONG_AGO))
    load(database_url, fleet, unchecked=True)
    assert list(entries(database_url)) == ["tenant-1", "tenant-3", "tenant-2"]


# Instants as text


@pytest.mark.parametrize("text", CANONICAL)
def test_the_canonical_form_is_read_as_the_instant_it_names(text: str) -> None:
    assert parse_sqlite_instant(text) == datetime.fromisoformat(text + "+00:00")


@pytest.mark.parametrize("value", NO_INSTANTS, ids=repr)
def test_the_reader_refuses_what_the_check_refuses(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that it is refused is all
        parse_sqlite_instant(value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23 09:00:00+00", NOW),
        ("2026-11-23 09:00:00.000001+00", NOW + TICK),
        ("2026-11-23 09:00:00.5+00", NOW.replace(microsecond=500_000)),
        ("0001-01-01 00:00:00+00", FIRST_INSTANT),
        ("9999-12-31 23:59:59.999999+00", LAST_INSTANT),
    ],
)
def test_postgresqls_text(text: str, instant: datetime) -> None:
    parsed = parse_postgresql_instant(text)
    assert parsed == instant
    assert parsed.utcoffset() == NOW.utcoffset()


@pytest.mark.parametrize(
    "value",
    ["infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "10000-01-01 00:00:00+00", "2026-11-23 09:00:00", None, NOW],
)
def test_a_text_that_is_not_an_instant_in_postgresql(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that it is refused is all
        parse_postgresql_instant(value)


# Text in SQLite: any bytes

TEXT_COLUMNS = [
    ("tenants", "name"),
    ("tenants", "external_id"),
    ("backup_schedules", "name"),
    ("backup_schedules", "cron"),
    ("backup_schedules", "timezone"),
    ("backup_schedules", "last_run_status"),
    ("backup_sets", "name"),
    ("backup_sets", "source"),
    ("backup_sets", "source_ref"),
    ("backup_sets", "status"),
    ("backup_sets", "error"),
    ("backup_items", "policy_type"),
    ("backup_items", "policy_identifier"),
    ("backup_items", "display_name"),
    ("backup_items", "platform"),
    ("backup_items", "capture_mode"),
    ("backup_items", "assignments_state"),
    ("backup_items", "integrity_warning"),
]
"""Every text column, without instants and captured JSON."""

CONSEQUENCES = {
    "cron": ["schedule_follow_up"],
    "timezone": ["schedule_follow_up"],
    "last_run_status": ["schedule_follow_up"],
    "error": ["latest_backup_degraded"],
    "capture_mode": ["latest_backup_degraded"],
    "assignments_state": ["latest_backup_degraded"],
    "integrity_warning": ["latest_backup_degraded"],
    # It leaves the older set, which has no items, as the basis.
    "status": ["latest_backup_stale", "latest_backup_degraded"],
}
"""The consequence of an unknown word in a column; in all other columns it has none."""


@pytest.mark.parametrize("value", ["x'fffe41'", "CAST(x'fffe41' AS TEXT)", "CAST(x'4100ff' AS TEXT)"])
@pytest.mark.parametrize(("table", "column"), TEXT_COLUMNS)
def test_bytes_that_are_not_text_count_as_an_unknown_word(sqlite_url: str, table: str, column: str, value: str) -> None:
    load(sqlite_url, two_tenants())
    row = 1 if table in ("tenants", "backup_items") else 10
    with bare(sqlite_url) as store:
        store.execute(f"UPDATE {table} SET {column} = {value} WHERE id = {row}")
    found = {entry["name"]: entry for entry in entries(sqlite_url).values()}
    other = found.pop("Tenant 2")
    assert other["confirmed"]
    ((name, entry),) = found.items()
    assert entry["reasons"] == CONSEQUENCES.get(column, [])
    if (table, column) == ("tenants", "name"):
        assert name in ("\\xff\\xfeA", "A\x00\\xff")


@pytest.mark.parametrize("value", ["x'ff' || {}", "CAST(x'ff' || {} AS TEXT)"])
def test_every_command_prints_such_a_fleet(sqlite_url: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    load(sqlite_url, two_tenants())
    with bare(sqlite_url) as store:
        for table, column in TEXT_COLUMNS:
            if column != "status":
                store.execute(f"UPDATE {table} SET {column} = {value.format(column)} WHERE id IN (1, 10)")
    at = ["--now", NOW.isoformat()]
    for words in (
        *(["report", *at, "--format", form] for form in ("json", "table", "csv", "markdown")),
        ["check", *at],
        ["tenant", "list"],
        ["schedule", "list"],
    ):
        exit_code = run([*words, "--database", sqlite_url])
        captured = capsys.readouterr()
        assert exit_code == (1 if words[0] == "check" else 0), (words, captured.err)
        assert captured.err == ""
        if "json" in words:
            assert captured.out.isascii()
            names = {entry["name"] for entry in json.loads(captured.out)["tenants"]}
            assert names == {"\\xffTenant 1", "Tenant 2"}
