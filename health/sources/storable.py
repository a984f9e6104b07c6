"""Values from outside in a form that both databases keep: no NUL, no half of a surrogate pair, no endless name.

PostgreSQL has no NUL in text or jsonb, no lone surrogate anywhere, and no index entry over 2,704 bytes. What cannot be
kept as it is is written out visibly, never dropped.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Final, NamedTuple, TypeGuard

MAX_DEPTH: Final = 200
"""How many levels of JSON are taken. Real policies have about 30; SQLite and Python give up at 1,000."""

MAX_NAME_BYTES: Final = 1000
"""The longest name, in UTF-8 bytes: two of them and the ids stand in one index entry."""

MAX_COUNT: Final = 2**31 - 1
"""The greatest number of items: an `integer` of PostgreSQL holds no greater one."""

ALTERED: Final = "its JSON holds a character that no text has (written out as an escape)"
"""The integrity warning of an item whose JSON `json_text` altered: what is stored is not what was captured."""

_ESCAPE: Final = re.compile(
    r"(?P<pair>\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|(?P<unstorable>\\u0000|\\ud[89a-f][0-9a-f]{2})|\\."
)
"""An escape in the output of `json.dumps`. Each is consumed whole: `\\\\u0000` is a backslash and some digits."""


class NotJson(ValueError):
    """A value that has no place in JSON; the message is a clause about the value."""


class JsonText(NamedTuple):
    """JSON as ASCII text. `altered`: a character that no database keeps was replaced by its visible escape."""

    text: str
    altered: bool


def json_text(value: object) -> JsonText:
    """Turn a parsed JSON value into text that SQLite and PostgreSQL (jsonb) both take.

    Raises NotJson for what JSON does not have, such as an infinite number, and for nesting past MAX_DEPTH.
    """
    if _is_deeper_than(MAX_DEPTH, value):
        raise NotJson(f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError):
        raise NotJson("it holds a value that JSON does not have") from None
    if "\\u0000" not in text and "\\ud" not in text:
        return JsonText(text, altered=False)
    visible = _ESCAPE.sub(_visible, text)
    return JsonText(visible, altered=visible != text)


def storable_text(text: str) -> str:
    """The same text, with NUL written out as `\\x00` and half a surrogate pair as, for example, `\\ud800`."""
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
    """Whether a value is a whole number that may stand where items are counted: from 0 to MAX_COUNT, and no flag."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


def unstorable_character(text: str) -> str | None:
    """The first character that PostgreSQL cannot keep, as `U+0000`; None if there is none."""
    for character in text:
        if character == "\0" or "\ud800" <= character <= "\udfff":
            return f"U+{ord(character):04X}"
    return None


def _visible(match: re.Match[str]) -> str:
    return f"\\{match[0]}" if match["unstorable"] else match[0]


def _is_deeper_than(limit: int, value: object) -> bool:
    """Level by level, because recursion is what a hostile depth is meant to break."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return bool(level)
