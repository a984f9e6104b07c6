"""The fleet for the first screen: filtered, sorted and counted. It only computes from verdicts."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from heapq import merge
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from health.again import holds_until
from health.answers import FleetAnswer
from health.forecast import goes_stale_by
from health.freshness import Freshness, goes_stale_at
from health.instants import EARLIEST, LATEST
from health.known import KnownEntry, known_of
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, triage_key
from health.report import FleetTotals
from tui.groups import Groups
from tui.known_notes import CheckedNotes
from tui.place import Order
from tui.visits import LastVisit, changed_since, gone_since
from tui.words.known_words import known_searched
from tui.words.searched import WordFilter, searched_words
from tui.words.wording import State, state_of

LARGE: Final = 20_000
"""From this many tenants on, listing the fleet would delay a key; a smaller one is listed at once."""
_SORTED_AT_ONCE: Final = 4_000


class Prepared:
    """What a thread prepares so that a large fleet is listed without a pause (docs/budgets.md, "On the screen")."""

    def __init__(self) -> None:
        self.orders: dict[Order, Sequence[TenantBackupHealth]] = {}
        """Every verdict in each order that is ready."""
        self.states: dict[int, State] | None = None
        """The state of each tenant, by its id."""
        self.words = False
        """Whether `found_by` has the words of every verdict."""


class FleetView(NamedTuple):
    """A fleet's answer with what the screen derives from it, computed once, off the event loop."""

    answer: FleetAnswer
    totals: FleetTotals
    found_by: dict[int, tuple[TenantBackupHealth, str]]
    """By tenant id: the verdict, and the words the filter searches in it. Filled by the first filter."""
    role_could_write: bool = False
    """Whether the role that read the fleet has more than SELECT on the facts."""

    visit: LastVisit | None = None
    """What this user saw last, if a visit is recorded."""
    changed: Mapping[int, str] = MappingProxyType({})
    """By tenant id: the state at that visit, for each tenant whose state has changed since."""
    gone: tuple[str, ...] = ()
    """The external ids of tenants seen at that visit and no longer judged."""
    notes: CheckedNotes | None = None
    """The known reasons of these tenants; None before the file was read."""
    causes: Mapping[int, str] | None = None
    """By tenant id: the cause of a tenant that has one, in small letters. None if no filter has asked for it."""
    groups_problem: str = ""
    """A sentence for the header if a tenant is in two groups."""
    holds_until: datetime = LATEST
    """The last instant (UTC) at which every verdict holds, if no fact changes."""
    prepared: Prepared | None = None

    @property
    def now(self) -> datetime:
        """The instant at which the fleet was judged."""
        return self.answer.now


def fleet_view(answer: FleetAnswer, known: FleetView | None, visit: LastVisit | None = None) -> FleetView:
    """Count the verdicts, reusing the results of the view before, `known`.

    `visit` is what this user saw before the first view; later views compare with the same visit.
    """
    if known is not None and known.answer.verdicts is answer.verdicts:
        return known._replace(answer=answer)
    view = FleetView(answer, FleetTotals.of(answer.verdicts), {} if known is None else known.found_by)
    view = view._replace(holds_until=holds_until(answer.verdicts), prepared=Prepared())
    if known is not None:
        view = view._replace(
            role_could_write=known.role_could_write,
            notes=known.notes,
            groups_problem=known.groups_problem,
            causes=known.causes,
        )
        visit = known.visit
    if visit is None:
        return view
    changed, gone = changed_since(visit, answer.verdicts), gone_since(visit, answer.verdicts)
    return view._replace(visit=visit, changed=changed, gone=gone)


def found_by(
    view: FleetView, policy: HealthPolicy, groups: Groups | None = None
) -> dict[int, tuple[TenantBackupHealth, str]]:
    """By tenant id: the verdict, and the words the filter searches in it.

    Of a large fleet a thread does it first; a refresh costs only the words of changed verdicts.
    """
    if view.prepared is not None and view.prepared.words:
        return view.found_by
    for health in view.answer.verdicts:
        known = view.found_by.get(health.tenant.id)
        if known is None or known[0] is not health:
            group = None if groups is None else groups.beside(health.tenant.external_id)
            words = searched_words(health, policy, view.now, None if group is None else group.name)
            view.found_by[health.tenant.id] = health, words
    if view.prepared is not None:
        view.prepared.words = True
    return view.found_by


def prepare(view: FleetView, policy: HealthPolicy, groups: Groups | None = None) -> None:
    """Look up every word and state of a large fleet, and sort it in every order. Runs in a thread of its own."""
    if view.prepared is None:
        return
    found_by(view, policy, groups)
    view.prepared.states = {health.tenant.id: state_of(health) for health in view.answer.verdicts}
    for order, key in _sort_keys(policy).items():
        view.prepared.orders[order] = _sorted_in_parts(view.answer.verdicts, key)


def _sorted_in_parts(
    verdicts: Sequence[TenantBackupHealth], key: Callable[[TenantBackupHealth], Any]
) -> Sequence[TenantBackupHealth]:
    """The part sorted at a time. No other thread runs meanwhile, and a whole fleet would delay a key."""
    starts = range(0, len(verdicts), _SORTED_AT_ONCE)
    parts = [sorted(verdicts[start : start + _SORTED_AT_ONCE], key=key) for start in starts]
    return list(merge(*parts, key=key))


class Filters(NamedTuple):
    """The conditions for a listed tenant: it has every word and meets every other condition."""

    words: str = ""
    states: frozenset[State] = frozenset()
    """Only the tenants in one of these states; empty for all."""
    stale_by: datetime | None = None
    changed: bool = False
    ids: frozenset[int] | None = None
    """Only these tenants, by their ids."""
    group: str | None = None
    """Only the tenants of this group."""


def with_tenant(view: FleetView, health: TenantBackupHealth) -> tuple[FleetView, TenantBackupHealth]:
    """The view with one tenant's verdict replaced by a newer one, and the verdict to show.

    If the two are equal, the view and the verdict it already has both stay.
    """
    for place, known in enumerate(view.answer.verdicts):
        if known.tenant.id == health.tenant.id:
            if known == health:
                return view, known
            verdicts = [*view.answer.verdicts[:place], *view.answer.verdicts[place + 1 :]]
            insort(verdicts, health, key=triage_key)
            return fleet_view(view.answer._replace(verdicts=tuple(verdicts)), view), health
    return view, health


def listed(
    view: FleetView,
    filters: Filters,
    order: Order,
    policy: HealthPolicy,
    groups: Groups | None = None,
    noted: Mapping[str, Sequence[KnownEntry]] = MappingProxyType({}),
) -> Sequence[TenantBackupHealth]:
    """The tenants that pass every filter, in the order asked for. `noted` are known entries by external id."""
    prepared = view.prepared or Prepared()
    in_order = prepared.orders.get(order)
    chosen: Sequence[TenantBackupHealth] = view.answer.verdicts if in_order is None else in_order
    if wanted := WordFilter.of(filters.words):
        words, beside = found_by(view, policy, groups), _beside(view, noted)
        for place, word in enumerate((*wanted.wanted, *wanted.unwanted)):
            is_wanted = place < len(wanted.wanted)
            chosen = [
                health
                for health in chosen
                if (word in words[health.tenant.id][1] or word in beside.get(health.tenant.id, "")) is is_wanted
            ]
    if filters.group is not None and groups is not None:
        chosen = [health for health in chosen if groups.has(filters.group, health.tenant.external_id)]
    if filters.states and (states := prepared.states) is not None:
        chosen = [health for health in chosen if states[health.tenant.id] in filters.states]
    elif filters.states:
        chosen = [health for health in chosen if state_of(health) in filters.states]
    if filters.stale_by is not None:
        chosen = [health for health in chosen if goes_stale_by(health, policy, filters.stale_by)]
    if filters.changed:
        chosen = [health for health in chosen if health.tenant.id in view.changed]
    if filters.ids is not None:
        chosen = [health for health in chosen if health.tenant.id in filters.ids]
    if order is Order.TRIAGE or in_order is not None:
        return chosen
    return _sorted_in_parts(chosen, _sort_keys(policy)[order])


def _beside(view: FleetView, noted: Mapping[str, Sequence[KnownEntry]]) -> Mapping[int, str]:
    """By tenant id: the words that stand beside the verdicts, the causes and the known entries."""
    found = dict(view.causes or {})
    for health in view.answer.verdicts if noted else ():
        if entries := noted.get(health.tenant.external_id):
            known = known_searched(known_of(entries, health, view.now), view.now)
            found[health.tenant.id] = f"{found.get(health.tenant.id, '')} {known}"
    return found


def lists_at_once(view: FleetView, filters: Filters, order: Order) -> bool:
    """Whether `listed` takes too little time to hold up a key."""
    is_sorted = order is Order.TRIAGE or (view.prepared is not None and order in view.prepared.orders)
    return len(view.answer.verdicts) < LARGE or (is_sorted and filters == Filters())


def _sort_keys(policy: HealthPolicy) -> dict[Order, Callable[[TenantBackupHealth], Any]]:
    def completed_at(health: TenantBackupHealth) -> datetime | None:
        return None if health.basis is None else health.basis.completed_at

    def name(health: TenantBackupHealth) -> tuple[str, str]:
        return health.tenant.name.casefold(), health.tenant.external_id

    def goes_stale(health: TenantBackupHealth) -> datetime:
        """A basis without a trustworthy age comes first: it may be stale already."""
        completed = completed_at(health)
        if completed is None or health.freshness is Freshness.IN_THE_FUTURE:
            return EARLIEST
        return goes_stale_at(completed, policy)

    return {
        Order.NAME: name,
        Order.AGE: lambda health: (completed_at(health) or EARLIEST, *name(health)),
        Order.GOES_STALE: lambda health: (goes_stale(health), *name(health)),
    }
