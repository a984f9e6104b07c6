"""How long each tenant of a fleet was covered in a period, in whole seconds. This is history, never posture.

The basis of a moment is judged by the rules of the verdict (docs/concepts.md, "Coverage"). Deleted or pruned evidence
is no longer known: that time is `unknown`, and counts as neither covered nor uncovered.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from health.coverage import CoverageState, TenantPast, lasted, spans_of
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth

_SECOND: Final = timedelta(seconds=1)


class CoveredTime(NamedTuple):
    """Whole seconds of a period: fresh and in no family, fresh and in one, neither, and not known. They add up."""

    protected: int
    degraded: int
    uncovered: int
    unknown: int


class TenantCoverage(NamedTuple):
    """A tenant judged now, and how it was covered in a period."""

    health: TenantBackupHealth
    time: CoveredTime


def covered_time(
    health: TenantBackupHealth, past: TenantPast, policy: HealthPolicy, begin: datetime, end: datetime, now: datetime
) -> CoveredTime:
    """How a tenant was covered from `begin` until just before `end` (UTC). Rounded down; what is left is unknown."""
    spans = spans_of(health, past, policy, (begin, end), now)
    protected, degraded, uncovered = (lasted(spans, state) // _SECOND for state in CoverageState)
    unknown = max(end - begin, timedelta(0)) // _SECOND - protected - degraded - uncovered
    return CoveredTime(protected, degraded, uncovered, unknown)
