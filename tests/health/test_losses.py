"""The losses of a set against an earlier one: both sides of every boundary."""

from __future__ import annotations

import pytest

from health.losses import Figures, ItemStates, Loss, counts_for_losses, losses
from health.policy import LossRule

RULE = LossRule()
NEVER = LossRule(share_percent=100, items=1_000_000)


def items(policy_type: str, number: int, state: str | None = None, first: int = 0) -> dict[tuple[str, str], str | None]:
    return {(policy_type, f"{name}.json"): state for name in range(first, first + number)}


def of_type(policy_type: str | None, now: ItemStates, *earlier: ItemStates, rule: LossRule = RULE) -> Loss | None:
    return next((loss for loss in losses(now, earlier, rule) if loss.policy_type == policy_type), None)


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        (1, 0, True),
        (2, 0, True),
        (2, 1, False),
        (3, 1, False),  # two are gone
        (4, 1, True),
        (5, 2, True),
        (6, 3, False),  # three of six are not more than half
        (7, 3, True),
        (8, 4, False),
        (60, 30, False),
        (60, 29, True),
        (61, 31, False),
        (61, 30, True),
        (5, 5, False),
        (5, 9, False),
    ],
)
def test_items_of_a_type(before: int, now: int, lost: bool) -> None:
    found = of_type("A", items("A", now), items("A", before))
    assert found == (Loss("A", Figures(before - now, before)) if lost else None)


@pytest.mark.parametrize(
    ("captured", "gone", "lost"),
    [
        (2, 2, False),
        (3, 3, True),
        (5, 3, True),
        (6, 3, False),
        (7, 4, True),
        (8, 4, False),
        (33, 33, True),
        (9, 0, False),
    ],
)
def test_captured_assignments_of_a_type(captured: int, gone: int, lost: bool) -> None:
    before = items("A", captured, "captured") | items("A", 50, "unassigned", first=100) | items("A", 9, None, first=900)
    now = before | items("A", gone, None)
    found = of_type("A", now, before)
    assert found == (Loss("A", None, Figures(gone, captured)) if lost else None)


@pytest.mark.parametrize(
    ("state", "gone"), [("captured", False), ("unassigned", False), ("failed", True), (None, True)]
)
def test_a_state_that_still_has_assignments_is_not_gone(state: str | None, gone: bool) -> None:
    found = of_type("A", items("A", 3, state), items("A", 3, "captured"))
    assert (found is not None) is gone


def test_assignments_are_compared_if_both_sets_have_the_item() -> None:
    before = items("A", 4, "captured")
    now = items("A", 2, "captured") | items("A", 2, None, first=50)
    assert of_type("A", now, before) is None


def test_all_types_together_are_one_more_type() -> None:
    before = items("A", 2) | items("B", 2) | items("C", 1)
    now = items("A", 1) | items("B", 1)
    assert losses(now, [before], RULE) == (Loss("C", Figures(1, 1)), Loss(None, Figures(3, 5)))
    states = items("A", 2, "captured") | items("B", 2, "captured")
    assert losses(items("A", 2) | items("B", 2), [states], RULE) == (Loss(None, None, Figures(4, 4)),)
    # Of two items nothing is left: each type has a loss, but all types together only from three items on.
    assert losses({}, [items("A", 1) | items("B", 1)], RULE) == (Loss("A", Figures(1, 1)), Loss("B", Figures(1, 1)))


@pytest.mark.parametrize(
    ("before", "renamed", "lost"),
    [(2, 2, False), (3, 3, True), (3, 2, False), (5, 4, False), (6, 5, True), (10, 8, False)],
)
def test_identities_that_are_gone(before: int, renamed: int, lost: bool) -> None:
    now = items("A", before - renamed) | items("A", renamed, first=100)
    expected = (Loss(None, Figures(renamed, before)),) if lost else ()
    assert losses(now, [items("A", before)], RULE) == expected


def test_new_items_hide_the_number_of_all_types_alone() -> None:
    before = items("A", 10) | items("B", 10)
    now = items("A", 4) | items("B", 4) | items("New", 20)
    assert [loss.policy_type for loss in losses(now, [before], RULE)] == ["A", "B"]


def test_accepted_types_have_no_loss_and_are_left_out_of_all_types() -> None:
    before = items("A", 10) | items("B", 4)
    now = items("B", 3)
    assert losses(now, [before], RULE) == (Loss("A", Figures(10, 10)), Loss(None, Figures(11, 14)))
    assert losses(now, [before], RULE, {"A"}) == ()
    assert losses(now, [before], RULE, {"B"}) == (Loss("A", Figures(10, 10)), Loss(None, Figures(10, 10)))
    assert losses(now, [before], RULE, {"all types"}) == losses(now, [before], RULE)
    assert losses({}, [before], RULE, {"*"}) == ()


def test_figures_against_the_reference_stand() -> None:
    reference = items("Z", 10) | items("K", 3, "captured")
    partial = items("Z", 8) | items("B", 1)
    now = items("K", 3)
    assert losses(now, [reference, partial], RULE) == (
        Loss("B", Figures(1, 1)),
        Loss("Z", Figures(10, 10)),
        Loss("K", None, Figures(3, 3)),
        Loss(None, Figures(10, 13), Figures(3, 3)),
    )


def test_share_and_number_come_from_the_rule() -> None:
    assert of_type("A", items("A", 3), items("A", 6), rule=LossRule(share_percent=49)) is not None
    assert of_type("A", items("A", 3), items("A", 6), rule=LossRule(share_percent=50)) is None
    assert of_type("A", items("A", 1), items("A", 3), rule=LossRule(items=2)) is not None
    assert of_type("A", items("A", 1), items("A", 9), rule=NEVER) is None
    assert of_type("A", {}, items("A", 9), rule=NEVER) == Loss("A", Figures(9, 9))
    assert of_type(None, items("A", 2, first=50), items("A", 2), rule=LossRule(items=2)) is not None


@pytest.mark.parametrize(
    ("warning", "deleted", "counts"),
    [
        (None, False, True),
        ("folder not read: it is a symbolic link", False, False),
        ("the file is empty; folder not read: x", False, True),
        ("folder not read", False, True),
        (None, True, False),
    ],
)
def test_the_items_that_count(warning: str | None, deleted: bool, counts: bool) -> None:
    assert counts_for_losses(warning, deleted=deleted) is counts
