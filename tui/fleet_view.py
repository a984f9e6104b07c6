"""The fleet for the first screen: filtered, sorted and counted. It only computes from verdicts."""

from __future__ import annotations

import gc
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from heapq import merge
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from health.again import holds_until
from health.answers import FleetAnswer
from health.collector import collector_paused
from health.forecast import fresh_until
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
PREPARED: Final = 5_000
"""From this many on, to look up what filters look at would delay a key: a thread does it first."""
_SORTED_AT_ONCE: Final = 4_000


class Filtered(NamedTuple):
    """A verdict, and what filters look at in it."""

    health: TenantBackupHealth
    number: int
    """The tenant's id."""
    state: State
    fresh_until: datetime
    words: str
    """Empty if no filter has asked for words."""


class Prepared:
    """What a thread prepares so that a large fleet is listed without a pause (docs/budgets.md, "On the screen")."""

    def __init__(self) -> None:
        self.begun = False
        """Whether a thread has begun: a refresh without a change has nothing more to prepare."""
        self.orders: dict[Order, Sequence[TenantBackupHealth]] = {}
        """Every verdict in each order that is ready, besides that of triage."""
        self.filtered: dict[Order, Sequence[Filtered]] = {}
        """The same with what filters look at."""
        self.words = False
        """Whether `found_by` has the words of every verdict."""
        self.one_looks = Lock()
        """Held by the thread that looks up the words: a filter that needs them waits, and does not do it again."""


class FleetView(NamedTuple):
    """A fleet's answer with what the screen derives from it, computed once, off the event loop."""

    answer: FleetAnswer
    totals: FleetTotals
    found_by: dict[int, Filtered]
    """By tenant id: the verdict, with the words the filter searches in it. Filled by the first filter by words."""
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

    def in_order(self, order: Order) -> Sequence[TenantBackupHealth] | None:
        """Every verdict in an order; None if the fleet must be sorted for it."""
        if order is Order.TRIAGE:
            return self.answer.verdicts
        return None if self.prepared is None else self.prepared.orders.get(order)


def fleet_view(answer: FleetAnswer, known: FleetView | None, visit: LastVisit | None = None) -> FleetView:
    """Count the verdicts, reusing the results of the view before, `known`.

    `visit` is what this user saw before the first view; later views compare with the same visit.
    """
    if known is not None and known.answer.verdicts is answer.verdicts:
        return known._replace(answer=answer)
    # A copy: the thread of the view before may still be at work, and would put its verdicts in place of newer ones.
    view = FleetView(answer, FleetTotals.of(answer.verdicts), {} if known is None else dict(known.found_by))
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


def found_by(view: FleetView, policy: HealthPolicy, groups: Groups | None = None) -> dict[int, Filtered]:
    """By tenant id: the verdict, with the words the filter searches in it.

    Of a fleet that is not small a thread does it first; a refresh costs only the words of changed verdicts.
    """
    prepared, found, now = view.prepared or Prepared(), view.found_by, view.now
    with prepared.one_looks, collector_paused():
        for health in () if prepared.words else view.answer.verdicts:
            known = found.get(health.tenant.id)
            if known is None or known.health is not health:
                group = groups.beside(health.tenant.external_id) if groups else None
                words = searched_words(health, policy, now, None if group is None else group.name)
                found[health.tenant.id] = _filtered(health, policy, words)
        prepared.words = True
    return found


def _filtered(health: TenantBackupHealth, policy: HealthPolicy, words: str) -> Filtered:
    return Filtered(health, health.tenant.id, state_of(health), fresh_until(health, policy), words)


def prepare(view: FleetView, policy: HealthPolicy, groups: Groups | None = None) -> None:
    """Look up what filters look at, and sort a large fleet in every order. Runs in a thread of its own."""
    if view.prepared is None:
        return
    is_first = not view.found_by
    found = found_by(view, policy, groups)
    for order in Order if len(view.answer.verdicts) >= LARGE else ():
        in_order: Sequence[TenantBackupHealth] = view.answer.verdicts
        if order is not Order.TRIAGE:
            in_order = _sorted_in_parts(in_order, sort_key(order, policy))
            view.prepared.orders[order] = in_order
        view.prepared.filtered[order] = [found[health.tenant.id] for health in in_order]
    if is_first:
        # These stay. A collection would look at each of them again, and the event loop would stand still for 60 ms.
        gc.freeze()


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
    if filters == Filters() and (every := view.in_order(order)) is not None:
        return every
    prepared = None if view.prepared is None else view.prepared.filtered.get(order)
    chosen = _to_filter(view, policy, groups, with_words=bool(filters.words)) if prepared is None else prepared
    verdicts = [each.health for each in _passing(chosen, filters, view, groups, noted)]
    if order is Order.TRIAGE or prepared is not None:
        return verdicts
    key = sort_key(order, policy)
    # In parts it takes three times as long.
    return sorted(verdicts, key=key) if len(view.answer.verdicts) < LARGE else _sorted_in_parts(verdicts, key)


def _to_filter(view: FleetView, policy: HealthPolicy, groups: Groups | None, *, with_words: bool) -> Sequence[Filtered]:
    """In triage order. The words are looked up only if they are asked for."""
    found = found_by(view, policy, groups) if with_words else view.found_by
    of_each = ((health, found.get(health.tenant.id)) for health in view.answer.verdicts)
    return [
        known if known is not None and known.health is health else _filtered(health, policy, "")
        for health, known in of_each
    ]


def _passing(
    chosen: Sequence[Filtered],
    filters: Filters,
    view: FleetView,
    groups: Groups | None,
    noted: Mapping[str, Sequence[KnownEntry]],
) -> Sequence[Filtered]:
    """Those that pass every filter. A loop for each filter: a fleet of 100,000 takes 10 ms in it."""
    wanted = WordFilter.of(filters.words)
    beside = _beside(view, noted) if wanted else {}
    for place, word in enumerate((*wanted.wanted, *wanted.unwanted)):
        is_wanted = place < len(wanted.wanted)
        has = {number for number, said in beside.items() if word in said}
        chosen = [each for each in chosen if (word in each.words or each.number in has) is is_wanted]
    if filters.group is not None and groups is not None:
        chosen = [each for each in chosen if groups.has(filters.group, each.health.tenant.external_id)]
    if states := tuple(filters.states):  # to hash a state takes longer than to compare it with all
        chosen = [each for each in chosen if each.state in states]
    if (stale_by := filters.stale_by) is not None:
        chosen = [each for each in chosen if stale_by > each.fresh_until]
    if filters.changed:
        chosen = [each for each in chosen if each.number in view.changed]
    if (ids := filters.ids) is not None:
        chosen = [each for each in chosen if each.number in ids]
    return chosen


def place_in(
    rows: Sequence[TenantBackupHealth], view: FleetView, order: Order, policy: HealthPolicy, tenant_id: int
) -> int | None:
    """The place of a tenant of a prepared fleet among rows in this order; None if it is not among them.

    To look at each of 100,000 rows would delay a key.
    """
    if (sought := view.found_by.get(tenant_id)) is None:
        return None
    key = sort_key(order, policy)
    place = bisect_left(rows, key(sought.health), key=key)
    return place if place < len(rows) and rows[place].tenant.id == tenant_id else None


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
    if filters == Filters() and view.in_order(order) is not None:
        return True
    tenants = len(view.answer.verdicts)
    has_words = tenants < PREPARED or (view.prepared is not None and view.prepared.words)
    return tenants < LARGE and (has_words or not filters.words)


def sort_key(order: Order, policy: HealthPolicy) -> Callable[[TenantBackupHealth], Any]:
    """What sorts the fleet in an order. No two tenants have the same."""

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

    match order:
        case Order.TRIAGE:
            return triage_key
        case Order.NAME:
            return name
        case Order.AGE:
            return lambda health: (completed_at(health) or EARLIEST, *name(health))
        case Order.GOES_STALE:
            return lambda health: (goes_stale(health), *name(health))
