"""The limits for every verdict and for losses. They have their own module, because each rule needs them.

(docs/concepts.md, "The policy")
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """One policy for all tenants; `tenantpilot.toml` explains each value."""

    freshness_window: timedelta = timedelta(hours=24)
    schedule_grace: timedelta = timedelta(minutes=60)
    clock_skew: timedelta = timedelta(minutes=5)
    longest_run: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class LossRule:
    """When missing items of a type are a loss (docs/concepts.md, "Losses").

    They are if more than `share_percent` per cent of the earlier set's items are gone, and at least `items` items.
    """

    share_percent: int = 50
    items: int = 3
