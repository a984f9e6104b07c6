"""A short list to choose one thing from, over the screen that asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.pilot import Pilot
from tui.widgets.row_list import Cell, Column, RowList
from tui.window_size import FollowsWindow

_NARROW: Final = 34
"""The columns of a list with one of its own: its last line says which keys work."""


class ChoiceScreen(FollowsWindow, ModalScreen[Any]):
    """Returns the row chosen, or None."""

    DEFAULT_CSS = """
    ChoiceScreen RowList { width: 100%; max-width: 90; height: auto; max-height: 100%; margin: 2 0 0 0; padding: 0 1;
                           background: $panel; border: round $quiet; border-subtitle-color: $quiet; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # `q` quits from a screen; from a list that lies over one it goes back to that screen.
        Binding("escape,backspace,q", "dismiss", "close", key_display="esc", id="choice.close"),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Any],
        cells: Callable[[Any], Sequence[Cell]],
        *,
        key_of: Callable[[Any], Hashable] = lambda row: row,
        begin_at: Hashable = None,
        again: Sequence[str] = (),
    ) -> None:
        super().__init__()
        # What is asked about stays in sight, and whose it is. The app's own style for screens goes before the default.
        self.styles.background = "transparent"
        for key in again:
            self._bindings.bind(key, "take_next", show=False)
        self._list = RowList(columns, cells, key_of, id="choice")
        if len(columns) == 1:
            self._list.styles.width = _NARROW
        self._list.border_subtitle = "enter chooses, esc closes"
        self._rows = rows
        self._begin_at = begin_at

    def compose(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        if cast(Pilot, self.app).context.plain:
            # No box is drawn, so what stays of the rows beside the list would read as a part of it.
            self._list.styles.width = self._list.styles.max_width = "100%"
        self._list.replace(self._rows)
        if self._begin_at is not None:
            self._list.move_to_key(self._begin_at)

    def action_take_next(self) -> None:
        """The key that opened the list was pressed again: take the row after the present one."""
        rows = self._list.rows
        self.dismiss(rows[(self._list.cursor + 1) % len(rows)])

    @on(RowList.Chosen)
    def _choose(self, message: RowList.Chosen) -> None:
        message.stop()
        self.dismiss(message.row)

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close only if this screen is on top: the second of two keys in one packet would close the screen below."""
        return super().dismiss(result) if self.is_active and self.is_mounted else AwaitComplete()
