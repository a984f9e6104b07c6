"""The digest of captured content (docs/facts.md, "captured_payloads")."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from health.contents import same_content
from health.digests import digest_of


def digest(canonical: str) -> str:
    return "sha256:" + sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    ("content", "canonical"),
    [
        ('{"b": 1, "a": [true, null]}', '{"a":[true,null],"b":1}'),
        ('{"a":1.0}', '{"a":1}'),
        ('{"a":1e2,"b":0.10,"c":-0}', '{"a":100,"b":0.1,"c":0}'),
        ('"\\u00e9\\u20ac\\n\\u001f\\/"', '"é€\\n\\u001f/"'),
        ('{"\\ufb33":1,"\\ud83d\\ude02":2}', '{"\U0001f602":2,"\ufb33":1}'),
        ("9007199254740991", "9007199254740991"),
        ("1e21", "1e+21"),
        ("1e23", "1e+23"),
        ("9007199254740992.0", "9007199254740992"),
        # The numbers that RFC 8785 itself shows.
        (
            "[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]",
            "[333333333.3333333,1e+30,4.5,0.002,1e-27]",
        ),
        ("0.12500000000000000000", "0.125"),
    ],
)
def test_the_digest_is_of_the_canonical_form(content: str, canonical: str) -> None:
    assert digest_of(content) == digest(canonical)


@pytest.mark.parametrize(
    "refused",
    [
        '{"a": 9007199254740993}',
        '{"a": -9007199254740993}',
        '{"a": 9007199254740993.0}',
        '{"a": -9.007199254740993e15}',
        '{"a": 0.123456789012345678}',
        '{"a": 1e400}',
        '{"a": 1e-400}',
        '{"a": 1e-99999999999999999999}',
        '{"a": "\\ud800"}',
        '{"\\ud800": 1}',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "no JSON at all",
        "[" * 100_000,
    ],
)
def test_content_that_rfc_8785_refuses_has_its_texts_digest(refused: str) -> None:
    assert digest_of(refused) == digest(refused)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e6, 1e6) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES)
def test_whatever_writes_it_the_form_is_that_of_the_library(value: Any) -> None:
    assert digest_of(json.dumps(value)) == digest(rfc8785.dumps(value).decode())


JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(), st.lists)


@given(JSON, JSON)
def test_the_order_of_keys_and_white_space_do_not_count(one: object, other: object) -> None:
    content = json.dumps({"a": one, "b": other})
    assert digest_of(json.dumps({"b": other, "a": one}, indent=2, ensure_ascii=False)) == digest_of(content)


@given(
    st.dictionaries(st.text(), st.integers(-3, 3) | st.floats(-3, 3)), st.dictionaries(st.text(), st.integers(-3, 3))
)
def test_equal_digests_are_equal_content(one: dict[str, object], other: dict[str, object]) -> None:
    first, second = json.dumps(one), json.dumps(other)
    assert (digest_of(first) == digest_of(second)) is same_content(first, second)
