"""The filter: its text, and how the keys go back to the list."""

from __future__ import annotations

from textual.widgets import Static

from tests.tui.widgets.hosting import hosted
from tui.widgets.filter_input import FilterInput
from tui.widgets.row_list import Cell, Column, RowList


async def test_the_filter_gives_the_keys_back_to_the_list() -> None:
    rows = RowList([Column("ROW", 5)], lambda row: [Cell(row)], lambda row: row)
    field = FilterInput("words")
    async with hosted(field, rows, Static("end")) as pilot:
        for key, kept in (("enter", "ab"), ("down", "ab"), ("escape", "")):
            field.focus()
            await pilot.pause(0)
            field.value = ""
            await pilot.press("a", "b", key)
            assert pilot.app.focused is rows, key
            assert field.value == kept, key
        assert field.cursor_blink is False
