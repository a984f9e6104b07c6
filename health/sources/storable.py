"""Values from outside in a form that both databases can keep: no NUL, no half of a surrogate pair, no endless name.

PostgreSQL accepts no NUL in text or jsonb, no lone surrogate anywhere, and no index entry over 2,704 bytes. A character
that cannot be kept is replaced by a visible escape, never dropped.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Final, NamedTuple, TypeGuard

from health.sources.json_values import RepeatedKeys, WrittenNumber, written

MAX_DEPTH: Final = 200
"""The most levels of JSON that we accept. Real policies have about 30; SQLite and Python fail at 1,000."""

MAX_NAME_BYTES: Final = 1000
"""The longest name, in UTF-8 bytes: two names and the ids must fit into one index entry."""

MAX_COUNT: Final = 2**31 - 1
"""The greatest number of items: PostgreSQL's `integer` holds no greater number."""

ALTERED: Final = "its JSON holds a character that no text has (written out as an escape)"
"""The integrity warning of an item whose JSON `json_text` altered: what is stored is not what was captured."""

_SPECIAL: Final = (dict, list, WrittenNumber)
"""The kinds of values to look for inside a value."""

_LONGEST_KEY: Final = 60
"""How many characters of a repeated key a warning shows."""

_ESCAPE: Final = re.compile(
    r"(?P<pair>\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|(?P<unstorable>\\u0000|\\ud[89a-f][0-9a-f]{2})|\\."
)
"""An escape in the output of `json.dumps`. Each is consumed whole: `\\\\u0000` is a backslash and some digits."""


class NotJson(ValueError):
    """JSON cannot hold this value. The message is a clause about the value."""


class JsonText(NamedTuple):
    """JSON as ASCII text. `altered`: a character that a database cannot keep was replaced by its visible escape.

    `repeated_key` is more than once in an object, and only its last value was kept.
    """

    text: str
    altered: bool
    repeated_key: str | None = None

    @property
    def doubts(self) -> tuple[str, ...]:
        """The integrity warnings that say where the text differs from what was captured."""
        repeated = self.repeated_key
        return ((ALTERED,) if self.altered else ()) + (() if repeated is None else (_repeated(repeated),))


def _repeated(key: str) -> str:
    shown = json.dumps(key)
    shown = shown if len(shown) <= _LONGEST_KEY else f"{shown[:_LONGEST_KEY]}..."
    return f"its JSON names {shown} more than once in an object, and only the last value is kept"


def json_text(value: object) -> JsonText:
    """Turn a parsed JSON value into text that SQLite and PostgreSQL (jsonb) both accept. Numbers keep their digits.

    Raises NotJson for a value that JSON does not have, such as an infinite number, and for nesting past MAX_DEPTH.
    """
    inside = _inside(value)
    try:
        if inside.numbers:
            text = written(value)
        else:
            text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError):
        raise NotJson("it holds a value that JSON does not have") from None
    if "\\u0000" not in text and "\\ud" not in text:
        return JsonText(text, False, inside.repeated_key)
    visible = _ESCAPE.sub(_visible, text)
    return JsonText(visible, visible != text, inside.repeated_key)


def storable_text(text: str) -> str:
    """The same text, with NUL written as `\\x00` and half a surrogate pair as, for example, `\\ud800`."""
    return text.replace("\0", r"\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def storable_name(text: str) -> str:
    """Storable text of at most MAX_NAME_BYTES: a longer name keeps its beginning and gets a digest of the whole."""
    name = storable_text(text)
    encoded = name.encode()
    if len(encoded) <= MAX_NAME_BYTES:
        return name
    ending = f"…{sha256(encoded).hexdigest()[:16]}"
    return encoded[: MAX_NAME_BYTES - len(ending.encode())].decode("utf-8", "ignore") + ending


def is_storable_count(value: object) -> TypeGuard[int]:
    """Whether a value may be a count of items: a whole number from 0 to MAX_COUNT, not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


def unstorable_character(text: str) -> str | None:
    """The first character that PostgreSQL cannot keep, written as `U+0000`; None if it can keep all."""
    for character in text:
        if character == "\0" or "\ud800" <= character <= "\udfff":
            return f"U+{ord(character):04X}"
    return None


def _visible(match: re.Match[str]) -> str:
    return f"\\{match[0]}" if match["unstorable"] else match[0]


class _Inside(NamedTuple):
    """The content of a value: numbers that keep their own digits, and the first repeated key."""

    numbers: bool = False
    repeated_key: str | None = None


def _inside(value: object) -> _Inside:
    """Look through a value level by level: hostile nesting would break a recursion. Raises NotJson past MAX_DEPTH."""
    found = _Inside()
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for node in level:
            if isinstance(node, dict):
                below += [child for child in node.values() if isinstance(child, _SPECIAL)]
                if found.repeated_key is None and isinstance(node, RepeatedKeys):
                    found = found._replace(repeated_key=node.key)
            elif isinstance(node, list):
                below += [child for child in node if isinstance(child, _SPECIAL)]
            elif isinstance(node, WrittenNumber):
                found = found._replace(numbers=True)
        if not below:
            return found
        level = below
    if all(isinstance(node, WrittenNumber) for node in level):
        return found._replace(numbers=True)
    raise NotJson(f"it is nested deeper than {MAX_DEPTH} levels")
