"""Names as the screens show them: blanks that would hide are seen, and both ends of a long one show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.words.names import BLANK, cut_in_the_middle, name_in_words, name_text
from tui.words.safe_text import COMBINING_MARKS

TEXTS = st.text(st.sampled_from("ab界🔎\u0301 \u3000…-"), max_size=60)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Contoso", "Contoso"),
        ("Contoso Ltd", "Contoso Ltd"),
        (" Contoso", "·Contoso"),
        ("Contoso ", "Contoso·"),
        ("Contoso  Ltd", "Contoso··Ltd"),
        ("  ", "··"),
        (" ", "·"),
        ("", ""),
        ("Contoso\u00a0", "Contoso·"),
        ("Contoso\u3000 Ltd", "Contoso··Ltd"),
        ("Contoso\t", "Contoso␉"),
        ("[/]\x1b[2J ", "[/]␛[2J·"),
        ("a\u202eb", "a⟨U+202E⟩b"),
    ],
)
def test_invisible_blanks(name: str, shown: str) -> None:
    assert name_text(name) == shown


@pytest.mark.parametrize(
    ("name", "cells", "shown"),
    [
        ("contoso-eu-west-1", 17, "contoso-eu-west-1"),
        ("contoso-eu-west-1", 16, "contoso-…-west-1"),
        ("contoso-eu-west-1", 9, "cont…st-1"),
        ("contoso-eu-west-1", 2, "c…"),
        ("contoso-eu-west-1", 1, "…"),
        ("界界界界界", 10, "界界界界界"),
        ("界界界界界", 9, "界界…界界"),
        ("界界界界界", 8, "界界…界"),
        ("Contoso Ltd. Berlin", 15, "Contoso…Berlin"),
        ("Mu\u0308ller", 6, "Mu\u0308ller"),
        ("Mu\u0308ller", 5, "Mu\u0308…er"),
        ("a\u0301", 1, "a\u0301"),
        # A mark has no cell of its own: names of files on a Mac have more characters than cells.
        ("Cafe\u0301", 4, "Cafe\u0301"),
        ("Cafe\u0301", 3, "C…e\u0301"),
        ("e\u0302\u0301" * 6, 6, "e\u0302\u0301" * 6),
        ("e\u0302\u0301" * 6, 5, "e\u0302\u0301" * 2 + "…" + "e\u0302\u0301" * 2),
    ],
)
def test_a_long_name_loses_its_middle(name: str, cells: int, shown: str) -> None:
    assert cut_in_the_middle(name, cells) == shown


@given(TEXTS, st.integers(1, 40))
def test_no_name_is_wider_than_its_room(text: str, cells: int) -> None:
    shown = cut_in_the_middle(text, cells)
    assert cell_len(shown) <= cells
    if cell_len(text) <= cells and "\u0301" * (COMBINING_MARKS + 1) not in text:
        assert shown == text
    assert cell_len(name_text(text, cells)) <= cells
    assert BLANK not in name_text(text.strip(" \u3000").replace("  ", "x"), cells) or "\u3000" in text


def test_names_of_any_length_that_differ_at_an_end_stay_two() -> None:
    long = "x" * 100_000
    assert name_text(f"{long}1") != name_text(f"{long}2")
    assert name_text(f"1{long}", 30) != name_text(f"2{long}", 30)
    assert len(name_in_words(long, 60)) == 60
    assert name_text("\u202e" * 100_000, 80).count("U+202E") > 2
