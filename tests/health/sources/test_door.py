"""The door: every source's set is compared with its reference before it is written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from health.policy import LossRule
from health.sources.captured import NOT_DELETED, CapturedItem, CapturedSet
from health.sources.door import Door, Reference, has_a_loss, is_made_of, states_in

ROLES = CapturedItem("Roles", "a.json", "a", capture_mode="full", assignments_state="captured")
UNREAD = CapturedItem("Filters", "b.json", "b", integrity_warning="the file is empty")
CLOSED = CapturedItem("Apps/iOS", "iOS", "iOS", integrity_warning="folder not read: it is a symbolic link")
EARLIER_VERSION = "no files now of types that the last completed set has: "


def a_set(*items: CapturedItem, status: str = "completed", error: str | None = None) -> CapturedSet:
    return CapturedSet("contoso", "nightly", "own", "1", status, items, error=error)


def reference(*types: str) -> Reference:
    return Reference(({(policy_type, "a.json"): None for policy_type in types},))


def test_only_captured_items_that_are_not_deleted_count() -> None:
    gone = ROLES._replace(policy_identifier="gone.json", deleted_at=datetime(2026, 11, 1, tzinfo=UTC))
    states = states_in(a_set(ROLES, UNREAD, CLOSED, gone))
    assert states == {("Roles", "a.json"): "captured", ("Filters", "b.json"): None}


def test_a_deleted_set_stays_deleted() -> None:
    deleted = frozenset({("Roles", "a.json"), ("Filters", "b.json")})
    states = states_in(a_set(ROLES, UNREAD._replace(deleted_at=NOT_DELETED)), deleted)
    assert states == {("Filters", "b.json"): None}


def test_a_set_that_lost_nothing_enters_as_it_is() -> None:
    door = Door()
    assert door.admit(a_set(ROLES), Reference()) == a_set(ROLES)
    assert door.admit(a_set(ROLES, UNREAD), reference("Roles")) == a_set(ROLES, UNREAD)


def test_a_set_that_lost_a_type_is_partial_and_keeps_its_own_error() -> None:
    lost = Door().admit(a_set(ROLES, CLOSED), reference("Roles", "Filters", "Apps/iOS"))
    assert (lost.status, lost.error) == ("partial", "Apps/iOS: 1 of 1 items gone; Filters: 1 of 1 items gone")
    its_own = Door().admit(a_set(ROLES, error="a timeout"), reference("Filters"))
    assert (its_own.status, its_own.error) == ("partial", "a timeout; Filters: 1 of 1 items gone")


@pytest.mark.parametrize("status", ["partial", "running", "failed", "cancelled", "another word"])
def test_a_set_that_is_not_completed_is_compared_with_nothing(status: str) -> None:
    assert Door().admit(a_set(status=status), reference("Roles")) == a_set(status=status)


def test_an_accepted_type_may_be_lost_and_no_other() -> None:
    door = Door({"Filters", "Roles", "Bogus"})
    assert door.admit(a_set(ROLES), reference("Roles", "Filters")).status == "completed"
    assert door.accepted_for_nothing == ["Bogus", "Roles"]
    assert door.admit(a_set(ROLES), reference("Apps", "Filters")).error == "Apps: 1 of 1 items gone"


def test_all_are_accepted_by_a_star() -> None:
    door = Door({"*"})
    assert door.admit(a_set(ROLES), reference("Roles")).status == "completed"
    assert door.accepted_for_nothing == ["*"]
    assert door.admit(a_set(), reference("Roles", "Filters", "Apps")).status == "completed"
    assert door.accepted_for_nothing == []


def test_types_that_an_earlier_version_missed() -> None:
    noted = reference("Roles")._replace(missing=frozenset({"Filters", "Apps", "Wi-Fi"}))
    lacking = Door().admit(a_set(ROLES, UNREAD), noted)
    assert (lacking.status, lacking.error) == ("partial", f"{EARLIER_VERSION}Apps, Wi-Fi")
    assert Door({"Apps"}).admit(a_set(ROLES, UNREAD), noted).error == f"{EARLIER_VERSION}Wi-Fi"
    assert Door({"Apps", "Wi-Fi"}).admit(a_set(ROLES, UNREAD), noted) == a_set(ROLES, UNREAD)
    # A type that is named with its figures is named only once.
    both = Door().admit(a_set(ROLES), reference("Apps")._replace(missing=frozenset({"Apps", "Wi-Fi"})))
    assert both.error == f"{EARLIER_VERSION}Wi-Fi; Apps: 1 of 1 items gone"


def test_share_and_number_come_from_the_settings() -> None:
    had = Reference(({("Roles", f"{number}.json"): None for number in range(4)},))
    now = a_set(*(ROLES._replace(policy_identifier=f"{number}.json") for number in range(2)))
    assert Door().admit(now, had).status == "completed"
    assert Door(rule=LossRule(items=2)).admit(now, had).status == "completed"
    lost = Door(rule=LossRule(share_percent=49, items=2)).admit(now, had)
    assert lost.error == "Roles: 2 of 4 items gone; all types: 2 of 4 items gone"
    assert Door(rule=LossRule(share_percent=49, items=3)).admit(now, had).status == "completed"


def test_a_stored_set_is_judged_by_the_data_of_its_source() -> None:
    for given in (a_set(), a_set(error="a timeout")):
        stored = Door().admit(given, reference("Filters", "Roles"))
        assert stored != given
        assert is_made_of(given, given)
        assert is_made_of(stored, given)
        assert not is_made_of(stored, given._replace(name="weekly"))
        assert not is_made_of(stored, given._replace(status="failed"))
        assert not is_made_of(stored._replace(error="another word"), given)
        assert not is_made_of(given, stored)


def test_a_stored_set_passes_again_to_have_a_loss_accepted() -> None:
    stored = Door().admit(a_set(), reference("Filters", "Roles"))
    assert has_a_loss(stored.status, stored.error)
    assert Door({"Roles"}).judges_again(stored)
    # After the acceptance its reference set may be another one.
    assert Door({"Apps"}).judges_again(stored)
    assert not Door().judges_again(stored)
    assert not Door({"Roles"}).judges_again(a_set())
    assert not Door({"Roles"}).judges_again(a_set(status="partial", error="skipped: Apps"))
