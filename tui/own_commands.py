"""A user's own commands on keys, `[commands.NAME]` in the settings: a program, and the values it gets from the screen.

There is no shell: every argument of `argv` stays one argument (docs/screens.md, "Own commands").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from tui.words.safe_text import safe_text

PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "tenant": ("tenant", "name"),
        "set": ("tenant", "name", "set"),
        "item": ("tenant", "name", "set", "type", "item"),
    }
)
"""The placeholders that `argv` may have in braces, by what the command is for."""
_BRACES: Final = re.compile(r"\{(\w+)\}")


class NotRun(Exception):
    """A command was not run. The message is one sentence that says why."""


class OwnCommand(NamedTuple):
    """One command. `on` says what it is for: a tenant, a set or an item."""

    name: str
    key: str
    argv: tuple[str, ...]
    on: str

    def arguments(self, values: Mapping[str, str]) -> list[str]:
        """The program and its arguments for what is on the screen. Raises NotRun."""
        if any(name not in values for name in PLACEHOLDERS[self.on]):
            article = "an" if self.on == "item" else "a"
            raise NotRun(f"{self.name} is for {article} {self.on}, but no {self.on} is under the cursor")
        made = []
        for argument in self.argv:
            whole = _BRACES.sub(lambda found: values[found[1]], argument)
            if "\0" in whole:
                raise NotRun(f"{self.name} was not run: a NUL in a name cannot be an argument")
            if _BRACES.match(argument) and whole.startswith("-") and "--" not in made:
                raise NotRun(f"{self.name} was not run: {whole} could be an option; put '--' before it in argv")
            made.append(whole)
        return made

    def about(self, values: Mapping[str, str]) -> str:
        """The command and whose output it will print, in one printable line: `portal: Contoso (contoso.example)`."""
        more = {"set": f", set {values.get('set')}", "item": f", {values.get('type')} / {values.get('item')}"}
        return safe_text(f"{self.name}: {values['name']} ({values['tenant']}){more.get(self.on, '')}", limit=400)


def unknown_placeholder(argv: tuple[str, ...], on: str) -> str | None:
    """The first word in braces that is not a known placeholder; None if all are known."""
    named = (name for argument in argv for name in _BRACES.findall(argument))
    return next((name for name in named if name not in PLACEHOLDERS[on]), None)
