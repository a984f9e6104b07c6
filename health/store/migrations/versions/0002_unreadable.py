"""Indexes of the rows whose deletion, or whose count, nobody can know: empty, as they should be.

A fleet read finds such a row in them without looking at any other. Frozen as the first version is
(docs/concepts.md, "Evidence that cannot be read").
"""

from __future__ import annotations

from alembic import op

revision = "tp0002"
down_revision = "tp0001"
branch_labels = None
depends_on = None

DELETION_UNKNOWN = {
    "sqlite": (
        "deleted_at IS NOT NULL AND (deleted_at IS NULL OR NOT (typeof(deleted_at) = 'text'"
        " AND length(CAST(deleted_at AS BLOB)) = 26"
        f" AND deleted_at GLOB '????-??-?? ??:??:??.{'[0-9]' * 6}' AND deleted_at >= '0001'"
        " AND strftime('%Y-%m-%d %H:%M:%S', substr(deleted_at, 1, 19), '+0 days') IS substr(deleted_at, 1, 19)))"
    ),
    "postgresql": (
        "deleted_at IS NOT NULL AND (deleted_at IS NULL OR deleted_at < '0001-01-01 00:00:00+00'::timestamptz"
        " OR deleted_at >= '10000-01-01 00:00:00+00'::timestamptz)"
    ),
}
ORPHANS_UNKNOWN = {
    "sqlite": "deleted_at IS NULL AND (typeof(orphaned_assignments) <> 'integer' OR orphaned_assignments < 0)",
    "postgresql": "deleted_at IS NULL AND (orphaned_assignments IS NULL OR orphaned_assignments < 0)",
}
ENDED = "status IN ('completed', 'partial')"


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    unknown, uncounted = DELETION_UNKNOWN[dialect], ORPHANS_UNKNOWN[dialect]
    items = "ON backup_items (tenant_id, backup_set_id, id)"
    for statement in (
        f"CREATE INDEX ix_backup_sets_deletion_unknown ON backup_sets (tenant_id, id) WHERE {ENDED} AND {unknown}",
        f"CREATE INDEX ix_backup_items_deletion_unknown {items} WHERE {unknown}",
        f"CREATE INDEX ix_backup_items_orphans_unknown {items} WHERE {uncounted}",
    ):
        op.execute(statement)
