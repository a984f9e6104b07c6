"""The known name that is nearest to an unknown one: a setting, a variable, a key or a command."""

from __future__ import annotations

from typing import Final

VARIABLE_PREFIX: Final = "TENANTPILOT_"


def nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name that is most like a wrong one."""
    from difflib import SequenceMatcher  # needed only to explain an error

    def likeness(candidate: str) -> float:
        # All variables share this prefix. With it, the shortest variable would always win.
        given, meant = (text.removeprefix(VARIABLE_PREFIX).casefold() for text in (name[:200], candidate))
        return SequenceMatcher(None, given, meant).ratio()

    return max(known, key=likeness)
