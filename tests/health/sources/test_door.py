"""The door: what every source's set is held against before it may be written."""

from __future__ import annotations

import pytest

from health.sources.captured import CapturedItem, CapturedSet
from health.sources.door import Door, Reference, is_made_of, types_in

NOW_MISSING = "no files now of types that the last completed set has: "
ROLES = CapturedItem("Roles", "a.json", "a", capture_mode="full")
UNREAD = CapturedItem("Filters", "b.json", "b", integrity_warning="the file is empty")
CLOSED = CapturedItem("Apps/iOS", "iOS", "iOS", integrity_warning="it is a symbolic link, which is not followed")


def a_set(*items: CapturedItem, status: str = "completed", error: str | None = None) -> CapturedSet:
    return CapturedSet("contoso", "nightly", "own", "1", status, items, error=error)


def reference(*types: str) -> Reference:
    return Reference(frozenset(types))


def test_a_file_shows_its_type_and_a_closed_folder_does_not() -> None:
    assert types_in(a_set(ROLES, UNREAD, CLOSED)) == {"Roles", "Filters"}


def test_a_set_that_lacks_nothing_enters_as_it_is() -> None:
    door = Door()
    assert door.admit(a_set(ROLES), reference()) == a_set(ROLES)
    assert door.admit(a_set(ROLES, UNREAD), reference("Roles")) == a_set(ROLES, UNREAD)


def test_a_set_that_lacks_a_type_is_partial_and_keeps_its_own_error() -> None:
    lacking = Door().admit(a_set(ROLES, CLOSED), reference("Roles", "Filters", "Apps/iOS"))
    assert (lacking.status, lacking.error) == ("partial", NOW_MISSING + "Apps/iOS, Filters")
    its_own = Door().admit(a_set(ROLES, status="partial", error="failed: Apps"), reference("Filters"))
    assert (its_own.status, its_own.error) == ("partial", f"failed: Apps; {NOW_MISSING}Filters")


@pytest.mark.parametrize("status", ["running", "failed", "cancelled", "another word"])
def test_what_is_no_basis_is_held_against_nothing(status: str) -> None:
    assert Door().admit(a_set(status=status), reference("Roles")) == a_set(status=status)


def test_an_accepted_type_may_be_missing_and_no_other() -> None:
    door = Door({"Filters", "Roles", "Bogus"})
    assert door.admit(a_set(ROLES), reference("Roles", "Filters")).status == "completed"
    assert door.accepted_for_nothing == ["Bogus", "Roles"]
    assert door.admit(a_set(ROLES), reference("Apps", "Filters")).error == NOW_MISSING + "Apps"


def test_a_stored_set_is_what_its_source_gives() -> None:
    given = a_set(status="completed")
    stored = Door().admit(given, reference("Filters", "Roles"))
    assert is_made_of(given, given)
    assert is_made_of(stored, given)
    assert not is_made_of(stored, given._replace(name="weekly"))
    assert not is_made_of(stored._replace(error="another word"), given)
    assert not is_made_of(given, stored)


def test_a_stored_set_passes_again_where_what_it_lacks_is_accepted() -> None:
    stored = Door().admit(a_set(), reference("Filters", "Roles"))
    assert Door({"Roles"}).judges_again(stored)
    assert not Door({"Apps"}).judges_again(stored)
    assert not Door({"Roles"}).judges_again(a_set())
