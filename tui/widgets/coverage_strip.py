"""The strip of the last 30 days on a dashboard: history, in words and cells, apart from the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from health.coverage import COVERAGE_DAYS, Coverage, CoverageState
from tui.words.durations import format_minute, format_span
from tui.words.wording import counted


class Look(NamedTuple):
    """How a state is drawn: higher is worse. The glyphs differ from those of postures; nothing is green."""

    glyph: str
    word: str
    colour: str


LOOKS: Final = {
    CoverageState.PROTECTED: Look("▁", "protected", "$quiet"),
    CoverageState.DEGRADED: Look("▃", "degraded", "$state-degraded"),
    CoverageState.NOT_COVERED: Look("▆", "uncovered", "$state-stale"),
}
NOT_KNOWN: Final = "·"


class CoverageStrip(Static):
    """Bound to one tenant's coverage and to whether the facts are too old; it computes nothing itself.

    One cell a day, the latest last, each as bad as the worst of its day; below it the shares of the time and their
    limits. Hidden without coverage.
    """

    DEFAULT_CSS = """
    CoverageStrip { height: auto; padding: 0 1; margin-top: 1; display: none; color: $quiet; }
    CoverageStrip.-known { display: block; }
    """

    coverage: reactive[Coverage | None] = reactive(None)
    unconfirmed: reactive[bool] = reactive(False)

    def __init__(self, *, plain: bool = False) -> None:
        """`plain` has only the shares in words, without cells."""
        super().__init__(markup=False)
        self._plain = plain
        self._shown = Content("")

    def watch_coverage(self) -> None:
        self._write()

    def watch_unconfirmed(self) -> None:
        self._write()

    def _write(self) -> None:
        coverage = self.coverage
        self.set_class(coverage is not None, "-known")
        content = Content("") if coverage is None else self._content(coverage)
        # The period moves with every refresh, but what is drawn seldom changes.
        if not content.is_same(self._shown):
            self._shown = content
            self.update(content)

    def _content(self, coverage: Coverage) -> Content:
        title = f"Last {COVERAGE_DAYS} days"
        if self.unconfirmed:
            title = f"{COVERAGE_DAYS} days to {format_minute(coverage.end)}"
        cells = () if self._plain else (("  ", "$quiet"), *_cells(coverage))
        notes = "".join(f"\n{line}" for line in _notes(coverage, plain=self._plain))
        return Content.assemble((title, "bold"), *cells, "\n", _shares(coverage, plain=self._plain), notes)


def _cells(coverage: Coverage) -> Iterator[tuple[str, str]]:
    """Each cell's glyph and colour. Unknown time is not coloured as an alarm."""
    for cell in coverage.cells:
        yield (NOT_KNOWN, "$quiet") if cell is None else (LOOKS[cell].glyph, LOOKS[cell].colour)


def _shares(coverage: Coverage, *, plain: bool) -> Content:
    """Glyph, word and share of each state, and the total time uncovered. A state that never was has no colour."""
    protected, degraded, uncovered = (
        Content.assemble(
            *(() if plain else ((f"{look.glyph} ", look.colour if coverage.lasted(state) else "$quiet"),)),
            f"{look.word} {percent} %",
        )
        for (state, look), percent in zip(LOOKS.items(), coverage.shares, strict=True)
    )
    lasted = coverage.lasted(CoverageState.NOT_COVERED)
    total = f" ({format_span(lasted)})" if lasted else ""
    return Content.assemble(protected, " of the time, ", degraded, ", ", uncovered, total)


def _notes(coverage: Coverage, *, plain: bool) -> Iterator[str]:
    """What the strip leaves out, and why."""
    if unknown := coverage.lasted(None):
        mark = "" if plain else f"{NOT_KNOWN} "
        yield f"{mark}unknown {format_span(unknown)}: before the first backup set, or no longer kept"
    if coverage.unreadable_sets:
        yield f"Counted as uncovered because it cannot be read: {counted(coverage.unreadable_sets, 'backup set')}"
    if coverage.dated_ahead:
        yield "A backup set dated in the future is not counted"
