"""What is said of a setting that cannot be used; apart from `settings/`, which takes long to import."""

from __future__ import annotations

from typing import Final

VARIABLE_PREFIX: Final = "TENANTPILOT_"


class SettingsError(ValueError):
    """Settings that cannot be used: one sentence (what, where, what to do) that never holds a secret.

    Names of files and settings are in it as they are; whoever shows it makes it safe.
    """


def nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name that is most like a wrong one."""
    from difflib import SequenceMatcher  # needed only to explain an error

    def likeness(candidate: str) -> float:
        # Without the prefix that all variables share: it would make the shortest one the likeliest.
        given, meant = (text.removeprefix(VARIABLE_PREFIX).casefold() for text in (name[:200], candidate))
        return SequenceMatcher(None, given, meant).ratio()

    return max(known, key=likeness)
