"""The row under a list's cursor, in full, because at 80 columns the list cuts long cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.row_list import fitted
from tui.words.safe_text import safe_text

_MARGIN: Final = 1


class CursorDetail(Widget):
    """Always the same height: a cursor move redraws these lines and never resizes the list."""

    DEFAULT_CSS = """
    CursorDetail { height: 2; background: $panel; color: $foreground; }
    CursorDetail.-empty { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._sentences: tuple[str, ...] = ()
        self._lines: list[str] = []

    def show(self, sentences: Sequence[str]) -> None:
        """Show these sentences, each on a new line. Without any, the widget gives its room to the list."""
        self._sentences = tuple(safe_text(sentence, limit=400) for sentence in sentences)
        self.set_class(not sentences, "-empty")
        before, self._lines = self._lines, self._folded()
        # Only the lines that changed: over a slow link a cursor move may cost two rows of the list and little more.
        for y, (was, line) in enumerate(zip(before, self._lines, strict=False)):
            if was != line:
                self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self, _event: events.Resize) -> None:
        self._lines = self._folded()
        self.refresh()

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else ""
        # One segment: padding drawn separately would cost more bytes than the words.
        return Strip([Segment(fitted(" " * _MARGIN + line, self.size.width), self.rich_style)])

    def _folded(self) -> list[str]:
        """As many lines as fit: a sentence that does not fit ends in an ellipsis, the ones after it are left out."""
        room, height = self.size.width - 2 * _MARGIN, self.size.height
        lines: list[str] = []
        for sentence in self._sentences if room > 0 else ():
            left = height - len(lines)
            folded = [str(line).rstrip() for line in Content(sentence).wrap(room)]
            if len(folded) > left > 0:
                folded[left - 1] = fitted(f"{folded[left - 1]} …", room)
            lines += folded[:left]
        return lines + [""] * (height - len(lines))
