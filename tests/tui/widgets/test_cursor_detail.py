"""The lines under a list: wrapped at words, with an ellipsis if something was cut."""

from __future__ import annotations

import pytest

from tests.tui.widgets.hosting import hosted, lines
from tui.widgets.cursor_detail import CursorDetail


@pytest.mark.parametrize(
    ("sentences", "shown"),
    [
        (["Contoso: stale"], [" Contoso: stale", ""]),
        (["an error", "its origin"], [" an error", " its origin"]),
        (["one two three four five six"], [" one two three", " four five six"]),
        (["one two three four five six seven"], [" one two three", " four five six …"]),
        (["an error that is long", "its origin"], [" an error that is", " long"]),
        (["one two three " + "x" * 40], [" one two three", " xxxxxxxxxxxxxxxx…"]),
        (["界界界界界界界界界界"], [" 界界界界界界界界", " 界界"]),
        (["\x1b[2J\nred"], [" ␛[2J␊red", ""]),
    ],
)
async def test_what_is_shown_in_two_lines(sentences: list[str], shown: list[str]) -> None:
    detail = CursorDetail()
    async with hosted(detail, size=(19, 4)) as pilot:
        detail.show(["something else", "altogether"])
        await pilot.pause()
        detail.show(sentences)
        await pilot.pause()
        assert [line.rstrip() for line in lines(pilot)[:2]] == shown


async def test_nothing_takes_no_room_and_another_width_wraps_anew() -> None:
    detail = CursorDetail()
    async with hosted(detail, size=(19, 4)) as pilot:
        detail.show([])
        await pilot.pause()
        assert detail.size.height == 0
        detail.show(["one two three four five six"])
        await pilot.pause()
        await pilot.resize_terminal(40, 4)
        await pilot.pause()
        assert [line.rstrip() for line in lines(pilot)[:2]] == [" one two three four five six", ""]
