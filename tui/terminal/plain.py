"""Plain screens for people who use a screen reader or a braille display, and for output without glyphs.

They have no boxes, and states only as words. Every state has its word beside its glyph, so nothing is lost without the
glyphs. One filter works on all output, also on toasts and the palette, so no screen is drawn in a second way.
"""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from tui.words.wording import State

_BOXES: Final = range(0x2500, 0x25A0)
"""Lines, corners and blocks."""
_IN_ASCII: Final = {"…": "~", "⟨": "<", "⟩": ">", "↑": "^", "↓": "v"}
_GLYPHS: Final = "".join(state.glyph for state in State if not state.glyph.isascii())
_GLYPH: Final = re.compile(rf"[{_GLYPHS}] |\?(?= (?:[\d,]+ )?{State.UNREADABLE.word}) ")
"""A glyph and the blank after it. The glyph of `unreadable` is a question mark, so it counts only with its word."""
_REPLACED: Final = {
    **dict.fromkeys(_BOXES, " "),
    **{ord(glyph): " " for glyph in _GLYPHS},
    **{ord(char): written for char, written in _IN_ASCII.items()},
}

_Drawn = tuple[str, Style | None]


class PlainFilter(LineFilter):
    """Removes the glyphs. Columns stay in place, because the missing width is added to existing gaps."""

    def __init__(self, codeset: str = "utf-8") -> None:
        """`codeset` is the output's character set. Any other character becomes one question mark a cell."""
        super().__init__()
        self._codeset = codeset

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        text = "".join(segment.text for segment in segments)
        if text.isascii() and State.UNREADABLE.glyph not in text:
            return segments
        drawn = [(char, segment.style) for segment in segments for char in segment.text]
        return [Segment(self._written(char), style) for char, style in _without_glyphs(text, drawn)]

    def _written(self, char: str) -> str:
        char = char.translate(_REPLACED)
        try:
            char.encode(self._codeset)
        except UnicodeEncodeError:
            return "?" * cell_len(char)
        return char


def _without_glyphs(text: str, drawn: list[_Drawn]) -> list[_Drawn]:
    """The characters without glyphs. The same number of blanks is added at the next gap between columns, or the end."""
    kept: list[_Drawn] = []
    owed, done = 0, 0
    for gap in re.finditer(rf"({_GLYPH.pattern})|  |\Z", text):
        kept += drawn[done : gap.start()]
        done = gap.start()
        if gap[1] is not None:
            owed, done = owed + len(gap[1]), gap.end()
        elif owed:
            kept += [(" ", drawn[min(done, len(drawn) - 1)][1])] * owed
            owed = 0
    return kept
