"""What imports ask of the sets that are stored: the types that the next one has to have, and those known already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from health.sources.captured import CapturedItem, CapturedSet, CapturedTenant
from health.sources.missing_types import missing_types_error
from health.store.opening.urls import parse_database_url
from health.store.writing import earlier_sets
from health.store.writing.sets import write_set, write_tenant
from health.store.writing.transactions import writing
from tests.health.making import DAY, HOUR, NOW, TICK


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
        a_run("partial", NOW, "Apps", status="partial"),
        a_run("running", NOW, "Apps", status="running"),
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


def types_of(connection: Connection, *, before: datetime | None = None, reference: str | None = None) -> set[str]:
    return set(earlier_sets.types_of_last_completed_set(connection, "contoso", "intunecd", before, reference))


def test_the_types_of_the_last_completed_set_of_a_source(runs: Connection) -> None:
    assert types_of(runs) == {"Roles"}
    assert types_of(runs, before=NOW) == {"Roles"}
    assert types_of(runs, before=NOW - HOUR) == {"Roles", "Scripts"}
    assert types_of(runs, before=NOW - HOUR + TICK) == {"Roles"}
    assert types_of(runs, before=NOW - DAY) == {"Filters", "Roles"}
    assert types_of(runs, before=NOW - 9 * DAY) == set()


def test_of_two_runs_of_one_instant_the_later_written_counts(runs: Connection) -> None:
    write_set(runs, a_run("tie", NOW - HOUR, "Wi-Fi"), NOW)
    assert types_of(runs) == {"Wi-Fi"}


def test_types_of_deleted_items_are_no_longer_expected(runs: Connection) -> None:
    gone = CapturedItem("Filters", "a.json", "A", deleted_at=NOW)
    write_set(runs, a_run("newest", NOW - HOUR, "Roles")._replace(items=(gone,)), NOW)
    assert types_of(runs) == set()


def test_a_set_that_is_stored_is_held_against_itself(runs: Connection) -> None:
    assert types_of(runs, before=NOW - DAY, reference="older") == {"Roles", "Scripts"}
    assert types_of(runs, before=NOW - DAY, reference="not stored") == {"Roles", "Scripts"}
    assert types_of(runs, before=NOW - DAY - TICK, reference="not stored") == {"Filters", "Roles"}
    # What somebody deleted is no basis, but imported again it is still the same set.
    assert types_of(runs, before=NOW, reference="deleted") == {"Apps"}
    assert types_of(runs, before=NOW, reference="running") == {"Roles"}


def partial(reference: str, completed_at: datetime, missing: set[str], *types: str) -> CapturedSet:
    return a_run(reference, completed_at, *types, status="partial", error=missing_types_error(missing))


def test_what_a_partial_set_lacks_adds_nothing(runs: Connection) -> None:
    write_set(runs, partial("later", NOW, {"Roles"}, "New"), NOW)
    assert types_of(runs) == {"Roles"}


def test_a_partial_set_in_the_completed_ones_place_forgets_nothing(runs: Connection) -> None:
    write_set(runs, partial("newest", NOW - HOUR, {"Wi-Fi"}, "Filters"), NOW)
    everything = {"Roles", "Scripts", "Filters", "Wi-Fi"}
    assert types_of(runs) == everything
    assert types_of(runs, before=NOW - HOUR, reference="newest") == everything
    assert types_of(runs, before=NOW - HOUR) == {"Roles", "Scripts"}
    # The ones after it go by it, and bring in no type of their own.
    write_set(runs, partial("next", NOW, {"Wi-Fi"}, "Filters", "Own"), NOW)
    assert types_of(runs) == everything
    write_set(runs, a_run("accepted", NOW + TICK, "Filters"), NOW)
    assert types_of(runs) == {"Filters"}


def test_an_item_that_stands_for_a_folder_is_no_file_of_its_type(runs: Connection) -> None:
    items = (
        CapturedItem("Linked", "Linked", "Linked", integrity_warning="it is a symbolic link"),
        CapturedItem("Filters", "a.json", "a", integrity_warning="the file is empty"),
        CapturedItem("Apps/iOS", "iOS", "iOS", integrity_warning="the folder cannot be read"),
        CapturedItem("Apps", "Apps", "Apps", capture_mode="full"),
    )
    write_set(runs, a_run("newest", NOW - HOUR)._replace(items=items), NOW)
    assert types_of(runs) == {"Filters", "Apps"}


def test_of_nobody_and_of_another_source_nothing_is_expected(runs: Connection) -> None:
    assert earlier_sets.types_of_last_completed_set(runs, "nobody", "intunecd") == frozenset()
    assert earlier_sets.types_of_last_completed_set(runs, "contoso", "velero") == frozenset()
