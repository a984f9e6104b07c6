"""The stored sets that a new set is compared with, and the items of them that count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from health.sources.captured import CapturedItem, CapturedSet, CapturedTenant
from health.store.opening.urls import parse_database_url
from health.store.writing.earlier_sets import EarlierSets, Place, sets_before, stored_set
from health.store.writing.sets import tenant_id_of, write_set, write_tenant
from health.store.writing.transactions import writing
from tests.health.making import DAY, HOUR, NOW, TICK

EARLIER_VERSION = "no files now of types that the last completed set has: "


def a_run(reference: str, completed_at: datetime, *types: str, **columns: Any) -> CapturedSet:
    usual = CapturedSet(
        external_id="contoso",
        name="run",
        source="intunecd",
        source_ref=reference,
        status="completed",
        items=tuple(CapturedItem(policy_type, "a.json", "A") for policy_type in types),
        completed_at=completed_at,
    )
    return usual._replace(**columns)


@pytest.fixture
def runs(database_url: str) -> Iterator[Connection]:
    captured = [
        a_run("oldest", NOW - 3 * DAY, "Filters", "Roles"),
        a_run("older", NOW - DAY, "Roles", "Scripts"),
        a_run("newest", NOW - HOUR, "Roles"),
        a_run("running", NOW, "Apps", status="running"),
        a_run("failed", NOW, "Apps", status="failed"),
        a_run("deleted", NOW, "Apps", deleted_at=NOW),
        a_run("other source", NOW, "Apps", source="tenuvault"),
        a_run("other tenant", NOW, "Apps", external_id="fabrikam"),
    ]
    with writing(parse_database_url(database_url)) as connection:
        for external_id in ("contoso", "fabrikam"):
            write_tenant(connection, CapturedTenant(external_id, external_id), NOW)
        for each in captured:
            write_set(connection, each, NOW)
        yield connection


def before(connection: Connection, at: datetime, of: str | None = None, *without: str) -> EarlierSets:
    """The sets that a set completed at this instant is compared with. `of`: its source reference, if it is stored."""
    tenant_id = tenant_id_of(connection, "contoso")
    set_id = None
    if of is not None:
        stored = stored_set(connection, tenant_id, a_run(of, at))
        assert stored is not None
        set_id = stored.id
    return sets_before(connection, Place(tenant_id, "intunecd", at, set_id), without)


def types_before(connection: Connection, at: datetime, of: str | None = None, *without: str) -> list[set[str]]:
    return [{policy_type for policy_type, _ in items} for items in before(connection, at, of, *without).items]


def test_the_last_completed_set_of_a_source_before_an_instant(runs: Connection) -> None:
    assert types_before(runs, NOW) == [{"Roles"}]
    assert types_before(runs, NOW - HOUR) == [{"Roles"}]
    assert types_before(runs, NOW - HOUR - TICK) == [{"Roles", "Scripts"}]
    assert types_before(runs, NOW - DAY - TICK) == [{"Filters", "Roles"}]
    assert types_before(runs, NOW - 9 * DAY) == []


def test_of_sets_of_one_instant_the_greater_id_is_the_later(runs: Connection) -> None:
    write_set(runs, a_run("tie", NOW - HOUR, "Wi-Fi"), NOW)
    assert types_before(runs, NOW - HOUR) == [{"Wi-Fi"}]
    assert types_before(runs, NOW - HOUR, "tie") == [{"Roles"}]
    assert types_before(runs, NOW - HOUR, "newest") == [{"Roles", "Scripts"}]


def test_a_set_that_moves_is_not_compared_with_its_old_place(runs: Connection) -> None:
    assert types_before(runs, NOW, None, "newest") == [{"Roles", "Scripts"}]
    assert types_before(runs, NOW, None, "newest", "older") == [{"Filters", "Roles"}]


def test_the_newest_set_counts_too_if_it_is_partial(runs: Connection) -> None:
    write_set(runs, a_run("part", NOW - 2 * HOUR, "Apps", status="partial"), NOW)
    assert types_before(runs, NOW) == [{"Roles"}]
    assert types_before(runs, NOW - 2 * HOUR) == [{"Roles", "Scripts"}, {"Apps"}]
    write_set(runs, a_run("later part", NOW, "Wi-Fi", status="partial"), NOW)
    assert types_before(runs, NOW) == [{"Roles"}, {"Wi-Fi"}]


def test_a_partial_set_counts_without_a_reference_too(runs: Connection) -> None:
    write_set(runs, a_run("first", NOW - 9 * DAY, "Apps", status="partial"), NOW)
    assert types_before(runs, NOW - 8 * DAY) == [{"Apps"}]
    assert types_before(runs, NOW - 9 * DAY, "first") == []


def test_notes_of_an_earlier_version_are_read(runs: Connection) -> None:
    for day, (error, *types) in enumerate(
        [(f"{EARLIER_VERSION}Old", "Apps"), (f"x; {EARLIER_VERSION}Scripts, Wi-Fi", "Apps"), ("skipped: Wi-Fi", "Apps")]
    ):
        write_set(runs, a_run(str(day), NOW + day * DAY, *types, status="partial", error=error), NOW)
    assert before(runs, NOW + 9 * DAY).missing == {"Scripts", "Wi-Fi"}
    assert before(runs, NOW).missing == {"Old"}
    assert before(runs, NOW - TICK).missing == frozenset()
    # A completed set has ended the loss.
    write_set(runs, a_run("accepted", NOW + 3 * DAY, "Apps"), NOW)
    assert before(runs, NOW + 9 * DAY).missing == frozenset()
    write_set(runs, a_run("again", NOW + 4 * DAY, "Apps", status="partial"), NOW)
    assert before(runs, NOW + 9 * DAY).missing == frozenset()


def test_deleted_items_and_folders_that_were_not_read_do_not_count(runs: Connection) -> None:
    items = (
        CapturedItem("Filters", "deleted.json", "A", deleted_at=NOW),
        CapturedItem("Linked", "Linked", "Linked", integrity_warning="folder not read: it is a symbolic link"),
        CapturedItem("Filters", "a.json", "a", integrity_warning="the file is empty", assignments_state="captured"),
    )
    write_set(runs, a_run("newest", NOW - HOUR)._replace(items=items), NOW)
    assert before(runs, NOW).items == ({("Filters", "a.json"): "captured"},)


def test_other_sources_are_other_sets(runs: Connection) -> None:
    place = Place(tenant_id_of(runs, "contoso"), "velero", NOW)
    assert sets_before(runs, place) == EarlierSets((), frozenset())
