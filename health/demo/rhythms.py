"""When the demo fleet's schedules run: cron rhythms in a tenant's own zone, placed around the instant of evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from health.policy import HealthPolicy
from health.slots import slots_of

_HOUR: Final = timedelta(hours=1)
LONGEST_DEMO_RUN: Final = timedelta(minutes=25)
"""The longest time that a finished run of the demo fleet took."""


class Rhythm(NamedTuple):
    """How often a schedule runs: its name for people, its cron expression, and the usual time between two slots."""

    name: str
    cron: str
    every: timedelta


_DAY: Final = 24 * _HOUR
NIGHTLY: Final = tuple(
    Rhythm("nightly", f"{minute} {hour} * * *", _DAY)
    for hour, minute in ((20, 30), (22, 0), (23, 15), (0, 0), (1, 0), (2, 15), (3, 0), (4, 30), (5, 45))
)
_SEVERAL_A_DAY: Final = (
    Rhythm("twice a day", "0 1,13 * * *", 12 * _HOUR),
    Rhythm("twice a day", "30 6,18 * * *", 12 * _HOUR),
    Rhythm("every 8 hours", "15 */8 * * *", 8 * _HOUR),
    Rhythm("every 6 hours", "0 */6 * * *", 6 * _HOUR),
    Rhythm("every 4 hours", "30 */4 * * *", 4 * _HOUR),
)


class Beat(NamedTuple):
    """A rhythm in a zone around `now`: its latest slot not after `now`, and the first slot after it, both UTC."""

    rhythm: Rhythm
    timezone: str
    latest: datetime
    following: datetime

    def slots(self, count: int, until: datetime) -> list[datetime]:
        """The last `count` slots not after `until`, oldest first, UTC.

        They follow the wall clock, as people name them. If that clock jumps, a slot may be wrong by the jump.
        """
        zone, every = ZoneInfo(self.timezone), self.rhythm.every
        back = max(0, -((until - self.latest) // every))
        local = self.latest.astimezone(zone)
        # A jump of the wall clock can leave one slot after `until`: drop it, and keep one more at the other end.
        slots = [(local - n * every).astimezone(UTC) for n in range(back + count, back - 1, -1)]
        return [slot for slot in slots if slot <= until][-count:]


class Rhythms:
    """The beats of one fleet, remembered by rhythm and zone, because a fleet repeats its expressions."""

    def __init__(self, now: datetime, policy: HealthPolicy) -> None:
        self._now = now
        self._policy = policy
        self._beats: dict[tuple[Rhythm, str], Beat] = {}
        self._calm: dict[str, tuple[Beat, ...]] = {}

    def beat(self, rhythm: Rhythm, timezone: str) -> Beat:
        """The rhythm in the zone. The product computes its slots, so that the verdict expects the same ones."""
        key = (rhythm, timezone)
        if key not in self._beats:
            calendar = slots_of(rhythm.cron, timezone)
            if calendar is None:
                raise ValueError(f"the rhythm {rhythm.name} has no cron expression")
            # Go back two intervals, because an interval with a change of the clocks can be longer than its name says.
            latest = calendar.first_after(self._now - 2 * rhythm.every)
            while (slot := calendar.first_after(latest)) <= self._now:
                latest = slot
            following = min(slot, calendar.first_after(latest + self._policy.clock_skew))
            self._beats[key] = Beat(rhythm, timezone, latest, following)
        return self._beats[key]

    def calm(self, timezone: str) -> tuple[Beat, ...]:
        """The beats in the zone whose last run has ended and stays within the window for some hours.

        These are four hours, or a sixth of a shorter window. With a very short window, no beat may qualify.
        """
        if timezone not in self._calm:
            self._calm[timezone] = tuple(beat for beat in self.beats(timezone) if self._is_calm(beat))
        return self._calm[timezone]

    def beats(self, timezone: str) -> tuple[Beat, ...]:
        """Every beat in the zone."""
        return tuple(self.beat(rhythm, timezone) for rhythm in (*NIGHTLY, *_SEVERAL_A_DAY))

    def usual(self, rng: Random, beats: Sequence[Beat]) -> Beat:
        """One of `beats`, which must not be empty. For six of seven tenants its next run ends within the window.

        The others are, for example, nightly runs with a window of one day. With many of them, most days of the fleet
        would have minutes without coverage.
        """
        window = self._policy.freshness_window
        within = [beat for beat in beats if beat.rhythm.every + LONGEST_DEMO_RUN <= window]
        return rng.choice(within if within and rng.random() < 6 / 7 else beats)

    def _is_calm(self, beat: Beat) -> bool:
        window, age = self._policy.freshness_window, self._now - beat.latest
        hours = calm_hours(self._policy)
        late_in = beat.following - self._now + self._policy.schedule_grace
        return LONGEST_DEMO_RUN + timedelta(minutes=15) <= age <= window - hours and late_in >= hours


def calm_hours(policy: HealthPolicy) -> timedelta:
    """The shortest time for which a healthy tenant of the demo stays confirmed if no fact changes."""
    return min(4 * _HOUR, policy.freshness_window / 6)
