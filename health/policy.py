"""What every verdict is judged by, and what a loss is. A module of its own, because each rule needs it.

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
    """When fewer items of a type than in an earlier set are a loss (docs/concepts.md, "Losses").

    That is: more than `share_percent` per cent of the earlier items are gone, and at least `items` of them.
    """

    share_percent: int = 50
    items: int = 3
