"""A set's error says what was lost, and that is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.losses import Figures, Loss
from health.sources.loss_clauses import LossClauses, clauses_after, clauses_in

EARLIER_VERSION = "no files now of types that the last completed set has: "
TWO = "Settings Catalog: 59 of 60 items gone; Applications: assignments of 12 of 12 items gone"

figures = st.builds(Figures, st.integers(0, 10**9), st.integers(0, 10**9))
a_loss = st.builds(Loss, st.none() | st.text(), st.none() | figures, st.none() | figures).filter(
    lambda loss: loss.items is not None or loss.assignments is not None
)
some_losses = st.lists(a_loss, max_size=4).map(tuple)
some_types = st.frozensets(st.text(), max_size=4)


def test_the_types_stand_with_their_figures() -> None:
    said = LossClauses(
        None,
        losses=(Loss("Settings Catalog", Figures(59, 60)), Loss("Applications", assignments=Figures(12, 12))),
    )
    assert said.error == TWO
    assert clauses_in(TWO) == said
    assert said._replace(own="a timeout").error == f"a timeout; {TWO}"


def test_a_type_that_lost_items_and_assignments_is_named_once() -> None:
    said = LossClauses(None, losses=(Loss("Filters", Figures(3, 5), Figures(4, 4)), Loss(None, Figures(3, 5))))
    assert said.error == ("Filters: 3 of 5 items gone, assignments of 4 of 4 items gone; all types: 3 of 5 items gone")
    assert clauses_in(said.error) == said


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Settings Catalog", "Settings Catalog"),
        ("A: B, C", "A: B, C"),
        ("A;B", "A;B"),
        ("A; B", r'"A\u003b B"'),
        ('"old"', r'"\"old\""'),
        ("", '""'),
        ("all types", '"all types"'),
        ("é", "é"),
        ("A: 3 of 3 items gone", "A: 3 of 3 items gone"),
    ],
)
def test_an_ambiguous_name_stands_in_quotes(name: str, shown: str) -> None:
    said = LossClauses(None, losses=(Loss(name, Figures(1, 2)),))
    assert said.error == f"{shown}: 1 of 2 items gone"
    assert clauses_in(said.error) == said


def test_the_clause_of_an_earlier_version_is_read_and_rewritten() -> None:
    said = f'{EARLIER_VERSION}"A, B", Compliance Policies/Policies'
    assert clauses_in(said) == LossClauses(None, frozenset({"A, B", "Compliance Policies/Policies"}))
    assert clauses_in(said).error == said
    assert clauses_in(f"x; {said}") == LossClauses("x", frozenset({"A, B", "Compliance Policies/Policies"}))
    both = clauses_in(f"{said}; {TWO}")
    assert (len(both.missing), len(both.losses), both.own) == (2, 2, None)
    assert both.types == {"A, B", "Compliance Policies/Policies", "Settings Catalog", "Applications"}


@given(st.none() | st.text(), some_types, some_losses)
def test_a_clause_is_read_back_after_any_other_text(
    own: str | None, missing: frozenset[str], losses: tuple[Loss, ...]
) -> None:
    said = LossClauses(own, missing, losses)
    if said:
        assert clauses_after(own, said.error) == said
    if not clauses_in(own):
        assert clauses_in(said.error) == said


@pytest.mark.parametrize(
    "error",
    [
        None,
        "",
        "no manifest",
        EARLIER_VERSION.strip(),
        f"x{EARLIER_VERSION}Roles",
        f"{EARLIER_VERSION}Roles; and then something else",
        f"{TWO}.",
        f"{TWO}; and then something else",
        "59 of 60 items gone",
        "A: 59 of 60 items are gone",
    ],
)
def test_another_error_has_no_losses(error: str | None) -> None:
    assert clauses_in(error) == LossClauses(error)
    assert not clauses_in(error)


@pytest.mark.parametrize(("own", "error"), [("x", TWO), (None, f"x; {TWO}"), ("x", "x"), ("x", None), ("x", "x; y")])
def test_an_error_with_another_sets_clauses(own: str | None, error: str | None) -> None:
    assert not clauses_after(own, error)


def test_accepted_types_leave_and_all_types_together_only_with_all() -> None:
    said = clauses_in(f"own; {EARLIER_VERSION}Roles, Filters; {TWO}; all types: 59 of 72 items gone")
    left = said.without({"Settings Catalog", "Roles", "all types"})
    assert left.error == (
        f"own; {EARLIER_VERSION}Filters; Applications: assignments of 12 of 12 items gone;"
        " all types: 59 of 72 items gone"
    )
    assert said.without({"*"}) == LossClauses("own")


def test_a_hostile_error_is_read_in_the_time_of_its_length() -> None:
    many = "; ".join(["A: 1 of 1 items gone"] * 100_000)
    assert len(clauses_in(many).losses) == 100_000
    assert not clauses_in(f"{many}; x")


def test_broken_quotes_are_an_unknown_name() -> None:
    assert clauses_in(EARLIER_VERSION + r'"\x"').missing == {r'"\x"'}
