"""Captured JSON compared: whether two contents say the same, and where they differ, line by line.

Values are compared: the order of an object's keys, white space and the spelling of a number do not matter; `true` and
`1` are different values (docs/documents.md, "The diff").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Final, NamedTuple

WITHOUT_MEANING: Final = ("version", "lastModifiedDateTime", "@odata.etag", "createdDateTime")
"""Fields that a service changes itself, at any depth: a difference only in them does not change a policy."""
SURROUNDINGS: Final = 3
"""The number of equal lines shown around each difference."""

_IDENTITIES: Final = ("id", "name", "settingDefinitionId")
"""The fields by which objects of two arrays are matched: the first field that all of them have."""
_ABSENT: Final = object()


class LineKind(StrEnum):
    """What one line of two contents is."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    ADDED = "added"
    REORDERED = "reordered"
    """An array whose objects are equal, but in another order."""


class Line(NamedTuple):
    """One line of both contents, side by side; None where that side has no such line. `depth` counts the indents."""

    depth: int
    kind: LineKind
    before: str | None
    after: str | None


class Part(NamedTuple):
    """Lines that differ, with equal lines around them. `path` has the keys to the first difference, outermost first."""

    path: tuple[str, ...]
    lines: tuple[Line, ...]


class ContentDifferences(NamedTuple):
    """Where two contents differ. `left_out` counts the fields without meaning that differ and are not in `parts`."""

    parts: tuple[Part, ...]
    left_out: int


def same_content(before: str, after: str) -> bool:
    """Whether two JSON texts are the same value. Text that is not JSON is only equal to the same text."""
    if before == after:
        return True
    try:
        return _equal(_value(before), _value(after))
    except (ValueError, RecursionError):
        return False


def differences(before: str, after: str, *, with_meaningless: bool = True) -> ContentDifferences:
    """The differences between two JSON texts; fields without meaning are left out and counted on demand.

    What cannot be read as JSON is one line of text.
    """
    comparison = _Comparison(with_meaningless)
    try:
        comparison.value((), "", _value(before), _value(after))
    except (ValueError, RecursionError):
        comparison = _Comparison(with_meaningless)
        comparison.value((), "", before, after)
    return ContentDifferences(tuple(_parts(comparison.lines)), comparison.left_out)


def indented(content: str, *, ascii_only: bool = False) -> str:
    """A JSON text with a line for each value, numbers as they were written. Text that is not JSON stays unchanged."""
    try:
        return _indented(_value(content), "\n", ascii_only)
    except (ValueError, RecursionError):
        return content


def _indented(value: Any, line: str, ascii_only: bool) -> str:
    inner = f"{line}  "
    if isinstance(value, dict) and value:
        pairs = (
            f"{json.dumps(key, ensure_ascii=ascii_only)}: {_indented(each, inner, ascii_only)}"
            for key, each in value.items()
        )
        return f"{{{inner}{f',{inner}'.join(pairs)}{line}}}"
    if isinstance(value, list) and value:
        return f"[{inner}{f',{inner}'.join(_indented(each, inner, ascii_only) for each in value)}{line}]"
    return _scalar(value, ascii_only=ascii_only)


def _scalar(value: Any, *, ascii_only: bool = False) -> str:
    return value.text if isinstance(value, _Written) else json.dumps(value, ensure_ascii=ascii_only)


def _value(content: str) -> Any:
    """Raises ValueError and RecursionError."""
    return json.loads(content, parse_float=_Written.of)


class _Written(Decimal):
    """A number with a point or an exponent: equal by its value, whatever its size, and shown as it was written."""

    text: str

    @classmethod
    def of(cls, text: str) -> _Written:
        """Raises ValueError for an exponent that no Decimal has."""
        try:
            number = cls(text)
        except ArithmeticError:
            raise ValueError(text) from None
        number.text = text
        return number


class _Placed(NamedTuple):
    path: tuple[str, ...]
    line: Line


class _Comparison:
    """Walks through two values together and collects their lines."""

    def __init__(self, with_meaningless: bool) -> None:
        self._left_out_names = () if with_meaningless else WITHOUT_MEANING
        self.lines: list[_Placed] = []
        self.left_out = 0

    def value(self, path: tuple[str, ...], label: str, before: Any, after: Any, depth: int = 0) -> None:
        """The lines of one value; `label` is written before it, like its key."""
        if isinstance(before, dict) and isinstance(after, dict):
            self._object(path, label, before, after, depth)
        elif isinstance(before, list) and isinstance(after, list):
            self._array(path, label, before, after, depth)
        else:
            self._one_or_other(path, label, before, after, depth)

    def _object(
        self, path: tuple[str, ...], label: str, before: Mapping[str, Any], after: Mapping[str, Any], depth: int
    ) -> None:
        self._same(path, depth, f"{label}{{")
        for key in dict.fromkeys((*before, *after)):
            one, other = before.get(key, _ABSENT), after.get(key, _ABSENT)
            if key in self._left_out_names and not _equal(one, other):
                self.left_out += 1
            else:
                self.value((*path, key), f"{json.dumps(key, ensure_ascii=False)}: ", one, other, depth + 1)
        self._same(path, depth, "}")

    def _array(
        self, path: tuple[str, ...], label: str, before: Sequence[Any], after: Sequence[Any], depth: int
    ) -> None:
        matched = _matched(before, after)
        kind = LineKind.REORDERED if matched.reordered else LineKind.SAME
        opening = f"{label}["
        self.lines.append(_Placed(path, Line(depth, kind, opening, opening)))
        for name, one, other in matched.pairs:
            self.value((*path, name), "", one, other, depth + 1)
        self._same(path, depth, "]")

    def _one_or_other(self, path: tuple[str, ...], label: str, before: Any, after: Any, depth: int) -> None:
        left, right = list(_rendered(label, before, depth)), list(_rendered(label, after, depth))
        kind = LineKind.SAME if _equal(before, after) else LineKind.CHANGED
        kind = LineKind.GONE if not right else LineKind.ADDED if not left else kind
        for one, other in zip_longest(left, right):
            at = (one or other or (depth, ""))[0]
            self.lines.append(_Placed(path, Line(at, kind, one and one[1], other and other[1])))

    def _same(self, path: tuple[str, ...], depth: int, text: str) -> None:
        self.lines.append(_Placed(path, Line(depth, LineKind.SAME, text, text)))


class _Matched(NamedTuple):
    """The elements of two arrays in pairs, each with its name in a path."""

    pairs: tuple[tuple[str, Any, Any], ...]
    reordered: bool


def _matched(before: Sequence[Any], after: Sequence[Any]) -> _Matched:
    for field in _IDENTITIES:
        one, other = _by_identity(before, field), _by_identity(after, field)
        if one is not None and other is not None and (one or other):
            pairs = tuple((name, one.get(name, _ABSENT), other.get(name, _ABSENT)) for name in {**one, **other})
            return _Matched(pairs, [name for name in one if name in other] != [name for name in other if name in one])
    by_position = enumerate(zip_longest(before, after, fillvalue=_ABSENT))
    return _Matched(tuple((str(place), one, other) for place, (one, other) in by_position), False)


def _by_identity(elements: Sequence[Any], field: str) -> dict[str, Any] | None:
    """The objects of an array by the text in one of their fields; None if that field does not distinguish them.

    Numbers that only count the elements, such as Graph's for the settings of a policy, do not identify anything.
    """
    found: dict[str, Any] = {}
    for element in elements:
        name = _identity(element, field)
        if not isinstance(name, str) or name in found:
            return None
        found[name] = element
    return None if found and list(found) == [str(place) for place in range(len(found))] else found


def _identity(element: Any, field: str) -> object:
    """The field of an object, or of the one setting that it wraps: Graph wraps each setting of a policy."""
    if not isinstance(element, dict):
        return None
    wrapped = element.get("settingInstance")
    return element.get(field, wrapped.get(field) if isinstance(wrapped, dict) else None)


def _equal(before: Any, after: Any) -> bool:
    """Whether two values are equal. Python treats `True` as 1, so types count, except for 1.0 and 1."""
    if before is _ABSENT or after is _ABSENT:
        return before is after
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_equal(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_equal, before, after))
    return bool(before == after)


def _rendered(label: str, value: Any, depth: int) -> Iterator[tuple[int, str]]:
    """The lines of one side alone, each with its depth; none of a value that is absent."""
    if isinstance(value, dict) and value:
        yield depth, f"{label}{{"
        for key, each in value.items():
            yield from _rendered(f"{json.dumps(key, ensure_ascii=False)}: ", each, depth + 1)
        yield depth, "}"
    elif isinstance(value, list) and value:
        yield depth, f"{label}["
        for each in value:
            yield from _rendered("", each, depth + 1)
        yield depth, "]"
    elif value is not _ABSENT:
        yield depth, label + _scalar(value)


def _parts(lines: Sequence[_Placed]) -> Iterator[Part]:
    for first, end in _stretches(place for place, each in enumerate(lines) if each.line.kind is not LineKind.SAME):
        part = lines[max(first - SURROUNDINGS, 0) : end + SURROUNDINGS]
        yield Part(lines[first].path, tuple(each.line for each in part))


def _stretches(differing: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Places of lines that differ -> from where until just before where they are one part: surroundings do not meet."""
    stretch: tuple[int, int] | None = None
    for place in differing:
        if stretch is None:
            stretch = place, place + 1
        elif place - stretch[1] <= 2 * SURROUNDINGS:
            stretch = stretch[0], place + 1
        else:
            yield stretch
            stretch = place, place + 1
    if stretch is not None:
        yield stretch
