"""Content by its digest, and what the tool itself calls a tenant (docs/facts.md, "captured_payloads").

Frozen as the first version is.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "tp0003"
down_revision = "tp0002"
branch_labels = None
depends_on = None


def instant_or_null(column: str) -> str:
    return (
        f"{column} IS NULL OR (typeof({column}) = 'text' AND length(CAST({column} AS BLOB)) = 26"
        f" AND {column} GLOB '????-??-?? ??:??:??.{'[0-9]' * 6}' AND {column} >= '0001'"
        f" AND strftime('%Y-%m-%d %H:%M:%S', substr({column}, 1, 19), '+0 days') IS substr({column}, 1, 19))"
    )


ITEMS = f"""
    CREATE TABLE new_backup_items (
        id INTEGER PRIMARY KEY,
        tenant_id INTEGER NOT NULL,
        backup_set_id INTEGER NOT NULL,
        policy_type TEXT NOT NULL,
        policy_identifier TEXT NOT NULL,
        display_name TEXT NOT NULL,
        platform TEXT,
        capture_mode TEXT,
        assignments_state TEXT,
        orphaned_assignments INTEGER NOT NULL DEFAULT 0
            CHECK (typeof(orphaned_assignments) = 'integer' AND orphaned_assignments >= 0),
        integrity_warning TEXT,
        captured_at TEXT CHECK ({instant_or_null("captured_at")}),
        deleted_at TEXT CHECK ({instant_or_null("deleted_at")}),
        payload_digest TEXT,
        assignments TEXT,
        payload TEXT,
        UNIQUE (tenant_id, backup_set_id, policy_type, policy_identifier),
        FOREIGN KEY (tenant_id, backup_set_id) REFERENCES backup_sets (tenant_id, id)
    )
    """
KEPT = (
    "id, tenant_id, backup_set_id, policy_type, policy_identifier, display_name, platform, capture_mode,"
    " assignments_state, orphaned_assignments, integrity_warning, captured_at, deleted_at, assignments, payload"
)


def upgrade() -> None:
    op.execute("ALTER TABLE backup_sets ADD COLUMN source_tenant text")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE backup_items ADD COLUMN payload_digest text")
        # `json`, because what has a digest is never rewritten.
        identity, content = "bigint", "json"
    else:
        rebuild_items()
        identity, content = "INTEGER", "TEXT"
    op.execute(
        f"CREATE TABLE captured_payloads (tenant_id {identity} NOT NULL REFERENCES tenants (id), digest text NOT NULL,"
        f" payload {content} NOT NULL, PRIMARY KEY (tenant_id, digest))"
    )


def rebuild_items() -> None:
    """In SQLite a column behind the large one is found only by going through all of that: it has to stay last."""
    connection = op.get_bind()
    made_by = connection.execute(
        text("SELECT sql FROM sqlite_master WHERE tbl_name = 'backup_items' AND type <> 'table' AND sql IS NOT NULL")
    ).scalars()
    statements = list(made_by)
    analysed = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
    had_statistics = connection.execute(text(analysed)).scalar_one()
    # The rows are there already: what a CHECK would say of one is for the verdict to say. Views go on with the name.
    for pragma in ("ignore_check_constraints = ON", "legacy_alter_table = ON", "cache_spill = ON"):
        op.execute(f"PRAGMA {pragma}")
    op.execute(ITEMS)
    op.execute(f"INSERT INTO new_backup_items ({KEPT}) SELECT {KEPT} FROM backup_items")  # noqa: S608
    op.execute("DROP TABLE backup_items")
    op.execute("ALTER TABLE new_backup_items RENAME TO backup_items")
    for statement in statements:
        connection.exec_driver_sql(statement)
    for pragma in ("ignore_check_constraints = OFF", "legacy_alter_table = OFF", "cache_spill = OFF"):
        op.execute(f"PRAGMA {pragma}")
    if had_statistics:
        op.execute("ANALYZE backup_items")
