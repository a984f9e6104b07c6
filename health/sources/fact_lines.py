"""Facts from any other tool: JSON lines, one object a line, with the column names of the tables.

    {"kind": "tenant", "external_id": "contoso.example", "name": "Contoso"}
    {"kind": "schedule", "external_id": "contoso.example", "name": "nightly", "cron": "10 2 * * *", "timezone": "UTC"}

It is strict: the first bad line refuses the whole input, because a misspelt key would silently lose a fact
(docs/import-facts.md, "Any other tool: import facts").
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple, TextIO
from zoneinfo import ZoneInfo

from health.digests import digest_of
from health.facts import BASIS_STATUSES
from health.sources.captured import (
    NOT_DELETED,
    CapturedFacts,
    CapturedItem,
    CapturedSchedule,
    CapturedSet,
    CapturedTenant,
    RefusedInput,
)
from health.sources.declaration import Option, Source
from health.sources.documents import MAX_FILE_BYTES, parse_json
from health.sources.fact_columns import BadValue, reader_of
from health.sources.fact_spool import ItemSpool, SpooledItems
from health.sources.storable import JsonText

MAX_LINE_BYTES: Final = MAX_FILE_BYTES
"""The longest line that is read, in bytes."""

_LONGEST_SHOWN: Final = 60
"""The number of characters of a foreign value that an error message repeats."""

_SET_KEY: Final = ("external_id", "source", "source_ref")
_TAKEN_BACK: Final = {("set", "deleted_at"), ("item", "deleted_at")}
"""A column where null is not the same as absent: null says that the row is not deleted any more."""

_TENANT_ALIAS: Final = "tenant"
"""The report's name for a tenant's external id. A line may use it too."""

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(?=(?P<colon>\s*:)?)|[][{}]')

_Row = dict[str, Any]


class _Kind(NamedTuple):
    """A kind of line: its required columns, its optional ones, those that may be null, and its identity."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    nullable: frozenset[str]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


def _kind(
    fact: type[CapturedTenant | CapturedSchedule | CapturedSet | CapturedItem],
    key: tuple[str, ...],
    without: tuple[str, ...] = (),
) -> _Kind:
    """A kind of line, made from its fact: a field without a default is required; one with None may be null."""
    fields = dict.fromkeys((*key, *fact._fields))
    defaults = fact._field_defaults
    return _Kind(
        required=tuple(field for field in fields if field not in defaults and field not in without),
        optional=tuple(defaults),
        nullable=frozenset(field for field, default in defaults.items() if default is None),
        key=key,
    )


_KINDS: Final = {
    "tenant": _kind(CapturedTenant, ("external_id",)),
    "schedule": _kind(CapturedSchedule, ("external_id", "name")),
    "set": _kind(CapturedSet, _SET_KEY, without=("items",)),
    "item": _kind(CapturedItem, (*_SET_KEY, "policy_type", "policy_identifier")),
}


def read_fact_lines(
    stream: BinaryIO | TextIO, name: str, with_payload: bool = True, zone: ZoneInfo | None = None
) -> CapturedFacts:
    """Read all facts of an input. `name` is its name in error messages, such as its path.

    The lines may come in any order. A set replaces the whole stored set, so its items must be in the same input.
    Without `with_payload` the captured JSON is checked and left out. Instants without an offset are local times of
    `zone`; without one they are refused.

    Raises RefusedInput, as `name:line:column: sentence`, for the first bad line.
    """
    facts = _Facts(name, with_payload)
    for number, text in _numbered(stream, name):
        if text.strip():
            facts.add(_Line(name, number, text, zone))
    return facts.gathered()


def _numbered(stream: BinaryIO | TextIO, name: str) -> Iterator[tuple[int, str]]:
    number = 0
    while True:
        number += 1
        try:
            raw = stream.readline(MAX_LINE_BYTES + 1)
        except UnicodeDecodeError:
            raise _refused(name, number, 1, "here or soon after is a byte that is not UTF-8") from None
        if not raw:
            return
        if len(raw) > MAX_LINE_BYTES:
            raise _refused(name, number, 1, f"the line is longer than {MAX_LINE_BYTES // 1024**2} MiB")
        try:
            text = raw.decode() if isinstance(raw, bytes) else raw
        except UnicodeDecodeError as error:
            column = len(error.object[: error.start].decode()) + 1
            raise _refused(name, number, column, "this byte is not UTF-8") from None
        # PowerShell writes a byte order mark at the start.
        yield number, (text.removeprefix("\ufeff") if number == 1 else text).rstrip("\r\n")


def _refused(name: str, line: int, column: int, sentence: str) -> RefusedInput:
    return RefusedInput(f"{name}:{line}:{column}: {sentence}.")


class _RepeatedKey(Exception):
    pass


class _Line:
    """One line of the input. It makes the error messages about itself."""

    def __init__(self, name: str, number: int, text: str, zone: ZoneInfo | None) -> None:
        self.number = number
        self._zone = zone
        self._name = name
        self._text = text

    def fact(self) -> tuple[str, _Row]:
        """The kind of the line, and its columns with their values. Raises RefusedInput."""
        given = self._object()
        kind = given.pop("kind", None)
        if kind is None:
            raise self.refused(f'every line has a "kind": {_listed(_KINDS)}')
        if not isinstance(kind, str) or kind not in _KINDS:
            raise self.refused(f'"kind" is {_shown(kind)}, which is not one of {_listed(_KINDS)}', "kind")
        row = {self._column_named(key, kind): (key, value) for key, value in given.items()}
        if len(row) < len(given):
            raise self.refused(f'"{_TENANT_ALIAS}" and "external_id" both name the tenant', _TENANT_ALIAS)
        for column in _KINDS[kind].required:
            if column not in row:
                raise self.refused(f'a {kind} has to name its "{column}"')
        return kind, {column: self._value(kind, column, *said) for column, said in row.items()}

    def refused(self, sentence: str, key: str | None = None) -> RefusedInput:
        """An error about this line, at the position of a key."""
        return _refused(self._name, self.number, 1 if key is None else self._column_of(key), sentence)

    def _object(self) -> _Row:
        try:
            parsed = parse_json(self._text, _each_key_once)
        except _RepeatedKey as error:
            key = str(error)
            raise self.refused(f"{_shown(key)} is named twice", key) from None
        except json.JSONDecodeError as error:
            raise _refused(self._name, self.number, error.colno, f"this is not valid JSON: {error.msg}") from None
        except ValueError:
            raise self.refused("the line has a number that JSON does not have, or one that is too long") from None
        except RecursionError:
            raise self.refused("the line is nested too deeply") from None
        if not isinstance(parsed, dict):
            raise self.refused("every line is one JSON object")
        return parsed

    def _column_named(self, key: str, kind: str) -> str:
        if key == _TENANT_ALIAS:
            return "external_id"
        columns = _KINDS[kind].columns
        if key in columns:
            return key
        nearest = difflib.get_close_matches(key[:_LONGEST_SHOWN].lower(), columns, n=1, cutoff=0)[0]
        raise self.refused(f'a {kind} has no {_shown(key)}; the nearest key is "{nearest}"', key)

    def _value(self, kind: str, column: str, key: str, value: object) -> object:
        if value is None and column in _KINDS[kind].nullable:
            return NOT_DELETED if (kind, column) in _TAKEN_BACK else None
        try:
            if value is None:
                raise BadValue("must not be null")
            return reader_of(column, self._zone)(value)
        except BadValue as error:
            raise self.refused(f'"{key}" {error}', key) from None

    def _column_of(self, key: str) -> int:
        """The position of a key of the outermost object, in characters from 1; 1 if it is not found."""
        depth = 0
        for token in _TOKEN.finditer(self._text):
            if token[0] in "{[":
                depth += 1
            elif token[0] in "}]":
                depth -= 1
            elif depth == 1 and token["colon"] and _unquoted(token[0]) == key:
                return token.start() + 1
        return 1


class _ItemsOfASet(NamedTuple):
    """The items of a set so far: the number of the set in the spool, the first item's line, and how many there are."""

    set_number: int
    line: int
    items: int


class _Facts:
    """The lines so far, by kind and identity. The items are on disk: there may be a million."""

    def __init__(self, name: str, with_payload: bool) -> None:
        self._name = name
        self._with_payload = with_payload
        self._rows: dict[str, dict[tuple[object, ...], tuple[int, _Row]]] = {kind: {} for kind in _KINDS}
        self._items: dict[tuple[object, ...], _ItemsOfASet] = {}
        self._spool = ItemSpool()

    def add(self, line: _Line) -> None:
        """Add one line. Raises RefusedInput for a bad line, and for a second line about the same thing."""
        kind, row = line.fact()
        if kind == "set" and row["status"] in BASIS_STATUSES and row.get("completed_at") is None:
            raise line.refused(f'a set that is "{row["status"]}" has to name its "completed_at"', "status")
        if kind == "item":
            first = self._add_item(line.number, row)
        else:
            key = tuple(row[column] for column in _KINDS[kind].key)
            first, _ = self._rows[kind].setdefault(key, (line.number, row))
        if first != line.number:
            raise line.refused(f"line {first} is about the same {kind}")

    def _add_item(self, line: int, row: _Row) -> int:
        """Add an item to its set. Returns the first line about it."""
        key = tuple(row[column] for column in _SET_KEY)
        known = self._items.get(key) or _ItemsOfASet(len(self._items), line, 0)
        self._items[key] = known._replace(items=known.items + 1)
        return self._spool.add(known.set_number, line, _item(row, self._with_payload))

    def gathered(self) -> CapturedFacts:
        """All facts, each set with its items. Raises RefusedInput for items without a set and for an empty input."""
        if not (self._items or any(self._rows.values())):
            raise _refused(self._name, 1, 1, "there are no facts in it")
        for key, first in self._items.items():
            if key not in self._rows["set"]:
                sentence = "the item's set is not in this input, and a set is always replaced as a whole"
                raise _refused(self._name, first.line, 1, sentence)
        return CapturedFacts(
            tenants=tuple(CapturedTenant(**row) for row in self._all("tenant")),
            schedules=tuple(CapturedSchedule(**row) for row in self._all("schedule")),
            sets=tuple(CapturedSet(items=self._items_of(key), **row) for key, (_, row) in self._rows["set"].items()),
        )

    def _items_of(self, key: tuple[object, ...]) -> SpooledItems | tuple[()]:
        found = self._items.get(key)
        return () if found is None else SpooledItems(self._spool, found.set_number, found.items)

    def _all(self, kind: str) -> Iterator[_Row]:
        return (row for _, row in self._rows[kind].values())


def _item(row: _Row, with_payload: bool) -> CapturedItem:
    values = {column: value for column, value in row.items() if column not in _SET_KEY}
    for column in ("assignments", "payload"):
        captured: JsonText | None = values.get(column)
        if captured is None:
            continue
        values[column] = captured.text if with_payload else None
        if column == "payload":
            values["payload_digest"] = digest_of(captured.text)
        for doubt in captured.doubts:
            if doubt not in (warning := values.get("integrity_warning") or ""):
                values["integrity_warning"] = f"{warning}; {doubt}".removeprefix("; ")
    return CapturedItem(**values)


def _each_key_once(pairs: list[tuple[str, object]]) -> _Row:
    found: _Row = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKey(key)
        found[key] = value
    return found


def _unquoted(string: str) -> str | None:
    """The text of a JSON string; None if it is not valid: a line may be refused before its broken part is parsed."""
    try:
        text: str = json.loads(string)
    except ValueError:
        return None
    return text


def _shown(value: object) -> str:
    """A foreign value as short ASCII text."""
    shown = json.dumps(value)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


DECLARED: Final = Source(
    name="facts",
    help="Import facts as JSON lines from FILE, or from standard input where it is '-'.",
    place="FILE",
    place_help="One fact a line; '-': standard input.",
    options=(
        Option(
            name="timezone",
            kind="timezone",
            metavar="ZONE",
            help="The IANA time zone of instants that have no offset; without it they are refused.",
        ),
    ),
    lines=lambda stream, name, with_payload, options: read_fact_lines(stream, name, with_payload, options["timezone"]),
)
