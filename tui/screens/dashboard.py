"""One tenant: the KPI strip, what needs attention, and as context its coverage and latest attempts.

(docs/screens.md, "Dashboard")
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, Self

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from health.answers import DashboardAnswer, ListedSet
from health.coverage import Coverage
from health.facts import UnreadableEvidence
from health.posture import TenantBackupHealth, judged_again
from health.schedules import Condition
from tui.asking import Asking
from tui.drillthrough import Subject, destination_of
from tui.known_notes import CheckedNotes
from tui.place import Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.screens.set_cells import listed_set_cells
from tui.widgets.coverage_strip import CoverageStrip
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.dashboard_kpis import DashboardKpis
from tui.widgets.healthy_check import HealthyCheck
from tui.widgets.needs_attention import AttentionItem, NeedsAttention
from tui.widgets.row_list import Cell, Column, RowList
from tui.widgets.schedule_lines import ScheduleLines
from tui.words.names import name_in_words
from tui.words.safe_text import safe_text
from tui.words.set_words import attempt_sentences
from tui.words.wording import fewer_items

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver

_COLUMNS: Final = (
    Column("STATUS", 12),
    Column("WHEN", 12),
    Column("IN THE VERDICT", 14),
    Column("ITEMS", 8),
    Column("NAME", 12, share=1, from_width=66),
    Column("SOURCE", 18, from_width=100),
    Column("ERROR", 20, share=3, from_width=100),
)
_ROOM_BESIDE: Final = 120
"""The columns needed for the schedules beside the attempts."""
_ROOM_FOR_HISTORY: Final = 12
"""The lines needed for the coverage strip, the heading and some of the latest attempts."""


class _Context(Vertical):
    """The history below the verdict. It gets the rest of the screen; if that is too low, the strip is hidden."""

    DEFAULT_CSS = """
    _Context { height: 1fr; min-height: 4; }
    _Context.-low CoverageStrip { display: none; }
    _Context CursorDetail { height: 1; }
    _Context Horizontal { height: 1fr; }
    _Context Vertical { width: 2fr; }
    """

    def __init__(self, *children: Widget) -> None:
        super().__init__(*children, classes="-low")

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < _ROOM_FOR_HISTORY, "-low")
        for lines in self.query(ScheduleLines):
            lines.set_class(event.size.width >= _ROOM_BESIDE, "-beside")


class DashboardScreen(FactsScreen[DashboardAnswer]):
    """`answer` is a DashboardAnswer. Data binding gives its verdict to every widget."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "l",
            "last_run",
            "the run that failed",
            show=False,
            tooltip="show the run that failed",
            id="dashboard.last_run",
        ),
        Binding(
            "b", "backup_sets", "backup sets", tooltip="list this tenant's backup sets", id="dashboard.backup_sets"
        ),
        Binding("s", "schedules", "schedules", tooltip="list this tenant's schedules", id="dashboard.schedules"),
        Binding(
            "K",
            "copy_known",
            "copy a known entry",
            show=False,
            tooltip="copy an entry that says who knows of it",
            id="dashboard.known",
        ),
        Binding(
            "equals_sign",
            "changes",
            "changes",
            key_display="=",
            tooltip="compare the latest backup with the one before",
            id="dashboard.changes",
        ),
    ]

    DEFAULT_CSS = """
    #fewer-items, #beside { height: auto; padding: 0 2; }
    #beside { color: $quiet; }
    DashboardScreen #body.-as-listed HealthyCheck, DashboardScreen #body.-as-listed _Context { display: none; }
    """

    health: reactive[TenantBackupHealth | None] = reactive(None, init=False)
    coverage: reactive[Coverage | None] = reactive(None, init=False)
    reference_items: reactive[int | None] = reactive(None, init=False)
    shown_at: reactive[datetime | None] = reactive(None, init=False)

    def __init__(
        self,
        external_id: str,
        tenant_name: str,
        health: TenantBackupHealth | None = None,
        asking: Asking | None = None,
    ) -> None:
        """`health` is the list's verdict on the tenant, and `asking` the state of the list's question."""
        super().__init__()
        self.external_id = external_id
        self.tenant_name = tenant_name
        self._listed = health
        self._list_asking = asking

    def show_meanwhile(self) -> None:
        """Show the list's verdict, with its age, until the answer arrives.

        Only the verdict: without the rest a confirmed tenant could be called complete, or an attempt be missing.
        """
        if self._listed is None or self._list_asking is None:
            return
        self.asking.shows_facts_of(self._list_asking)
        self.tick()
        self.query_one("#waiting").add_class("-over")
        body = self.query_one("#body")
        body.remove_class("-waiting")
        body.add_class("-as-listed")
        self._show_listed(self._listed)

    def _show_listed(self, health: TenantBackupHealth) -> None:
        """Show the list's verdict, judged again if its time is up."""
        self.shown_at = now = self.now()
        self.health = health if now <= health.holds_until else judged_again(health, self.pilot.context.policy, now)
        self._show_attention_title(self.health)

    def _show_attention_title(self, health: TenantBackupHealth) -> None:
        self.query_one("#attention-title").display = bool(health.reasons) or health.unreadable is not None

    def _judge_what_is_over(self) -> None:
        super()._judge_what_is_over()
        if self.answer is None and self.health is not None and self.now() > self.health.holds_until:
            self._show_listed(self.health)

    @classmethod
    def at(cls, tenant: str, place: Place) -> Self:
        return cls(tenant, tenant)

    def crumb(self) -> str:
        """The tenant by name and id, because names may be alike and commands need the id."""
        named = self.tenant_name != self.external_id
        return f"{self.tenant_name} ({self.external_id})" if named else self.external_id

    def question(self) -> Question[DashboardAnswer]:
        now, notes = self.pilot.evaluation_instant(), self.pilot.notes

        def ask(resolver: TenantBackupHealthResolver) -> DashboardAnswer:
            if notes is not None and (found := notes.now(resolver.missing_tenants)) is not notes:
                self.app.call_later(self._take_notes, found)
            return resolver.dashboard(self.external_id, now)

        return ask

    def body(self) -> ComposeResult:
        policy = self.pilot.context.policy
        yield DashboardKpis(policy).data_bind(
            DashboardScreen.health, DashboardScreen.unconfirmed, DashboardScreen.shown_at
        )
        yield Static("Needs attention", classes="block-title", id="attention-title", markup=False)
        yield NeedsAttention(policy).data_bind(DashboardScreen.health, DashboardScreen.shown_at)
        yield Static(id="beside", markup=False)
        yield Static(id="fewer-items", markup=False)
        yield HealthyCheck().data_bind(
            DashboardScreen.health,
            DashboardScreen.unconfirmed,
            DashboardScreen.clocks_differ,
            DashboardScreen.reference_items,
        )
        yield _Context(
            CoverageStrip(plain=self.pilot.context.plain).data_bind(
                DashboardScreen.coverage, DashboardScreen.unconfirmed
            ),
            Horizontal(
                Vertical(
                    Static("Latest attempts", classes="block-title", markup=False),
                    RowList(
                        _COLUMNS, self._cells, lambda listed: listed.key.set_id, empty="no attempt yet", id="attempts"
                    ),
                ),
                ScheduleLines(policy).data_bind(DashboardScreen.health, DashboardScreen.shown_at),
            ),
            CursorDetail(),
        )

    def watch_answer(self, answer: DashboardAnswer) -> None:
        self.tenant_name = answer.health.tenant.name
        self.query_one("#body").remove_class("-as-listed")
        self.shown_at = self.now()
        # This comes first: otherwise the healthy check could say "complete" for a moment.
        self.reference_items = answer.reference_items
        self.health = self.pilot.adopt(answer.health)
        self.coverage = answer.coverage
        self.refresh_bindings()
        self.query_one("#attempts", RowList).replace(answer.attempts)
        self._tell()
        self._show_attention_title(answer.health)
        self._say_what_is_fewer(answer)
        self._say_whose_and_known()

    def _say_whose_and_known(self) -> None:
        """Show the tenant's owner and known reasons beside the verdict, which they do not change."""
        words = []
        if self.health is not None:
            group = self.pilot.context.groups.beside(self.external_id)
            owner = "" if group is None or group.owner is None else f", owner {group.owner}"
            words = [
                "" if group is None else f"group {name_in_words(group.name)}{owner}",
                self.pilot.known_of(self.health, self.now()),
                "" if self.pilot.notes is None else self.pilot.notes.problem,
            ]
        line = self.query_one("#beside", Static)
        line.display = any(words)
        line.update(Content("\n".join(safe_text(each, limit=400) for each in words if each)))

    def _take_notes(self, notes: CheckedNotes) -> None:
        self.pilot.notes = notes
        self._say_whose_and_known()

    def _say_what_is_fewer(self, answer: DashboardAnswer) -> None:
        """Say how many fewer items the basis has than its reference set. If confirmed, the healthy check says it."""
        fewer = None if answer.health.confirmed else fewer_items(answer.health, answer.reference_items)
        line = self.query_one("#fewer-items", Static)
        line.display = fewer is not None
        line.update(f"Latest backup: {fewer}" if fewer else "")

    def show_ages(self) -> None:
        super().show_ages()
        self.shown_at = self.now()
        self._say_whose_and_known()

    def first_focus(self) -> None:
        self.call_after_refresh(self._focus_first_item)

    def _focus_first_item(self) -> None:
        items = (item for item in self.query(AttentionItem) if item.can_focus)
        next(items, self.query_one("#attempts", RowList)).focus()

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the error of the attempt under the cursor: at 80 columns it has no column."""
        listed: ListedSet | None = self.query_one("#attempts", RowList).current
        self.query_one(CursorDetail).show([] if listed is None else attempt_sentences(listed)[:1])

    def _cells(self, listed: ListedSet) -> Sequence[Cell]:
        cells = listed_set_cells(listed, self.now())
        return cells.status, cells.when, cells.part, cells.items, cells.name, cells.source, cells.error

    # Keys

    @on(NeedsAttention.Chosen)
    def _show_proof(self, message: NeedsAttention.Chosen) -> None:
        if self.is_active:
            self._open_for(message.subject)

    def _open_for(self, subject: Subject) -> None:
        destination = destination_of(subject)
        if destination is None:
            return
        arguments: dict[str, object] = {"confirms": destination.block}
        if destination.screen == "backup_set":
            if isinstance(subject, UnreadableEvidence):
                arguments["set_id"] = subject.row
            elif self.health is not None and self.health.basis is not None:
                arguments |= {"set_id": self.health.basis.id, "as_basis": True}
        self.pilot.open_screen(destination.screen, self.external_id, self.tenant_name, **arguments)

    @on(RowList.Chosen)
    def _open_set(self, message: RowList.Chosen) -> None:
        if self.is_active:
            self.pilot.open_screen("backup_set", self.external_id, self.tenant_name, set_id=message.row.key.set_id)

    def action_backup_sets(self) -> None:
        self.pilot.open_screen("backup_sets", self.external_id, self.tenant_name)

    def action_schedules(self) -> None:
        self.pilot.open_screen("schedules", self.external_id, self.tenant_name)

    def _failed_schedule(self) -> int | None:
        """The first schedule whose last run was not a success."""
        follow_ups = () if self.health is None else self.health.follow_ups
        failed = (each for each in follow_ups if Condition.LAST_RUN_UNSUCCESSFUL in each.conditions)
        return next((each.schedule.id for each in failed), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "last_run":
            return self._failed_schedule() is not None
        return super().check_action(action, parameters)

    def action_last_run(self) -> None:
        schedule_id = self._failed_schedule()
        if schedule_id is not None:
            self.pilot.open_screen("runs", self.external_id, self.tenant_name, schedule_id)

    def action_copy_known(self) -> None:
        if self.health is not None:
            self.pilot.copy_known_entry(self.health, self.now())

    def action_changes(self) -> None:
        self.pilot.open_screen("changes", self.external_id, self.tenant_name)

    def exported(self, form: str) -> str:
        """The report of this tenant."""
        from tui.words.evidence import set_entry
        from tui.words.render import report_as  # asked for by a key: the first frame does not wait for it

        answer = self.facts
        attempts = [set_entry(each) for each in answer.attempts]
        beside = self.pilot.beside((answer.health,), answer.now)._replace(attempts=attempts)
        return "".join(report_as(form, (answer.health,), self.pilot.context.policy, answer.now, self.whose(), beside))

    def name_under_cursor(self) -> str | None:
        return self.external_id

    def place(self) -> Place:
        return Place(self.external_id)
