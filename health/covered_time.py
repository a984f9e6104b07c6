"""How long each tenant of a fleet was covered in a period, in whole seconds: history, and never posture.

The basis of a moment is judged by the rules of the verdict (docs/concepts.md, "Coverage"). What was deleted or pruned
can no longer be known: it is `unknown`, and counts as neither covered nor uncovered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from health.coverage import CoverageState, PastSet, worth
from health.freshness import no_longer_fresh_from
from health.instants import LATEST
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.quality import BackupQualityResolver

_SECOND: Final = timedelta(seconds=1)


class TenantPast(NamedTuple):
    """The completed and partial sets of a tenant that may have been its fresh basis in a period, deleted ones too.

    In any order. `first_at` is when the first that the tenant ever had was completed; None: it never had one.
    """

    sets: Sequence[PastSet]
    first_at: datetime | None


class CoveredTime(NamedTuple):
    """Whole seconds of a period: fresh and in no family, fresh and in one, neither, and not known. They add up."""

    protected: int
    degraded: int
    uncovered: int
    unknown: int


class TenantCoverage(NamedTuple):
    """A tenant judged now, and how it was covered in a period."""

    health: TenantBackupHealth
    time: CoveredTime


class _Stretch(NamedTuple):
    """From `begin` on and until just before `end`, one state; None where it is not known."""

    begin: datetime
    end: datetime
    state: CoverageState | None


def covered_time(
    health: TenantBackupHealth, past: TenantPast, policy: HealthPolicy, begin: datetime, end: datetime, now: datetime
) -> CoveredTime:
    """How a tenant was covered from `begin` until just before `end` (UTC). Rounded down; what is left is unknown.

    Not known is the time before the first set of a tenant that has any, where a deleted set was the fresh basis, and
    what lies after `now`. An unreadable tenant's whole time is not known.
    """
    lasted = dict.fromkeys(CoverageState, timedelta(0))
    known_from = _known_from(health, past)
    if known_from is not None:
        for stretch in _stretches(past.sets, policy, known_from):
            inside = min(stretch.end, end, now) - max(stretch.begin, begin, known_from)
            if stretch.state is not None and inside > timedelta(0):
                lasted[stretch.state] += inside
    protected, degraded, uncovered = (duration // _SECOND for duration in lasted.values())
    unknown = max(end - begin, timedelta(0)) // _SECOND - protected - degraded - uncovered
    return CoveredTime(protected, degraded, uncovered, unknown)


def _known_from(health: TenantBackupHealth, past: TenantPast) -> datetime | None:
    if health.unreadable is not None:
        return None
    return health.tenant.created_at if past.first_at is None else past.first_at


def _stretches(sets: Sequence[PastSet], policy: HealthPolicy, known_from: datetime) -> Iterator[_Stretch]:
    """Each set governs until the next one, deleted or not; of two at one instant the one with the greater id does."""
    quality = BackupQualityResolver(policy)
    in_order = sorted(sets, key=lambda each: each[:2])
    first = in_order[0].completed_at if in_order else LATEST
    yield _Stretch(known_from, first, CoverageState.NOT_COVERED)
    ends = [following.completed_at for _, following in pairwise(in_order)] + [LATEST]
    for each, superseded_at in zip(in_order, ends, strict=False):
        stale_from = min(no_longer_fresh_from(each.completed_at, policy), superseded_at)
        yield _Stretch(each.completed_at, stale_from, None if each.deleted else worth(each, quality))
        yield _Stretch(stale_from, superseded_at, CoverageState.NOT_COVERED)
