"""Any text from outside becomes one printable line (docs/proofs.md, "Text from outside")."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.words.safe_text import _PLAIN, _shown, a_line_each, has_hidden, safe_text

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

ANY_TEXT = st.text(st.characters(exclude_categories=()))
HOSTILE_TEXT = st.text(
    st.sampled_from("a \t\n\x1b\x7f\x85\u00a0\u0301\u20dd\u200b\u202e\u3164\ufe0f⟨⟩𐀀\ud800界"), max_size=60
)


def every_character() -> Iterator[str]:
    """Every character of Unicode: a list of them would take a hundred megabytes."""
    return map(chr, range(sys.maxunicode + 1))


def marks_in_a_row(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char).startswith("M") else 0
        longest = max(longest, run)
    return longest


@given(ANY_TEXT | HOSTILE_TEXT, st.integers(1, 250))
@example("x" * 201, 200)
def test_the_result_is_one_printable_line_within_the_limit(text: str, limit: int) -> None:
    shown = safe_text(text, limit)
    assert len(shown) <= limit
    assert not FORBIDDEN & {unicodedata.category(char) for char in shown}
    assert shown.isprintable()
    assert shown.splitlines() == ([shown] if shown else [])
    assert "  " not in shown
    assert shown == shown.strip()
    assert marks_in_a_row(shown) <= 2
    assert not unicodedata.category(shown[:1] or "a").startswith("M")


@given(ANY_TEXT | HOSTILE_TEXT)
def test_brackets_stand_only_where_they_name_a_character(text: str) -> None:
    shown = safe_text(text, 10_000)
    assert not set("⟨⟩") & set(re.sub(r"⟨U\+[0-9A-F]{4,6}⟩", "", shown))


@given(ANY_TEXT | HOSTILE_TEXT)
def test_only_brackets_are_not_shown_the_same_the_second_time(text: str) -> None:
    shown = safe_text(text)
    if "⟨" not in shown:
        assert safe_text(shown) == shown


def test_the_short_cut_takes_only_harmless_text() -> None:
    short_cut = [char for char in every_character() if _PLAIN.fullmatch(char) and char.isprintable()]
    assert len(short_cut) > 30_000
    assert [char for char in short_cut if _shown(char) != (char, False)] == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""),
        ("Contoso", "Contoso"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("Müller & Söhne", "Müller & Söhne"),
        ("株式会社", "株式会社"),
        ("👍🏽", "👍🏽"),
        # C0 and DEL
        ("\x00\x07\x1b[31m\x1f", "␀␇␛[31m␟"),
        ("a\tb\r\nc", "a␉b␍␊c"),
        ("\x7f", "␡"),
        # the other categories: C1, format, surrogate, private, unassigned, separators
        ("\x80\x85\x9b\x9f", "⟨U+0080⟩⟨U+0085⟩⟨U+009B⟩⟨U+009F⟩"),
        ("a\xadb\u061c\u200b\u200d\u202e\u2066\ufeff", "a⟨U+00AD⟩b⟨U+061C⟩⟨U+200B⟩⟨U+200D⟩⟨U+202E⟩⟨U+2066⟩⟨U+FEFF⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ud800\udcff", "⟨U+D800⟩⟨U+DCFF⟩"),
        ("\ue000\U0010fffd", "⟨U+E000⟩⟨U+10FFFD⟩"),
        ("\u0378\uffff", "⟨U+0378⟩⟨U+FFFF⟩"),
        ("\u2028\u2029", "⟨U+2028⟩⟨U+2029⟩"),
        # blank fillers and variation selectors
        ("\u115f\u1160\u3164\uffa0\u2800", "⟨U+115F⟩⟨U+1160⟩⟨U+3164⟩⟨U+FFA0⟩⟨U+2800⟩"),
        ("\u034f\u17b4\u17b5\u180b\u180e\u180f", "⟨U+034F⟩⟨U+17B4⟩⟨U+17B5⟩⟨U+180B⟩⟨U+180E⟩⟨U+180F⟩"),
        ("❤\ufe0f\ufe00\U000e0100\U000e01ef", "❤⟨U+FE0F⟩⟨U+FE00⟩⟨U+E0100⟩⟨U+E01EF⟩"),
        # the brackets
        ("⟨U+202E⟩", "⟨U+27E8⟩U+202E⟨U+27E9⟩"),
        # white space
        ("a  b", "a b"),
        (" a ", "a"),
        ("a\xa0 \u2003\u3000b", "a b"),
        ("\u2003", ""),
        # combining marks
        ("e\u0301\u0323", "e\u0301\u0323"),
        ("e\u0301\u0323\u0301\u20dd", "e\u0301\u0323"),
        ("e\u0301\u0323\u0301a\u0301", "e\u0301\u0323a\u0301"),
        ("e\u0301\u0323 \u0301", "e\u0301\u0323 \u0301"),
        # of each of the three categories of marks
        ("\u0915\u093e\u093e\u093e", "\u0915\u093e\u093e"),
        ("e\u20dd\u20dd\u20dd", "e\u20dd\u20dd"),
        ("\u0338x", "◌\u0338x"),
        ("\u0338\u0338\u0338x", "◌\u0338\u0338x"),
        (" \u0338\u0338\u0338x", "◌\u0338\u0338x"),
        # other values
        (None, "None"),
        (4711, "4711"),
        (b"caf\xc3\xa9\xff\x1b", "café⟨U+DCFF⟩␛"),
        (bytearray(b"a\n"), "a␊"),
        (memoryview(b"a\n"), "a␊"),
        (ValueError("no\x1bway"), "no␛way"),
    ],
)
def test_what_is_shown(value: object, shown: str) -> None:
    assert safe_text(value) == shown


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        ("x" * 200, 200, "x" * 200),
        ("x" * 201, 200, "x" * 199 + "…"),
        ("ü" * 200, 200, "ü" * 200),
        ("ü" * 201, 200, "ü" * 199 + "…"),
        ("x", 1, "x"),
        ("xy", 1, "…"),
        ("xy", 2, "xy"),
        ("xyz", 2, "x…"),
        # never in the middle of a name
        ("\x9b", 8, "⟨U+009B⟩"),
        ("\x9b", 7, "…"),
        ("x\x9bx", 10, "x⟨U+009B⟩x"),
        ("x\x9bxx", 10, "x⟨U+009B⟩…"),
        ("x\x9bxx", 9, "x…"),
        ("a b c", 5, "a b c"),
        ("a b c", 4, "a b…"),
        # characters that are not shown do not count
        ("x  y  ", 3, "x y"),
        ("e\u0301\u0301\u0301", 3, "e\u0301\u0301"),
        ("\u0301x", 3, "◌\u0301x"),
        ("\u0301x", 2, "◌…"),
        # only ten times the limit is read
        (" " * 29 + "x", 3, "x"),
        (" " * 30 + "x", 3, "…"),
    ],
)
def test_both_sides_of_the_limit(value: str, limit: int, shown: str) -> None:
    assert safe_text(value, limit) == shown


def test_a_hostile_text_of_megabytes_is_cut_without_being_read() -> None:
    assert safe_text("a" + "\u0301" * 5_000_000) == "a\u0301\u0301…"
    assert safe_text(" " * 5_000_000 + "x") == "…"
    assert safe_text("\x1b" * 5_000_000) == "␛" * 199 + "…"


class Failing:
    def __str__(self) -> str:
        raise RuntimeError


class NoText:
    def __str__(self) -> str:
        return 1  # type: ignore[return-value]


class Pretender(str):
    """A text that claims to be harmless."""

    __slots__ = ()

    def __str__(self) -> str:
        return self

    def isascii(self) -> bool:
        return True

    def isprintable(self) -> bool:
        return True


class Word(StrEnum):
    STALE = "stale"


@pytest.mark.parametrize("value", [Failing(), NoText()])
def test_a_value_whose_text_fails_is_called_unprintable(value: object) -> None:
    assert safe_text(value) == "(unprintable value)"


def test_a_subclass_of_str_is_read_by_its_characters() -> None:
    assert safe_text(Pretender("a\x1b")) == "a␛"
    assert safe_text(Word.STALE) == "stale"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("", False),
        ("Contoso GmbH", False),
        ("Müller 株式会社", False),
        # Every kind of blank shows as a blank.
        ("Contoso\u00a0GmbH\u3000", False),
        ("ls\n", True),
        ("a\x1b[A", True),
        ("a\u202eb", True),
    ],
)
def test_characters_that_a_shell_could_obey_are_hidden(text: str, hidden: bool) -> None:
    assert has_hidden(text) is hidden


# Every Unicode character: these take longest


def test_of_the_harmless_categories_exactly_these_are_named() -> None:
    expected = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x13441, 0x13442, 0x16FE4, 0x1D159}
    expected |= {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), ord("⟨"), ord("⟩")}
    named = {ord(char) for char in every_character() if safe_text(f"a{char}") == f"a⟨U+{ord(char):04X}⟩"}
    forbidden = {ord(char) for char in every_character() if unicodedata.category(char) in FORBIDDEN}
    # Which of them are unassigned depends on Python's Unicode version.
    assert named - forbidden == expected - forbidden
    assert forbidden - named == {*range(0x20), 0x7F}


def test_every_single_character_is_shown_as_itself_or_named() -> None:
    for char in every_character():
        shown = safe_text(char)
        assert shown.isprintable()
        named = f"⟨U+{ord(char):04X}⟩"
        if shown not in (char, named):
            pictures = {chr(0x2400 + ord(char)) if char < " " else char, "␡" if char == "\x7f" else char}
            assert shown in {"", "◌" + char} | pictures, named
        assert shown != "" or unicodedata.category(char) == "Zs"


def test_each_sentence_about_a_failure_has_a_line() -> None:
    assert a_line_each("fleet.db is locked. Try again.") == "fleet.db is locked.\nTry again."
    assert a_line_each("v1.2 of fleet.db\x07 is too old.") == "v1.2 of fleet.db␇ is too old."
