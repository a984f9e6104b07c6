"""The floor of the fleet's facts on PostgreSQL: the same facts by hand-written SQL through the bare psycopg.

Tenants and schedules use the statements of `floor_sqlite.py`; the bases use the form that is fastest on PostgreSQL.
The session has the settings that PostgreSQL's documentation recommends for short index scans.
"""

from __future__ import annotations

from typing import Final

import psycopg

from bench.floor_sqlite import SCHEDULES, TENANTS, FloorFacts

BASIS: Final = """
SELECT
    s.id, s.tenant_id, s.schedule_id, s.name, s.source, s.source_ref, s.status, s.item_count, s.error,
    s.started_at, s.completed_at, s.created_at, s.deleted_at,
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL),
    d.items,
    (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.assignments_state IS NULL),
    CASE WHEN d.items > 0 THEN (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND (i.capture_mode IS NULL OR i.capture_mode NOT IN ('full', 'metadata_only'))) ELSE 0 END,
    CASE WHEN d.items > 0 THEN (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.capture_mode = 'metadata_only') ELSE 0 END,
    CASE WHEN d.items > 0 THEN (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND (i.assignments_state IS NOT NULL
            AND i.assignments_state NOT IN ('captured', 'unassigned'))) ELSE 0 END,
    CASE WHEN d.items > 0 THEN (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.orphaned_assignments > 0) ELSE 0 END,
    CASE WHEN d.items > 0 THEN (SELECT count(*) FROM backup_items AS i
        WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
        AND i.integrity_warning IS NOT NULL) ELSE 0 END
FROM tenants AS t
CROSS JOIN LATERAL (
    SELECT * FROM backup_sets AS c
    WHERE c.tenant_id = t.id AND c.deleted_at IS NULL AND c.status IN ('completed', 'partial')
    ORDER BY c.completed_at DESC, c.id DESC LIMIT 1
) AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS items FROM backup_items AS i
    WHERE i.tenant_id = s.tenant_id AND i.backup_set_id = s.id AND i.deleted_at IS NULL
    AND ((i.capture_mode IS NULL OR i.capture_mode NOT IN ('full', 'metadata_only'))
        OR i.capture_mode = 'metadata_only'
        OR (i.assignments_state IS NOT NULL AND i.assignments_state NOT IN ('captured', 'unassigned'))
        OR i.orphaned_assignments > 0
        OR i.integrity_warning IS NOT NULL)
) AS d
WHERE t.archived_at IS NULL
"""


class Floor:
    """A held connection that reads the fleet."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, options="-c jit=off -c enable_seqscan=off -c enable_hashjoin=off")
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True

    def read(self) -> FloorFacts:
        """The facts of the whole fleet, in one snapshot."""
        run = self._connection.execute
        facts = FloorFacts(run(TENANTS).fetchall(), run(BASIS).fetchall(), run(SCHEDULES).fetchall())
        self._connection.commit()
        return facts
