"""What a database is asked of itself: whether facts changed, and what a role may do (docs/reading.md, "One server")."""

from __future__ import annotations

from typing import Final

from health.store.opening.home import TABLES
from health.store.opening.statements import Row

# ruff: noqa: S608 - made of our own names

_TABLES: Final = ", ".join(f"'{name}'" for name in TABLES)
# Facts that another server keeps change without a transaction of this one: those of foreign tables, wherever in an
# inheritance they stand, of views, which may be of them, and of a Citus cluster.
_ORDINARY: Final = (
    "NOT EXISTS (WITH RECURSIVE part (oid) AS (SELECT to_regclass(name)::oid FROM unnest(ARRAY["
    f"{_TABLES}]) AS name UNION ALL SELECT inhrelid FROM part JOIN pg_catalog.pg_inherits ON inhparent = part.oid)"
    " SELECT FROM part JOIN pg_catalog.pg_class ON pg_class.oid = part.oid WHERE relkind NOT IN ('r', 'p'))"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')"
)
# Which server says it, and since when it runs: transactions are numbered alike on a standby that was promoted, and in a
# copy that was restored. Its timeline, which a promotion changes, stands in the name of its log.
_SERVER: Final = (
    "(SELECT system_identifier FROM pg_control_system()), pg_postmaster_start_time(), inet_server_addr(),"
    " current_setting('port'), current_database(), current_schema()"
)
# A snapshot on a standby does not say which of the transactions that it spans are under way: two of them may have been
# replayed since, and it is the same. How far replay has come says it.
_FACTS: Final = (
    "pg_current_snapshot(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text"
    " ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
)
CHANGES: Final = {
    "sqlite": "PRAGMA data_version",
    "postgresql": f"SELECT CASE WHEN {_ORDINARY} THEN concat_ws(' ', {_SERVER}, {_FACTS}) END",
}
"""What stays equal as long as no fact changed; null where nothing can vouch for that."""

COULD_WRITE: Final = (
    "SELECT bool_or(has_any_column_privilege(name, 'INSERT, UPDATE') OR has_table_privilege(name, 'DELETE, TRUNCATE'))"
    f" FROM unnest(ARRAY[{_TABLES}]) AS name"
)


def token_of_server(row: Row) -> tuple[str] | None:
    """The token in the answer of a server, the same on every connection to it; None where nothing can vouch."""
    return None if row[0] is None else (row[0],)
