"""A titled block of lines. As the proof of a reason it is marked and takes the focus, until the focus goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.widgets.hanging import HangingLine, HangingLines
from tui.words.line import Line
from tui.words.safe_text import safe_text

_LONGEST: Final = 4000
"""A run's error is shown whole: its end often says what to do."""
_MARK: Final = "> "
_COLOURS: Final = {"text": "$foreground", "quiet": "$quiet"}


class ProofBlock(Static, can_focus=True):
    """`confirms` marks it as the proof of the reason that the screen was opened for. The focus underlines its title."""

    DEFAULT_CSS = """
    ProofBlock { height: auto; padding: 0 1; margin: 1 0; }
    ProofBlock:focus { background: $cursor-background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "app.focus_next", "next block", show=False, id="block.next"),
        Binding("up,k", "app.focus_previous", "previous block", show=False, id="block.previous"),
    ]

    def __init__(self, title: str, *, confirms: bool, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id, markup=False)
        self._title = title
        self._marked = self._confirms = confirms
        self._has_focus = False
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines under the title."""
        self._lines = lines
        # Without colours the background of the focus is invisible.
        style = f"bold {'$primary' if self._marked else '$quiet'}{' underline' if self._has_focus else ''}"
        mark = Content.assemble((_MARK, "bold $primary")) if self._marked else Content("")
        title = HangingLine(mark, Content.assemble((self._title, style)))
        body = [
            HangingLine(Content("  "), Content.assemble((safe_text(words, limit=_LONGEST), _colour(style))))
            for words, style in lines
        ]
        self.update(HangingLines([title, *body]))

    def on_focus(self) -> None:
        self._focused(True)

    def on_blur(self) -> None:
        self._focused(False)

    def _focused(self, has_focus: bool) -> None:
        marked = has_focus and self._confirms
        if (marked, has_focus) != (self._marked, self._has_focus):
            self._marked, self._has_focus = marked, has_focus
            self.show(self._lines)


def _colour(style: str) -> str:
    return _COLOURS.get(style, f"$state-{style}")
