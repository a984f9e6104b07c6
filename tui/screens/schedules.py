"""The backup schedules of one tenant, those that need follow-up first (docs/screens.md, "Schedules")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from health.answers import JudgedSchedule, SchedulesAnswer, schedule_id_of
from health.forecast import cannot_stay_fresh
from tui.place import Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.row_list import Cell, Column, RowList, name_cell
from tui.words.columns import in_the_past_or_future
from tui.words.evidence import schedule_entry
from tui.words.names import name_in_words
from tui.words.safe_text import safe_text
from tui.words.wording import conditions_in_words, cron_in_words, pause_in_words

_NONE: Final = "no schedule (a schedule alone does not prove a backup)"
_NOT_KEPT: Final = "only what schedules are now is kept, not what they were"
_COLUMNS: Final = (
    Column("SCHEDULE", 12, share=1),
    Column("ENABLED", 7),
    Column("LAST RUN", 22),
    Column("NEXT RUN", 10, from_width=72),
    Column("FOLLOW-UP", 18, share=4),
    Column("CRON", 16, share=1, from_width=110),
    Column("TIME ZONE", 13, from_width=110),
)


class SchedulesScreen(FactsScreen[SchedulesAnswer]):
    """`answer` is a SchedulesAnswer. The schedule under the cursor is shown in full below the list."""

    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual has it

    DEFAULT_CSS = """
    SchedulesScreen #pause { height: auto; padding: 0 1; color: $state-stale; display: none; }
    SchedulesScreen #pause.-warning { display: block; }
    /* The conditions matter more: a backup that cannot stay fresh will soon show as stale. */
    SchedulesScreen.-low #pause { display: none; }
    SchedulesScreen CursorDetail { height: 6; }
    SchedulesScreen.-wide CursorDetail { height: 4; }
    /* In a low window too: the conditions prove the reason that led here, and the list cuts them there. */
    SchedulesScreen.-low CursorDetail { display: block; height: 4; }
    SchedulesScreen.-low CursorDetail.-empty { display: none; }
    """

    def __init__(
        self, external_id: str, tenant_name: str, confirms: str | None = None, *, begin_at: int | None = None
    ) -> None:
        super().__init__()
        self.external_id = external_id
        self.tenant_name = tenant_name
        self._confirms = confirms
        self._begin_at = begin_at

    @classmethod
    def at(cls, tenant: str, place: Place) -> Self:
        return cls(tenant, tenant, begin_at=place.schedule)

    def crumb(self) -> str:
        return "Schedules"

    def question(self) -> Question[SchedulesAnswer]:
        now = self.pilot.evaluation_instant()
        return lambda resolver: resolver.schedules(self.external_id, now)

    def body(self) -> ComposeResult:
        title = Static("Schedules", classes="block-title", id="schedules-title", markup=False)
        title.set_class(self._confirms == "schedules", "-confirms")
        yield title
        yield Static(id="pause", markup=False)
        yield RowList(
            _COLUMNS,
            self._cells,
            _key,
            id="schedules",
        )
        yield CursorDetail()

    def watch_answer(self, answer: SchedulesAnswer) -> None:
        past = answer.health.of_the_past
        self.query_one("#schedules", RowList).replace(answer.schedules, empty=_NOT_KEPT if past else _NONE)
        needing = sum(1 for judged in answer.schedules if judged.assessment and judged.assessment.conditions)
        mark = "> " if self._confirms == "schedules" else ""
        need = "needs" if needing == 1 else "need"
        words = f"{mark}Schedules: {len(answer.schedules):,}, {needing:,} {need} follow-up"
        if past:
            words = "Schedules: not known"
        self.query_one("#schedules-title", Static).update(Content(words))
        self._warn(answer)
        self._tell()
        self.pilot.adopt(answer.health)

    def _warn(self, answer: SchedulesAnswer) -> None:
        """Warn of plans that cannot keep a backup fresh. No condition covers them, and every day has an alarm."""
        policy, pause = self.pilot.context.policy, answer.longest_pause
        warning = self.query_one("#pause", Static)
        warning.set_class(pause is not None and cannot_stay_fresh(pause, policy), "-warning")
        if pause is not None:
            warning.update(Content(pause_in_words(pause, policy)))

    def show_ages(self) -> None:
        super().show_ages()
        self._tell()

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the row under the cursor in full sentences: at 80 columns the list has to cut them."""
        judged: JudgedSchedule | None = self.query_one("#schedules", RowList).current
        self.query_one(CursorDetail).show([] if judged is None else self._sentences(judged))

    def _sentences(self, judged: JudgedSchedule) -> list[str]:
        """What is wrong comes first, as in every list: without enough room the last sentences are left out."""
        schedule = judged.schedule
        if schedule is None:
            return [f"? unreadable: {judged.unreadable.message if judged.unreadable else ''}"]
        return [
            self._follow_up(judged),
            f"{name_in_words(schedule.name)}: {cron_in_words(schedule.cron)}, time zone {schedule.timezone}",
            f"last run {self._last_run(judged)}; next run {self._next_run(judged)}",
        ]

    def _follow_up(self, judged: JudgedSchedule) -> str:
        if judged.assessment is None:
            return "disabled: not judged"
        if not judged.assessment.conditions:
            return "no follow-up"
        return f"◷ follow-up: {conditions_in_words(judged.assessment, self.pilot.context.policy, self.now())}"

    def _cells(self, judged: JudgedSchedule) -> Sequence[Cell]:
        schedule, assessment = judged.schedule, judged.assessment
        if schedule is None:
            words = "" if judged.unreadable is None else judged.unreadable.message
            blank = Cell("-", "quiet")
            return Cell("? unreadable", "unreadable"), blank, blank, blank, Cell(safe_text(words)), blank, blank
        style = "text" if schedule.is_enabled else "quiet"
        follow_up = ""
        if assessment is not None and assessment.conditions:
            follow_up = f"◷ {conditions_in_words(assessment, self.pilot.context.policy, self.now())}"
        return (
            name_cell(schedule.name, style),
            Cell("yes" if schedule.is_enabled else "no", style),
            Cell(safe_text(self._last_run(judged)), style),
            Cell(self._next_run(judged), style),
            Cell(safe_text(follow_up), "follow-up" if follow_up else style),
            Cell(safe_text(cron_in_words(schedule.cron)), style),
            Cell(safe_text(schedule.timezone), style),
        )

    def _last_run(self, judged: JudgedSchedule) -> str:
        schedule = judged.schedule
        assert schedule is not None
        when = "never" if schedule.last_run_at is None else in_the_past_or_future(schedule.last_run_at, self.now())
        return when if schedule.last_run_status is None else f"{when}, {schedule.last_run_status or '(empty)'}"

    def _next_run(self, judged: JudgedSchedule) -> str:
        if judged.assessment is None or judged.assessment.due is None:
            return "-"
        return in_the_past_or_future(judged.assessment.due, self.now())

    def first_focus(self) -> None:
        super().first_focus()
        if self._begin_at is not None:
            self.query_one("#schedules", RowList).move_to_key(self._begin_at)

    @on(RowList.Chosen)
    def _open_runs(self, message: RowList.Chosen) -> None:
        if self.is_active:
            self.pilot.open_screen("runs", self.external_id, self.tenant_name, _key(message.row))

    def evidence(self) -> list[dict[str, Any]]:
        return [schedule_entry(judged) for judged in self.facts.schedules]

    def name_under_cursor(self) -> str | None:
        judged: JudgedSchedule | None = self.query_one("#schedules", RowList).current
        return None if judged is None or judged.schedule is None else judged.schedule.name

    def place(self) -> Place:
        judged: JudgedSchedule | None = self.query_one("#schedules", RowList).current
        return Place(self.external_id, "schedules", schedule=None if judged is None else _key(judged))


def _key(judged: JudgedSchedule) -> int:
    return schedule_id_of(judged) or 0
