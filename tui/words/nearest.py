"""The known name nearest to an unknown one: of a setting, a variable, a key, a command."""

from __future__ import annotations

from typing import Final

VARIABLE_PREFIX: Final = "TENANTPILOT_"


def nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name that is most like a wrong one."""
    from difflib import SequenceMatcher  # needed only to explain an error

    def likeness(candidate: str) -> float:
        # Without the prefix that all variables share: it would make the shortest one the likeliest.
        given, meant = (text.removeprefix(VARIABLE_PREFIX).casefold() for text in (name[:200], candidate))
        return SequenceMatcher(None, given, meant).ratio()

    return max(known, key=likeness)
