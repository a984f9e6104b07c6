"""Why tenants need attention, one row a cause with its number of tenants (docs/screens.md, "Causes")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from health.answers import CausesAnswer
from health.causes import Cause
from health.documents import causes_document
from tui.place import CAUSES, Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.row_list import Cell, Column, RowList
from tui.words.columns import in_the_past_or_future
from tui.words.documents import causes_totals_in_words
from tui.words.names import name_in_words
from tui.words.safe_text import safe_text

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver

_COLUMNS: Final = (Column("TENANTS", 7), Column("SINCE", 14), Column("CAUSE", 40, share=1))


class CausesScreen(FactsScreen[CausesAnswer]):
    """`answer` is a CausesAnswer. `then` is called with the cause that was chosen, once this screen is left."""

    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual has it

    DEFAULT_CSS = """
    CausesScreen CursorDetail { height: 4; }
    CausesScreen.-wide CursorDetail { height: 3; }
    """

    def __init__(self, then: Callable[[Cause], None]) -> None:
        super().__init__()
        self._then = then

    def crumb(self) -> str:
        return "Causes"

    def question(self) -> Question[CausesAnswer]:
        now = self.pilot.evaluation_instant()

        def ask(resolver: TenantBackupHealthResolver) -> CausesAnswer:
            return resolver.causes(resolver.refreshed_fleet(now).verdicts, now)

        return ask

    def body(self) -> ComposeResult:
        yield Static(classes="block-title", id="causes-title", markup=False)
        yield RowList(_COLUMNS, self._cells, lambda cause: cause.cause, id="causes")
        yield CursorDetail()

    def watch_answer(self, answer: CausesAnswer) -> None:
        self.query_one("#causes-title", Static).update(Content(causes_totals_in_words(answer)))
        self.query_one("#causes", RowList).replace(answer.causes, empty="no tenant has a reason")
        self._tell()

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the whole cause under the cursor, and some of its tenants."""
        cause: Cause | None = self.query_one("#causes", RowList).current
        self.query_one(CursorDetail).show([] if cause is None else [cause.cause, _examples(cause)])

    def _cells(self, cause: Cause) -> Sequence[Cell]:
        since = "-" if cause.first_at is None else in_the_past_or_future(cause.first_at, self.now())
        return Cell(f"{len(cause.tenants):>7,}"), Cell(since), Cell(safe_text(cause.cause))

    @on(RowList.Chosen)
    def _filter_the_fleet(self, message: RowList.Chosen) -> None:
        if self.is_active:
            self.app.pop_screen()
            self._then(message.row)

    def evidence(self) -> list[dict[str, Any]]:
        return list(causes_document(self.facts)["causes"])

    def place(self) -> Place:
        return Place(screen=CAUSES)

    def name_under_cursor(self) -> str | None:
        cause: Cause | None = self.query_one("#causes", RowList).current
        return None if cause is None else cause.cause


def _examples(cause: Cause) -> str:
    tenants = [each.health.tenant for each in cause.examples]
    named = ", ".join(f"{name_in_words(each.name)} ({name_in_words(each.external_id)})" for each in tenants)
    more = len(cause.tenants) - len(cause.examples)
    return f"{named} and {more:,} more" if more else named
