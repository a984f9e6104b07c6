"""Values of captured JSON that plain Python values would make something else of: what is stored is what was captured.

A float keeps about seventeen digits, and a dict one value a key. So a number and an object remember here what the file
says, wherever that is more (docs/import-folders.md, "The door").
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, Self

MAX_EXPONENT: Final = 1000
"""How far a number's point may be moved: PostgreSQL writes the zeros out, and JSON of that kind could fill a disk."""

MAX_DIGITS: Final = 4300
"""How long a number may be: Python's own limit for whole numbers. PostgreSQL keeps more."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?")


class WrittenNumber(float):
    """A number that was written with other digits than its float shows. `text` is how it was written, valid JSON."""

    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number


class RepeatedKeys(dict[Any, Any]):
    """An object in which a key stands more than once: its last value is the one here. `key` is the first such key."""

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
    """A value as ASCII JSON, each number with the digits that it was written with.

    Raises ValueError and TypeError for what JSON does not have. The value may not be nested deeply.
    """
    if isinstance(value, WrittenNumber) and math.isfinite(value):
        return value.text
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{written(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return json.dumps(value, allow_nan=False)
