"""What the doctor looks at: the fleet's verdicts and how its sets came, the database, and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from health.known import KnownEntry
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth


class SourceRuns(NamedTuple):
    """The completed and partial sets, not deleted, of one tenant and source in the time looked back on.

    `sets` counts them; they were completed from `first_at` to `last_at` (UTC).
    """

    tenant_id: int
    external_id: str
    archived_at: datetime | None
    source: str
    sets: int
    first_at: datetime
    last_at: datetime


class FleetFacts(NamedTuple):
    """What is in the tables. Tenants that are not archived stand in `verdicts`, in triage order."""

    now: datetime
    policy: HealthPolicy
    verdicts: Sequence[TenantBackupHealth]
    runs: Sequence[SourceRuns] = ()
    """Of archived tenants, too."""
    first_sets: Mapping[int, datetime] = {}
    """When each tenant's first completed or partial set was completed (UTC), by the tenant's id."""
    with_disabled: frozenset[int] = frozenset()
    """The ids of tenants that have a disabled schedule; they may have enabled ones as well."""
    alike: Sequence[tuple[str, ...]] = ()
    """External ids of tenants whose bases have the same content, each group once."""


class Examined(NamedTuple):
    """What one snapshot says: the fleet, and the tables that the planner has no statistics of."""

    fleet: FleetFacts
    without_statistics: tuple[str, ...]


class DatabaseFacts(NamedTuple):
    """What the database says of itself."""

    clock_ahead: timedelta = timedelta(0)
    """Of this machine's clock; negative if it is behind."""
    behind: timedelta = timedelta(0)
    """How far a standby is behind its primary."""
    could_write: bool = False
    without_statistics: tuple[str, ...] = ()
    """Tables that the planner has no statistics of."""
    open_to_others: bool = False
    """Whether other users of the machine can read the SQLite file."""


class SourceInSettings(NamedTuple):
    """A source of the settings: the external ids of its tenants, those not in the fleet, and why it has none."""

    name: str
    tenants: tuple[str, ...]
    missing: tuple[str, ...] = ()
    empty: str | None = None


class SettingsFacts(NamedTuple):
    """What the settings say, and what the last sync on this machine noted."""

    sources: Sequence[SourceInSettings] = ()
    contradictory: Sequence[str] = ()
    """External ids that the settings themselves refuse: two sources of one tenant, two tenants of one folder."""
    refused: Sequence[str] = ()
    """External ids that the last sync refused."""
    schedules_left: Sequence[tuple[str, str]] = ()
    """Schedules of sources that were taken out of the settings: the source's name and the tenant's external id."""
    passwords: Sequence[str] = ()
    """The settings in the file that hold a password."""
    known: Sequence[KnownEntry] = ()
    known_of_nobody: Sequence[str] = ()
    """External ids of known entries that no tenant has."""
    empty_groups: Sequence[str] = ()
    """Groups that no tenant of the fleet is in."""
