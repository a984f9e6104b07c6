"""The shortest output that writes some cells: moves of the cursor, changes of the look, and the characters.

Only sequences that every terminal has, also tmux, GNU screen and the Linux console: no erasing, because not all of them
erase in the current background colour, and no repetition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tui.terminal.cells import PLAIN, Cell, Look, Run
from tui.terminal.moved_lines import MovedLines

_RESET: Final = "\x1b[m"


class _Piece(NamedTuple):
    """Cells of one look."""

    y: int
    x: int
    cells: Sequence[Cell]
    in_one: bool

    @property
    def look(self) -> Look:
        return self.cells[0][1]


def output_of(runs: Iterable[Run], moved: MovedLines | None = None) -> str:
    """The output that moves lines of the terminal and then writes these runs, from top to bottom.

    A change of colours costs more than a move of the cursor. So cells of one look are written together, if that is
    shorter than writing each line from left to right.
    """
    pieces = [piece for run in runs for piece in _pieces(run)]
    in_order = _written(pieces)
    by_look = _written(sorted(pieces, key=_by_look))
    moving = "" if moved is None else _moving(moved)
    return moving + min(in_order, by_look, key=len)


def _moving(lines: MovedLines) -> str:
    """Move lines by scrolling a part of the terminal. What stands on the lines left behind differs by terminal."""
    if lines.by > 0:
        scrolled = f"\x1b[{lines.last + 1}H" + "\n" * lines.by
    else:
        scrolled = f"\x1b[{lines.first + 1}H" + "\x1bM" * -lines.by
    return f"\x1b[{lines.first + 1};{lines.last + 1}r{scrolled}\x1b[r"


def _by_look(piece: _Piece) -> tuple[bool, str, tuple[str, ...], str]:
    look = piece.look
    return piece.in_one, look.background, look.attributes, look.foreground


def _pieces(run: Run) -> Iterable[_Piece]:
    """A run in parts of one look. Blanks belong to the part before them, if they look the same in it."""
    cells = run.cells
    if run.in_one:
        yield _Piece(run.y, run.x, cells, in_one=True)
        return
    first, look = 0, cells[0][1]
    for place, (text, other) in enumerate(cells):
        if other is look or look.draws(text, other):
            continue
        if all(other.draws(*cell) for cell in cells[first:place]):
            look = other  # only blanks so far, which look the same in this one
            continue
        yield _Piece(run.y, run.x + first, _in_look(cells[first:place], look), in_one=False)
        first, look = place, other
    yield _Piece(run.y, run.x + first, _in_look(cells[first:], look), in_one=False)


def _in_look(cells: Sequence[Cell], look: Look) -> Sequence[Cell]:
    return [(text, look) for text, _ in cells]


def _written(pieces: Iterable[_Piece]) -> str:
    parts: list[str] = []
    look, at = PLAIN, (-1, -1)
    for y, x, cells, _ in pieces:
        parts.append(_move(at, (y, x)))
        for text, wanted in cells:
            if not look.draws(text, wanted):
                parts.append(_change(look, wanted))
                look = wanted
            parts.append(text)
        at = y, x + len(cells)
    if look != PLAIN:
        parts.append(_RESET)
    return "".join(parts)


def _move(at: tuple[int, int], to: tuple[int, int]) -> str:
    """Move the cursor. Always to an absolute column: a character may be wider on this terminal than we think."""
    y, x = to
    if at == to:
        return ""
    if at[0] == y:
        return f"\x1b[{x + 1}G"
    return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"


def _change(now: Look, look: Look) -> str:
    codes: list[str] = []
    if not set(now.attributes) <= set(look.attributes):
        codes.append("0")
        now = PLAIN
    codes += [each for each in look.attributes if each not in now.attributes]
    if look.foreground != now.foreground:
        codes.append(look.foreground or "39")
    if look.background != now.background:
        codes.append(look.background or "49")
    return f"\x1b[{';'.join(codes)}m"
