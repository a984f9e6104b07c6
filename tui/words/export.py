"""The content of a screen as a file: its table as CSV, JSON or Markdown, and its picture."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Final

from tui.words.render import inert_cell, inert_markdown

SUFFIXES: Final = {"csv": ".csv", "json": ".json", "markdown": ".md"}
"""The formats of an export, each with its file name's suffix."""

# Rich puts links to fonts into a picture, and a viewer would fetch them from the network.
_FONTS: Final = re.compile(r"@font-face\s*\{[^}]*\}")


def table_as(form: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A screen's table in one of the formats. Its texts went through `safe_text` already."""
    if form == "json":
        return json.dumps([dict(zip(headings, row, strict=True)) for row in rows], indent=1) + "\n"
    if form == "csv":
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows([inert_cell(cell) for cell in row] for row in rows)
        return written.getvalue()
    lines = [headings, ["---"] * len(headings), *([inert_markdown(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def picture_alone(svg: str) -> str:
    """A picture of the screen that loads nothing from the network when somebody opens it."""
    return _FONTS.sub("", svg)
