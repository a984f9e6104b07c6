"""Rows of the demo fleet, ready for a bulk load. Their columns are in the order of the documentation.

(docs/facts.md, "The facts")
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, NamedTuple

UNREADABLE_INSTANT: Final = "infinity"
"""The completion of one tenant's newest set. Both engines can store it, but it is not an instant.

(docs/concepts.md, "Evidence that cannot be read")
"""


class TenantRow(NamedTuple):
    """One row of `tenants`. Instants in all rows are aware and UTC."""

    id: int
    external_id: str
    name: str
    created_at: datetime
    archived_at: datetime | None


class ScheduleRow(NamedTuple):
    """One row of `backup_schedules`."""

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


class SetRow(NamedTuple):
    """One row of `backup_sets`. `completed_at` is the word `infinity` in one set of the whole fleet."""

    id: int
    tenant_id: int
    schedule_id: int | None
    name: str
    source: str
    source_ref: str
    status: str
    item_count: int | None
    error: str | None
    started_at: datetime
    completed_at: datetime | Literal["infinity"] | None
    created_at: datetime
    deleted_at: datetime | None


class ItemRow(NamedTuple):
    """One row of `backup_items`. `assignments` and `payload` are JSON text; None if nothing was captured."""

    id: int
    tenant_id: int
    backup_set_id: int
    policy_type: str
    policy_identifier: str
    display_name: str
    platform: str | None
    capture_mode: str | None
    assignments_state: str | None
    orphaned_assignments: int
    integrity_warning: str | None
    captured_at: datetime | None
    deleted_at: datetime | None
    assignments: str | None
    payload: str | None


class DemoTenant(NamedTuple):
    """One tenant with all its rows. Ids are unique in the fleet, and grow with time within a tenant."""

    tenant: TenantRow
    schedules: tuple[ScheduleRow, ...]
    sets: tuple[SetRow, ...]
    items: tuple[ItemRow, ...]
