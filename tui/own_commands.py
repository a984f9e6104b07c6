"""A user's own commands on keys, `[commands.NAME]` in the settings: a program, and what of the screen it is given.

There is no shell: every argument of `argv` stays one argument (docs/screens.md, "Own commands").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "tenant": ("tenant", "name"),
        "set": ("tenant", "name", "set"),
        "item": ("tenant", "name", "set", "type", "item"),
    }
)
"""By what a command is for: what may stand in braces in its `argv`."""
_BRACES: Final = re.compile(r"\{(\w+)\}")


class NotRun(Exception):
    """Why a command was not run: one sentence."""


class OwnCommand(NamedTuple):
    """One command: `on` is what it is for, a tenant, a set or an item."""

    name: str
    key: str
    argv: tuple[str, ...]
    on: str

    def arguments(self, values: Mapping[str, str]) -> list[str]:
        """The program and its arguments for what is on the screen. Raises NotRun."""
        if any(name not in values for name in PLACEHOLDERS[self.on]):
            raise NotRun(f"{self.name} is for {'an' if self.on == 'item' else 'a'} {self.on}: none is under the cursor")
        made = []
        for argument in self.argv:
            whole = _BRACES.sub(lambda found: values[found[1]], argument)
            if "\0" in whole:
                raise NotRun(f"{self.name} was not run: a NUL in a name cannot be an argument")
            if _BRACES.match(argument) and whole.startswith("-") and "--" not in made:
                raise NotRun(f"{self.name} was not run: {whole} could be an option; put '--' before it in argv")
            made.append(whole)
        return made


def unknown_placeholder(argv: tuple[str, ...], on: str) -> str | None:
    """The first word in braces that stands for nothing; None if each stands for something."""
    named = (name for argument in argv for name in _BRACES.findall(argument))
    return next((name for name in named if name not in PLACEHOLDERS[on]), None)
