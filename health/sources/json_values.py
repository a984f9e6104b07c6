"""Values of captured JSON that plain Python values would change. We store exactly what was captured.

A float keeps about seventeen digits, and a dict keeps one value a key. If the file has more than that, the number or
object here keeps it (docs/import-folders.md, "The door").
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, Self

MAX_EXPONENT: Final = 1000
"""The largest exponent of a number: PostgreSQL writes all zeros, and such JSON could fill a disk."""

MAX_DIGITS: Final = 4300
"""The longest number, in characters: Python's own limit for whole numbers. PostgreSQL allows more."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?")


class WrittenNumber(float):
    """A number whose written digits differ from its float's. `text` is the written form, valid JSON."""

    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number


class RepeatedKeys(dict[Any, Any]):
    """An object with a repeated key, which has its last value here. `key` is the first repeated key."""

    def __init__(self, key: str, pairs: Iterable[tuple[Any, Any]] = ()) -> None:
        super().__init__(pairs)
        self.key = key


def number_of(text: str) -> float:
    """A number with a point or an exponent, as JSON writes it. Raises ValueError for one that no database keeps."""
    written = _NUMBER.fullmatch(text)
    if written is None or len(text) > MAX_DIGITS or abs(int(written[1] or 0)) > MAX_EXPONENT:
        raise ValueError(text)
    number = float(text)
    return number if repr(number) == text else WrittenNumber(text)


def object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object by its keys and values, in their order."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return RepeatedKeys(key, pairs)
        seen.add(key)
    raise AssertionError(pairs)


def written(value: object) -> str:
    """A value as ASCII JSON; each number keeps its written digits.

    Raises ValueError and TypeError for values that JSON does not have. The value must not be nested deeply.
    """
    if isinstance(value, WrittenNumber) and math.isfinite(value):
        return value.text
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{written(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return json.dumps(value, allow_nan=False)
