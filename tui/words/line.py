"""One line of a proof: its words and its colour, for any widget."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """Words, which may come from outside, and their colour: the name of a state, `text` or `quiet`."""

    words: str
    style: str = "text"
