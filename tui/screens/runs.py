"""The runs of one schedule, newest first, each with its duration and its whole error (docs/screens.md, "Runs")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

from textual import on
from textual.app import ComposeResult

from health.answers import SETS_PAGE, ListedSet, RunsAnswer
from tui.place import Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.screens.set_cells import listed_set_cells
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Cell, Column, RowList
from tui.words.evidence import schedule_entry, set_entry
from tui.words.line import Line
from tui.words.names import name_in_words
from tui.words.set_words import attempt_sentences, duration_in_words
from tui.words.wording import conditions_in_words, counted

_COLUMNS: Final = (
    Column("STATUS", 11),
    Column("WHEN", 12),
    Column("DURATION", 14),
    Column("IN THE VERDICT", 14),
    Column("NAME", 10, share=1),
    Column("ERROR", 20, share=3, from_width=100),
)


class RunsScreen(FactsScreen[RunsAnswer]):
    """`answer` is a RunsAnswer of every run read so far."""

    DEFAULT_CSS = """
    RunsScreen CursorDetail { height: 5; }
    """

    def __init__(self, external_id: str, tenant_name: str, schedule_id: int, *, begin_at: int | None = None) -> None:
        super().__init__()
        self.external_id = external_id
        self.tenant_name = tenant_name
        self._schedule_id = schedule_id
        self._limit = SETS_PAGE
        self._begin_at = begin_at

    @classmethod
    def at(cls, tenant: str, place: Place) -> Self:
        assert place.schedule is not None  # as `Place.checked` wants it
        return cls(tenant, tenant, place.schedule, begin_at=next(iter(place.set), None))

    def crumb(self) -> str:
        return "Runs"

    def question(self) -> Question[RunsAnswer]:
        now, limit = self.pilot.evaluation_instant(), self._limit
        return lambda resolver: resolver.runs(self.external_id, self._schedule_id, now, limit=limit)

    def body(self) -> ComposeResult:
        yield ProofBlock("Schedule", id="schedule", confirms=False)
        yield RowList(_COLUMNS, self._cells, lambda listed: listed.key.set_id, id="runs")
        yield CursorDetail()

    def watch_answer(self, answer: RunsAnswer) -> None:
        self._show_schedule(answer)
        # A writer may leave out a set's schedule. So a schedule without runs may still have backups.
        self.query_one("#runs", RowList).replace(answer.runs, empty="no backup set names this schedule as its own")
        self._tell()
        self.pilot.adopt(answer.health)

    def show_ages(self) -> None:
        super().show_ages()
        if self.answer is not None:
            self._show_schedule(self.answer)

    def _show_schedule(self, answer: RunsAnswer) -> None:
        if answer.schedule is None:
            lines = [Line("there is no such schedule any more", "stale")]
        else:
            lines = self._schedule_lines(answer)
        if answer.runs:
            number = len(answer.runs)
            shown = f"the newest {number:,} runs, more below" if answer.more else counted(number, "run")
            lines = [*lines, Line(shown, "quiet")]
        self.query_one("#schedule", ProofBlock).show(lines)

    def _schedule_lines(self, answer: RunsAnswer) -> list[Line]:
        judged = answer.schedule
        if judged is None or judged.schedule is None:
            message = "" if judged is None or judged.unreadable is None else judged.unreadable.message
            return [Line(f"? unreadable: {message}", "unreadable")]
        if judged.assessment is None:
            return [Line(f"{name_in_words(judged.schedule.name)}: disabled, not judged")]
        if not judged.assessment.conditions:
            return [Line(f"{name_in_words(judged.schedule.name)}: no follow-up")]
        words = conditions_in_words(judged.assessment, self.pilot.context.policy, self.now())
        return [Line(f"{name_in_words(judged.schedule.name)}: ◷ follow-up: {words}", "follow-up")]

    def first_focus(self) -> None:
        super().first_focus()
        if self._begin_at is not None:
            self.query_one("#runs", RowList).move_to_key(self._begin_at)

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the whole error of the run under the cursor; a column cuts it."""
        listed: ListedSet | None = self.query_one("#runs", RowList).current
        self.query_one(CursorDetail).show([] if listed is None else attempt_sentences(listed))

    def _cells(self, listed: ListedSet) -> Sequence[Cell]:
        cells = listed_set_cells(listed, self.now())
        duration = Cell(duration_in_words(listed, self.now()), cells.status.style)
        return cells.status, cells.when, duration, cells.part, cells.name, cells.error

    @on(RowList.EndNear)
    def _more(self) -> None:
        answer = self.answer
        if answer is not None and answer.more and not self.reading:
            self._limit = len(answer.runs) + SETS_PAGE
            self.load()

    @on(RowList.Chosen)
    def _open_set(self, message: RowList.Chosen) -> None:
        if self.is_active:
            self.pilot.open_screen("backup_set", self.external_id, self.tenant_name, set_id=message.row.key.set_id)

    def evidence(self) -> list[dict[str, Any]]:
        return [set_entry(listed) for listed in self.facts.runs]

    def about(self) -> dict[str, Any]:
        judged = self.facts.schedule
        return {"schedule": {"id": self._schedule_id} if judged is None else schedule_entry(judged)}

    def part_exported(self) -> str:
        return f"the newest {len(self.facts.runs):,}" if self.facts.more else ""

    def name_under_cursor(self) -> str | None:
        listed: ListedSet | None = self.query_one("#runs", RowList).current
        return None if listed is None else listed.name

    def place(self) -> Place:
        listed: ListedSet | None = self.query_one("#runs", RowList).current
        shown = () if listed is None else (listed.key.set_id,)
        return Place(self.external_id, "runs", schedule=self._schedule_id, set=shown)
