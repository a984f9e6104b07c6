"""The first screen: the fleet in triage order, and the picker of a tenant (docs/screens.md, "Tenants")."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from health.again import fleet_again
from health.posture import TenantBackupHealth
from tui.fleet_view import (
    PREPARED,
    FleetView,
    fleet_view,
    listed,
    lists_at_once,
    place_in,
    prepare,
    with_tenant,
)
from tui.known_notes import CheckedNotes, KnownNotes, checked_notes
from tui.listing import Listings, in_a_thread
from tui.place import FLEET, Place
from tui.reader import Question
from tui.screens.narrowed_fleet import NarrowedFleet
from tui.visits import NEW, LastVisit, VisitUnreadable, read_visit, since_in_words, write_visit
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.filter_input import FilterInput
from tui.widgets.row_list import Cell, Column, RowList, name_cell
from tui.widgets.state_counts import StateCounts
from tui.words.columns import degraded_share, goes_stale, latest_backup, states_counted
from tui.words.names import IN_A_SENTENCE, name_in_words
from tui.words.safe_text import safe_text
from tui.words.wording import State, part_in_words, state_of, why

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver

_GROUP: Final = Column("GROUP", 10, from_width=120)
_COLUMNS: Final = (
    Column("POSTURE", 13),
    Column("TENANT", 18, share=1),
    Column("LATEST BACKUP", 13),
    Column("GOES STALE", 11, from_width=100),
    Column("DEGRADED", 8, from_width=100),
    _GROUP,
    Column("WHY", 20, share=3),
)

_COULD_WRITE: Final = "this role could write: use one that only has SELECT"
_NONE_LISTED: Final = "no tenant is listed"


class TenantsScreen(NarrowedFleet):
    """Every tenant, worst first. `answer` is a FleetView."""

    DEFAULT_CSS = """
    TenantsScreen #filter-line { height: 1; padding: 0 1; }
    TenantsScreen #filter-label { width: 2; color: $quiet; }
    TenantsScreen #shown { width: auto; color: $quiet; padding: 0 0 0 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "filter", key_display="/", tooltip="filter the tenants by words", id="tenants.filter"
        ),
        Binding("s", "sort", "sort", tooltip="sort the tenants in another way", id="tenants.sort"),
        Binding("p", "posture", "posture", tooltip="list one posture, or some", id="tenants.posture"),
        Binding(
            "n",
            "next_unconfirmed",
            "next not confirmed",
            show=False,
            tooltip="go to the next tenant not confirmed",
            id="tenants.next",
        ),
        *(
            Binding(
                str(key), f"only('{state.word}')", f"only {state.word}", show=False, id=f"tenants.only_{state.word}"
            )
            for key, state in enumerate(State, start=1)
        ),
        Binding("0", "only('')", "every posture", show=False, id="tenants.only_none"),
        Binding(
            "w",
            "within",
            "stale within",
            show=False,
            tooltip="list what goes stale within a shift",
            id="tenants.within",
        ),
        Binding(
            "c",
            "changed",
            "changed since",
            show=False,
            tooltip="list what changed since you looked",
            id="tenants.changed",
        ),
        Binding(
            "K",
            "copy_known",
            "copy a known entry",
            show=False,
            tooltip="copy an entry that says who knows of it",
            id="tenants.known",
        ),
        Binding("o", "causes", "causes", tooltip="group the tenants by cause", id="tenants.causes"),
        Binding("escape", "clear_filters", "clear filters", key_display="esc", id="tenants.clear_filters"),
    ]

    def __init__(self, place: Place = FLEET) -> None:
        super().__init__(place)
        self._notes_taken: CheckedNotes | None = None
        self._listings = Listings(self._show, self.call_later)
        self._is_listed = False
        self._narrowed = False

    def crumb(self) -> str:
        return "Tenants"

    def how_far(self) -> str:
        progress = self.pilot.reader.progress()
        return f"{progress.read:,} of {progress.of:,} tenants" if progress is not None and progress.of else ""

    def asked_from(self) -> float:
        """When the question was asked; for facts that the second process read ahead, when that process began."""
        ahead_since = self.pilot.context.ahead_since
        return super().asked_from() if self.asking.number > 0 or ahead_since is None else ahead_since

    def question(self) -> Question[FleetView]:
        asked_at = self.pilot.context.clock() - timedelta(seconds=self.pilot.boot_seconds() - self.asking.asked_at)
        now = self.pilot.context.fixed_now or asked_at
        known, filtered = self.answer, bool(self.words)
        notes_before = self.pilot.context.known if known is None or known.notes is None else known.notes.notes
        # With --now the states are those of another instant, so no visit compares with them.
        is_visit = known is None and self.pilot.context.fixed_now is None
        visit_file = self.pilot.context.database.visit_file if is_visit else None

        def ask(resolver: TenantBackupHealthResolver) -> FleetView:
            answer = resolver.refreshed_fleet(now)
            view = fleet_view(answer, known, self._last_visit(visit_file))
            view = view._replace(role_could_write=resolver.role_could_write())
            if known is None and self._opened_at.cause is not None:
                found = resolver.causes(view.answer.verdicts, now).causes
                self.app.call_later(self._list_cause_called, self._opened_at.cause, found)
            if filtered:
                said = resolver.causes(view.answer.verdicts, now).said()
                view = view._replace(causes={number: cause.casefold() for number, cause in said.items()})
            notes = notes_before.now()
            same = known is not None and known.answer.verdicts is view.answer.verdicts and notes is notes_before
            return view if same else self._with_notes(view, notes, resolver)

        return ask

    def _want_causes(self) -> None:
        """Ask for the causes only when there are filter words: they take a tenth of the time of the fleet.

        After the list without them is there, because it would have to share the interpreter with the reader.
        """
        if self.words and self.answer is not None and self.answer.causes is None and not self.reading:
            self.load()

    def _with_notes(self, view: FleetView, notes: KnownNotes, resolver: TenantBackupHealthResolver) -> FleetView:
        """The view with its tenants' groups and known reasons. Called in the reader thread."""
        groups = self.pilot.context.groups
        judged = {health.tenant.external_id for health in view.answer.verdicts} if groups or notes.entries else set()
        checked = checked_notes(notes, lambda named: resolver.missing_tenants(named), judged)
        return view._replace(notes=checked, groups_problem=groups.problem(judged))

    def holds_until(self, answer: FleetView) -> datetime:
        return answer.holds_until

    def judged_again(self, answer: FleetView, now: datetime) -> FleetView:
        return fleet_view(fleet_again(answer.answer, self.pilot.context.policy, now), answer)

    def _last_visit(self, file: Path | None) -> LastVisit | None:
        """What this user saw last. Called in the reader thread."""
        try:
            return None if file is None else read_visit(file)
        except VisitUnreadable as problem:
            self.app.call_later(self.pilot.say, str(problem))
            return None

    def remember_visit(self) -> None:
        """Record what is seen now, for the next visit. A failed write is ignored: no verdict needs it."""
        file, view = self.pilot.context.database.visit_file, self.answer
        if file is not None and view is not None:
            with suppress(OSError):
                write_visit(file, view.answer)

    def body(self) -> ComposeResult:
        yield StateCounts(plain=self.pilot.context.plain)
        with Horizontal(id="filter-line"):
            yield Static("/", id="filter-label", markup=False)
            yield FilterInput("name, id, posture or reason", self.words)
            yield Static(id="shown", markup=False)
        columns = [each for each in _COLUMNS if each is not _GROUP or self.pilot.context.groups]
        yield RowList(columns, self._cells, lambda health: health.tenant.id, id="tenants")
        yield CursorDetail()

    def first_focus(self) -> None:
        super().first_focus()
        # If the app was opened at a tenant, going back ends on its row.
        verdicts, opened_at = self.facts.answer.verdicts, self._opened_at.tenant
        row = next((each for each in verdicts if each.tenant.external_id == opened_at), None)
        if row is not None:
            self.query_one("#tenants", RowList).move_to_key(row.tenant.id)

    # What is shown

    def watch_answer(self, view: FleetView) -> None:
        if view.notes is not self._notes_taken:
            # Only once, because a dashboard may have read the file since.
            self._notes_taken = view.notes
            self.pilot.notes = view.notes
        self._list_again()
        if len(view.answer.verdicts) >= PREPARED and view.prepared is not None and not view.prepared.begun:
            context, view.prepared.begun = self.pilot.context, True
            # After the frame: beside the thread it would take twice as long.
            work = partial(prepare, view, context.policy, context.groups)
            self.call_after_refresh(in_a_thread, "fleet-prepared", work)

    def note(self) -> str:
        """The base class's note, then what changed since the last visit, and whether the role could write."""
        view = self.facts
        visit = [] if view.visit is None else since_in_words(view.visit, view.gone, len(view.changed), self.now())
        wrong = (view.notes and view.notes.problem) or view.groups_problem
        could_write = _COULD_WRITE if view.role_could_write else ""
        return "; ".join(filter(None, (super().note(), wrong, *visit, could_write)))

    def watch_unconfirmed(self) -> None:
        self._list_again()

    def watch_words(self) -> None:
        self._list_again(narrowed=True)
        self.refresh_bindings()

    watch_states = watch_within = watch_changed_only = watch_cause = watch_group = watch_words

    def watch_order(self) -> None:
        self._list_again()

    def _list_again(self, *, narrowed: bool = False) -> None:
        """List the fleet as it is narrowed now. While a thread makes a long list, the rows before it stay."""
        view, context = self.answer, self.pilot.context
        if view is None:
            return
        filters = self._filters()
        self._narrowed = self._narrowed or narrowed
        noted = {} if self.pilot.notes is None else self.pilot.notes.by_tenant
        listing = partial(listed, view, filters, self.order, context.policy, context.groups, noted)
        self.query_one(StateCounts).show(
            [(self._as_shown(state), count) for state, count in states_counted(view.totals)]
        )
        if not self._is_listed or lists_at_once(view, filters, self.order):
            self._listings.at_once(listing)
        else:
            self.query_one("#tenants", RowList).refresh()  # its facts may be too old by now
            self._listings.in_a_thread(listing)

    def _show(self, rows: Sequence[TenantBackupHealth]) -> None:
        self._is_listed = True
        view = self.facts
        empty = "no tenant matches the filter" if view.answer.verdicts else "no tenants yet: see 'tenantpilot import'"
        place_of = None
        if view.prepared is not None and view.prepared.words:
            place_of = partial(place_in, rows, view, self.order, self.pilot.context.policy)
        tenants = self.query_one("#tenants", RowList)
        tenants.replace(rows, empty=empty, narrowed=self._narrowed, place_of=place_of)
        self._narrowed = False
        self.query_one("#shown", Static).update(Content(self._shown(rows, view)))
        self._tell()
        self._want_causes()

    @property
    def _rows(self) -> Sequence[TenantBackupHealth]:
        """The rows as the fleet is narrowed now, and not those before them."""
        self._listings.finish()
        return self.query_one("#tenants", RowList).rows

    def show_ages(self) -> None:
        super().show_ages()
        self._tell()

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the name under the cursor and why, both in full: names may have the same beginning."""
        health: TenantBackupHealth | None = self.query_one("#tenants", RowList).current
        words = []
        if health is not None:
            name, own = health.tenant.name, health.tenant.external_id
            names = f"{name_in_words(name, IN_A_SENTENCE)} ({name_in_words(own, IN_A_SENTENCE)})"
            words = [": ".join(filter(None, (names, self._reasons(health))))]
        self.query_one(CursorDetail).show(words)

    def _reasons(self, health: TenantBackupHealth) -> str:
        now, policy = self.now(), self.pilot.context.policy
        state = state_of(health, facts_too_old=self.unconfirmed)
        reasons = why(health, policy, now)
        if state is State.UNCONFIRMED and not health.of_the_past:  # as of the past, the header says why
            reasons = "clocks differ: no age is certain" if self.clocks_differ else "facts too old to confirm"
        if self.changed_only:
            was = self.facts.changed.get(health.tenant.id, state.word)
            reasons = "; ".join(filter(None, ("new" if was == NEW else f"was {was}", reasons)))
        if self.within is not None:
            reasons = "; ".join(filter(None, (f"goes stale {goes_stale(health, policy, now)}", reasons)))
        return "; ".join(filter(None, (reasons, self.pilot.known_of(health, now))))

    def _cells(self, health: TenantBackupHealth) -> Sequence[Cell]:
        now, policy = self.now(), self.pilot.context.policy
        state = state_of(health, facts_too_old=self.unconfirmed)
        groups = self.pilot.context.groups
        group = groups.beside(health.tenant.external_id)
        return (
            Cell(state.label, state.word),
            name_cell(health.tenant.name),
            Cell(latest_backup(health, now)),
            Cell(goes_stale(health, policy, now)),
            Cell(degraded_share(health)),
            *([name_cell("" if group is None else group.name)] if groups else []),
            Cell(safe_text(self._reasons(health)), "text" if health.reasons or health.unreadable else "quiet"),
        )

    def adopt(self, health: TenantBackupHealth) -> TenantBackupHealth:
        """List a tenant's verdict that another screen has read since; returns the object that is now listed."""
        view = self.answer
        if view is None:
            return health
        self.answer, shown = with_tenant(view, health)
        return shown

    # Keys

    @on(RowList.Chosen)
    def _open(self, message: RowList.Chosen) -> None:
        health: TenantBackupHealth = message.row
        if not self.is_active:
            return
        names = health.tenant.external_id, health.tenant.name
        self.pilot.open_screen("dashboard", *names, health=health, asking=self.asking)
        # The dashboard is below it, so that Esc goes back there.
        if (set_id := self._runs_that_said_so().get(health.tenant.id)) is not None:
            self.pilot.open_screen("backup_set", *names, set_id=set_id)

    def action_next_unconfirmed(self) -> None:
        """Go to the next tenant that is not confirmed; after the last one, to the first."""
        rows = self.query_one("#tenants", RowList)
        if not rows.rows:  # or an empty list would say that it is confirmed
            self.pilot.say(_NONE_LISTED)
            return
        after = [*rows.rows[rows.cursor + 1 :], *rows.rows[: rows.cursor + 1]]
        wanted = (each for each in after if state_of(each, facts_too_old=self.unconfirmed) is not State.HEALTHY)
        if (found := next(wanted, None)) is None:
            self.pilot.say("every tenant listed is confirmed")
        else:
            rows.move_to_key(found.tenant.id)

    def action_copy_known(self) -> None:
        health: TenantBackupHealth | None = self.query_one("#tenants", RowList).current
        if health is None:
            self.pilot.say(_NONE_LISTED)
        else:
            self.pilot.copy_known_entry(health, self.now())

    def exported(self, form: str) -> str:
        """The report of the tenants listed."""
        from tui.words.render import report_as  # asked for by a key: the first frame does not wait for it

        view = self.facts
        rows = self._rows
        only = self._listed_whole(rows, view) if len(rows) != view.totals.tenants else ""
        # JSON names each thing it is narrowed by; a reader of the other forms has them in one sentence.
        narrowed = self.place()._replace(sort=None).narrowed_by() if form == "json" else {}
        beside = self.pilot.beside(rows, self.now())._replace(narrowed_by=narrowed)
        return "".join(report_as(form, rows, self.pilot.context.policy, view.now, only, beside))

    def part_exported(self) -> str:
        return part_in_words(len(self._rows), self.facts.totals.tenants, "tenant")

    def name_under_cursor(self) -> str | None:
        health = self.query_one("#tenants", RowList).current
        return None if health is None else str(health.tenant.external_id)

    def under_cursor(self) -> dict[str, str]:
        health: TenantBackupHealth | None = self.query_one("#tenants", RowList).current
        return {} if health is None else {"tenant": health.tenant.external_id, "name": health.tenant.name}
