"""The store's list of a source's sets, by which an import knows which it need not read again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from health.sources.captured import CapturedItem, CapturedSet, CapturedTenant, StoredSet
from health.store.opening.urls import parse_database_url
from health.store.writing.sets import write_set, write_tenant
from health.store.writing.stored_sets import stored_sets
from health.store.writing.transactions import writing
from tests.health.making import HOUR, NOW
from tests.health.store.bare import bare

SET = CapturedSet(
    external_id="contoso",
    name="nightly",
    source="tenuvault",
    source_ref="backup-1",
    status="partial",
    items=(CapturedItem("Roles", "a.json", "A", payload="{}"), CapturedItem("Roles", "b.json", "B")),
    item_count=3,
    error="failed: Filters",
    started_at=NOW - HOUR,
    completed_at=NOW - HOUR / 2,
)


def write(url: str, *sets: CapturedSet) -> None:
    with writing(parse_database_url(url)) as connection:
        for external_id in {captured.external_id for captured in sets}:
            write_tenant(connection, CapturedTenant(external_id, external_id), NOW)
        for captured in sets:
            write_set(connection, captured, NOW)


def stored(url: str) -> dict[str, StoredSet]:
    with writing(parse_database_url(url)) as connection:
        return stored_sets(connection, "contoso", "tenuvault")


def test_a_set_comes_back_as_it_was_written(database_url: str) -> None:
    write(database_url, SET)
    assert stored(database_url) == {"backup-1": StoredSet(SET._replace(items=()), 2, True, NOW)}


def test_only_the_tenants_and_only_the_sources(database_url: str) -> None:
    write(database_url, SET, SET._replace(external_id="fabrikam", source_ref="other"), SET._replace(source="intunecd"))
    assert list(stored(database_url)) == ["backup-1"]


@pytest.mark.parametrize(
    ("item", "holds_json"),
    [
        (CapturedItem("Roles", "a.json", "A", payload="{}"), True),
        (CapturedItem("Roles", "a.json", "A", assignments="[]"), True),
        (CapturedItem("Roles", "a.json", "A"), False),
    ],
)
def test_it_says_whether_there_is_captured_json(database_url: str, item: CapturedItem, holds_json: bool) -> None:
    write(database_url, SET._replace(items=(item,)))
    assert stored(database_url)["backup-1"].holds_json is holds_json


def test_a_set_without_items_has_none(database_url: str) -> None:
    write(database_url, SET._replace(items=()))
    assert stored(database_url)["backup-1"][1:3] == (0, False)


def test_deleted_sets_are_listed_too(database_url: str) -> None:
    write(database_url, SET)
    with bare(database_url) as database:
        database.execute("UPDATE backup_sets SET deleted_at = ?", (NOW,))
        database.execute("UPDATE backup_items SET deleted_at = ? WHERE policy_identifier = 'a.json'", (NOW,))
    assert stored(database_url)["backup-1"] == StoredSet(SET._replace(items=()), 2, True, NOW)


def test_it_names_a_schedule_that_is_not_deleted(database_url: str) -> None:
    write(database_url, *(SET._replace(source_ref=f"backup-{number}") for number in (1, 2, 3, 4)))
    with bare(database_url) as database:
        for number, deleted_at in ((7, None), (8, NOW)):
            columns = {"is_enabled": True, "timezone": "UTC", "created_at": NOW, "deleted_at": deleted_at}
            database.insert("backup_schedules", id=number, tenant_id=1, name=f"n{number}", **columns)
        database.execute("UPDATE backup_sets SET schedule_id = 7 WHERE source_ref = 'backup-1'")
        database.execute("UPDATE backup_sets SET schedule_id = 8 WHERE source_ref = 'backup-2'")
        database.execute("UPDATE backup_sets SET source_ref = NULL WHERE source_ref = 'backup-3'")
    found = {reference: each.schedule for reference, each in stored(database_url).items()}
    assert found == {"backup-1": "n7", "backup-2": None, "backup-4": None}


def test_a_set_with_an_invalid_instant_is_left_out(postgres_url: str) -> None:
    write(postgres_url, SET, SET._replace(source_ref="backup-2"), SET._replace(source_ref="backup-3"))
    with bare(postgres_url) as database:
        database.execute("UPDATE backup_sets SET completed_at = 'infinity' WHERE source_ref = 'backup-1'")
        database.execute("UPDATE backup_sets SET created_at = '-infinity' WHERE source_ref = 'backup-2'")
    assert list(stored(postgres_url)) == ["backup-3"]


def test_microseconds_survive(database_url: str) -> None:
    odd = SET._replace(started_at=NOW - timedelta(microseconds=123_457), completed_at=NOW)
    write(database_url, odd)
    assert stored(database_url)["backup-1"].frame == odd._replace(items=())
