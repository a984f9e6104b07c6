"""Indexes of the runs of a schedule, and of the sets that have an error, each by when it happened.

Without them both are looked for among all sets of a tenant (docs/documents.md, "Causes"). Frozen as the first version
is.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "tp0004"
down_revision = "tp0003"
branch_labels = None
depends_on = None

HAPPENED = "coalesce(completed_at, started_at, created_at)"
FAILING = "error IS NOT NULL AND deleted_at IS NULL"
RUNS = "schedule_id IS NOT NULL"


def upgrade() -> None:
    connection = op.get_bind()
    postgresql = connection.dialect.name == "postgresql"
    happened = f"({HAPPENED})" if postgresql else HAPPENED
    for statement in (
        f"CREATE INDEX ix_backup_sets_failing ON backup_sets (tenant_id, {happened} DESC, id DESC) WHERE {FAILING}",
        f"CREATE INDEX ix_backup_sets_runs ON backup_sets (tenant_id, schedule_id, {happened} DESC, id DESC)"
        f" WHERE {RUNS}",
        # The new one finds by its first columns what this one did.
        "DROP INDEX ix_backup_sets_schedule",
    ):
        op.execute(statement)
    analysed = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
    if postgresql or connection.execute(text(analysed)).scalar_one():
        # An index by an expression is chosen by the statistics of that.
        op.execute("ANALYZE backup_sets")
