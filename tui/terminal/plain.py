"""Plain screens for those who listen to them or read them with their fingers, and for output that has no glyphs.

No box drawing, states in words alone. Every state has its word beside its glyph, so that nothing is lost with the
glyphs. One filter over everything that is drawn, toasts and palette included, and not a second way to draw each screen.
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
"""A glyph and the blank behind it. The one of the unreadable is a question mark, and so needs its word."""
_REPLACED: Final = {
    **dict.fromkeys(_BOXES, " "),
    **{ord(glyph): " " for glyph in _GLYPHS},
    **{ord(char): written for char, written in _IN_ASCII.items()},
}

_Drawn = tuple[str, Style | None]


class PlainFilter(LineFilter):
    """Takes the glyphs out; what stands in columns stays there, because the blanks come where others already are."""

    def __init__(self, codeset: str = "utf-8") -> None:
        """`codeset` is what the output is written in: what it cannot say becomes a question mark a cell."""
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
    """The characters without glyphs; as many blanks stand at the next gap between columns, or at the end."""
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
