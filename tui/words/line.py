"""One line of a proof: its words and the colour of its state, for any widget."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """Words that may come from outside, and the name of a state, `text` or `quiet` for their colour."""

    words: str
    style: str = "text"
