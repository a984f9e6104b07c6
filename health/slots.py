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
"""How many stretches between slots one calendar remembers before it forgets them all."""
_ONE_OFFSET: Final = timedelta(days=5)
"""If two instants at most this far apart have the same UTC offset, the whole time between them has it too. No zone
changes its clocks and changes them back within so few days."""
_SECOND: Final = timedelta(seconds=1)
_HOUR: Final = timedelta(hours=1)


class CannotPlan(ValueError):
    """We cannot compute slots from the cron expression or the time zone. The message is a clause for people."""


class _Stretch(NamedTuple):
    """A time without a slot: for every instant from `begin` until just before `end`, the first slot after is `slot`."""

    begin: datetime
    end: datetime
    slot: datetime


_BEGIN: Final = attrgetter("begin")


class SlotCalendar:
    """The slots of one cron expression in one zone. Every schedule with these two shares the calendar.

    Most schedules of a fleet ran last at about the same time, so their next slot is the same. A stretch of time
    without a slot is computed once, and then answers for every instant in it.
    """

    def __init__(self, cron: str, zone: ZoneInfo) -> None:
        self._cron = cron
        self._zone = zone
        self._stretches: list[_Stretch] = []
        self._none_after: datetime | None = None

    def first_after(self, instant: datetime) -> datetime:
        """The first slot strictly after a UTC instant. Raises CannotPlan if no slot follows."""
        place = bisect_right(self._stretches, instant, key=_BEGIN)
        if place and instant < (stretch := self._stretches[place - 1]).end:
            return stretch.slot
        if self._none_after is not None and instant >= self._none_after:
            raise CannotPlan(_NO_SLOT)
        try:
            return self._compute(instant)
        except OverflowError:
            # This is one end of the calendar, so it says nothing about other instants.
            raise CannotPlan(_NO_SLOT) from None

    def _compute(self, instant: datetime) -> datetime:
        local = instant.astimezone(self._zone)
        hour = local.replace(minute=0, second=0, microsecond=0)
        # The library searches from the next second on, then in full hours. So from this full hour it finds the same
        # slot, and the slots it passes say since when that slot is the first one. This does not hold across a change
        # of clocks, nor at the start of the calendar, which has no full hour before it.
        same_offset = instant.year > 1 and hour.utcoffset() == self._offset(instant + _SECOND)
        begin = hour.astimezone(UTC) if same_offset else instant
        for found in CronSim(self._cron, hour if same_offset else local):
            slot = found.astimezone(UTC)
            if slot > instant:
                with suppress(OverflowError):
                    self._remember(begin, instant, slot)
                return slot
            begin = max(begin, slot)
        # To look for a slot that never comes costs the most, so we do it only once.
        self._none_after = instant
        raise CannotPlan(_NO_SLOT)

    def _remember(self, begin: datetime, instant: datetime, slot: datetime) -> None:
        """Keep a stretch, but never across a change of the UTC offset. There the same wall time may come twice, or the
        library may arrive between two full hours, and the slots that follow depend on where the search starts.
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
    """The calendar, or why we cannot make one. Both are remembered, because a fleet repeats its expressions."""
    zone = zone_named(timezone)
    if zone is None:
        return "its time zone is not an IANA name"
    if cron is None:
        return None
    if len(cron.split()) != _FIELDS:
        return "its cron expression does not have five fields"
    try:
        CronSim(cron, EARLIEST)
    except Exception:  # on hostile input the library may raise anything: the expression is not valid
        return "its cron expression is not valid"
    return SlotCalendar(cron, zone)


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None if no zone has that name."""
    return ZoneInfo(name) if name in _iana_names() else None


@lru_cache(maxsize=1)
def _iana_names() -> frozenset[str]:
    """Names from the tzdata package, so that a verdict does not depend on the files of the machine."""
    from importlib.resources import files  # takes 10 ms, so the first frame does not wait for it

    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())
