"""A fleet that a thread has prepared is listed like one that is not prepared: in every order, by every filter."""

from __future__ import annotations

import gc

import pytest

from health.answers import FleetAnswer
from health.posture import triage_key
from tests.health.making import DAY, HOUR, NOW, POLICY, a_schedule, a_set, a_tenant, judged
from tui import fleet_view as module
from tui.fleet_view import (
    Filters,
    FleetView,
    fleet_view,
    found_by,
    listed,
    lists_at_once,
    place_in,
    prepare,
    with_tenant,
)
from tui.place import Order
from tui.words.searched import WordFilter, searched_words
from tui.words.wording import State


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fleet counts as a large one."""
    monkeypatch.setattr(module, "LARGE", 1)


def a_view() -> FleetView:
    """Tenants of several states, many of them with the same name and age."""
    bases = (None, a_set(NOW - 3 * DAY), a_set(NOW - HOUR), a_set(NOW - 2 * HOUR), a_set(NOW + DAY))
    verdicts = [
        judged(
            bases[number % 5],
            *([a_schedule(name="weekly")] if number % 3 else []),
            tenant=a_tenant(id=number, external_id=f"tenant-{number % 50:02d}-{number}", name=f"Name {number % 7}"),
        )
        for number in range(1, 200)
    ]
    return fleet_view(FleetAnswer(NOW, tuple(sorted(verdicts, key=triage_key))), None)


FILTERS = [
    Filters(),
    Filters("weekly"),
    Filters("name -weekly"),
    *(Filters(states=frozenset({state})) for state in State),
    Filters(stale_by=NOW + DAY),
    Filters("3", frozenset({State.STALE, State.ABSENT}), ids=frozenset(range(100))),
]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("filters", FILTERS)
def test_a_prepared_fleet_is_listed_alike(order: Order, filters: Filters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SORTED_AT_ONCE", 16)
    bare, prepared = a_view(), a_view()
    prepare(prepared, POLICY)
    found_by(prepared, POLICY)
    ids = [health.tenant.id for health in listed(prepared, filters, order, POLICY)]
    assert ids == [health.tenant.id for health in listed(bare, filters, order, POLICY)]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("filters", [Filters(), Filters("weekly"), Filters(states=frozenset([State.STALE]))])
def test_the_place_of_a_tenant_is_found_by_the_order(order: Order, filters: Filters) -> None:
    view = a_view()
    prepare(view, POLICY)
    rows = listed(view, filters, order, POLICY)
    places = {health.tenant.id: place for place, health in enumerate(rows)}
    assert len(places) == len(rows) > 0
    everyone = [health.tenant.id for health in view.answer.verdicts]
    found = {number: place_in(rows, view, order, POLICY, number) for number in (*everyone, 1_000)}
    assert found == {number: places.get(number) for number in (*everyone, 1_000)}


@pytest.mark.parametrize("words", ["401", "401 name", "-401", "weekly -401", "401 -weekly"])
@pytest.mark.parametrize("is_prepared", [False, True])
def test_a_cause_is_among_the_words(words: str, is_prepared: bool) -> None:
    causes = dict.fromkeys(range(1, 200, 9), "401 unauthorized")
    view = a_view()._replace(causes=causes)
    if is_prepared:
        prepare(view, POLICY)
    expected = [
        health.tenant.id
        for health in view.answer.verdicts
        if WordFilter.of(words).passes(f"{searched_words(health, POLICY, NOW)} {causes.get(health.tenant.id, '')}")
    ]
    assert [health.tenant.id for health in listed(view, Filters(words), Order.TRIAGE, POLICY)] == expected


def test_no_collection_looks_at_a_fleet_that_was_prepared_once() -> None:
    view = a_view()
    before = gc.get_freeze_count()
    try:
        prepare(view, POLICY)
        frozen = gc.get_freeze_count()
        assert frozen > before + len(view.answer.verdicts)
        # What a refresh leaves behind can be collected.
        newer = fleet_view(FleetAnswer(NOW, view.answer.verdicts[:50]), view)
        prepare(newer, POLICY)
        assert gc.get_freeze_count() <= frozen
    finally:
        gc.unfreeze()


def test_a_prepared_order_is_not_used_for_newer_verdicts() -> None:
    view = a_view()
    prepare(view, POLICY)
    newer = fleet_view(FleetAnswer(NOW, view.answer.verdicts[:50]), view)
    assert len(listed(newer, Filters(), Order.NAME, POLICY)) == 50


def test_a_slow_thread_of_the_view_before_puts_no_older_verdict_in() -> None:
    view = a_view()
    older = next(each for each in view.answer.verdicts if each.confirmed)
    newer, shown = with_tenant(view, judged(None, tenant=older.tenant))
    found_by(newer, POLICY)
    found_by(view, POLICY)
    prepare(newer, POLICY)
    assert shown in listed(newer, Filters("name"), Order.NAME, POLICY)


def test_of_a_middling_fleet_only_the_words_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    view = a_view()
    monkeypatch.setattr(module, "LARGE", len(view.answer.verdicts) + 1)
    prepare(view, POLICY)
    assert len(view.found_by) == len(view.answer.verdicts)
    assert view.in_order(Order.NAME) is None
    monkeypatch.setattr(module, "LARGE", len(view.answer.verdicts))
    prepare(view, POLICY)
    assert view.in_order(Order.NAME) is not None


@pytest.mark.parametrize(("prepared_from", "large_from", "of_words", "of_states", "of_words_when_looked_up"), [
    (200, 201, True, True, True),
    (199, 200, False, True, True),
    (198, 199, False, False, False),
])  # fmt: skip
def test_a_list_that_would_delay_a_key_is_made_by_a_thread(
    prepared_from: int, large_from: int, of_words: bool, of_states: bool, of_words_when_looked_up: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    view = a_view()
    assert len(view.answer.verdicts) == 199
    monkeypatch.setattr(module, "PREPARED", prepared_from)
    monkeypatch.setattr(module, "LARGE", large_from)
    words, states = Filters("weekly"), Filters(states=frozenset([State.STALE]))
    assert lists_at_once(view, words, Order.NAME) is of_words
    assert lists_at_once(view, states, Order.NAME) is of_states
    assert lists_at_once(view, Filters(), Order.TRIAGE)
    found_by(view, POLICY)
    assert lists_at_once(view, words, Order.NAME) is of_words_when_looked_up


@pytest.mark.parametrize("filters", FILTERS)
def test_words_of_the_read_before_are_used_for_no_newer_verdict(
    filters: Filters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 1_000)
    view = a_view()
    found_by(view, POLICY)
    confirmed = [each for each in view.answer.verdicts if each.confirmed]
    newer = view
    for each in confirmed:
        newer, _ = with_tenant(newer, judged(None, tenant=each.tenant))
    assert newer is not view
    bare = fleet_view(newer.answer, None)
    assert listed(newer, filters, Order.NAME, POLICY) == listed(bare, filters, Order.NAME, POLICY)
