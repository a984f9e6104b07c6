"""Lines that the terminal already shows, but higher or lower: to move them costs fewer bytes than to write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tui.terminal.cells import Row

_LEAST: Final = 3
"""The fewest lines to move. For fewer it is not worth to look."""
_COST: Final = 30
"""How many cells more could be written for the bytes that move lines."""


class MovedLines(NamedTuple):
    """Scroll the lines from `first` to `last`: up `by` lines, or down if it is negative."""

    first: int
    last: int
    by: int

    @property
    def lines(self) -> range:
        """The lines that are scrolled."""
        return range(self.first, self.last + 1)

    def applied(self, shown: Mapping[int, Row]) -> dict[int, Row]:
        """What the terminal shows on these lines afterwards: nothing is known of the lines left behind."""
        unknown: Row = [None] * len(shown[self.first])
        return {y: shown[y + self.by] if y + self.by in self.lines else unknown for y in self.lines}


def moved_lines(shown: Mapping[int, Row], changed: Mapping[int, Row]) -> MovedLines | None:
    """The lines to move before the changed ones are written; None if no move makes that cheaper.

    `shown` is what the terminal shows, by line, and `changed` are the lines to be shown instead.
    """
    if len(changed) < _LEAST:
        return None
    found = _found(shown, changed)
    if found is None or not _are_known(shown, found.lines):
        return None
    wanted = {y: changed.get(y, shown[y]) for y in found.lines}
    moved = found.applied(shown)
    saved = sum(_differing(shown[y], row) - _differing(moved[y], row) for y, row in wanted.items())
    return found if saved > _COST else None


def _are_known(shown: Mapping[int, Row], lines: range) -> bool:
    """Whether we know each cell of these lines: with a line moves everything on it."""
    width = max(map(len, shown.values()))
    return all(y in shown and len(shown[y]) == width and None not in shown[y] for y in lines)


def _found(shown: Mapping[int, Row], changed: Mapping[int, Row]) -> MovedLines | None:
    """The move that puts the most changed lines in their places."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for y, row in shown.items():
        places[_text(row)].append(y)
    by_way: defaultdict[int, list[int]] = defaultdict(list)
    for y, by in _ways(places, shown, changed):
        by_way[by].append(y)
    if not by_way:
        return None
    by, lines = max(by_way.items(), key=lambda way: len(way[1]))
    if len(lines) < _LEAST:
        return None
    return MovedLines(min(lines) + min(by, 0), max(lines) + max(by, 0), by)


def _ways(
    places: Mapping[str, list[int]], shown: Mapping[int, Row], changed: Mapping[int, Row]
) -> Iterator[tuple[int, int]]:
    """For each changed line that the terminal shows on another line: that it is there, and by how many lines."""
    for y, row in changed.items():
        text = _text(row)
        if not text.isspace():
            yield from ((y, place - y) for place in places.get(text, ()) if place != y and shown[place] == row)


def _text(row: Row) -> str:
    return "".join(["\0" if cell is None else cell[0] for cell in row])


def _differing(shown: Row, wanted: Row) -> int:
    """How many cells to write."""
    return sum(cell != before for before, cell in zip(shown, wanted, strict=False))
