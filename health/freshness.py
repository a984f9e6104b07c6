"""Whether the basis is within the one freshness window (docs/concepts.md, "Freshness")."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from health.instants import JUST_BEFORE, LATEST, shifted
from health.policy import HealthPolicy


class Freshness(StrEnum):
    """What the age of a basis says."""

    FRESH = "fresh"
    TOO_OLD = "too_old"
    IN_THE_FUTURE = "in_the_future"


def freshness_of(completed_at: datetime, policy: HealthPolicy, now: datetime) -> Freshness:
    """Fresh iff `-skew <= age <= window`. We cannot trust the age of a time further ahead than the tolerance."""
    age = now - completed_at
    if age > policy.freshness_window:
        return Freshness.TOO_OLD
    if age < -policy.clock_skew:
        return Freshness.IN_THE_FUTURE
    return Freshness.FRESH


def goes_stale_at(completed_at: datetime, policy: HealthPolicy) -> datetime:
    """The last instant at which a basis completed then is still within the window."""
    return shifted(completed_at, policy.freshness_window)


def no_longer_fresh_from(completed_at: datetime, policy: HealthPolicy) -> datetime:
    """The first instant at which a basis completed then is older than the window."""
    return shifted(goes_stale_at(completed_at, policy), -JUST_BEFORE)


def freshness_holds_until(completed_at: datetime, freshness: Freshness, policy: HealthPolicy) -> datetime:
    """The last instant at which the freshness is still the same, if no fact changes."""
    if freshness is Freshness.FRESH:
        return goes_stale_at(completed_at, policy)
    if freshness is Freshness.IN_THE_FUTURE:
        return shifted(shifted(completed_at, -policy.clock_skew), JUST_BEFORE)
    return LATEST
