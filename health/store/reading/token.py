"""Statements about the database: whether facts changed, and what a role may do (docs/reading.md, "One server")."""

from __future__ import annotations

from typing import Final

from health.store.opening.home import TABLES
from health.store.opening.statements import Row

# ruff: noqa: S608 - made of our own names

_TABLES: Final = ", ".join(f"'{name}'" for name in TABLES)
# Facts on another server change without a transaction of this one: facts in foreign tables (also as children of other
# tables), in views, which may use foreign tables, and in a Citus cluster.
_ORDINARY: Final = (
    "NOT EXISTS (WITH RECURSIVE part (oid) AS (SELECT to_regclass(name)::oid FROM unnest(ARRAY["
    f"{_TABLES}]) AS name UNION ALL SELECT inhrelid FROM part JOIN pg_catalog.pg_inherits ON inhparent = part.oid)"
    " SELECT FROM part JOIN pg_catalog.pg_class ON pg_class.oid = part.oid WHERE relkind NOT IN ('r', 'p'))"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')"
)
# The server's identity and start time: a promoted standby and a restored copy have the same transaction numbers. The
# name of the log has the timeline, which changes with a promotion. A server that recovers from the crash of one of its
# processes keeps its start time, but loses its statistics, and commits that did not wait for the disk. It gives the
# numbers of these again.
_SERVER: Final = (
    "(SELECT system_identifier FROM pg_control_system()), pg_postmaster_start_time(),"
    " pg_stat_get_bgwriter_stat_reset_time(), inet_server_addr(),"
    " current_setting('port'), current_database(), current_schema()"
)
# A snapshot on a standby does not show which of its transactions are still running: it can stay the same although some
# were replayed. The replay position shows it.
_FACTS: Final = (
    "pg_current_snapshot(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text"
    " ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
)
CHANGES: Final = {
    "sqlite": "PRAGMA data_version",
    "postgresql": f"SELECT CASE WHEN {_ORDINARY} THEN concat_ws(' ', {_SERVER}, {_FACTS}) END, pg_is_in_recovery()",
}
"""The token: it stays equal while no fact changes; null if that cannot be known. A server says if it is a standby."""

COULD_WRITE: Final = (
    "SELECT bool_or(has_any_column_privilege(name, 'INSERT, UPDATE') OR has_table_privilege(name, 'DELETE, TRUNCATE'))"
    f" FROM unnest(ARRAY[{_TABLES}]) AS name"
)


def token_of_server(row: Row) -> tuple[str] | None:
    """The token in a server's answer, the same on every connection to it; None if there is none."""
    return None if row[0] is None else (row[0],)


def token_of_facts(row: Row, asked: object | None) -> tuple[str, ...] | None:
    """The token of facts that a server sent in the snapshot of its answer; None if there is none.

    A standby replays on between the beginning of a snapshot and the statement that reads the position, so the position
    may be later than the facts. They have this token only if the server gave it before their snapshot too, when it was
    last `asked`. Otherwise they have one that no answer equals, and the next refresh reads again (docs/reading.md, "One
    server").
    """
    token = token_of_server(row)
    return token if token is None or not row[1] or token == asked else (*token, "perhaps later than the facts")
