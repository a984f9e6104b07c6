"""Names from the command line. They appear on every screen, so they are checked here."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

import click

_LONGEST: Final = 200
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class NameType(click.ParamType[Any]):
    """A name or external id: one line of visible characters, at most 200."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not text.strip():
            self.fail("it is empty: use at least one visible character", param, ctx)
        if len(text) > _LONGEST:
            self.fail(f"it has {len(text)} characters: use at most {_LONGEST}", param, ctx)
        for place, character in enumerate(text, start=1):
            if unicodedata.category(character) in _REFUSED:
                self.fail(f"character {place} (U+{ord(character):04X}) is not visible: leave it out", param, ctx)
        return text
