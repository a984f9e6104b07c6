"""What one place of a terminal shows: a character and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

SHOWN_ON_BLANKS: Final = frozenset({"4", "7", "9", "21", "51", "52", "53"})
"""Attributes that are visible on a blank: lines under, through and over it, frames, and reverse."""


class Look(NamedTuple):
    """How a cell is drawn: its attributes and its colours, as SGR codes; an empty colour is the terminal's own."""

    attributes: tuple[str, ...] = ()
    foreground: str = ""
    background: str = ""

    def draws(self, text: str, look: Look) -> bool:
        """Whether a text of this other look is the same in this one: a blank shows only its background."""
        if look is self:
            return True
        if text != " " or look.attributes or self.background != look.background:
            return look == self
        return SHOWN_ON_BLANKS.isdisjoint(self.attributes)


Cell: TypeAlias = tuple[str, Look]
"""A character with its combining marks. The second half of a wide character is empty."""
Row: TypeAlias = list[Cell | None]
"""A line of the terminal. A cell is None if we do not know what the terminal shows there."""

PLAIN: Final = Look()


def has_doubtful_width(row: Row) -> bool:
    """Whether a line has a character that another terminal may draw in another number of cells."""
    return any(cell is not None and len(cell[0]) != 1 for cell in row)


class Run(NamedTuple):
    """Cells to write beside each other. `in_one` if no part of them may be written without the part before it."""

    y: int
    x: int
    cells: Sequence[Cell]
    in_one: bool = False
