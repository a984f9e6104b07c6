"""Values from outside, made storable."""

from __future__ import annotations

import json
import sqlite3

import pytest

from health.sources.storable import (
    MAX_DEPTH,
    MAX_NAME_BYTES,
    NotJson,
    json_text,
    storable_name,
    storable_text,
    unstorable_character,
)


def nested(levels: int) -> object:
    value: object = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [{"a": [1, 2.5, True, None, "é"]}, [], "😀", "\\u0000", "\\\\u0000", "\\ud800", 'tab\tquote"', "\ufffd"],
    ids=ascii,
)
def test_json_that_databases_keep_is_not_changed(value: object) -> None:
    stored = json_text(value)
    assert not stored.altered
    assert stored.text.isascii()
    assert json.loads(stored.text) == value


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\0b", "a\\u0000b"),
        ("\ud800", "\\ud800"),
        ("\udfff\ud800", "\\udfff\\ud800"),
        ("\ud800😀", "\\ud800😀"),
        ("\\\0", "\\\\u0000"),
        ({"k\0": ["\0"]}, {"k\\u0000": ["\\u0000"]}),
    ],
    ids=ascii,
)
def test_a_character_that_no_database_keeps_is_escaped(value: object, stored: object) -> None:
    result = json_text(value)
    assert result.altered
    assert json.loads(result.text) == stored


def test_json_is_nested_as_deep_as_the_limit_and_no_deeper() -> None:
    assert json.loads(json_text(nested(MAX_DEPTH)).text) == nested(MAX_DEPTH)
    with pytest.raises(NotJson, match=f"deeper than {MAX_DEPTH} levels"):
        json_text(nested(MAX_DEPTH + 1))
    with pytest.raises(NotJson, match="deeper"):
        json_text({"k": nested(50_000)})


@pytest.mark.parametrize("value", [float("inf"), float("nan"), [float("-inf")], {(1, 2): 3}, {1, 2}], ids=str)
def test_values_that_json_does_not_have_are_refused(value: object) -> None:
    with pytest.raises(NotJson, match="a value that JSON does not have"):
        json_text(value)


def test_sqlite_accepts_the_result() -> None:
    database = sqlite3.connect(":memory:")
    for value in ("\0", "\ud800", nested(MAX_DEPTH), {"a": 10**4000}):
        assert database.execute("SELECT json_valid(?)", (json_text(value).text,)).fetchone() == (1,)
    database.close()


def test_text_keeps_everything_but_nul_and_halves_of_a_pair() -> None:
    assert storable_text("é\n\x1b😀\\x00") == "é\n\x1b😀\\x00"
    assert storable_text("a\0b\udcffc") == "a\\x00b\\udcffc"


def test_a_name_is_as_long_as_the_limit_and_no_longer() -> None:
    longest = "é" * (MAX_NAME_BYTES // 2)
    assert storable_name(longest) == longest
    shortened = storable_name(longest + "x")
    assert len(shortened.encode()) <= MAX_NAME_BYTES
    assert shortened.startswith("é" * 400)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert storable_name("n" * 2000 + "1") != storable_name("n" * 2000 + "2")
    assert storable_name("n" * 2000) == storable_name("n" * 2000)


@pytest.mark.parametrize(
    ("text", "found"),
    [("fine 😀 \x1b", None), ("a\0", "U+0000"), ("\ud800", "U+D800"), ("\udfff\0", "U+DFFF")],
    ids=ascii,
)
def test_the_first_character_that_cannot_be_stored_is_named(text: str, found: str | None) -> None:
    assert unstorable_character(text) == found
