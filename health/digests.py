"""The digest of captured content. The same content has the same digest, and equal digests mean equal content.

(docs/facts.md, "captured_payloads")
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Never

import rfc8785

_DIGITS_OF_A_FLOAT: Final = 17
"""This many digits are enough to distinguish any two floats."""
_EXACT_INTEGERS: Final = range(-(2**53) + 1, 2**53)
"""The integers that RFC 8785 accepts."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))
_SORTED_OTHERWISE: Final = re.compile("[\ud800-\U0010ffff]")
"""Characters whose order in UTF-16, by which RFC 8785 sorts keys, is not that of their numbers."""

MOST_THAT_MAY_BE_ALIKE: Final = 9
"""How many items two tenants may have in common by chance, such as those of one template."""


def digest_of(content: str) -> str:
    """The digest of a JSON text: `sha256:` and the hex of its canonical form by RFC 8785.

    If RFC 8785 refuses the text, the digest is of the text itself. It refuses an integer beyond 2^53, a number that a
    float cannot hold exactly, half of a surrogate pair, a key twice in one object, and text that is not JSON.
    """
    floats: list[float] = []

    def noted(written: str) -> float:
        floats.append(_float(written))
        return floats[-1]

    try:
        value = json.loads(
            content, parse_int=_integer, parse_float=noted, parse_constant=_refused, object_pairs_hook=_object
        )
        return _named(rfc8785.dumps(value) if floats else _canonical(value))
    except (ValueError, ArithmeticError, RecursionError):
        return _named(content.encode("utf-8", "surrogatepass"))


def _canonical(value: Any) -> bytes:
    """The canonical form of a value without floats. The standard library writes most of them, five times as fast."""
    written = _ENCODER.encode(value)
    return rfc8785.dumps(value) if _SORTED_OTHERWISE.search(written) else written.encode()


def _named(canonical: bytes) -> str:
    return f"sha256:{sha256(canonical).hexdigest()}"


def _integer(written: str) -> int:
    """Raises ValueError for an integer beyond 2^53."""
    number = int(written)
    if number not in _EXACT_INTEGERS:
        _refused(written)
    return number


def _float(written: str) -> float:
    """Raises ValueError for a number that a float cannot hold: otherwise two different contents would look equal."""
    number = float(written)
    digits = "".join(map(str, Decimal(written).as_tuple().digits)).strip("0")
    # From 2^53 on, integers that are written with a point lie closer together than floats.
    is_another = abs(number) >= _EXACT_INTEGERS.stop and Decimal(written) != Decimal(repr(number))
    if len(digits) > _DIGITS_OF_A_FLOAT or (number == 0 and digits) or is_another:
        _refused(written)
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refused("a key that stands twice")
    return found


def _refused(what: str) -> Never:
    raise ValueError(what)
