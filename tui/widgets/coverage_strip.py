"""The strip of the last 30 days on a dashboard: history, in words and in cells, and no part of the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
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
    CoverageState.NOT_COVERED: Look("▆", "not covered", "$state-stale"),
}
NOT_KNOWN: Final = "·"
SHORTEST: Final = timedelta(days=1)
"""A history shorter than this is not worth a strip: its one cell would say no more than the verdict."""


class CoverageStrip(Static):
    """Bound to one tenant's coverage and to whether the facts are too old; it computes nothing itself.

    One cell a day, the latest last, each as bad as the worst of its day; below it the shares of the time and their
    limits. Hidden without coverage, and where the history is shorter than a day.
    """

    DEFAULT_CSS = """
    CoverageStrip { height: auto; padding: 0 1; margin-top: 1; display: none; color: $quiet; }
    CoverageStrip.-known { display: block; }
    """

    coverage: reactive[Coverage | None] = reactive(None)
    unconfirmed: reactive[bool] = reactive(False)

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._shown = Content("")

    def watch_coverage(self) -> None:
        self._write()

    def watch_unconfirmed(self) -> None:
        self._write()

    def _write(self) -> None:
        coverage = self.coverage
        if coverage is not None and coverage.end - coverage.known_from < SHORTEST:
            coverage = None
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
        lines = "\n".join(("", _shares_in_words(coverage), *_notes(coverage)))
        return Content.assemble((title, "bold"), ", without what was deleted since  ", *_cells(coverage), lines)


def _cells(coverage: Coverage) -> Iterator[tuple[str, str]]:
    """Each cell's glyph and colour. Of the time before what is kept there is no alarm: nobody knows what it was."""
    kept_from = coverage.kept_from or coverage.begin
    first_kept = (kept_from - coverage.begin) * COVERAGE_DAYS // (coverage.end - coverage.begin)
    for place, cell in enumerate(coverage.cells):
        if cell is None:
            yield NOT_KNOWN, "$quiet"
        else:
            yield LOOKS[cell].glyph, LOOKS[cell].colour if place >= first_kept else "$quiet"


def _shares_in_words(coverage: Coverage) -> str:
    """Glyph, word and share of each state, and the total time not covered."""
    protected, degraded, not_covered = (
        f"{LOOKS[state].glyph} {LOOKS[state].word} {percent} %"
        for state, percent in zip(CoverageState, coverage.shares, strict=True)
    )
    lasted = coverage.lasted(CoverageState.NOT_COVERED)
    return f"{protected} of the time, {degraded}, {not_covered}" + (f" ({format_span(lasted)})" if lasted else "")


def _notes(coverage: Coverage) -> Iterator[str]:
    """What the strip leaves out, and why."""
    since = format_minute(coverage.known_from)
    if coverage.cut is not None:
        yield f"{NOT_KNOWN} cut: only the latest {counted(coverage.cut, 'backup set')} are counted, back to {since}"
    elif coverage.known_from > coverage.begin:
        yield f"{NOT_KNOWN} not known: first recorded or backed up at {since}"
    if coverage.kept_from is not None:
        yield f"No backup set is kept from before {format_minute(coverage.kept_from)}"
    if coverage.unreadable_sets:
        yield f"Counted as not covered because it cannot be read: {counted(coverage.unreadable_sets, 'backup set')}"
    if coverage.dated_ahead:
        yield "A backup set dated in the future is not counted"
