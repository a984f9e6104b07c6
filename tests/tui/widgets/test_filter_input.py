"""The filter: its text, and how the keys go back to the list."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from tests.tui.widgets.hosting import hosted, lines
from tui.widgets.filter_input import FilterInput
from tui.widgets.row_list import Cell, Column, RowList


@pytest.mark.parametrize(
    ("width", "shown"), [(29, "name, id, posture or reason"), (28, "name, id"), (10, "name, id"), (9, "name"), (5, "")]
)
async def test_a_hint_is_cut_at_a_comma(width: int, shown: str) -> None:
    field = FilterInput("name, id, posture or reason")
    async with hosted(field, size=(width, 4)) as pilot:
        assert " ".join(lines(pilot)).split() == shown.split()


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
