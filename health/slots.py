"""When a cron expression is due: slots of cronsim in a schedule's time zone, as UTC instants.

(docs/concepts.md, "Schedules")
"""

from __future__ import annotations

from bisect import bisect_right, insort
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim

from health.instants import EARLIEST

_FIELDS: Final = 5
_NO_SLOT: Final = "its cron expression has no slot to come"
_REMEMBERED: Final = 512
"""How many stretches between slots one calendar remembers before it starts afresh."""
_ONE_OFFSET: Final = timedelta(days=5)
"""Two instants that lie no further apart and have one UTC offset have it all the time between them: no zone changes its
clocks there and back within so few days."""
_SECOND: Final = timedelta(seconds=1)
_HOUR: Final = timedelta(hours=1)


class CannotPlan(ValueError):
    """A cron expression or a time zone that no slot can be computed from; the message is a clause for people."""


class _Stretch(NamedTuple):
    """A time without a slot: for every instant from `begin` until just before `end`, the first slot after is `slot`."""

    begin: datetime
    end: datetime
    slot: datetime


_BEGIN: Final = attrgetter("begin")


class SlotCalendar:
    """The slots of one cron expression in one zone, shared by every schedule that has the two.

    Most schedules of a fleet ran last at about the same time, so their next slot is the same: a stretch of time
    without a slot, once computed, answers for every instant in it.
    """

    def __init__(self, cron: str, zone: ZoneInfo) -> None:
        self._cron = cron
        self._zone = zone
        self._stretches: list[_Stretch] = []
        self._none_after: datetime | None = None

    def first_after(self, instant: datetime) -> datetime:
        """The first slot strictly after a UTC instant. Raises CannotPlan where there is none."""
        place = bisect_right(self._stretches, instant, key=_BEGIN)
        if place and instant < (stretch := self._stretches[place - 1]).end:
            return stretch.slot
        if self._none_after is not None and instant >= self._none_after:
            raise CannotPlan(_NO_SLOT)
        try:
            return self._compute(instant)
        except OverflowError:
            # Either end of the calendar: this says nothing about other instants.
            raise CannotPlan(_NO_SLOT) from None

    def _compute(self, instant: datetime) -> datetime:
        local = instant.astimezone(self._zone)
        hour = local.replace(minute=0, second=0, microsecond=0)
        # The library looks from the next second on and goes on from full hours: from this one it comes to the same
        # slot, and what it passes on the way tells since when that has been the first. Not across a change of clocks,
        # and not where the calendar begins, before which there is no full hour.
        same_offset = instant.year > 1 and hour.utcoffset() == self._offset(instant + _SECOND)
        begin = hour.astimezone(UTC) if same_offset else instant
        for found in CronSim(self._cron, hour if same_offset else local):
            slot = found.astimezone(UTC)
            if slot > instant:
                with suppress(OverflowError):
                    self._remember(begin, instant, slot)
                return slot
            begin = max(begin, slot)
        # Looking for a slot that never comes is the dearest question there is: it is asked once.
        self._none_after = instant
        raise CannotPlan(_NO_SLOT)

    def _remember(self, begin: datetime, instant: datetime, slot: datetime) -> None:
        """A stretch never answers across a change of the UTC offset: the same wall time may come twice, or the library
        arrive on the other side between two full hours, and which slots follow depends on where one starts from.
        """
        far = slot if slot - begin <= _ONE_OFFSET else begin + _ONE_OFFSET
        for end in (far, min(far, instant + _HOUR)):
            if self._offset(begin - _HOUR) == self._offset(end + _SECOND):
                if len(self._stretches) >= _REMEMBERED:
                    self._stretches.clear()
                insort(self._stretches, _Stretch(begin, end, slot))
                return

    def _offset(self, instant: datetime) -> timedelta | None:
        return instant.astimezone(self._zone).utcoffset()


def slots_of(cron: str | None, timezone: str) -> SlotCalendar | None:
    """The calendar of a schedule; None without a cron. Raises CannotPlan for a bad zone (even then) or a bad cron."""
    found = _calendar(cron, timezone)
    if isinstance(found, str):
        raise CannotPlan(found)
    return found


@lru_cache(maxsize=4096)
def _calendar(cron: str | None, timezone: str) -> SlotCalendar | str | None:
    """The calendar, or why it cannot be made: remembered either way, because a fleet repeats its expressions."""
    zone = zone_named(timezone)
    if zone is None:
        return "its time zone is not an IANA name"
    if cron is None:
        return None
    if len(cron.split()) != _FIELDS:
        return "its cron expression does not have five fields"
    try:
        CronSim(cron, EARLIEST)
    except Exception:  # whatever the library raises on hostile input, it did not accept the expression
        return "its cron expression is not valid"
    return SlotCalendar(cron, zone)


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None where no zone has that name."""
    return ZoneInfo(name) if name in _iana_names() else None


@lru_cache(maxsize=1)
def _iana_names() -> frozenset[str]:
    """Names from the tzdata package, so that a verdict does not depend on what a machine keeps beside its zones."""
    from importlib.resources import files  # a hundredth of a second, which the first frame need not wait for

    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())
