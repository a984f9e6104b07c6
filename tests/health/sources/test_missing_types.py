"""How a set says which types went missing, and how that is read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.sources.missing_types import missing_types_error, missing_types_in, stands_for_folder

SENTENCE = "no files now of types that the last completed set has: "


def test_the_types_stand_in_their_order() -> None:
    assert missing_types_error({"Roles", "Compliance Policies/Policies"}) == (
        SENTENCE + "Compliance Policies/Policies, Roles"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Settings Catalog", "Settings Catalog"),
        ("A, B", '"A, B"'),
        ("A; B", '"A; B"'),
        ('the "old" one', r'"the \"old\" one"'),
        (" A", '" A"'),
        ("A ", '"A "'),
        ("", '""'),
        ("é", "é"),
    ],
)
def test_a_name_that_would_look_like_two_stands_in_quotes(name: str, shown: str) -> None:
    assert missing_types_error({name}) == SENTENCE + shown
    assert missing_types_in(SENTENCE + shown) == {name}


@given(st.sets(st.text(), min_size=1), st.text())
def test_what_is_said_is_read_again_whatever_stands_before_it(types: set[str], before: str) -> None:
    said = missing_types_error(types)
    assert missing_types_in(said) == types
    assert missing_types_in(f"{before}; {said}") == types


@pytest.mark.parametrize(
    "error",
    [
        None,
        "",
        "no manifest",
        SENTENCE.strip(),
        f"x{SENTENCE}Roles",
        f"{SENTENCE}Roles; and then something else",
    ],
)
def test_another_error_names_none(error: str | None) -> None:
    assert missing_types_in(error) == frozenset()


def test_quotes_that_are_none_are_a_name_that_nothing_has() -> None:
    assert missing_types_in(SENTENCE + r'"\x"') == {r'"\x"'}


@pytest.mark.parametrize(
    ("policy_type", "identifier", "mode", "stands"),
    [
        ("Linked", "Linked", None, True),
        ("Compliance Policies/Policies", "Policies", None, True),
        ("Linked", "Linked", "full", False),
        ("Roles", "a.json", None, False),
        ("Compliance Policies/Policies", "Compliance Policies", None, False),
    ],
)
def test_an_item_that_stands_for_a_folder(policy_type: str, identifier: str, mode: str | None, stands: bool) -> None:
    assert stands_for_folder(policy_type, identifier, mode) is stands
