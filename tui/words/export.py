"""The content of a screen as a file: its table as CSV, JSON or Markdown, and its picture."""

from __future__ import annotations

import re
from typing import Final

SUFFIXES: Final = {"csv": ".csv", "json": ".json", "markdown": ".md"}
"""The formats of an export, each with its file name's suffix."""

# Rich puts links to fonts into a picture, and a viewer would fetch them from the network.
_FONTS: Final = re.compile(r"@font-face\s*\{[^}]*\}")


def picture_alone(svg: str) -> str:
    """A picture of the screen that loads nothing from the network when somebody opens it."""
    return _FONTS.sub("", svg)
