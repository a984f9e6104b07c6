"""Lines that begin with a mark or a state: folded words stand under the words after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual


class HangingLine(NamedTuple):
    """The beginning of a line, at its own width, and its words, which may take several lines."""

    beginning: Content
    words: Content


class HangingLines(Visual):
    """Textual draws it like content, so any `Static` can be updated with it."""

    def __init__(self, lines: Sequence[HangingLine]) -> None:
        self._lines = lines

    def __str__(self) -> str:
        return "\n".join(f"{beginning}{words}" for beginning, words in self._lines)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        strips: list[Strip] = []
        for beginning, words in self._lines:
            begins = beginning.cell_length
            if not begins:
                strips += words.render_strips(width, None, style, options)
                continue
            first = beginning.render_strips(begins, 1, style, options)
            blank = Strip.blank(begins, style.rich_style)
            folded = words.render_strips(max(width - begins, 1), None, style, options) or [Strip([])]
            strips += [Strip.join(pair) for pair in zip([*first, *[blank] * len(folded)], folded, strict=False)]
        return strips if height is None else strips[:height]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        widths = (each.cell_length + words.get_optimal_width(rules, container_width) for each, words in self._lines)
        return max(widths, default=0)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return sum(words.get_height(rules, max(width - each.cell_length, 1)) for each, words in self._lines)
