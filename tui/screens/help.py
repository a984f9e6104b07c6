"""Every key that works on the screen below, with its id for the settings' [keys]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.widgets.key_hints import KeyUse
from tui.widgets.row_list import Cell, Column, RowList


class HelpScreen(ModalScreen[None]):
    """The bindings as a list, made from the bindings themselves so that it cannot be wrong."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background; }
    HelpScreen RowList { width: 100%; max-width: 90; height: 100%; background: $background; padding: 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,question_mark", "dismiss", "close", key_display="esc", id="help.close"),
    ]

    def __init__(self, uses: Sequence[KeyUse]) -> None:
        super().__init__()
        self._listed = uses

    def compose(self) -> ComposeResult:
        yield RowList(
            [Column("KEYS", 20), Column("WHAT IT DOES", 30, share=1), Column("ID", 24)],
            _cells,
            lambda use: use.binding.id,
            opens=False,
            id="help",
        )

    def on_mount(self) -> None:
        self.query_one("#help", RowList).replace(self._listed)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close only if this screen is on top: the second of two keys in one packet would close the screen below."""
        return super().dismiss(result) if self.is_active and self.is_mounted else AwaitComplete()


def _cells(use: KeyUse) -> Sequence[Cell]:
    return Cell("  ".join(use.keys), "follow-up"), Cell(use.binding.description), Cell(use.binding.id or "", "quiet")
