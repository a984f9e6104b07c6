"""Arithmetic on instants that never overflows: facts may hold the year 1 or 9999 and must still give a verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC)
NOT_SAID: Final = timedelta(days=36_500)
"""The age we give to facts that do not say how old they are: more than any limit allows."""
JUST_BEFORE: Final = timedelta(microseconds=-1)
"""One tick of the store's clock, backwards. If a thing holds strictly before an instant, this shift gives its last."""


def shifted(instant: datetime, by: timedelta) -> datetime:
    """The instant moved by a duration, but never outside the years 1 to 9999."""
    try:
        return instant + by
    except OverflowError:
        return LATEST if by > timedelta(0) else EARLIEST


def beyond(instant: datetime, earliest: datetime, latest: datetime) -> timedelta:
    """How far an instant is after a stretch of time: negative if it is before the stretch, zero within it."""
    return max(instant - latest, timedelta(0)) + min(instant - earliest, timedelta(0))
