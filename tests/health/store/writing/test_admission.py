"""Sets through the door into the store: cases from real fleets, and a second implementation of the losses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from health.sources.captured import CapturedFacts, CapturedItem, CapturedSet, CapturedTenant
from health.sources.door import Door
from health.store.opening.urls import parse_database_url
from health.store.writing.input_order import write_facts
from health.store.writing.sets import ImportSummary, tenant_id_of
from health.store.writing.transactions import writing
from tests.health.making import DAY, NOW
from tests.health.store.losses_stored import Items, sets_as_stored
from tests.oracle.losses import Given, Item, Store

_numbers = itertools.count()


class Tenant:
    """One tenant's sets of one source, in a store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._external_id = f"tenant-{next(_numbers)}"
        write_facts(connection, CapturedFacts((CapturedTenant(self._external_id, "T"),)), NOW, Door())
        self._id = tenant_id_of(connection, self._external_id)

    def take(self, *sets: Given, accepted: set[str] | None = None) -> ImportSummary:
        """Import sets as one input."""
        facts = CapturedFacts(sets=tuple(map(self._captured, sets)))
        return write_facts(self._connection, facts, NOW, Door(accepted or set()))

    def _captured(self, each: Given) -> CapturedSet:
        items = tuple(
            CapturedItem(*name, "A", capture_mode="full", assignments_state=item.state, integrity_warning=item.warning)
            for name, item in each.items.items()
        )
        frame = CapturedSet(self._external_id, "n", "own", each.reference, each.status, items, error=each.error)
        return frame._replace(completed_at=each.completed_at)

    def sets(self) -> dict[str, tuple[str, str | None, Items]]:
        """Status, error and items of each set, by source reference in the order of their ids."""
        return sets_as_stored(self._connection, self._id)

    def said(self, reference: str) -> tuple[str, str | None]:
        """Status and error of a set."""
        return self.sets()[reference][:2]


@pytest.fixture
def tenant(database_url: str) -> Iterator[Tenant]:
    with writing(parse_database_url(database_url)) as connection:
        yield Tenant(connection)


def some(policy_type: str, number: int, state: str | None = None) -> Items:
    return {(policy_type, f"{name}.json"): Item(state) for name in range(number)}


def night(number: int, *parts: Items) -> Given:
    return Given(str(number), NOW + number * DAY, {name: item for part in parts for name, item in part.items()})


LOST = "Scripts: 59 of 60 items gone; all types: 59 of 62 items gone"


def test_three_of_62_items_are_partial_night_after_night(tenant: Tenant) -> None:
    tenant.take(night(0, some("Scripts", 60), some("Roles", 2)))
    for number in range(1, 11):
        tenant.take(night(number, some("Scripts", 1), some("Roles", 2)))
        assert tenant.said(str(number)) == ("partial", LOST)
    tenant.take(night(11, some("Scripts", 60), some("Roles", 2)))
    assert tenant.said("11") == ("completed", None)


def test_all_captured_assignments_gone_overnight(tenant: Tenant) -> None:
    tenant.take(night(0, some("Apps", 33, "captured")))
    tenant.take(night(1, some("Apps", 33)))
    lost = "assignments of 33 of 33 items gone"
    assert tenant.said("1") == ("partial", f"Apps: {lost}; all types: {lost}")


def test_sixteen_of_45_items_gone_from_two_types(tenant: Tenant) -> None:
    tenant.take(night(0, some("Apps", 10), some("Scripts", 10), some("Roles", 25)))
    tenant.take(night(1, some("Apps", 2), some("Scripts", 2), some("Roles", 25)))
    assert tenant.said("1") == ("partial", "Apps: 8 of 10 items gone; Scripts: 8 of 10 items gone")


def test_a_folder_that_shares_nothing_with_the_last_set(tenant: Tenant) -> None:
    tenant.take(night(0, some("Apps", 20)))
    tenant.take(Given("1", NOW + DAY, {("Apps", f"other {name}"): Item() for name in range(20)}))
    assert tenant.said("1") == ("partial", "all types: 20 of 20 items gone")


def test_one_policy_more_or_less_or_a_renamed_one_is_not_a_loss(tenant: Tenant) -> None:
    before = some("Apps", 6, "captured")
    tenant.take(night(0, before))
    fewer = dict(list(before.items())[:5])
    renamed = dict(list(before.items())[:2]) | {("Apps", f"new {name}"): Item("captured") for name in range(4)}
    for number, items in enumerate([fewer, before | some("Apps", 7, "captured"), before, renamed], 1):
        tenant.take(night(number, items))
        assert tenant.said(str(number)) == ("completed", None)


def test_a_second_loss_does_not_hide_behind_the_first(tenant: Tenant) -> None:
    tenant.take(night(0, some("Apps", 10), some("Roles", 1)))
    tenant.take(night(1, some("Roles", 1), some("New", 9)))
    tenant.take(night(2, some("Roles", 1), some("New", 1)))
    assert tenant.said("2") == (
        "partial",
        "Apps: 10 of 10 items gone; New: 8 of 9 items gone; all types: 9 of 11 items gone",
    )


def test_the_same_instant_again_does_not_clear_a_loss(tenant: Tenant) -> None:
    whole, rest = night(0, some("Apps", 5, "captured")), night(0, some("Apps", 1))
    tenant.take(whole)
    assert tenant.take(rest).sets_replaced == 1
    status, error, items = tenant.sets()["0"]
    assert (status, error) == ("partial", "Apps: 4 of 5 items gone; all types: 4 of 5 items gone")
    assert items["Apps", "0.json"] == Item("captured", "assignments gone since it was first imported")
    assert items["Apps", "4.json"] == Item("captured", "gone since it was first imported")
    assert tenant.take(rest).sets_unchanged == 1
    tenant.take(night(1, some("Apps", 1)))
    assert tenant.said("1")[0] == "partial"
    tenant.take(whole)
    assert tenant.sets()["0"] == ("completed", None, whole.items)


def test_a_folder_unread_yesterday_is_not_a_loss_today(tenant: Tenant) -> None:
    closed = {("Apps", "Apps"): Item(None, "folder not read: permission denied")}
    tenant.take(night(0, some("Roles", 3), closed))
    tenant.take(night(1, some("Roles", 3)))
    assert tenant.said("1") == ("completed", None)
    tenant.take(night(2, some("Roles", 3), some("Apps", 2)))
    tenant.take(night(3, some("Roles", 3), closed))
    assert tenant.said("3") == ("partial", "Apps: 2 of 2 items gone")


def test_an_accepted_set_is_the_next_reference(tenant: Tenant) -> None:
    tenant.take(night(0, some("Apps", 10), some("Roles", 4)))
    tenant.take(night(1, some("Roles", 1)))
    tenant.take(night(1, some("Roles", 1)), accepted={"Apps"})
    assert tenant.said("1") == ("partial", "Roles: 3 of 4 items gone; all types: 3 of 4 items gone")
    tenant.take(night(1, some("Roles", 1)), accepted={"*"})
    assert tenant.take(night(1, some("Roles", 1))).sets_unchanged == 1
    tenant.take(night(2, some("Roles", 1)))
    assert [tenant.said(name)[0] for name in "12"] == ["completed", "completed"]


def test_sets_of_one_input_are_written_in_order_of_time(tenant: Tenant) -> None:
    done = tenant.take(night(2, some("Apps", 1)), night(1, some("Apps", 9)), night(3, some("Apps", 9)))
    assert (done.sets_created, done.items_written) == (3, 19)
    assert list(tenant.sets()) == ["2", "1", "3"]
    assert [tenant.said(name)[0] for name in "123"] == ["completed", "partial", "completed"]
    moved = [night(1, some("Apps", 9))._replace(completed_at=NOW + 9 * DAY), night(2, some("Apps", 1), some("New", 1))]
    tenant.take(*moved)
    assert [tenant.said(name)[0] for name in "123"] == ["completed", "completed", "completed"]


names = st.sampled_from([*itertools.product("A", "1234"), *itertools.product("B", "123"), ("C", "1")])
some_items = st.dictionaries(
    names,
    st.builds(Item, st.sampled_from(["captured", "captured", None, "unassigned", "failed"]))
    | st.just(Item(None, "folder not read: x")),
)
inputs = st.lists(
    st.builds(
        Given,
        st.sampled_from("abcd"),
        st.integers(0, 3).map(lambda days: NOW + days * DAY),
        some_items,
        st.sampled_from(["completed"] * 6 + ["partial", "failed"]),
        st.sampled_from([None, None, None, "a timeout"]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.reference,
)
steps = st.lists(st.tuples(inputs, st.sampled_from([set(), set(), set(), {"A"}, {"B", "C"}, {"*"}])), max_size=5)


@pytest.fixture(scope="module")
def one_store(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    from shutil import copyfile

    path = tmp_path_factory.mktemp("losses") / "fleet.db"
    copyfile(str(sqlite_template), path)
    with writing(parse_database_url(f"sqlite:///{path}")) as connection:
        yield connection


def as_both_have_it(connection: Connection, steps: list[tuple[list[Given], set[str]]]) -> None:
    tenant, oracle = Tenant(connection), Store()
    for sets, accepted in steps:
        tenant.take(*sets, accepted=accepted)
        oracle.take(sets, accepted)
        expected = {name: (kept.status, kept.error, kept.items) for name, kept in oracle.sets.items()}
        assert tenant.sets() == expected, (sets, accepted)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(steps)
def test_chains_of_sets_are_as_a_second_implementation_has_them(
    one_store: Connection, steps: list[tuple[list[Given], set[str]]]
) -> None:
    as_both_have_it(one_store, steps)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(chain=st.lists(some_items, min_size=1, max_size=6), cut=st.integers(0, 6))
def test_a_history_in_steps_gives_the_sets_of_one(one_store: Connection, chain: list[Items], cut: int) -> None:
    history = [Given(str(place), NOW + timedelta(days=place), items) for place, items in enumerate(chain)]
    whole, stepped = Tenant(one_store), Tenant(one_store)
    whole.take(*history)
    stepped.take(*history[:cut])
    stepped.take(*history)
    assert stepped.sets() == whole.sets()
