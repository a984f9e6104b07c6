"""The floor of the fleet's facts on SQLite: the same facts by hand-written SQL through the bare `sqlite3`.

It reads tenants, each one's basis with every count, and the enabled schedules, in one snapshot. `bench/facts.py`
compares them with the product's facts before it measures, so that both do the same work.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final, NamedTuple

TENANTS: Final = "SELECT id, external_id, name, created_at FROM tenants WHERE archived_at IS NULL"

BASIS: Final = """
WITH latest AS MATERIALIZED (
    SELECT t.id AS tenant_id, (
        SELECT s.id FROM backup_sets AS s
        WHERE s.tenant_id = t.id AND s.deleted_at IS NULL AND s.status IN ('completed', 'partial')
        ORDER BY s.completed_at DESC, s.id DESC LIMIT 1
    ) AS set_id
    FROM tenants AS t WHERE t.archived_at IS NULL
)
SELECT
    s.id, s.tenant_id, s.schedule_id, s.name, s.source, s.source_ref, s.status, s.item_count, s.error,
    s.started_at, s.completed_at, s.created_at, s.deleted_at,
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL),
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND ((i.capture_mode IS NULL OR i.capture_mode NOT IN ('full', 'metadata_only'))
            OR i.capture_mode = 'metadata_only'
            OR (i.assignments_state IS NOT NULL AND i.assignments_state NOT IN ('captured', 'unassigned'))
            OR i.orphaned_assignments > 0
            OR i.integrity_warning IS NOT NULL)),
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.assignments_state IS NULL),
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND (i.capture_mode IS NULL OR i.capture_mode NOT IN ('full', 'metadata_only'))),
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.capture_mode = 'metadata_only'),
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND (i.assignments_state IS NOT NULL AND i.assignments_state NOT IN ('captured', 'unassigned'))),
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.orphaned_assignments > 0),
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.integrity_warning IS NOT NULL)
FROM latest JOIN backup_sets AS s ON s.tenant_id = latest.tenant_id AND s.id = latest.set_id
"""

SCHEDULES: Final = """
SELECT s.id, s.tenant_id, s.name, s.is_enabled, s.cron, s.timezone, s.last_run_at, s.last_run_status,
    s.next_run_at, s.created_at, s.enabled_at, s.deleted_at
FROM backup_schedules AS s JOIN tenants AS t ON t.id = s.tenant_id
WHERE t.archived_at IS NULL AND s.is_enabled AND s.deleted_at IS NULL
"""


class FloorFacts(NamedTuple):
    """Rows as the driver gives them. A basis has the columns of its set, then its counts."""

    tenants: list[tuple[Any, ...]]
    basis: list[tuple[Any, ...]]
    schedules: list[tuple[Any, ...]]


class Floor:
    """A held connection that reads the fleet."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)

    def read(self) -> FloorFacts:
        """The facts of the whole fleet, in one snapshot."""
        run = self._connection.execute
        run("BEGIN")
        facts = FloorFacts(run(TENANTS).fetchall(), run(BASIS).fetchall(), run(SCHEDULES).fetchall())
        run("COMMIT")
        return facts
