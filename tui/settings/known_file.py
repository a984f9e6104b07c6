"""The file `known.file`: noted reasons, with their tenants, ends and authors (docs/documents.md, "Known").

It is only read. If one entry is wrong, the whole file is refused, and the message has the line of the entry.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from health.known import KnownEntry
from health.posture import Reason
from tui.settings.file import parsed_toml, read_trusted
from tui.words.failures import SettingsError
from tui.words.nearest import nearest

_HEADING: Final = re.compile(r"[ \t]*\[\[[ \t]*(?:known|\"known\"|'known')[ \t]*\]\]")


class KnownLine(NamedTuple):
    """An entry and the number of its first line."""

    number: int
    entry: KnownEntry


class KnownFile(NamedTuple):
    """The entries of a file. The file alone does not say which of its tenants exist."""

    path: Path
    lines: tuple[KnownLine, ...]

    @property
    def entries(self) -> tuple[KnownEntry, ...]:
        """The entries, in the order of the file."""
        return tuple(line.entry for line in self.lines)

    def refuse_unknown_tenants(self, unknown: Callable[[tuple[str, ...]], set[str]]) -> None:
        """Raise SettingsError for the first entry whose tenant does not exist. `unknown` returns the missing ones."""
        missing = unknown(tuple({entry.tenant for entry in self.entries}))
        for number, entry in self.lines:
            if entry.tenant in missing:
                raise self._no_tenant(number, entry)

    def sentences_without_tenant(self) -> dict[str, str]:
        """For each named tenant: the sentence to show if it does not exist, with the line of its first entry."""
        found: dict[str, str] = {}
        for number, entry in self.lines:
            found.setdefault(entry.tenant, str(self._no_tenant(number, entry)))
        return found

    def _no_tenant(self, number: int, entry: KnownEntry) -> SettingsError:
        return _refused(self.path, number, f"there is no tenant {entry.tenant!r}; correct it or remove it")


def read_known_file(path: Path) -> KnownFile:
    """Read the file. Raises SettingsError if it cannot be read or trusted, and for the first wrong entry."""
    content = read_trusted(path, "file of what is known")
    if content is None:
        raise SettingsError(f"file of what is known {path} does not exist; correct known.file in the settings")
    table = parsed_toml(path, content, "file of what is known", lambda: tomllib.loads(content.decode()))
    text = content.decode()
    for key in table:
        if key != "known":
            raise _refused(path, _line_of(text, key), f"unknown name {key!r}; entries are written [[known]]")
    entries = table.get("known", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _refused(path, _line_of(text, "known"), "entries are written [[known]]")
    numbers = tuple(_headings(text))
    if len(numbers) != len(entries):
        numbers = (_line_of(text, "known"),) * len(entries)  # written as one list: all have the line of its start
    return KnownFile(
        path,
        tuple(KnownLine(number, _entry(path, number, entry)) for number, entry in zip(numbers, entries, strict=True)),
    )


def _headings(text: str) -> Iterator[int]:
    """The lines where entries begin. A line inside a multi-line text is not a heading: the text before is not TOML."""
    begun: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if _HEADING.match(line) and _is_toml("\n".join(begun)):
            yield number
            begun.clear()
        begun.append(line)


def _line_of(text: str, name: str) -> int:
    """The first line that begins with a name, as a key or a heading."""
    begins = re.compile(rf"[ \t\[\"']*{re.escape(name)}")
    return next((number for number, line in enumerate(text.split("\n"), 1) if begins.match(line)), 1)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _entry(path: Path, number: int, values: dict[str, Any]) -> KnownEntry:
    for name in values:
        if name not in KnownEntry._fields:
            near = nearest(name, KnownEntry._fields)
            raise _refused(path, number, f"unknown name {name!r}; the nearest known one is {near}")
    for name in KnownEntry._fields:
        if name not in values:
            raise _refused(path, number, f"{name} is missing; an entry has {', '.join(KnownEntry._fields)}")
    texts = {name: values[name] for name in ("tenant", "reason", "who", "why")}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise _refused(path, number, f"{name} must be text in quotes that is not empty")
    if texts["reason"] not in tuple(Reason):
        near = nearest(texts["reason"], tuple(Reason))
        raise _refused(path, number, f"there is no reason {texts['reason']!r}; the nearest is {near}")
    until = _instant(values["until"])
    if until is None:
        raise _refused(path, number, "until must be an instant with its offset, such as 2026-11-27T18:00:00Z")
    return KnownEntry(texts["tenant"], Reason(texts["reason"]), until, texts["who"], texts["why"])


def _instant(value: object) -> datetime | None:
    """An instant in UTC, from TOML's own type or from text. None without an offset: it would be ambiguous."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        known = isinstance(instant, datetime) and instant.tzinfo is not None
        return instant.astimezone(UTC) if known and isinstance(instant, datetime) else None
    except (ValueError, OverflowError):
        return None


def _refused(path: Path, number: int, problem: str) -> SettingsError:
    return SettingsError(f"file of what is known {path}, line {number}: {problem}")
