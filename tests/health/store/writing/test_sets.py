"""Captured facts into the store: found by their identity, whole or not at all, and twice is the same as once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from health.sources.captured import (
    NOT_DELETED,
    CapturedFacts,
    CapturedItem,
    CapturedSchedule,
    CapturedSet,
    CapturedTenant,
    NotDeleted,
)
from health.sources.door import Door
from health.store.opening.urls import parse_database_url
from health.store.writing.input_order import write_facts
from health.store.writing.sets import ImportSummary
from health.store.writing.transactions import writing
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, TICK
from tests.health.store.bare import bare
from tests.oracle.rows import DEFAULT_POLICY
from tests.subject import fleet_report

CONTOSO = CapturedTenant("contoso.example", "Contoso")
FABRIKAM = CapturedTenant("fabrikam.example", "Fabrikam")
NIGHTLY = CapturedSchedule("contoso.example", "nightly", cron="0 2 * * *", last_run_at=NOW - HOUR, last_run_status="ok")
ITEMS = (
    CapturedItem(
        "Roles", "a.json", "A", capture_mode="full", assignments_state="captured", payload='{"b": 1, "a": [true]}'
    ),
    CapturedItem(
        "Roles",
        "b.json",
        "B",
        platform="windows10",
        capture_mode="metadata_only",
        orphaned_assignments=2,
        integrity_warning="",
        captured_at=NOW - HOUR - TICK,
        assignments="[]",
    ),
)


def a_run(**columns: Any) -> CapturedSet:
    usual = CapturedSet(
        external_id="contoso.example",
        name="nightly",
        source="intunecd",
        source_ref="run-1",
        status="completed",
        items=ITEMS,
        item_count=2,
        started_at=NOW - HOUR,
        completed_at=NOW - HOUR / 2,
        schedule="nightly",
    )
    return usual._replace(**columns)


FACTS = CapturedFacts((CONTOSO, FABRIKAM), (NIGHTLY,), (a_run(),))


def write(url: str, facts: CapturedFacts, later: timedelta = timedelta(0)) -> ImportSummary:
    with writing(parse_database_url(url)) as connection:
        return write_facts(connection, facts, NOW + later, Door(as_given=True))


def write_set(url: str, captured: CapturedSet, later: timedelta = HOUR) -> ImportSummary:
    return write(url, CapturedFacts(sets=(captured,)), later)


def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with bare(url) as store:
        return store.everything()


def column(url: str, table: str, name: str) -> list[Any]:
    with bare(url) as store:
        return [value for (value,) in store.execute(f"SELECT {name} FROM {table} ORDER BY id")]


def test_the_stored_rows_are_the_captured_facts(database_url: str) -> None:
    assert write(database_url, FACTS) == ImportSummary(sets_created=1, items_written=2)
    with bare(database_url) as store:
        names = store.execute("SELECT external_id, name, archived_at FROM tenants ORDER BY id")
        assert names == [("contoso.example", "Contoso", None), ("fabrikam.example", "Fabrikam", None)]
        ((schedule_id, cron, timezone, enabled, status),) = store.execute(
            "SELECT id, cron, timezone, is_enabled, last_run_status FROM backup_schedules"
        )
        assert (cron, timezone, bool(enabled), status) == ("0 2 * * *", "UTC", True, "ok")
        (found,) = store.execute(
            "SELECT schedule_id, name, source, source_ref, status, item_count, error, deleted_at FROM backup_sets"
        )
        assert found == (schedule_id, "nightly", "intunecd", "run-1", "completed", 2, None, None)
        items = store.execute(
            "SELECT policy_type, policy_identifier, display_name, platform, capture_mode, assignments_state,"
            " orphaned_assignments, integrity_warning, deleted_at FROM backup_items ORDER BY policy_identifier"
        )
        assert items == [
            ("Roles", "a.json", "A", None, "full", "captured", 0, None, None),
            ("Roles", "b.json", "B", "windows10", "metadata_only", None, 2, "", None),
        ]
    entry = fleet_report(database_url, NOW, DEFAULT_POLICY)["tenants"][1]
    assert entry["basis"]["completed_at"] == "2026-11-23T08:30:00Z"
    assert entry["basis"]["families"] == {"metadata_only": 1, "orphaned_assignments": 1, "integrity_warning": 1}


def test_created_at_is_the_first_writing_unless_the_facts_say_it(database_url: str) -> None:
    facts = CapturedFacts(
        (CONTOSO._replace(created_at=LONG_AGO), FABRIKAM),
        (NIGHTLY,),
        (a_run(), a_run(source_ref="r", created_at=LONG_AGO)),
    )
    write(database_url, facts)
    write(database_url, facts, later=DAY)
    first = "2026-01-01 00:00:00"
    written = "2026-11-23 09:00:00"
    tenants = [str(value)[:19] for value in column(database_url, "tenants", "created_at")]
    assert tenants == [first, written]
    assert [str(value)[:19] for value in column(database_url, "backup_schedules", "created_at")] == [written]
    assert [str(value)[:19] for value in column(database_url, "backup_sets", "created_at")] == [written, first]


def test_importing_twice_changes_nothing_row_for_row(database_url: str) -> None:
    write(database_url, FACTS)
    before = everything(database_url)
    assert write(database_url, FACTS, later=9 * DAY) == ImportSummary(sets_unchanged=1)
    assert everything(database_url) == before


def test_the_order_of_items_and_of_json_keys_changes_nothing(database_url: str) -> None:
    write(database_url, FACTS)
    before = everything(database_url)
    again = a_run(items=(ITEMS[1], ITEMS[0]._replace(payload='{"a":[true],"b":1.0}')))
    assert write_set(database_url, again) == ImportSummary(sets_unchanged=1)
    assert everything(database_url) == before


@pytest.mark.parametrize(
    "payload",
    [
        *('"a string"', "1", "true", "null", "[]", "1e2", '"\\u00e9\\ud83d\\ude00"', '{"deep": [[["x"]]]}', "1.10"),
        # PostgreSQL returns these as whole numbers with all digits, which are not the exact values of the floats.
        *('{"a": [1e+23]}', "1.2345678901234567e+19", "1.7976931348623157e+308", "-1e+23", "5e-324", "-0.0"),
    ],
)
def test_any_json_is_stored_unchanged_the_second_time(database_url: str, payload: str) -> None:
    captured = a_run(items=(ITEMS[0]._replace(payload=payload, assignments=payload),))
    write(database_url, FACTS._replace(sets=(captured,)))
    assert write_set(database_url, captured) == ImportSummary(sets_unchanged=1)


@pytest.mark.parametrize(
    "change",
    [
        {"display_name": "Another"},
        {"platform": "iOS"},
        {"capture_mode": None},
        {"assignments_state": "failed"},
        {"orphaned_assignments": 1},
        {"integrity_warning": ""},
        {"captured_at": NOW},
        {"deleted_at": NOW},
        {"payload": None},
        {"payload": '{"b": 1, "a": [1]}'},
        {"payload": '{"b": 1, "a": [true], "c": null}'},
        {"payload": '{"b": "1", "a": [true]}'},
        {"payload": '{"b": 1.0000000000000002, "a": [true]}'},
        {"payload": '{"b": 1e+23, "a": [true]}'},
        {"assignments": "[]"},
        {"policy_identifier": "c.json"},
        {"policy_type": "Filters"},
    ],
)
def test_a_changed_item_replaces_the_set_which_keeps_its_id(database_url: str, change: dict[str, Any]) -> None:
    write(database_url, FACTS)
    before = everything(database_url)
    changed = a_run(items=(ITEMS[0]._replace(**change), ITEMS[1]))
    assert write_set(database_url, changed) == ImportSummary(sets_replaced=1, items_written=2)
    after = everything(database_url)
    assert after["backup_sets"] == before["backup_sets"]
    assert after["backup_items"] != before["backup_items"]
    assert len(after["backup_items"]) == 2
    assert write_set(database_url, changed) == ImportSummary(sets_unchanged=1)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "another"},
        {"status": "partial"},
        {"item_count": None},
        {"item_count": 3},
        {"error": ""},
        {"started_at": None},
        {"completed_at": NOW - HOUR / 2 + TICK},
        {"deleted_at": NOW},
        {"schedule": None},
        {"created_at": LONG_AGO},
        {"items": ()},
        {"items": ITEMS[:1]},
    ],
)
def test_a_changed_set_is_replaced_and_keeps_its_id(database_url: str, change: dict[str, Any]) -> None:
    write(database_url, FACTS)
    ids = column(database_url, "backup_sets", "id")
    changed = a_run(**change)
    assert write_set(database_url, changed) == ImportSummary(sets_replaced=1, items_written=len(changed.items))
    assert column(database_url, "backup_sets", "id") == ids
    assert len(column(database_url, "backup_items", "id")) == len(changed.items)
    assert write_set(database_url, changed) == ImportSummary(sets_unchanged=1)


@pytest.mark.parametrize("change", [{"source": "other"}, {"source_ref": "run-2"}, {"external_id": "fabrikam.example"}])
def test_another_source_reference_or_tenant_is_another_set(database_url: str, change: dict[str, str]) -> None:
    write(database_url, FACTS)
    assert write_set(database_url, a_run(schedule=None, **change)) == ImportSummary(sets_created=1, items_written=2)
    assert len(column(database_url, "backup_sets", "id")) == 2


def test_a_running_set_becomes_completed(database_url: str) -> None:
    running = a_run(status="running", items=(), completed_at=None, item_count=None)
    write(database_url, FACTS._replace(sets=(running,)))
    assert fleet_report(database_url, NOW, DEFAULT_POLICY)["totals"]["absent"] == 2
    ids = column(database_url, "backup_sets", "id")
    assert write_set(database_url, a_run()) == ImportSummary(sets_replaced=1, items_written=2)
    assert column(database_url, "backup_sets", "id") == ids
    assert column(database_url, "backup_sets", "status") == ["completed"]
    assert fleet_report(database_url, NOW, DEFAULT_POLICY)["totals"]["absent"] == 1


# Deleted


def delete(url: str, table: str, where: str) -> None:
    with bare(url) as store:
        store.execute(f"UPDATE {table} SET deleted_at = created_at WHERE {where}")


def test_a_deleted_set_stays_deleted(database_url: str) -> None:
    write(database_url, FACTS)
    delete(database_url, "backup_sets", "source_ref = 'run-1'")
    before = everything(database_url)
    assert write_set(database_url, a_run()) == ImportSummary(sets_unchanged=1)
    assert everything(database_url) == before
    assert write_set(database_url, a_run(name="changed")).sets_replaced == 1
    assert None not in column(database_url, "backup_sets", "deleted_at")


def test_a_deleted_item_stays_deleted_though_its_set_changes(database_url: str) -> None:
    write(database_url, FACTS)
    with bare(database_url) as store:
        store.execute("UPDATE backup_items SET deleted_at = captured_at WHERE policy_identifier = 'b.json'")
    before = everything(database_url)
    assert write_set(database_url, a_run()) == ImportSummary(sets_unchanged=1)
    assert everything(database_url) == before
    write_set(database_url, a_run(name="changed"))
    with bare(database_url) as store:
        kept = store.execute("SELECT policy_identifier FROM backup_items WHERE deleted_at IS NULL")
    assert kept == [("a.json",)]


@pytest.mark.parametrize("by", ["facts", "somebody"])
def test_facts_that_say_not_deleted_bring_a_row_back(database_url: str, by: str) -> None:
    if by == "facts":
        write(database_url, FACTS._replace(sets=(a_run(deleted_at=NOW, items=(deleted_item(NOW), ITEMS[1])),)))
    else:
        write(database_url, FACTS)
        delete(database_url, "backup_sets", "source_ref = 'run-1'")
        with bare(database_url) as store:
            store.execute("UPDATE backup_items SET deleted_at = ? WHERE policy_identifier = 'a.json'", (NOW,))
    back = a_run(deleted_at=NOT_DELETED, items=(deleted_item(NOT_DELETED), ITEMS[1]))
    assert write_set(database_url, back).sets_replaced == 1
    assert column(database_url, "backup_sets", "deleted_at") == [None]
    assert column(database_url, "backup_items", "deleted_at") == [None, None]
    assert write_set(database_url, back) == ImportSummary(sets_unchanged=1)


def deleted_item(deleted_at: datetime | NotDeleted) -> CapturedItem:
    return ITEMS[0]._replace(deleted_at=deleted_at)


def test_facts_that_say_not_deleted_are_written_as_they_are(database_url: str) -> None:
    new = a_run(deleted_at=NOT_DELETED, items=(deleted_item(NOT_DELETED), ITEMS[1]))
    assert write(database_url, FACTS._replace(sets=(new,))) == ImportSummary(sets_created=1, items_written=2)
    assert column(database_url, "backup_sets", "deleted_at") == [None]
    assert write_set(database_url, a_run()) == ImportSummary(sets_unchanged=1)


def test_a_schedule_that_is_deleted_by_its_facts_is_deleted_once(database_url: str) -> None:
    write(database_url, FACTS)
    deleted = NIGHTLY._replace(deleted_at=NOW)
    write(database_url, CapturedFacts(schedules=(deleted,)))
    before = everything(database_url)
    write(database_url, CapturedFacts(schedules=(deleted,)))
    assert everything(database_url) == before
    assert len(before["backup_schedules"]) == 1


def test_a_schedule_never_seen_here_is_written_deleted_and_once(database_url: str) -> None:
    facts = CapturedFacts((CONTOSO,), (NIGHTLY._replace(deleted_at=NOW),))
    write(database_url, facts)
    before = everything(database_url)
    write(database_url, facts)
    assert everything(database_url) == before
    assert len(before["backup_schedules"]) == 1


def test_a_schedule_of_the_name_of_a_deleted_one_is_a_new_one(database_url: str) -> None:
    write(database_url, FACTS._replace(sets=()))
    delete(database_url, "backup_schedules", "name = 'nightly'")
    write(database_url, CapturedFacts(schedules=(NIGHTLY,)))
    write(database_url, CapturedFacts(schedules=(NIGHTLY._replace(last_run_status="failed"),)))
    with bare(database_url) as store:
        found = store.execute("SELECT last_run_status, deleted_at IS NULL FROM backup_schedules ORDER BY id")
    assert [(status, bool(alive)) for status, alive in found] == [("ok", False), ("failed", True)]


# Tenants and schedules


def test_tenants_and_schedules_become_what_the_facts_say(database_url: str) -> None:
    write(database_url, FACTS)
    before = everything(database_url)
    write(
        database_url,
        CapturedFacts(
            (CONTOSO._replace(name="Contoso Ltd", archived_at=NOW),),
            (NIGHTLY._replace(is_enabled=False, cron=None, timezone="Europe/Berlin", last_run_status=None),),
        ),
        later=DAY,
    )
    after = everything(database_url)
    assert [row[:2] for row in after["tenants"]] == [row[:2] for row in before["tenants"]]
    assert [row[0] for row in after["backup_schedules"]] == [row[0] for row in before["backup_schedules"]]
    with bare(database_url) as store:
        tenant = store.execute("SELECT name, archived_at IS NULL FROM tenants WHERE external_id = 'contoso.example'")
        schedule = store.execute("SELECT is_enabled, cron, timezone, last_run_status FROM backup_schedules")
    assert [(name, bool(judged)) for name, judged in tenant] == [("Contoso Ltd", False)]
    assert [(bool(enabled), *rest) for enabled, *rest in schedule] == [(False, None, "Europe/Berlin", None)]
    assert after["backup_sets"] == before["backup_sets"]
