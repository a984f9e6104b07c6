"""What PostgreSQL is asked of itself, as text for any driver: whether facts changed, its clock, what a role may do."""

from __future__ import annotations

from typing import Final

# A snapshot on a standby does not say which of the transactions that it spans are under way: two of them may have been
# replayed since, and it is the same. How far replay has come says it.
CHANGES_AND_CLOCK: Final = (
    "SELECT concat(pg_current_snapshot(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END),"
    " clock_timestamp()"
)
COULD_WRITE: Final = (
    "SELECT bool_or(has_any_column_privilege(name, 'INSERT, UPDATE') OR has_table_privilege(name, 'DELETE, TRUNCATE'))"
    " FROM unnest(ARRAY['tenants', 'backup_schedules', 'backup_sets', 'backup_items']) AS name"
)
