"""The facts as they were read (docs/facts.md, "The facts"): frozen, typed, every instant an aware datetime in UTC.

They are named tuples, because a fleet has tens of thousands of them and each is made directly from a row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

BASIS_STATUSES: Final = ("completed", "partial")
"""The statuses of a set whose run ended and kept something (docs/concepts.md, "The basis"). Compared exactly."""


class Tenant(NamedTuple):
    """Whose configuration is backed up. `created_at` is None only where it could not be read."""

    id: int
    external_id: str
    name: str
    created_at: datetime | None


class BackupSet(NamedTuple):
    """One run's snapshot of a tenant: the unit of recovery. `item_count` is what the run declared, in items.

    `source_tenant` is what the tool itself calls the tenant.
    """

    id: int
    tenant_id: int
    schedule_id: int | None
    name: str
    source: str
    source_ref: str | None
    status: str
    item_count: int | None
    error: str | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    deleted_at: datetime | None
    source_tenant: str | None = None


class BackupItem(NamedTuple):
    """One captured object in a set, without the captured JSON, which is read for one item at a time.

    `unreadable` names the value that could not be read. That value is left out, and the item counts for nothing.
    """

    id: int
    policy_type: str
    policy_identifier: str
    display_name: str
    platform: str | None
    capture_mode: str | None
    assignments_state: str | None
    orphaned_assignments: int
    integrity_warning: str | None
    captured_at: datetime | None
    payload_digest: str | None = None
    unreadable: UnreadableEvidence | None = None


class ItemTally(NamedTuple):
    """Counts of one set's items that are not deleted. `families` is in the order of `quality.ITEM_FAMILIES`."""

    items: int
    degraded_items: int
    assignments_not_recorded: int
    families: tuple[int, ...]


class BackupSchedule(NamedTuple):
    """A schedule whose runs should produce sets. `cron` has five fields; `timezone` is an IANA name."""

    id: int
    tenant_id: int
    name: str
    is_enabled: bool
    cron: str | None
    timezone: str
    last_run_at: datetime | None
    last_run_status: str | None
    next_run_at: datetime | None
    created_at: datetime
    enabled_at: datetime | None
    deleted_at: datetime | None


class UnreadableEvidence(NamedTuple):
    """A value that a verdict needs but that cannot be read: where it is and what is wrong.

    (docs/concepts.md, "Evidence that cannot be read")
    """

    table: str
    column: str
    row: int
    message: str


class TenantFacts(NamedTuple):
    """All facts for one verdict. `tally` is present iff `basis` is. `schedules` are the enabled ones, by id."""

    tenant: Tenant
    basis: BackupSet | None
    tally: ItemTally | None
    schedules: tuple[BackupSchedule, ...]
    unreadable: UnreadableEvidence | None = None
    of_the_past: bool = False
    """The facts are as of an instant of the past, when the schedules and deletions are not known."""
