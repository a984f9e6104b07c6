"""A tenant's coverage in the days before an instant: its past bases, each judged by today's rules.

Coverage is history, never posture. The basis of a past instant is the set that the rule would have chosen among those
completed by then (docs/concepts.md, "Coverage"). Deleted or pruned evidence is no longer known. A set counts from its
completion, even if it was imported later, and an item counts as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, NamedTuple

from health.facts import BackupSet
from health.freshness import Freshness, no_longer_fresh_from
from health.instants import JUST_BEFORE, shifted
from health.policy import HealthPolicy
from health.posture import Posture, TenantBackupHealth
from health.quality import BackupQualityResolver

COVERAGE_DAYS: Final = 30
"""The number of past days, and of cells in the strip, one a day."""

_PERIOD: Final = timedelta(days=COVERAGE_DAYS)
_DAY: Final = timedelta(days=1)


class CoverageState(IntEnum):
    """What a basis was at an instant; the greater the worse. No basis and one that was not fresh are both no cover."""

    PROTECTED = 0
    DEGRADED = 1
    NOT_COVERED = 2


class PastSet(NamedTuple):
    """A set that was the basis once, with its items present and how many of them are degraded.

    `backup_set` is None if a value of its row cannot be read: it still governed, and covered nothing. The quality of a
    deleted set is not known; its items are not counted.
    """

    completed_at: datetime
    id: int
    backup_set: BackupSet | None
    items: int
    degraded_items: int
    deleted: bool = False


class TenantPast(NamedTuple):
    """The completed and partial sets of a tenant that may have been its fresh basis in a period, deleted ones too.

    In any order. `first_at` is when the first that the tenant ever had was completed; None: it never had one.
    """

    sets: Sequence[PastSet]
    first_at: datetime | None


_Change = tuple[CoverageState | None, datetime]
"""A state and from when on it holds."""


class Span(NamedTuple):
    """From `begin` on and until just before `end`, one state; None where it is not known."""

    state: CoverageState | None
    begin: datetime
    end: datetime


class Shares(NamedTuple):
    """Whole percent of the time that is known, 100 together. Rounded towards the worse, never towards the better."""

    protected: int
    degraded: int
    not_covered: int


class Coverage(NamedTuple):
    """One tenant's past from `begin` until just before `end`; `spans` are in their order and without a gap.

    `cells` are equal parts of the whole period, each as bad as the worst that is known in it, None where nothing of it
    is known; the last one is never calmer than the verdict at `end`. `unreadable_sets` governed and cannot be read;
    `dated_ahead` says that the basis of the verdict lies in the future.
    """

    begin: datetime
    end: datetime
    spans: tuple[Span, ...]
    cells: tuple[CoverageState | None, ...]
    unreadable_sets: int
    dated_ahead: bool

    def lasted(self, state: CoverageState | None) -> timedelta:
        """How long the state held, to the microsecond; None: how long is not known."""
        return lasted(self.spans, state)

    @property
    def shares(self) -> Shares:
        """Each state's share of the time that is known."""
        known = self.end - self.begin - self.lasted(None)
        not_covered = -(-self.lasted(CoverageState.NOT_COVERED) * 100 // known)
        degraded = min(-(-self.lasted(CoverageState.DEGRADED) * 100 // known), 100 - not_covered)
        return Shares(100 - degraded - not_covered, degraded, not_covered)


def lasted(spans: Iterable[Span], state: CoverageState | None) -> timedelta:
    """How long a state held in all of the spans that have it."""
    return sum((span.end - span.begin for span in spans if span.state is state), timedelta(0))


def period_before(now: datetime) -> datetime:
    """Where the days that are looked back on from an instant begin."""
    return shifted(now, -_PERIOD)


def first_needed(begin: datetime, policy: HealthPolicy) -> datetime:
    """From when on sets have to be known for a period: one from before it may have been fresh in it."""
    return shifted(begin, -policy.freshness_window)


def coverage_of(health: TenantBackupHealth, past: TenantPast, policy: HealthPolicy, now: datetime) -> Coverage | None:
    """The coverage of a tenant judged at `now`; None if less than a day of it is known."""
    begin = period_before(now)
    spans = spans_of(health, past, policy, (begin, now), now)
    if now - begin - lasted(spans, None) < _DAY:
        return None
    return Coverage(
        begin,
        now,
        spans,
        _cells(spans, begin, now, _of_verdict(health)),
        sum(each.backup_set is None and not each.deleted for each in past.sets),
        health.freshness is Freshness.IN_THE_FUTURE,
    )


def spans_of(
    health: TenantBackupHealth,
    past: TenantPast,
    policy: HealthPolicy,
    period: tuple[datetime, datetime],
    now: datetime,
) -> tuple[Span, ...]:
    """What holds from the first instant of a period (UTC) until just before the other, without a gap.

    Not known is the time before the first set of a tenant that has any, where a deleted set was the fresh basis, and
    what lies after `now`. An unreadable tenant's whole time is not known.
    """
    begin, end = period
    known_from = _known_from(health, past)
    if known_from is None:
        return (Span(None, begin, end),) if begin < end else ()
    changes = [(None, begin), *_states(past.sets, policy, known_from), (None, now)]
    return tuple(_joined([change for change in changes if change[1] <= now], begin, end))


def _known_from(health: TenantBackupHealth, past: TenantPast) -> datetime | None:
    if health.unreadable is not None:
        return None
    return health.tenant.created_at if past.first_at is None else past.first_at


def _of_verdict(health: TenantBackupHealth) -> CoverageState:
    match health.posture:
        case Posture.HEALTHY:
            return CoverageState.PROTECTED
        case Posture.DEGRADED:
            return CoverageState.DEGRADED
        case _:
            return CoverageState.NOT_COVERED


def _states(sets: Sequence[PastSet], policy: HealthPolicy, known_from: datetime) -> Iterator[_Change]:
    """From when on which state holds. Each set governs until the next one, deleted or not; of two at one instant the
    one with the greater id does.
    """
    quality = BackupQualityResolver(policy)
    in_order = sorted(sets, key=lambda each: each[:2])
    yield CoverageState.NOT_COVERED, known_from
    ends = [*(each.completed_at for each in in_order), None][1:]
    for each, superseded_at in zip(in_order, ends, strict=False):
        yield None if each.deleted else worth(each, quality), each.completed_at
        stale_from = no_longer_fresh_from(each.completed_at, policy)
        if superseded_at is None or stale_from < superseded_at:
            yield CoverageState.NOT_COVERED, stale_from


def worth(past: PastSet, quality: BackupQualityResolver) -> CoverageState:
    """The state while a set that is not deleted was the fresh basis."""
    if past.backup_set is None:
        return CoverageState.NOT_COVERED
    degraded = quality.is_degraded(past.backup_set, past.items, past.degraded_items)
    return CoverageState.DEGRADED if degraded else CoverageState.PROTECTED


def _joined(changes: Sequence[_Change], begin: datetime, end: datetime) -> Iterator[Span]:
    """Changes of state in their order -> what holds between two instants, each state as long as it lasts."""
    # Of changes at one instant the last one counts.
    states = {min(max(at, begin), end): state for state, at in changes}
    state, since = None, begin
    for at, following in states.items():
        if following is not state:
            if at > since:
                yield Span(state, since, at)
                since = at
            state = following
    if end > since:
        yield Span(state, since, end)


def _cells(
    spans: Sequence[Span], begin: datetime, end: datetime, verdict: CoverageState
) -> tuple[CoverageState | None, ...]:
    """The period in equal cells: in each the worst state of any instant of it, in the last that of the verdict too."""
    period = end - begin
    cells: list[CoverageState | None] = [None] * COVERAGE_DAYS

    def darken(place: int, state: CoverageState) -> None:
        known = cells[place]
        cells[place] = state if known is None else max(known, state)

    for state, since, until in spans:
        if state is None:
            continue
        first = (since - begin) * COVERAGE_DAYS // period
        last = (shifted(until, JUST_BEFORE) - begin) * COVERAGE_DAYS // period
        for place in range(first, last + 1):
            darken(place, state)
    darken(-1, verdict)
    return tuple(cells)
