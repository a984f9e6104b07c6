"""Captured JSON as the numbered lines of a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from health.answers import CapturedJson
from health.contents import indented
from tui.widgets.row_list import Cell
from tui.words.safe_text import safe_text

_MOST_LINES: Final = 20_000


class JsonLines(NamedTuple):
    """Numbered lines of captured JSON, read at `now`, and the captured content unchanged."""

    lines: tuple[tuple[int, str], ...]
    now: datetime
    captured: CapturedJson


def json_lines(captured: CapturedJson) -> Iterator[tuple[int, str]]:
    """Payload and assignments, indented; text that is not JSON is shown as it is."""
    lines: list[str] = []
    for title, text in (("payload", captured.payload), ("assignments", captured.assignments)):
        if text is not None:
            lines.append(f"{title}:")
            # ASCII, so that no character of the captured text acts on the terminal.
            lines.extend(f"  {line}" for line in indented(text, ascii_only=True).split("\n"))
    cut = len(lines) - _MOST_LINES
    yield from enumerate(lines[:_MOST_LINES])
    if cut > 0:
        yield _MOST_LINES, f"... {cut:,} more lines"


def line_cells(line: tuple[int, str]) -> Sequence[Cell]:
    """A line of captured JSON as a row."""
    # The indentation is ours; the rest came from outside.
    words = line[1].lstrip(" ")
    return (Cell(" " * (len(line[1]) - len(words)) + safe_text(words)),)
