"""Captured facts: what a source has read from another tool's backup, before the store gives it ids.

A source makes these and never uses the store. `store/writing/` writes them and never reads a backup. Instants are aware
datetimes in UTC. `created_at` None means: when the row is first written. `deleted_at` None of a set or an item says
nothing about a deletion: if somebody deleted the row, it stays deleted. NOT_DELETED undoes a deletion
(docs/facts.md, "The facts").
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple


class NotDeleted(Enum):
    """A source's explicit statement that a set or an item is not deleted, or no longer deleted."""

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
    """One captured object. `assignments` and `payload` are JSON text, None if nothing was captured.

    `payload_digest` is the digest of the content, even if the content is not kept (`health.digests.digest_of`).
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
    """One run of one tool for one tenant, identified by tenant, source and source reference, with all its items.

    The items of a large input are on disk until the set is written.
    """

    external_id: str
    name: str
    source: str
    source_ref: str
    status: str
    items: Sequence[CapturedItem]
    item_count: int | None = None
    error: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    created_at: datetime | None = None
    deleted_at: datetime | NotDeleted | None = None
    schedule: str | None = None
    source_tenant: str | None = None


class StoredSet(NamedTuple):
    """What the store already has of a set. With it a source decides whether it must read the backup again.

    `frame` is the set without its items. `items` is their number, deleted ones included. `holds_json` says whether any
    of them has its captured JSON. `created_at` is when the set was first written.
    """

    frame: CapturedSet
    items: int
    holds_json: bool
    created_at: datetime
    schedule: str | None = None


class CapturedFacts(NamedTuple):
    """The facts of one import. They are written in one transaction, in this order."""

    tenants: tuple[CapturedTenant, ...] = ()
    schedules: tuple[CapturedSchedule, ...] = ()
    sets: tuple[CapturedSet, ...] = ()


class RefusedInput(ValueError):
    """A backup or a file of facts that cannot be imported. The message is one sentence: what, where, what to do."""
