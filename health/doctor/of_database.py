"""Findings about the database: its clock, its role, its file and its planner (docs/doctor.md, "The database")."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from health.doctor.facts import DatabaseFacts, FleetFacts
from health.doctor.finding import Finding, Trouble
from health.policy import HealthPolicy

_MANY_ITEMS: Final = 10_000
"""Items in the latest backups of all tenants. With fewer items, any query plan is fast."""


def clock_differs(database: DatabaseFacts, policy: HealthPolicy) -> Finding | None:
    """The database's clock and this machine's are further apart than the tolerance."""
    if abs(database.clock_ahead) <= policy.clock_skew:
        return None
    return Finding(Trouble.CLOCK_DIFFERS, (), {"ahead_seconds": _whole(database.clock_ahead)})


def standby_behind(database: DatabaseFacts, limit: timedelta) -> Finding | None:
    """A standby whose facts are older than `limit`, so they confirm nothing."""
    if database.behind <= limit:
        return None
    return Finding(Trouble.STANDBY_BEHIND, (), {"behind_seconds": _whole(database.behind)})


def role_could_write(database: DatabaseFacts) -> Finding | None:
    """The role that reads the facts has more than SELECT."""
    return Finding(Trouble.ROLE_COULD_WRITE) if database.could_write else None


def file_open_to_others(database: DatabaseFacts) -> Finding | None:
    """Other users of the machine can read the file, which holds captured JSON."""
    return Finding(Trouble.FILE_OPEN_TO_OTHERS) if database.open_to_others else None


def no_statistics(database: DatabaseFacts, fleet: FleetFacts) -> Finding | None:
    """Tables without statistics in a fleet of some size: the planner may use the wrong index for counts."""
    items = sum(health.quality.items for health in fleet.verdicts if health.quality is not None)
    tables = database.without_statistics
    return Finding(Trouble.NO_STATISTICS, tables) if tables and items >= _MANY_ITEMS else None


def _whole(span: timedelta) -> int:
    return int(span.total_seconds())
