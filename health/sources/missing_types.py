"""Types that went missing between two sets of one source: how a set says so, and how that is read again.

Sources say it in a set's error, the store reads it there: of a set that took the place of the last completed one, the
error is all that is left of what that one had (docs/concepts.md, "Losses").
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from typing import Final

_SENTENCE: Final = "no files now of types that the last completed set has: "
_NAME: Final = r'"(?:[^"\\]|\\.)*"|[^",;\s][^",;]*'
_SAID: Final = re.compile(rf"(?:^|; ){re.escape(_SENTENCE)}((?:{_NAME})(?:, (?:{_NAME}))*)\Z")
_EACH_NAME: Final = re.compile(_NAME)


def missing_types_error(types: Set[str]) -> str:
    """The clause that names the types a set should have files of and has not. It comes last in an error."""
    return _SENTENCE + ", ".join(map(_shown, sorted(types)))


def missing_types_in(error: str | None) -> frozenset[str]:
    """The types that a set's error names as missing; empty if it has no such clause."""
    said = _SAID.search(error or "")
    return frozenset() if said is None else frozenset(_meant(name) for name in _EACH_NAME.findall(said[1]))


def stands_for_folder(policy_type: str, policy_identifier: str, capture_mode: str | None) -> bool:
    """Whether an item stands for a folder that could not be entered: it has its type's name, and was not read.

    Such an item shows that something is there. It does not show that its type has a file.
    """
    return capture_mode is None and policy_type.rpartition("/")[2] == policy_identifier


def _shown(name: str) -> str:
    """A folder may be called anything: a name that would end the list, or look like two, stands in quotes."""
    plain = re.fullmatch(r'[^",;\s](?:[^",;]*[^",;\s])?', name)
    return name if plain else json.dumps(name, ensure_ascii=False)


def _meant(shown: str) -> str:
    if not shown.startswith('"'):
        return shown
    try:
        return str(json.loads(shown))
    except ValueError:
        # Another program wrote it. Taken with its quotes no type has that name, so it stays missing.
        return shown
