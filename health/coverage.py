"""How a tenant was covered in the days behind an instant: its past bases, each judged by the rules of today's verdict.

History and never posture. The basis of a past instant is the set that the rule would have chosen among those
completed by then, judged as the basis of today is (docs/concepts.md, "Coverage"). What is known is what is kept: sets
and items deleted since count as deleted, an item as it is now, and a set counts from its completion, whenever it was
imported.
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
"""How many days are looked back, and the cells of the strip, one a day."""
SETS_COUNTED: Final = 120
"""How many of a tenant's sets are counted at most: four a day; of more, the latest ones."""

_PERIOD: Final = timedelta(days=COVERAGE_DAYS)


class CoverageState(IntEnum):
    """What a basis was at an instant; the greater the worse. No basis and one that was not fresh are both no cover."""

    PROTECTED = 0
    DEGRADED = 1
    NOT_COVERED = 2


class PastSet(NamedTuple):
    """A set that was the basis once, with its items present and how many of them are degraded.

    `backup_set` is None where a value of its row cannot be read: it governed all the same, and covered nothing. Of a
    deleted one nobody knows what it was worth; its items are not counted.
    """

    completed_at: datetime
    id: int
    backup_set: BackupSet | None
    items: int
    degraded_items: int
    deleted: bool = False


class PastSets(NamedTuple):
    """The sets of a period and the one before; `cut` says that older ones of it were not read."""

    sets: Sequence[PastSet]
    cut: bool


class Span(NamedTuple):
    """From `begin` on and until just before `end`, one state."""

    state: CoverageState
    begin: datetime
    end: datetime


class Shares(NamedTuple):
    """Whole percent of the time that is known, 100 together. Rounded towards the worse, never towards the better."""

    protected: int
    degraded: int
    not_covered: int


class Coverage(NamedTuple):
    """One tenant's past from `begin` until just before `end`.

    `spans` are in their order and without a gap from `known_from` on; before it nothing is owed and nothing is known.
    `kept_from` is the completion of the oldest set, where it is later: before it nothing was backed up, or is kept.
    `cells` are equal parts of the whole period, each as bad as the worst in it, None where nothing of it is known; the
    last one is never calmer than the verdict at `end`. `unreadable_sets` governed and cannot be read; `cut` is how many
    sets were counted where there were more; `dated_ahead` says that the basis of the verdict lies in the future.
    """

    begin: datetime
    end: datetime
    known_from: datetime
    kept_from: datetime | None
    spans: tuple[Span, ...]
    cells: tuple[CoverageState | None, ...]
    unreadable_sets: int
    cut: int | None
    dated_ahead: bool

    def lasted(self, state: CoverageState) -> timedelta:
        """How long the state held, to the microsecond."""
        return sum((span.end - span.begin for span in self.spans if span.state is state), timedelta(0))

    @property
    def shares(self) -> Shares:
        """Each state's share of the time since `known_from`."""
        known = self.end - self.known_from
        not_covered = -(-self.lasted(CoverageState.NOT_COVERED) * 100 // known)
        degraded = min(-(-self.lasted(CoverageState.DEGRADED) * 100 // known), 100 - not_covered)
        return Shares(100 - degraded - not_covered, degraded, not_covered)


def period_before(now: datetime) -> datetime:
    """Where the days that are looked back on from an instant begin."""
    return shifted(now, -_PERIOD)


def coverage_of(health: TenantBackupHealth, past: PastSets, policy: HealthPolicy, now: datetime) -> Coverage | None:
    """The coverage of a tenant judged at `now`; None where it is unreadable, or nothing of the period is known."""
    if health.unreadable is not None:
        return None
    begin = period_before(now)
    sets = sorted((each for each in past.sets if each.completed_at <= now), key=lambda each: each[:2])
    oldest = sets[0].completed_at if sets else now
    known_from = max(begin, _known_from(health, past.cut, oldest))
    if known_from >= now:
        return None
    spans = _joined(_states(sets, policy, now), known_from, now)
    return Coverage(
        begin,
        now,
        known_from,
        oldest if sets and oldest > known_from else None,
        spans,
        _cells(spans, begin, now, _of_verdict(health)),
        sum(each.backup_set is None for each in sets),
        len(sets) if past.cut and known_from > begin else None,
        health.freshness is Freshness.IN_THE_FUTURE,
    )


def _known_from(health: TenantBackupHealth, cut: bool, oldest: datetime) -> datetime:
    """Since when a tenant is owed a backup: since its own row was written, or since it was backed up before that.

    Where older sets were not read, nothing is known before the oldest that was.
    """
    created_at = health.tenant.created_at
    return oldest if cut or created_at is None else min(created_at, oldest)


def _of_verdict(health: TenantBackupHealth) -> CoverageState:
    match health.posture:
        case Posture.HEALTHY:
            return CoverageState.PROTECTED
        case Posture.DEGRADED:
            return CoverageState.DEGRADED
        case _:
            return CoverageState.NOT_COVERED


def _states(sets: Sequence[PastSet], policy: HealthPolicy, end: datetime) -> Iterator[tuple[CoverageState, datetime]]:
    """From when on which state holds. Each set governs until the next one; of two at one instant the later one does."""
    quality = BackupQualityResolver(policy)
    ends = [*(each.completed_at for each in sets), end][1:]
    for each, superseded_at in zip(sets, ends, strict=True):
        if superseded_at > each.completed_at:
            yield worth(each, quality), each.completed_at
            stale_from = no_longer_fresh_from(each.completed_at, policy)
            if stale_from < superseded_at:
                yield CoverageState.NOT_COVERED, stale_from


def worth(past: PastSet, quality: BackupQualityResolver) -> CoverageState:
    """What a set that is kept was worth while it was the fresh basis."""
    if past.backup_set is None:
        return CoverageState.NOT_COVERED
    degraded = quality.is_degraded(past.backup_set, past.items, past.degraded_items)
    return CoverageState.DEGRADED if degraded else CoverageState.PROTECTED


def _joined(changes: Iterable[tuple[CoverageState, datetime]], begin: datetime, end: datetime) -> tuple[Span, ...]:
    """Changes of state in their order -> what holds between two instants; before the first nothing was covered."""
    spans: list[Span] = []
    state, since = CoverageState.NOT_COVERED, begin
    for following, at in changes:
        if following is not state:
            if at > since:
                spans.append(Span(state, since, at))
                since = at
            state = following
    spans.append(Span(state, since, end))
    return tuple(spans)


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
        first = (since - begin) * COVERAGE_DAYS // period
        last = (shifted(until, JUST_BEFORE) - begin) * COVERAGE_DAYS // period
        for place in range(first, last + 1):
            darken(place, state)
    darken(-1, verdict)
    return tuple(cells)
