"""The actions that narrow and sort the fleet's list, and the place that they make (docs/screens.md, "Tenants")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from textual import on
from textual.reactive import reactive
from textual.widgets import Input

from health.causes import Cause
from health.instants import shifted
from health.posture import TenantBackupHealth
from tui.fleet_view import Filters, FleetView
from tui.pilot import Row
from tui.place import FLEET, ORDERS, Order, Place, postures_together
from tui.screens.facts_screen import FactsScreen
from tui.widgets.filter_input import FilterInput
from tui.widgets.row_list import Cell, Column
from tui.words.durations import format_duration
from tui.words.safe_text import safe_text
from tui.words.searched import STATES
from tui.words.wording import MARKED, State, counted

_SHIFTS: Final = tuple(timedelta(hours=hours) for hours in (4, 8, 12))
"""The spans in which to look for tenants that go stale, in the order of `w`."""
_EVERY: Final = "every posture"


class NarrowedFleet(FactsScreen[FleetView]):
    """A screen of the fleet that knows what its list is narrowed to, and has the actions that change it.

    The screen of the tenants binds keys to them, and lists the tenants.
    """

    words: reactive[str] = reactive("", init=False)
    states: reactive[tuple[State, ...]] = reactive((), init=False)
    """Only tenants in one of these states, worst first; empty for all."""
    within: reactive[timedelta | None] = reactive(None, init=False)
    changed_only: reactive[bool] = reactive(False, init=False)
    cause: reactive[Cause | None] = reactive(None, init=False)
    """The chosen cause, as it was read then. Only its tenants are listed."""
    order: reactive[Order] = reactive(Order.TRIAGE, init=False)

    group: reactive[str | None] = reactive(None, init=False)

    def __init__(self, place: Place = FLEET) -> None:
        super().__init__()
        self._opened_at = place
        # If the place is a set, the filter words are for the set's items and not for the fleet.
        words = "" if place.named_screen() == "backup_set" else place.filter or ""
        self.set_reactive(NarrowedFleet.words, words)
        self.set_reactive(NarrowedFleet.states, tuple(STATES[word] for word in place.postures))
        self.set_reactive(NarrowedFleet.within, place.stale_within)
        self.set_reactive(NarrowedFleet.changed_only, place.changed)
        self.set_reactive(NarrowedFleet.order, ORDERS.get(place.sort or "", Order.TRIAGE))
        self.set_reactive(NarrowedFleet.group, place.group)

    # What it is narrowed to

    @staticmethod
    def _said(state: State) -> State:
        """The state for a command line. An unconfirmed tenant was confirmed, and may be confirmed again by then."""
        return State.HEALTHY if state is State.UNCONFIRMED else state

    def _as_shown(self, state: State) -> State:
        doubtful = self.unconfirmed or self.pilot.context.as_of
        return State.UNCONFIRMED if state is State.HEALTHY and doubtful else state

    def _shown(self, rows: Sequence[TenantBackupHealth], view: FleetView) -> str:
        """How the list is narrowed and sorted, for the line above it: the filter beside it has its own words."""
        group = None if self.group is None else safe_text(self.group)
        cause = None if self.cause is None else safe_text(self.cause.cause, limit=30)
        return self._listed_in_words(rows, view, None, group, cause)

    def _listed_whole(self, rows: Sequence[TenantBackupHealth], view: FleetView) -> str:
        """The same for a file, which has no filter beside it: with the filter's words and the whole cause."""
        cause = None if self.cause is None else self.cause.cause
        return self._listed_in_words(rows, view, self.words or None, self.group, cause)

    def _listed_in_words(
        self,
        rows: Sequence[TenantBackupHealth],
        view: FleetView,
        words: str | None,
        group: str | None,
        cause: str | None,
    ) -> str:
        total = view.totals.tenants
        what = f"{len(rows):,} of {total:,}, " if len(rows) != total else f"{counted(total, 'tenant')}, "
        states = " or ".join(self._as_shown(state).word for state in self.states)
        posture = f"only {states}, " if states else ""
        within = "" if self.within is None else f"stale within {format_duration(self.within)}, "
        changed = "changed since you looked, " if self.changed_only else ""
        named = {"filter": words, "group": group, "cause": cause}
        said = {name: "" if value is None else f"{name} {value}, " for name, value in named.items()}
        return (
            f"{what}{posture}{said['filter']}{said['group']}{within}{changed}{said['cause']}sorted: {self.order.value}"
        )

    def _runs_that_said_so(self) -> dict[int, int | None]:
        """For each tenant of the listed cause, by its id: the set with that error."""
        tenants = () if self.cause is None else self.cause.tenants
        return {each.health.tenant.id: each.backup_set and each.backup_set.id for each in tenants}

    def place(self) -> Place:
        return Place(
            group=self.group,
            filter=self.words or None,
            posture=postures_together(self._said(state).word for state in self.states),
            sort=None if self.order is Order.TRIAGE else self.order.option,
            stale_within=self.within,
            changed=self.changed_only,
            cause=None if self.cause is None else self.cause.cause,
        )

    def _filters(self) -> Filters:
        stale_by = None if self.within is None else shifted(self.now(), self.within)
        of_cause = None if self.cause is None else frozenset(self._runs_that_said_so())
        states = frozenset(map(self._as_judged, self.states))
        return Filters(self.words, states, stale_by, self.changed_only, of_cause, self.group)

    def _as_judged(self, state: State) -> State:
        """A state as the verdicts have it: the facts decide it, and the screen whether they are too old for it."""
        if self.pilot.context.as_of:
            return State.UNCONFIRMED if state is State.HEALTHY else state  # as of the past no tenant is healthy
        return State.HEALTHY if state is State.UNCONFIRMED and self.unconfirmed else state

    # Keys

    @on(Input.Changed, "#filter")
    def _filter_typed(self, message: Input.Changed) -> None:
        self.words = message.value

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "clear_filters":
            return super().check_action(action, parameters)
        return self.place()._replace(sort=None) != FLEET

    def action_clear_filters(self) -> None:
        self.changed_only = False
        self.cause = self.group = None
        self.states = ()
        self.within = None
        self.query_one(FilterInput).value = ""

    def action_sort(self) -> None:
        def sort(order: Order | None) -> None:
            self.order = order or self.order

        self._pick("tenants.sort", "SORTED BY", list(Order), self.order, lambda order: Cell(order.value), sort)

    def action_posture(self) -> None:
        """Let the user pick a posture, or mark several with the space bar."""
        marks = {self._said(state).word for state in self.states} if len(self.states) > 1 else set()

        def cell(word: str) -> Cell:
            mark = f" {MARKED}" if word in marks else ""
            return Cell(f"{STATES[word].label}{mark}", word) if word in STATES else Cell(word)

        def narrow(word: str | None) -> None:
            if word is not None:
                chosen = marks if marks and word != _EVERY else {word}
                self.states = tuple(state for each, state in STATES.items() if each in chosen)

        here = self._said(self.states[0]).word if self.states else _EVERY
        self._pick("tenants.posture", "ONLY", [_EVERY, *STATES], here, cell, narrow, marks=marks)

    def _pick(
        self, binding: str, heading: str, rows: Sequence[Row], here: Row, cell: Callable[[Row], Cell],
        then: Callable[[Row | None], None], marks: set[Row] | None = None,
    ) -> None:  # fmt: skip
        """Let the user pick one of a few, or mark some. The same key again takes the next one."""
        again = [key for key, active in self.active_bindings.items() if active.binding.id == binding]
        self.pilot.choose(
            [Column(heading, 16, share=1)],
            rows,
            lambda row: (cell(row),),
            then,
            begin_at=here,
            again=again,
            marks=marks,
        )

    def action_only(self, word: str) -> None:
        self.states = tuple(state for state in State if state.word == word)

    def action_changed(self) -> None:
        view = self.answer
        if view is None or view.visit is None:
            self.pilot.say("nothing to compare with: no earlier visit is recorded")
        else:
            self.changed_only = not self.changed_only

    def action_causes(self) -> None:
        self.pilot.open_screen("causes", self._list_cause)

    def _list_cause(self, cause: Cause) -> None:
        """List all tenants of a cause, and clear every other filter."""
        self.action_clear_filters()
        self.cause = cause

    def _list_cause_called(self, name: str, causes: Sequence[Cause]) -> None:
        self.cause = next((each for each in causes if each.cause == name), None)
        if self.cause is None:
            self.pilot.say(f"no tenant has this cause: {name}")

    def action_within(self) -> None:
        longer = (shift for shift in _SHIFTS if self.within is None or shift > self.within)
        self.within = next(longer, None)
