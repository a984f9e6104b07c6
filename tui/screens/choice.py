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
_NARROW_MARKING: Final = 46
"""The columns of a list with one of its own, without and with marks: its last line says which keys work."""


class ChoiceScreen(FollowsWindow, ModalScreen[Any]):
    """Returns the row chosen, or None.

    With `marks`, the space bar marks rows. The caller draws them and, if there are any, takes them as what was chosen.
    """

    DEFAULT_CSS = """
    ChoiceScreen RowList { width: 100%; max-width: 90; height: auto; max-height: 100%; margin: 2 0 0 0; padding: 0 1;
                           background: $panel; border: round $quiet; border-subtitle-color: $quiet; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # `q` quits from a screen; from a list that lies over one it goes back to that screen.
        Binding("escape,backspace,q", "dismiss", "close", key_display="esc", id="choice.close"),
        Binding("space", "mark", "mark", id="choice.mark"),
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
        marks: set[Any] | None = None,
    ) -> None:
        super().__init__()
        # What is asked about stays in sight, and whose it is. The app's own style for screens goes before the default.
        self.styles.background = "transparent"
        for key in again:
            self._bindings.bind(key, "take_next", show=False)
        self._list = RowList(columns, cells, key_of, id="choice")
        if len(columns) == 1:
            self._list.styles.width = _NARROW if marks is None else _NARROW_MARKING
        self._list.border_subtitle = f"{'' if marks is None else 'space marks, '}enter chooses, esc closes"
        self._marks = marks
        self._rows = rows
        self._begin_at = begin_at

    def compose(self) -> ComposeResult:
        yield self._list

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No `mark` in a list to choose one thing from."""
        return action != "mark" or self._marks is not None

    def on_mount(self) -> None:
        if cast(Pilot, self.app).context.plain:
            # No box is drawn, so what stays of the rows beside the list would read as a part of it.
            self._list.styles.width = self._list.styles.max_width = "100%"
        self._list.replace(self._rows)
        if self._begin_at is not None:
            self._list.move_to_key(self._begin_at)

    def action_mark(self) -> None:
        """Mark the row under the cursor, or unmark it, and go on to the next. The first row, which is all, unmarks."""
        if self._marks is None or not self._list.rows:
            return
        if self._list.cursor == 0:
            self._marks.clear()
        else:
            self._marks ^= {self._list.current}
        self._list.refresh()
        self._list.action_move(1)

    def action_take_next(self) -> None:
        """The key that opened the list was pressed again: take the row after the present one."""
        if self._marks is not None:
            self._marks.clear()
        rows = self._list.rows
        self.dismiss(rows[(self._list.cursor + 1) % len(rows)])

    @on(RowList.Chosen)
    def _choose(self, message: RowList.Chosen) -> None:
        message.stop()
        self.dismiss(message.row)

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close only if this screen is on top: the second of two keys in one packet would close the screen below."""
        return super().dismiss(result) if self.is_active and self.is_mounted else AwaitComplete()
