"""Facts on their way in: what a source read from another tool's backup, before the store gives it ids.

A source makes these and never touches the store. `store/writing/` writes them and never reads a backup. Instants are
aware datetimes in UTC. A `created_at` of None means: when the row is first written. A set or an item with a
`deleted_at` of None says nothing of a deletion: if somebody deleted it, it stays deleted. NOT_DELETED takes that back
(docs/facts.md, "The facts").
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple


class NotDeleted(Enum):
    """How a source says outright that a set or an item is not deleted, or not any more."""

    NOT_DELETED = "not deleted"


NOT_DELETED: Final = NotDeleted.NOT_DELETED


class CapturedTenant(NamedTuple):
    """A tenant by its external id."""

    external_id: str
    name: str
    created_at: datetime | None = None
    archived_at: datetime | None = None


class CapturedSchedule(NamedTuple):
    """A schedule by its tenant and name."""

    external_id: str
    name: str
    is_enabled: bool = True
    cron: str | None = None
    timezone: str = "UTC"
    last_run_at: datetime | None = None
    last_run_status: str | None = None
    next_run_at: datetime | None = None
    created_at: datetime | None = None
    enabled_at: datetime | None = None
    deleted_at: datetime | None = None


class CapturedItem(NamedTuple):
    """One captured object. `assignments` and `payload` are JSON text, None where nothing was captured.

    `payload_digest` says what the content was, also where it is not kept (`health.digests.digest_of`).
    """

    policy_type: str
    policy_identifier: str
    display_name: str
    platform: str | None = None
    capture_mode: str | None = None
    assignments_state: str | None = None
    orphaned_assignments: int = 0
    integrity_warning: str | None = None
    captured_at: datetime | None = None
    deleted_at: datetime | NotDeleted | None = None
    assignments: str | None = None
    payload: str | None = None
    payload_digest: str | None = None


class CapturedSet(NamedTuple):
    """One run of one tool over one tenant, by its tenant, source and source reference, with all its items."""

    external_id: str
    name: str
    source: str
    source_ref: str
    status: str
    items: tuple[CapturedItem, ...]
    item_count: int | None = None
    error: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    created_at: datetime | None = None
    deleted_at: datetime | NotDeleted | None = None
    schedule: str | None = None
    source_tenant: str | None = None


class StoredSet(NamedTuple):
    """What the store already has of a set: from it a source can tell that it need not read the backup again.

    `frame` is the set without its items. `items` is their number, deleted ones included. `holds_json` says whether any
    of them has its captured JSON. `created_at` is when the set was first written.
    """

    frame: CapturedSet
    items: int
    holds_json: bool
    created_at: datetime
    schedule: str | None = None


class CapturedFacts(NamedTuple):
    """One import: written in one transaction, in this order."""

    tenants: tuple[CapturedTenant, ...] = ()
    schedules: tuple[CapturedSchedule, ...] = ()
    sets: tuple[CapturedSet, ...] = ()


class RefusedInput(ValueError):
    """A backup or a file of facts that cannot be imported. The message is one sentence: what, where, what to do."""
