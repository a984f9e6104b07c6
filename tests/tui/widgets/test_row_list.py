"""The list of rows: what it draws, and a cursor that stays on its row."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.widgets.hosting import hosted, lines, messages, words
from tui.widgets.row_list import Cell, Column, RowList, fitted

COLUMNS = (Column("KEY", 6), Column("NAME", 10, share=1), Column("MORE", 8, share=2, from_width=60), Column("END", 4))

Row = tuple[int, str]


def cells(row: Row) -> Sequence[Cell]:
    return Cell(str(row[0])), Cell(row[1]), Cell(f"more {row[0]}", "quiet"), Cell("end", "stale")


def rows(*keys: int) -> list[Row]:
    return [(key, f"name {key}") for key in keys]


def a_list(*keys: int, opens: bool = True) -> RowList:
    made = RowList(COLUMNS, cells, lambda row: row[0], empty="nothing here", opens=opens)
    made.replace(rows(*keys))
    return made


# Drawing


@given(st.text(st.sampled_from("a界\u0301 …🔎-"), max_size=40), st.integers(1, 30))
def test_fitted_text_is_exactly_as_wide_as_its_room(text: str, width: int) -> None:
    shown = fitted(text, width)
    assert cell_len(shown) == width
    if cell_len(text) <= width:
        assert shown.startswith(text)
    else:
        assert "…" in shown


async def test_every_line_is_as_wide_as_the_list_at_every_width() -> None:
    made = RowList(COLUMNS, cells, lambda row: row[0])
    made.replace([(1, "界界界界界界界界界界界"), (2, "e\u0301" * 30), (3, "x" * 300), (4, "")])
    async with hosted(made) as pilot:
        for width in (12, 30, 59, 60, 61, 80, 200):
            await pilot.resize_terminal(width, 10)
            await pilot.pause(0)
            for y in range(10):
                assert made.render_line(y).cell_length == made.size.width


async def test_cells_stand_under_headings_and_width_adds_columns() -> None:
    made = a_list(1, 2)
    async with hosted(made, size=(59, 10)) as pilot:
        heading, first, *_ = lines(pilot)
        assert "MORE" not in heading
        assert [first[heading.index(name) :].split()[0] for name in ("KEY", "NAME", "END")] == ["1", "name", "end"]
        await pilot.resize_terminal(100, 10)
        await pilot.pause(0)
        heading, first, *_ = lines(pilot)
        places = {name: heading.index(name) for name in ("KEY", "NAME", "MORE", "END")}
        assert [first[place:].split()[0] for place in places.values()] == ["1", "name", "more", "end"]
        # The rest of the width is shared one to two.
        assert places["END"] - places["MORE"] > places["MORE"] - places["NAME"] > 12


@pytest.mark.parametrize(
    ("width", "heading", "row"),
    [
        (26, "  KEY     NAME        END", "> 1       name 1      end"),
        (24, "  KEY     NAME        E…", "> 1       name 1      e…"),
        (18, "  KEY     NAME", "> 1       name 1"),
        (14, "  KEY     NAME", "> 1       nam…"),
        (9, "  KEY", "> 1"),
    ],
)
async def test_a_cell_that_is_cut_says_so(width: int, heading: str, row: str) -> None:
    made = a_list(1)
    async with hosted(made, size=(width, 10)) as pilot:
        made.focus()
        await pilot.pause(0)
        assert [line.rstrip() for line in lines(pilot)[:2]] == [heading, row]


async def test_a_list_without_rows_says_so_and_takes_every_key() -> None:
    made = a_list()
    async with hosted(made) as pilot:
        made.focus()
        await pilot.press("down", "up", "G", "g", "pagedown", "enter")
        assert "nothing here" in words(pilot)
        assert (made.current, made.cursor) == (None, 0)
        assert messages(pilot, RowList.Chosen) == []
        made.replace((), empty="nothing at all")
        await pilot.pause(0)
        assert "nothing at all" in words(pilot)
        made.replace(rows(5))
        await pilot.pause(0)
        assert made.current == (5, "name 5")
        assert "nothing" not in words(pilot)


async def test_the_cursor_is_marked_by_a_sign_where_the_focus_is() -> None:
    made = a_list(1, 2, 3)
    async with hosted(made) as pilot:
        made.focus()
        await pilot.press("down")
        marked = [line for line in lines(pilot) if line.startswith(">")]
        assert len(marked) == 1
        assert "name 2" in marked[0]
        pilot.app.set_focus(None)
        await pilot.pause()
        assert not [line for line in lines(pilot) if line.startswith(">")]


@pytest.mark.parametrize("height", [2, 3, 10])
async def test_the_cursor_is_always_in_view(height: int) -> None:
    made = a_list(*range(100))
    async with hosted(made, size=(80, height)) as pilot:
        made.focus()
        for key in ("G", "up", "up", "pageup", "g", "pagedown", "down", "G"):
            await pilot.press(key)
            assert any(line.startswith(">") for line in lines(pilot)), key
        await pilot.resize_terminal(80, 2)
        await pilot.pause()
        assert any(line.startswith(">") for line in lines(pilot))
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        # New room is filled from above: the end of the list stays at the end of the window.
        assert "name 99" in lines(pilot)[-1]
        assert "name 77" in lines(pilot)[1]


# The cursor and its row


async def test_the_cursor_stays_on_its_key_when_rows_move() -> None:
    made = a_list(1, 2, 3, 4)
    async with hosted(made) as pilot:
        made.focus()
        await pilot.press("down", "down")
        for keys, place in (((3, 1, 2), 0), ((9, 8, 7, 3), 3), ((3,), 0), ((1, 2, 3, 4, 5), 2)):
            made.replace(rows(*keys))
            assert (made.cursor, made.current) == (place, (3, "name 3"))


async def test_a_row_that_is_gone_leaves_the_cursor_there_or_at_the_end() -> None:
    made = a_list(1, 2, 3, 4)
    async with hosted(made) as pilot:
        made.focus()
        await pilot.press("down", "down")
        made.replace(rows(1, 2, 4))
        assert made.current == (4, "name 4")
        made.replace(rows(1))
        assert made.current == (1, "name 1")
        made.replace(())
        assert (made.current, made.cursor) == (None, 0)
        made.replace(rows(7, 8))
        assert made.current == (7, "name 7")


async def test_the_cursor_can_be_put_on_a_key() -> None:
    made = a_list(*range(50))
    async with hosted(made, size=(80, 10)) as pilot:
        made.focus()
        assert made.move_to_key(40)
        await pilot.pause(0)
        assert made.current == (40, "name 40")
        assert any("name 40" in line and line.startswith(">") for line in lines(pilot))
        assert not made.move_to_key(99)
        assert made.current == (40, "name 40")


# Its messages


async def test_enter_posts_the_row_and_moving_posts_a_message() -> None:
    made = a_list(1, 2, 3)
    async with hosted(made) as pilot:
        made.focus()
        await pilot.press("down", "enter")
        assert [message.row for message in messages(pilot, RowList.Chosen)] == [(2, "name 2")]
        assert len(messages(pilot, RowList.Moved)) == 1
        await pilot.press("G", "G")
        assert len(messages(pilot, RowList.Moved)) == 2
        assert all(message.control is made for message in messages(pilot, RowList.Moved))


async def test_a_list_that_opens_nothing_does_not_take_enter() -> None:
    made = a_list(1, 2, opens=False)
    async with hosted(made) as pilot:
        made.focus()
        await pilot.press("enter")
        assert messages(pilot, RowList.Chosen) == []


async def test_the_last_page_and_the_last_row_say_the_end_is_near() -> None:
    made = a_list(*range(30))
    async with hosted(made, size=(80, 11)) as pilot:
        made.focus()
        await pilot.press("down", "pagedown")
        assert messages(pilot, RowList.EndNear) == []
        await pilot.press("pagedown")
        assert len(messages(pilot, RowList.EndNear)) == 1
        await pilot.press("G", "down")
        assert len(messages(pilot, RowList.EndNear)) == 3
