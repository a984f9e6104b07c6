"""The rows of the oracle: the four tables (docs/facts.md, "The facts") as plain tuples; and the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

Instant = datetime | str | int | float | bytes | None
"""An aware UTC datetime, null, or the raw value of a cell that is not an instant and so is unreadable.

(docs/concepts.md, "Evidence that cannot be read")
"""


class TenantRow(NamedTuple):
    """One row of `tenants` (docs/facts.md, "tenants")."""

    id: int = 0
    external_id: str = ""
    name: str = ""
    created_at: Instant = None
    archived_at: Instant = None


class ScheduleRow(NamedTuple):
    """One row of `backup_schedules` (docs/facts.md, "backup_schedules")."""

    id: int = 0
    tenant_id: int = 0
    name: str = "nightly"
    is_enabled: bool = True
    cron: str | None = None
    timezone: str = "UTC"
    last_run_at: Instant = None
    last_run_status: str | None = None
    next_run_at: Instant = None
    created_at: Instant = None
    enabled_at: Instant = None
    deleted_at: Instant = None


class SetRow(NamedTuple):
    """One row of `backup_sets` (docs/facts.md, "backup_sets")."""

    id: int = 0
    tenant_id: int = 0
    schedule_id: int | None = None
    name: str = "nightly"
    source: str = "oracle"
    source_ref: str | None = None
    status: str = "completed"
    item_count: int | None = None
    error: str | None = None
    started_at: Instant = None
    completed_at: Instant = None
    created_at: Instant = None
    deleted_at: Instant = None


class ItemRow(NamedTuple):
    """One row of `backup_items` (docs/facts.md, "backup_items")."""

    id: int = 0
    tenant_id: int = 0
    backup_set_id: int = 0
    policy_type: str = "configurationPolicy"
    policy_identifier: str = "policy-1"
    display_name: str = "Policy"
    platform: str | None = None
    capture_mode: str | None = "full"
    assignments_state: str | None = "captured"
    orphaned_assignments: int = 0
    integrity_warning: str | None = None
    captured_at: Instant = None
    deleted_at: Instant = None
    payload_digest: str | None = None
    assignments: str | None = None
    payload: str | None = None


class ContentRow(NamedTuple):
    """One row of `captured_payloads` (docs/facts.md, "captured_payloads")."""

    tenant_id: int = 0
    digest: str = ""
    payload: str = "{}"


class Rows(NamedTuple):
    """The facts of a fleet: its tables."""

    tenants: list[TenantRow]
    sets: list[SetRow]
    items: list[ItemRow]
    schedules: list[ScheduleRow]
    contents: Sequence[ContentRow] = ()


Policy = Mapping[str, int]
"""Seconds, under the key names of the report's `policy` (docs/documents.md, "The report")."""

DEFAULT_POLICY: dict[str, int] = {
    "freshness_window_seconds": 24 * 3600,
    "schedule_grace_seconds": 3600,
    "clock_skew_seconds": 300,
    "longest_run_seconds": 6 * 3600,
}
"""The default values (docs/concepts.md, "The policy")."""


def window_of(policy: Policy) -> timedelta:
    """The freshness window (docs/concepts.md, "The policy")."""
    return timedelta(seconds=policy["freshness_window_seconds"])


def grace_of(policy: Policy) -> timedelta:
    """The schedule grace (docs/concepts.md, "The policy")."""
    return timedelta(seconds=policy["schedule_grace_seconds"])


def skew_of(policy: Policy) -> timedelta:
    """The clock-skew tolerance (docs/concepts.md, "The policy")."""
    return timedelta(seconds=policy["clock_skew_seconds"])


def longest_run_of(policy: Policy) -> timedelta:
    """The longest plausible run (docs/concepts.md, "The policy")."""
    return timedelta(seconds=policy["longest_run_seconds"])


def known(value: Instant) -> datetime:
    """The instant in a cell that is neither null nor unreadable."""
    assert isinstance(value, datetime)
    return value


def is_garbage(value: Instant) -> bool:
    """Whether the cell holds something that is neither null nor an instant.

    (docs/concepts.md, "Evidence that cannot be read")
    """
    return value is not None and not isinstance(value, datetime)
