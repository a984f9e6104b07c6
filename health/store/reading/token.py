"""What a database is asked of itself: whether facts changed, its clock, and what a role may do."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from health.store.reading.rows import parse_postgresql_instant

# A snapshot on a standby does not say which of the transactions that it spans are under way: two of them may have been
# replayed since, and it is the same. How far replay has come says it.
CHANGES: Final = {
    "sqlite": "PRAGMA data_version",
    "postgresql": (
        "SELECT concat(pg_current_snapshot(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END),"
        " clock_timestamp()"
    ),
}
"""What stays equal as long as no fact changed; PostgreSQL says its clock beside it."""

COULD_WRITE: Final = (
    "SELECT bool_or(has_any_column_privilege(name, 'INSERT, UPDATE') OR has_table_privilege(name, 'DELETE, TRUNCATE'))"
    " FROM unnest(ARRAY['tenants', 'backup_schedules', 'backup_sets', 'backup_items', 'captured_payloads']) AS name"
)


def clock_in(row: Sequence[Any]) -> datetime | None:
    """The clock (UTC) in a row of `CHANGES`; None for a file, or where it cannot be read."""
    with suppress(ValueError):
        return parse_postgresql_instant(row[1]) if len(row) > 1 else None
    return None
