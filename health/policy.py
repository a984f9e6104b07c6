"""The four durations every verdict is judged by. A module of its own, because each rule needs it.

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
