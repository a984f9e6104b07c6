"""The databases that the settings name, to choose another one from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.context import Database
from tui.safe_text import safe_text
from tui.widgets.row_list import Cell, Column, RowList


class DatabasesScreen(ModalScreen[Database]):
    """Gives back the database chosen, or nothing."""

    DEFAULT_CSS = """
    DatabasesScreen { align: center middle; background: $background; }
    DatabasesScreen RowList { width: 100%; max-width: 90; height: 100%; background: $background; padding: 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "dismiss", "close", key_display="esc", id="databases.close"),
    ]

    def __init__(self, databases: Sequence[Database], shown: Database) -> None:
        super().__init__()
        self._databases = databases
        self._shown = shown

    def compose(self) -> ComposeResult:
        yield RowList(
            [Column("NAME", 16), Column("DATABASE", 30, share=1), Column("", 12)],
            self._cells,
            lambda database: database.name,
            id="databases",
        )

    def on_mount(self) -> None:
        rows = self.query_one("#databases", RowList)
        rows.replace(self._databases)
        rows.move_to_key(self._shown.name)

    def _cells(self, database: Database) -> Sequence[Cell]:
        here = "shown now" if database == self._shown else ""
        return (
            Cell(safe_text(database.name)),
            Cell(safe_text(database.label)),
            Cell("PRODUCTION", "absent") if database.production else Cell(here, "quiet"),
        )

    @on(RowList.Chosen)
    def _choose(self, message: RowList.Chosen) -> None:
        message.stop()
        self.dismiss(message.row)

    def dismiss(self, result: Database | None = None) -> AwaitComplete:
        """Keys of one packet come when it is gone already, and would leave the screen below it, or not there yet."""
        return super().dismiss(result) if self.is_active and self.is_mounted else AwaitComplete()
