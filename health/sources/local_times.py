"""Convert local times to UTC instants: some tools write local times without a time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# Not 24:00:00: later Pythons read it as the next day's midnight.
_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}")


class NoLocalTime(ValueError):
    """A text that is not a local time of the zone. The message is the end of a sentence about it."""


def instants_of(text: object, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants (UTC) of a local time `YYYY-MM-DD HH:MM:SS` in a zone: one, or two in the hour when clocks go back.

    The earlier one comes first. Raises NoLocalTime for other texts and for the hour that is skipped in spring.
    """
    try:
        if not isinstance(text, str) or not _WRITTEN.fullmatch(text):
            raise ValueError
        local = datetime.fromisoformat(text)
        found = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        shown = sorted(instant for instant in found if instant.astimezone(zone).replace(tzinfo=None) == local)
    except (ValueError, OverflowError):
        raise NoLocalTime('is not a local time such as "2026-11-23 02:10:00"') from None
    if not shown:
        raise NoLocalTime(f"is {text}, which the clocks of {zone.key} skipped: is that the right time zone?")
    return tuple(shown)


def run_times(
    starts: tuple[datetime, ...], ends: tuple[datetime, ...], lasted: timedelta | None
) -> tuple[datetime | None, datetime | None]:
    """When a run began and ended, chosen from the possible instants of each; `lasted` is the run's own duration.

    A run does not end before it begins, and takes as long as it says. If there is still a choice, the earlier end
    counts, because an age must never look smaller than it may be. None if there is no instant.
    """
    if not starts or not ends:
        return min(starts, default=None), min(ends, default=None)

    def doubt(pair: tuple[datetime, datetime]) -> tuple[bool, timedelta, datetime, datetime]:
        start, end = pair
        return end < start, timedelta(0) if lasted is None else abs(end - start - lasted), end, start

    return min(((start, end) for start in starts for end in ends), key=doubt)
