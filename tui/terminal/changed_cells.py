"""Write only the changed cells to the terminal (docs/budgets.md, "On the screen").

Textual writes the whole region that was painted again, and each piece with its colours before it and a reset after it.
Over a slow link, most of these bytes repeat what the terminal already shows. This module compares a frame with what the
terminal shows, cell by cell, and writes only the difference.

It depends on how Textual 8.2 gives its frames to the terminal. If another version does this differently, the import
raises ImportError, and Textual draws as it would without this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from inspect import signature
from typing import Any, Final, TypeGuard

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.strip import Strip

from tui.terminal.cells import PLAIN, SHOWN_ON_BLANKS, Cell, Look, Row, Run, has_doubtful_width
from tui.terminal.least_output import output_of
from tui.terminal.moved_lines import moved_lines

_EXPECTED: Final = (
    (LayoutUpdate, ["strips", "region"]),
    (ChopsUpdate, ["chops", "spans", "chop_ends"]),
    (App._display, ["self", "screen", "renderable"]),
)
if any([*signature(each).parameters] != names for each, names in _EXPECTED):
    raise ImportError("this version of Textual draws its frames in another way")

_SAMPLE: Final = "x"
_SHORT_GAP: Final = 4
"""Up to this many cells of the same look, writing them again costs no more than a jump over them."""


class _NotCells(Exception):
    """The output to draw cannot be split into cells."""


class ChangedCells:
    """Remembers what the terminal shows, as far as we know it, and finds the least to write for the next frame."""

    def __init__(self) -> None:
        self._shown: dict[int, Row] = {}
        self._wanted: dict[int, Row] = {}
        """The lines of frames that are not written yet."""

    def forget(self) -> None:
        """Forget what the terminal shows: the next frames are written in full."""
        # New ones, because a frame that is still to be written has the others.
        self._shown, self._wanted = {}, {}

    def hold(self, frame: Any, console: Console) -> bool:
        """Take in a frame that is written with the next one; False if it cannot wait, because it is not cells."""
        try:
            self._wanted |= self._laid(frame, console)
        except _NotCells:
            return False
        return True

    def of(self, frame: Any, console: Console) -> Any:
        """The frame to draw, with only the cells that differ; None if all are the same. With None, what was held back.

        A frame of an unknown kind comes back unchanged.
        """
        if not self.hold(frame, console):
            held = self._difference()
            self.forget()
            return _InTurn(held, frame) if held is not None and isinstance(frame, CompositorUpdate) else frame
        return self._difference()

    def _difference(self) -> _Frame | None:
        for y in [y for y, row in self._wanted.items() if row == self._shown.get(y)]:
            del self._wanted[y]
        return _Frame(self._shown, self._wanted) if self._wanted else None

    def _laid(self, frame: Any, console: Console) -> dict[int, Row]:
        system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        rows: dict[int, Row] = {}
        for y, x, strip in () if frame is None else _pieces(frame):
            if y not in rows:
                rows[y] = self._wanted.get(y, self._shown.get(y, [])).copy()
            _lay(rows[y], x, _cells(strip, system))
        return rows


class _Frame(CompositorUpdate):
    """The lines that change. They count as shown once Textual asks for their text, because it writes it at once."""

    def __init__(self, shown: dict[int, Row], wanted: dict[int, Row]) -> None:
        self._shown = shown
        self._wanted = wanted

    def render_segments(self, console: Console) -> str:
        shown: Mapping[int, Row] = self._shown
        wanted: Mapping[int, Row] = self._wanted
        moved = moved_lines(shown, wanted)
        if moved is not None:
            wanted = {**{y: shown[y] for y in moved.lines}, **wanted}
            shown = {**shown, **moved.applied(shown)}
        runs = [run for y, row in sorted(wanted.items()) for run in _runs(y, shown.get(y, []), row)]
        self._shown.update(self._wanted)
        self._wanted.clear()
        return output_of(runs, moved)


class _InTurn(CompositorUpdate):
    """Two frames, one after the other."""

    def __init__(self, *frames: CompositorUpdate) -> None:
        self._frames = frames

    def render_segments(self, console: Console) -> str:
        return "".join(frame.render_segments(console) for frame in self._frames)


def _pieces(frame: object) -> Iterator[tuple[int, int, Strip]]:
    """The pieces that a frame paints (line, column, strip), in the order in which Textual would write them."""
    if isinstance(frame, LayoutUpdate):
        for y, line in enumerate(frame.strips, frame.region.y):
            x = frame.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
    elif isinstance(frame, ChopsUpdate):
        for y, first, last in frame.spans:
            for end, (x, chop) in zip(frame.chop_ends[y], frame.chops[y].items(), strict=False):
                if chop is not None and x <= last and end > first:
                    whole = last > x >= first and end <= last
                    yield y, x, chop if whole else chop.crop(0, min(end, last) - x)
    else:
        raise _NotCells


def _lay(row: Row, x: int, cells: list[Cell]) -> None:
    """Put cells over a row. If they cover half of a wide character, its other half becomes unknown."""
    end = x + len(cells)
    row.extend([None] * (x - len(row)))
    if 0 < x < len(row) and _is_second_half(row[x]):
        row[x - 1] = None
    row[x:end] = cells
    if end < len(row) and _is_second_half(row[end]):
        row[end] = None


def _is_second_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


def _cells(strip: Strip, system: ColorSystem) -> list[Cell]:
    cells: list[Cell] = []
    for segment in strip:
        look, blank = _looks(segment.style, system)
        text = segment.text
        if text.isascii() and text.isprintable():
            cells += [(char, blank if char == " " else look) for char in text]
        else:
            _add_graphemes(cells, segment, look, blank)
    return cells


def _add_graphemes(cells: list[Cell], segment: Segment, look: Look, blank: Look) -> None:
    if segment.control or any(char < " " or "\x7f" <= char < "\xa0" for char in segment.text):
        raise _NotCells
    for start, end, width in split_graphemes(segment.text)[0]:
        text = segment.text[start:end]
        if width:
            cells.append((text, blank if text == " " else look))
            cells += [("", look)] * (width - 1)
        elif cells:
            base = next(place for place in range(len(cells) - 1, -1, -1) if cells[place][0])
            cells[base] = (cells[base][0] + text, cells[base][1])
        else:
            raise _NotCells


@lru_cache(maxsize=4096)
def _looks(style: Style | None, system: ColorSystem) -> tuple[Look, Look]:
    """The look of a character in this style, and of a blank."""
    if style is None:
        return PLAIN, PLAIN
    if style.link:
        raise _NotCells
    codes = style.render(_SAMPLE, color_system=system).partition(_SAMPLE)[0]
    look = _look(codes.removeprefix("\x1b[").removesuffix("m"))
    shown = tuple(each for each in look.attributes if each in SHOWN_ON_BLANKS)
    # A blank with a line or in reverse shows the colour of the text; any other blank shows only its background.
    return look, Look(shown, look.foreground if shown else "", look.background)


def _look(codes: str) -> Look:
    attributes: list[str] = []
    grounds = {"3": "", "4": ""}
    left = iter(codes.split(";") if codes else ())
    for code in left:
        if code in ("38", "48"):
            kind = next(left)
            grounds[code[0]] = ";".join((code, kind, *(next(left) for _ in range(1 if kind == "5" else 3))))
        elif len(code) == 1 or code[:-1] in ("2", "5"):
            attributes.append(code)
        elif code not in ("39", "49"):
            # Bright colours are 90 to 97 and 100 to 107.
            grounds["3" if code[:-1] in ("3", "9") else "4"] = code
    return Look(tuple(attributes), grounds["3"], grounds["4"])


def _runs(y: int, before: Row, row: Row) -> Iterator[Run]:
    """The parts of a line to write; none if it is as before, because it was moved."""
    if row == before:
        return  # it was moved here
    # Some characters have another width on another terminal. A line with one is written whole, as Textual does.
    doubtful = has_doubtful_width(before) or has_doubtful_width(row)
    run: list[Cell] = []
    first = 0
    for x, cell in enumerate(row):
        if cell is None or (not doubtful and x < len(before) and cell == before[x]):
            continue
        gap = row[first + len(run) : x]
        if run and _is_cheap(gap, run[-1][1]):
            run += gap
        elif run:
            yield Run(y, first, run, doubtful)
            run = []
        if not run:
            first = x
        run.append(cell)
    if run:
        yield Run(y, first, run, doubtful)


def _is_cheap(gap: Row, look: Look) -> TypeGuard[list[Cell]]:
    """Whether unchanged cells cost no more bytes than a jump over them, after a cell of this look."""
    return len(gap) <= _SHORT_GAP and all(cell is not None and look.draws(*cell) for cell in gap)
