"""Every state with its number of tenants, on one line, also with large numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events
from textual.content import Content
from textual.widgets import Static

from tui.words.wording import State

Counts = Sequence[tuple[State, int]]


class StateCounts(Static):
    """The counts in their order. If the line is too long, it loses blanks first, then words."""

    DEFAULT_CSS = """
    StateCounts { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, plain: bool = False) -> None:
        """`plain` has no glyphs: there the words are cut to their first letters."""
        super().__init__(id="counts", markup=False)
        self._plain = plain
        self._counts: Counts = ()

    def show(self, counts: Counts) -> None:
        """Show the states that have tenants."""
        self._counts = [(state, count) for state, count in counts if count]
        self._write()

    def on_resize(self, _event: events.Resize) -> None:
        self._write()

    def _write(self) -> None:
        forms = list(_forms(self._counts, plain=self._plain))
        room = self.size.width
        self.update(next((form for form in forms if form.cell_length <= room), forms[-1]), layout=False)


def _forms(counts: Counts, *, plain: bool) -> Iterator[Content]:
    """The line in ever shorter forms: the worst states keep their words the longest."""
    whole = [_part(state, count, state.word, plain=plain) for state, count in counts]
    short = [_part(state, count, state.word[:3] if plain else "", plain=plain) for state, count in counts]
    yield Content("  ").join(whole)
    for worst in range(len(counts), -1, -1):
        yield Content(" ").join([*whole[:worst], *short[worst:]])


def _part(state: State, count: int, word: str, *, plain: bool) -> Content:
    glyph = [] if plain else [(f"{state.glyph} ", f"bold $state-{state.word}")]
    return Content.assemble(*glyph, " ".join(filter(None, (f"{count:,}", word))))
