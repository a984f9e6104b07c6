"""Arithmetic on instants that never overflows: facts may name the year 1 or 9999, and a verdict must still come out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC)
NOT_SAID: Final = timedelta(days=36_500)
"""How old facts count that do not say it: older than any may be."""
JUST_BEFORE: Final = timedelta(microseconds=-1)
"""One tick of the store's clock: what holds strictly before an instant holds until this much earlier."""


def shifted(instant: datetime, by: timedelta) -> datetime:
    """The instant moved by a duration, held within the years 1 to 9999."""
    try:
        return instant + by
    except OverflowError:
        return LATEST if by > timedelta(0) else EARLIEST


def beyond(instant: datetime, earliest: datetime, latest: datetime) -> timedelta:
    """How far an instant lies after a stretch of time; negative before it, nothing within it."""
    return max(instant - latest, timedelta(0)) + min(instant - earliest, timedelta(0))
