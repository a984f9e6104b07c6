"""The doctor's facts: the fleet's verdicts and runs, the database, and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from health.known import KnownEntry
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth


class SourceRuns(NamedTuple):
    """The completed and partial sets, not deleted, of one tenant and source in the period we look back on.

    `sets` counts them. They were completed from `first_at` to `last_at` (UTC).
    """

    tenant_id: int
    external_id: str
    archived_at: datetime | None
    source: str
    sets: int
    first_at: datetime
    last_at: datetime


class FleetFacts(NamedTuple):
    """The facts in the tables. `verdicts` has all tenants that are not archived, in triage order."""

    now: datetime
    policy: HealthPolicy
    verdicts: Sequence[TenantBackupHealth]
    runs: Sequence[SourceRuns] = ()
    """Also of archived tenants."""
    first_sets: Mapping[int, datetime] = {}
    """When each tenant's first completed or partial set was completed (UTC), by the tenant's id."""
    with_disabled: frozenset[int] = frozenset()
    """The ids of tenants that have a disabled schedule. They may also have enabled ones."""
    alike: Sequence[tuple[str, ...]] = ()
    """External ids of tenants whose bases have the same content, each group once."""


class Examined(NamedTuple):
    """What one snapshot says: the fleet, and the tables for which the planner has no statistics."""

    fleet: FleetFacts
    without_statistics: tuple[str, ...]


class DatabaseFacts(NamedTuple):
    """What the database says about itself."""

    clock_ahead: timedelta = timedelta(0)
    """How far the database's clock is ahead of this machine's; negative if it is behind."""
    behind: timedelta = timedelta(0)
    """How far a standby is behind its primary."""
    could_write: bool = False
    without_statistics: tuple[str, ...] = ()
    """Tables for which the planner has no statistics."""
    open_to_others: bool = False
    """Whether other users of the machine can read the SQLite file."""


class SourceInSettings(NamedTuple):
    """A source of the settings: its tenants' external ids, those not in the fleet, and why it finds no tenant."""

    name: str
    tenants: tuple[str, ...]
    missing: tuple[str, ...] = ()
    empty: str | None = None


class SettingsFacts(NamedTuple):
    """What the settings say, and what the last sync on this machine noted."""

    sources: Sequence[SourceInSettings] = ()
    contradictory: Sequence[str] = ()
    """External ids that the settings themselves refuse: two sources for one tenant, or two tenants for one folder."""
    refused: Sequence[str] = ()
    """External ids that the last sync refused."""
    schedules_left: Sequence[tuple[str, str]] = ()
    """Schedules of sources that were removed from the settings: the source's name and the tenant's external id."""
    passwords: Sequence[str] = ()
    """The settings in the file that hold a password."""
    known: Sequence[KnownEntry] = ()
    known_of_nobody: Sequence[str] = ()
    """External ids in known entries for which no tenant exists."""
    empty_groups: Sequence[str] = ()
    """Groups without any tenant of the fleet."""
