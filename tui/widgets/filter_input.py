"""The field for the words that filter a list: one line, no border, no blinking cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.widgets.row_list import RowList


class FilterInput(Input):
    """Esc clears it and goes back to the list; Enter and Down keep the words and go back to the list."""

    DEFAULT_CSS = """
    FilterInput { height: 1; border: none; padding: 0 1; background: $panel; width: 1fr; }
    FilterInput:focus { border: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down,tab", "leave_filter", "to the list", key_display="⏎", id="filter.leave"),
        Binding("escape", "clear_filter", "clear filter", key_display="esc", id="filter.clear"),
    ]

    def __init__(self, placeholder: str, words: str = "") -> None:
        super().__init__(words, id="filter", placeholder=placeholder, select_on_focus=False)
        self.cursor_blink = False
        self._hint = placeholder

    def on_resize(self) -> None:
        """Show as much of the hint as fits, up to a comma."""
        hint = self._hint
        while len(hint) > self.content_size.width:
            hint = hint.rpartition(", ")[0]
        self.placeholder = hint

    def action_clear_filter(self) -> None:
        self.value = ""
        self.action_leave_filter()

    def action_leave_filter(self) -> None:
        self.screen.query_one(RowList).focus()

    def _on_paste(self, event: events.Paste) -> None:
        # Textual's own handler comes after this one, and takes the first line only.
        event.text = one_line(event.text)


def one_line(text: str) -> str:
    """Pasted text without its line breaks."""
    return "".join(text.splitlines())
