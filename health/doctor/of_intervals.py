"""Findings about how often backups come, against the one window (docs/doctor.md, "Schedules and the window").

A tenant's interval is the longest pause between runs of all its enabled schedules together. If no cron plans its runs,
it is the average time between its recent sets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from math import ceil
from typing import Final, NamedTuple

from health.doctor.facts import FleetFacts, SourceRuns
from health.doctor.finding import Finding, Trouble
from health.forecast import cannot_stay_fresh, longest_pause
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth

_FEWEST_SETS: Final = 4
"""From this many sets on, the time between them counts as an interval."""
_QUARTER: Final = timedelta(minutes=15)
"""An observed interval is rounded to this, because no run takes exactly as long as the one before."""
_HOUR: Final = timedelta(hours=1)
_ROOM: Final = timedelta(hours=2)
"""The time that a window needs beyond the interval, because a run takes time."""
_RUNS_MISSED: Final = 3
"""If the window is this many intervals, two runs can be missed before a tenant is stale."""


class _Interval(NamedTuple):
    health: TenantBackupHealth
    length: timedelta


class Intervals(NamedTuple):
    """The known intervals of tenants, and what they say about the window."""

    policy: HealthPolicy
    known: tuple[_Interval, ...]
    suggested: timedelta | None
    """A longer window, if the current one is too short for more than half of the tenants."""


def intervals_of(fleet: FleetFacts) -> Intervals:
    """The interval of every tenant for which it is known."""
    runs: dict[int, list[SourceRuns]] = defaultdict(list)
    for each in fleet.runs:
        runs[each.tenant_id].append(each)
    # A fleet has a few plans that repeat often: each is looked through once.
    planned = lru_cache(maxsize=None)(lambda plans: longest_pause(plans, fleet.now))
    known = []
    for health in fleet.verdicts:
        plans = tuple(sorted((each.cron or "", each.timezone) for each in health.schedules if each.cron is not None))
        length = planned(plans) if len(plans) == len(health.schedules) else None
        length = length or _observed(runs[health.tenant.id])
        if length is not None:
            known.append(_Interval(health, length))
    rare = sorted(each.length for each in known if cannot_stay_fresh(each.length, fleet.policy))
    suggested = None
    if 2 * len(rare) > len(known):
        suggested = _HOUR * ceil((rare[len(rare) // 2] + _ROOM) / _HOUR)
    return Intervals(fleet.policy, tuple(known), suggested)


def _observed(runs: Sequence[SourceRuns]) -> timedelta | None:
    sets = sum(each.sets for each in runs)
    if sets < _FEWEST_SETS:
        return None
    average = (max(each.last_at for each in runs) - min(each.first_at for each in runs)) / (sets - 1)
    return max(round(average / _QUARTER), 1) * _QUARTER


def window_too_short(intervals: Intervals) -> Finding | None:
    """More than half of the tenants have an interval of at least the window, so they go stale every time."""
    if intervals.suggested is None:
        return None
    rare = [each for each in intervals.known if cannot_stay_fresh(each.length, intervals.policy)]
    figures = {
        "tenants_with_an_interval": len(intervals.known),
        "window_seconds": _whole(intervals.policy.freshness_window),
        "suggested_window_seconds": _whole(intervals.suggested),
    }
    return Finding(Trouble.WINDOW_TOO_SHORT, _names(rare), figures)


def rarer_than_window(intervals: Intervals) -> Finding | None:
    """Tenants whose interval is at least the window, or at least the suggested window that suits most tenants."""
    window = intervals.suggested or intervals.policy.freshness_window
    rare = [each for each in intervals.known if each.length >= window]
    if not rare:
        return None
    figures = {
        "window_seconds": _whole(window),
        "longest_interval_seconds": _whole(max(each.length for each in rare)),
    }
    return Finding(Trouble.RARER_THAN_WINDOW, _names(rare), figures)


def window_too_long(intervals: Intervals) -> Finding | None:
    """More than half of the tenants can miss two runs before they are stale, and some have no schedule to show it."""
    often = [each for each in intervals.known if each.length * _RUNS_MISSED <= intervals.policy.freshness_window]
    unwatched = [each for each in often if not each.health.schedules]
    if not unwatched or 2 * len(often) <= len(intervals.known):
        return None
    figures = {"window_seconds": _whole(intervals.policy.freshness_window)}
    return Finding(Trouble.WINDOW_TOO_LONG, _names(unwatched), figures)


def no_schedule(fleet: FleetFacts) -> Finding | None:
    """Tenants without an enabled schedule: a missed run shows only when the backup is stale."""
    without = [health for health in fleet.verdicts if health.unreadable is None and not health.schedules]
    if not without:
        return None
    disabled = sum(health.tenant.id in fleet.with_disabled for health in without)
    figures = {"tenants_of_the_fleet": len(fleet.verdicts), "with_a_disabled_one": disabled}
    return Finding(Trouble.NO_SCHEDULE, tuple(health.tenant.external_id for health in without), figures)


def _names(intervals: Sequence[_Interval]) -> tuple[str, ...]:
    return tuple(each.health.tenant.external_id for each in intervals)


def _whole(span: timedelta) -> int:
    return int(span.total_seconds())
