"""The line of each setting in a settings file. Only messages use it; it never changes what a setting means."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

_HEADING: Final = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(#.*)?")
_KEY: Final = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)


def lines_of(text: str) -> dict[str, int]:
    """The line, counted from 1, of every setting and section by its dotted name; the first line if one is repeated."""
    found: dict[str, int] = {}
    for number, dotted in _named(text):
        found.setdefault(dotted, number)
    return found


def line_of(text: str, dotted: str) -> int | None:
    """The line of a setting; if it has none, the line of its section; None if neither has one."""
    lines, name = lines_of(text), dotted
    while name not in lines and "." in name:
        name = name.rpartition(".")[0]
    return lines.get(name)


def _named(text: str) -> Iterator[tuple[int, str]]:
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if heading := _HEADING.fullmatch(line):
            section = _dotted(heading[1]) or section
            yield number, section
        elif (key := _KEY.match(line)) and (name := _dotted(key[1])):
            yield number, f"{section}.{name}" if section else name


def _dotted(written: str) -> str:
    """A dotted name without its quotes and blanks; empty if it is not a valid name."""
    try:
        table: Any = tomllib.loads(f"{written} = 0")
    except tomllib.TOMLDecodeError:
        return ""
    parts = []
    while isinstance(table, dict):
        ((name, table),) = table.items()
        parts.append(name)
    return ".".join(parts)
