"""Plain screens for those who listen to them or read them with their fingers: no box drawing, states in words alone.

Every state has its word beside its glyph, so that nothing is lost with the glyphs. One filter over everything that is
drawn, toasts and palette included, and not a second way to draw each screen.
"""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.words.wording import State

_BOXES: Final = range(0x2500, 0x25A0)
"""Lines, corners and blocks."""
_BLANKED: Final = dict.fromkeys(_BOXES, " ") | {ord(state.glyph): " " for state in State if not state.glyph.isascii()}


class PlainFilter(LineFilter):
    """Replaces drawing characters by blanks; every line keeps its width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [segment._replace(text=segment.text.translate(_BLANKED)) for segment in segments]
