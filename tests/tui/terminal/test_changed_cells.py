"""Only the cells that changed are written, and the terminal shows the same. Module: tui.terminal.changed_cells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import set_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.terminal.changed_cells import ChangedCells

COLUMNS, LINES = 18, 4
LIST: Final = 8
"""The lines of a list that scrolls."""
CUTS: Final = (0, 5, 11, COLUMNS)
SYSTEMS: Final = ("truecolor", "256", "standard")


def _styles() -> tuple[Style | None, ...]:
    return (
        None,
        Style(color="#d0d0d0", bgcolor="#121212"),
        Style(color="#ff5f5f", bgcolor="#121212", bold=True),
        Style(color="#8a8a8a", bgcolor="#303030", italic=True),
        Style(color="red", bgcolor="default"),
        Style(color="bright_yellow", bgcolor="bright_black", dim=True),
        Style(color="color(208)", bgcolor="color(17)"),
        Style(reverse=True),
        Style(underline=True, strike=True, color="#87afff"),
    )


STYLES: Final = {system: _styles() for system in SYSTEMS}
"""One set for each colour system, because a style keeps its first rendering."""
CHARACTERS: Final = "ab xy  .✕…·宽が😀é"


class Shown:
    """A terminal, and the output that it gets."""

    def __init__(self, lines: int = LINES) -> None:
        self._lines = lines
        self.screen: Any = pyte.Screen(COLUMNS, lines)
        self._stream: Any = pyte.Stream(self.screen)
        self._stream.feed("\x1b[?7l")  # as Textual begins

    def draw(self, frame: CompositorUpdate | None, console: Console) -> int:
        text = "" if frame is None else frame.render_segments(console)
        self._stream.feed(f"{text}\x1b[H")  # Textual ends each frame there
        return len(text.encode())

    def cells(self) -> list[list[Any]]:
        return [
            [_seen(line[x]) for x in range(COLUMNS)] for line in (self.screen.buffer[y] for y in range(self._lines))
        ]


def _seen(char: Any) -> Any:
    """A cell as an eye sees it: a blank has no text colour."""
    shows = char.data != " " or char.underscore or char.reverse or char.strikethrough
    return char if shows else (" ", char.bg)


def console_of(system: str | None) -> Console:
    return Console(color_system=system, force_terminal=True, width=COLUMNS)  # type: ignore[arg-type]


def strip_of(width: int, texts: list[tuple[str, int]], system: str = "truecolor") -> Strip:
    styles = STYLES[system]
    return Strip([Segment(text, styles[style]) for text, style in texts]).adjust_cell_length(width, styles[1])


TEXTS = st.lists(st.tuples(st.text(CHARACTERS, max_size=7), st.integers(0, len(_styles()) - 1)), max_size=4)


@st.composite
def frames(draw: st.DrawFn, system: str = "truecolor") -> CompositorUpdate:
    """A whole screen, or parts of some of its lines."""
    if draw(st.booleans()):
        lines = [[strip_of(COLUMNS, draw(TEXTS), system)] for _ in range(LINES)]
        return LayoutUpdate(lines, Region(0, 0, COLUMNS, LINES))  # type: ignore[arg-type]
    parts = list(pairwise(CUTS))
    painted = draw(st.sets(st.tuples(st.integers(0, LINES - 1), st.sampled_from(parts)), min_size=1, max_size=5))
    chops = [
        {part[0]: strip_of(part[1] - part[0], draw(TEXTS), system) if (y, part) in painted else None for part in parts}
        for y in range(LINES)
    ]
    return ChopsUpdate(chops, sorted((y, *part) for y, part in painted), [list(CUTS[1:])] * LINES)


class Lines(NamedTuple):
    """A whole screen to draw, by its lines."""

    texts: list[list[tuple[str, int]]]

    def frame(self, system: str) -> CompositorUpdate:
        lines = [[strip_of(COLUMNS, texts, system)] for texts in self.texts]
        return LayoutUpdate(lines, Region(0, 0, COLUMNS, len(lines)))  # type: ignore[arg-type]


@st.composite
def scrolled(draw: st.DrawFn) -> list[Lines]:
    """Screens one after another: a list above a last line, scrolled, narrowed or replaced, with a cursor on it."""
    rows = draw(st.lists(TEXTS, min_size=LIST, max_size=3 * LIST))
    drawn = []
    for _ in range(draw(st.integers(2, 5))):
        top = draw(st.integers(0, len(rows) - LIST))
        cursor = draw(st.integers(0, LIST - 1))
        shown = [[("> ", 3), *row] if y == cursor else row for y, row in enumerate(rows[top : top + LIST])]
        drawn.append(Lines([[("heading", 2)], *shown, draw(TEXTS)]))
        for gone in draw(st.sets(st.integers(0, len(rows) - 1), max_size=max(0, len(rows) - LIST))):
            rows = [*rows[:gone], *rows[gone + 1 :]] if gone < len(rows) > LIST else rows
    return drawn


@pytest.mark.parametrize("system", SYSTEMS)
@given(drawn=scrolled())
def test_a_list_that_moves_is_shown_as_whole_frames_would_show_it(system: str, drawn: list[Lines]) -> None:
    console, cells = console_of(system), ChangedCells()
    whole, changed = Shown(LIST + 2), Shown(LIST + 2)
    for lines in drawn:
        frame = lines.frame(system)
        whole.draw(frame, console)
        changed.draw(cells.of(frame, console), console)
        assert changed.cells() == whole.cells()


@pytest.mark.parametrize("system", SYSTEMS)
@given(data=st.data())
def test_the_terminal_shows_what_whole_frames_would_make_it_show(system: str, data: st.DataObject) -> None:
    drawn = data.draw(st.lists(frames(system), min_size=1, max_size=6))
    console, whole, changed, cells = console_of(system), Shown(), Shown(), ChangedCells()
    for frame in drawn:
        whole.draw(frame, console)
        changed.draw(cells.of(frame, console), console)
        assert changed.cells() == whole.cells()


@given(frames())
def test_a_frame_that_changes_nothing_is_not_written(frame: CompositorUpdate) -> None:
    console, shown, cells = console_of("truecolor"), Shown(), ChangedCells()
    shown.draw(cells.of(frame, console), console)
    assert cells.of(frame, console) is None


@given(st.lists(frames(), min_size=2, max_size=4))
def test_a_whole_repaint_removes_another_programs_output(drawn: list[CompositorUpdate]) -> None:
    console, whole, changed, cells = console_of("truecolor"), Shown(), Shown(), ChangedCells()
    for frame in drawn:
        changed.draw(cells.of(frame, console), console)
    changed.screen.draw("garbled")
    last = LayoutUpdate([[strip_of(COLUMNS, [("last", 2)])]] * LINES, Region(0, 0, COLUMNS, LINES))
    cells.forget()
    for shown, frame in ((whole, last), (changed, cells.of(last, console))):
        shown.draw(frame, console)
    assert changed.cells() == whole.cells()


def line(*segments: Segment, y: int = 0, x: int = 0) -> CompositorUpdate:
    """A frame that paints one part of one line."""
    strip = Strip(segments)
    return LayoutUpdate([[strip]], Region(x, y, strip.cell_length, 1))


def written(*drawn: CompositorUpdate, system: str | None = "truecolor") -> str:
    """The bytes that the last of these frames writes."""
    console, cells, text = console_of(system), ChangedCells(), ""
    for frame in drawn:
        changed = cells.of(frame, console)
        text = "" if changed is None else changed.render_segments(console)
    return text


def test_one_letter_is_one_letter() -> None:
    assert written(line(Segment("facts 1 s old")), line(Segment("facts 2 s old"))) == "\x1b[1;7H2"


@pytest.mark.parametrize(
    ("after", "text"),
    [("XbcdefXh", "\x1b[1HX\x1b[7GX"), ("XbcdeXgh", "\x1b[1HXbcdeX"), ("abcdefgh", "")],
)
def test_a_short_gap_is_written_again_and_a_long_one_is_not(after: str, text: str) -> None:
    assert written(line(Segment("abcdefgh")), line(Segment(after))) == text


RED, GREEN = Style(color="#ff0000", bgcolor="#000000"), Style(color="#00ff00", bgcolor="#000000")
TO_RED, TO_GREEN = "\x1b[38;2;255;0;0m", "\x1b[38;2;0;255;0m"


def test_only_the_difference_between_two_styles_is_written() -> None:
    text = written(line(Segment("a", RED), Segment(" ", GREEN), Segment("b", GREEN)))
    assert text == f"\x1b[1H{TO_RED[:-1]};48;2;0;0;0ma {TO_GREEN}b\x1b[m"


def test_cells_of_one_look_are_written_together_if_that_is_shorter() -> None:
    lines = screen_of(*(["red", "green"] for _ in range(3)))
    text = written(lines)
    assert text.count(TO_RED[2:-1]) == text.count(TO_GREEN[2:-1]) == 1
    plain = screen_of(*(["bold", "plain"] for _ in range(3)), looks={"bold": Style(bold=True), "plain": Style()})
    assert written(plain) == "".join(f"\x1b[{y}H\x1b[1mbold\x1b[0mplain" for y in (1, 2, 3))


def screen_of(*lines: list[str], looks: dict[str, Style] | None = None) -> CompositorUpdate:
    """A whole screen; each word has its look."""
    looks = {"red": RED, "green": GREEN} if looks is None else looks
    strips = [[Strip([Segment(word, looks.get(word, RED)) for word in words])] for words in lines]
    return LayoutUpdate(strips, Region(0, 0, strips[0][0].cell_length, len(strips)))  # type: ignore[arg-type]


def listed(*names: str) -> CompositorUpdate:
    """A whole screen with a name on each line."""
    return screen_of(*([set_cell_size(name, 24)] for name in names))


NAMES: Final = [name * 24 for name in "abcdefghi"]


def test_lines_that_are_shown_lower_are_moved_up() -> None:
    text = written(listed("heading", *NAMES[:6], "end"), listed("heading", *NAMES[2:8], "end"))
    moved, _, rest = text.partition("\x1b[r")
    assert moved == "\x1b[2;7r\x1b[7H\n\n"
    assert [name in rest for name in NAMES[2:8]] == [False] * 4 + [True] * 2


def test_lines_that_are_shown_higher_are_moved_down() -> None:
    text = written(listed("heading", *NAMES[1:7], "end"), listed("heading", *NAMES[:6], "end"))
    moved, _, rest = text.partition("\x1b[r")
    assert moved == "\x1b[2;7r\x1b[2H\x1bM"
    assert [name in rest for name in NAMES[:6]] == [True] + [False] * 5


def test_two_lines_are_not_moved_and_three_are() -> None:
    first = listed("heading", *NAMES[:6], "end")
    for number, is_moved in ((2, False), (3, True)):
        after = listed("heading", *NAMES[6 - number : 6], *["other"] * (6 - number), "end")
        assert ("r\x1b[" in written(first, after)) is is_moved


def test_lines_of_which_a_part_is_unknown_are_not_moved() -> None:
    first, after = listed(*NAMES[:6], "end"), listed(*NAMES[1:7], "end")
    half = LayoutUpdate([[Strip([Segment("wider", RED)])]], Region(24, 6, 5, 1))
    assert "\x1b[r" in written(first, after)
    assert "\x1b[r" not in written(first, half, after)


def test_a_moved_line_with_a_wide_character_is_not_written_again() -> None:
    wide = "宽" * 12
    text = written(listed(*NAMES[:3], wide, "end"), listed("other", *NAMES[:3], wide))
    assert "\x1b[r" in text
    assert "宽" not in text


def test_without_colours_no_colour_is_written() -> None:
    assert written(line(Segment("a", Style(bold=True)), Segment("b"))) == "\x1b[1H\x1b[1ma\x1b[0mb"


def test_a_line_with_a_wide_character_is_written_whole() -> None:
    assert written(line(Segment("ab宽cd")), line(Segment("ab宽cX"))) == "\x1b[1Hab宽cX"
    coloured = [line(Segment("a宽", RED), Segment("b", GREEN), Segment(each, RED)) for each in "cd"]
    text = written(*coloured)
    assert text == f"\x1b[1H{TO_RED[:-1]};48;2;0;0;0ma宽{TO_GREEN}b{TO_RED}d\x1b[m"


def test_half_a_wide_character_is_never_left() -> None:
    first, second = line(Segment("X"), x=1), line(Segment("X"), x=2)
    whole, then = line(Segment("a宽bc")), line(Segment("Y"), x=4)
    assert written(whole, first) == "\x1b[1HaX\x1b[4Gbc"
    assert written(whole, second) == "\x1b[1Ha\x1b[3GXbc"
    assert written(whole, first, then) == written(whole, second, then) == "\x1b[1;5HY"


@pytest.mark.parametrize("text", ["a\tb", "\u0301a", "\x9b31m"])
def test_a_frame_without_cells_is_drawn_as_textual_draws_it(text: str) -> None:
    frame, console, cells = line(Segment(text)), console_of("truecolor"), ChangedCells()
    assert cells.of(frame, console) is frame
    assert cells.of(line(Segment("a")), console) is not None


def test_a_frame_of_an_unknown_kind_is_drawn_unchanged() -> None:
    frame, console, cells = CompositorUpdate(), console_of("truecolor"), ChangedCells()
    before = line(Segment("a"))
    _draw = [each.render_segments(console) for each in _changed(cells, before, console)]
    assert cells.of(frame, console) is frame
    assert [each.render_segments(console) for each in _changed(cells, before, console)] != []
    assert cells.of(None, console) is None


def test_a_frame_that_is_held_back_is_written_with_the_next() -> None:
    console, cells = console_of("truecolor"), ChangedCells()
    assert cells.hold(line(Segment("one")), console)
    assert cells.hold(line(Segment("two"), y=1), console)
    assert cells.of(line(Segment("once"), x=2), console).render_segments(console) == "\x1b[1Hononce\x1b[2Htwo"
    assert cells.of(None, console) is None


def test_what_was_held_back_is_written_without_another_frame() -> None:
    console, cells = console_of("truecolor"), ChangedCells()
    cells.hold(line(Segment("one")), console)
    assert cells.of(None, console).render_segments(console) == "\x1b[1Hone"
    cells.hold(line(Segment("one")), console)
    assert cells.of(None, console) is None
    cells.hold(line(Segment("two")), console)
    cells.forget()
    assert cells.of(None, console) is None


def test_a_frame_without_cells_comes_after_what_was_held_back() -> None:
    console, cells, tab = console_of("truecolor"), ChangedCells(), line(Segment("a\tb"))
    cells.hold(line(Segment("one")), console)
    assert not cells.hold(tab, console)
    assert cells.of(tab, console).render_segments(console) == f"\x1b[1Hone{tab.render_segments(console)}"
    assert cells.of(tab, console) is tab


def _changed(cells: ChangedCells, frame: CompositorUpdate, console: Console) -> Iterator[CompositorUpdate]:
    if (changed := cells.of(frame, console)) is not None:
        yield changed


def test_a_frame_that_is_not_drawn_counts_for_nothing() -> None:
    frame, console, cells = line(Segment("a")), console_of("truecolor"), ChangedCells()
    assert cells.of(frame, console) is not None
    assert cells.of(frame, console) is not None
