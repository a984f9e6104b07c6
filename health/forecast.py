"""What changes by time alone, and whether a plan is able to keep a backup fresh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Final

from health.freshness import Freshness, goes_stale_at
from health.instants import LATEST, shifted
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.slots import CannotPlan, SlotCalendar, slots_of

_AHEAD: Final = timedelta(days=35)
"""How far after the first run we look through plans: a whole month and some days of the next."""
_MOST_RUNS: Final = 2_000


def fresh_until(health: TenantBackupHealth, policy: HealthPolicy) -> datetime:
    """The last instant at which the basis, fresh when it was judged, is not too old yet; LATEST if it was not fresh."""
    basis = health.basis
    if health.freshness is not Freshness.FRESH or basis is None or basis.completed_at is None:
        return LATEST
    return goes_stale_at(basis.completed_at, policy)


def goes_stale_by(health: TenantBackupHealth, policy: HealthPolicy, instant: datetime) -> bool:
    """Whether the basis, fresh when it was judged, will be too old at a later instant if no backup runs.

    `judge` would say the same at that instant from the same facts (docs/concepts.md, "Freshness").
    """
    return instant > fresh_until(health, policy)


def longest_pause(plans: Iterable[tuple[str | None, str]], now: datetime) -> timedelta | None:
    """The longest time between two runs of all plans together, from `now` (UTC) on. A plan is a cron and a time zone.

    None if it is unknown: there is no plan, a plan has no cron (another tool plans its runs), or one is not valid.
    """
    calendars: list[SlotCalendar] = []
    for cron, timezone in plans:
        try:
            calendar = slots_of(cron, timezone)
        except CannotPlan:
            return None
        if calendar is None:
            return None
        calendars.append(calendar)
    longest = earlier = until = None
    for run in islice(merge(*(_runs(calendar, now) for calendar in calendars)), _MOST_RUNS):
        if earlier is not None:
            longest = max(longest or timedelta(0), run - earlier)
        until = until or shifted(run, _AHEAD)
        if run > until:
            break
        earlier = run
    return longest


def cannot_stay_fresh(pause: timedelta, policy: HealthPolicy) -> bool:
    """Whether backups this far apart go stale in between, even if every run succeeds: a run takes time too."""
    return pause >= policy.freshness_window


def _runs(calendar: SlotCalendar, now: datetime) -> Iterator[datetime]:
    """The runs that a calendar plans after `now`, until no more follow."""
    run = now
    with suppress(CannotPlan):
        while True:
            run = calendar.first_after(run)
            yield run
