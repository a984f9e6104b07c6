"""The home of a PostgreSQL session: the schema that it is pinned to, and the server's own time.

Every transaction asks this first, in one flight with its first statements: behind a pooler the next transaction may
have another session (docs/reading.md, "One schema", "How old the facts are").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from health.instants import NOT_SAID
from health.store.opening.statements import Row

TABLES: Final = ("tenants", "backup_schedules", "backup_sets", "backup_items", "captured_payloads")
"""The tables of the current schema version, apart from `alembic_version`."""
_NAMED: Final = ", ".join(f"'{name}'" for name in TABLES)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# If a standby has replayed everything that it received, its rows are as new as what the primary has sent. If it has
# replayed no transaction since its start, it is at least as new as the checkpoint that it began at.
_BEHIND: Final = (
    "CASE WHEN pg_is_in_recovery() THEN"
    " CASE WHEN pg_is_wal_replay_paused() OR pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() THEN"
    " extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(),"
    " (SELECT checkpoint_time FROM pg_control_checkpoint())))::float8 END END"
)
STANDBY_FUNCTIONS: Final = frozenset(re.findall(r"pg_\w+(?=\()", _BEHIND))
"""Functions that a server may lack or not let a role use; the error names the function."""
_BEHIND_UNKNOWN: Final = f"CASE WHEN pg_is_in_recovery() THEN {NOT_SAID.total_seconds():.0f}::float8 END"


# `current_schemas` silently leaves out the schemas that the role may not use: then the next fleet on the path would be
# read in place of the first one. So the path is read as it was set: names in quotes, and names in any case.
_PATH: Final = """regexp_matches(current_setting('search_path'), '("([^"]|"")*"|[^,[:space:]]+)', 'g')"""
_NAME: Final = (
    """CASE WHEN said[1] IN ('$user', '"$user"') THEN current_user WHEN left(said[1], 1) <> '"' THEN lower(said[1])"""
    """ ELSE replace(substr(said[1], 2, length(said[1]) - 2), '""', '"') END"""
)
# The cast to `regclass` fails, and names the schema, if the role may not use it.
_MAY_BE_USED: Final = "CAST(concat(quote_ident(nspname), '.alembic_version') AS regclass) IS NOT NULL"


def _home(behind: str) -> str:
    # `pg_temp` is named last: otherwise PostgreSQL would search it first.
    return (
        "WITH home AS MATERIALIZED (SELECT pg_namespace.oid, nspname"  # noqa: S608 - our own rules
        f" FROM {_PATH} WITH ORDINALITY AS path (said, place)"
        f" JOIN pg_catalog.pg_namespace ON nspname = CAST({_NAME} AS name) AND nspname !~ '^pg_'"
        " JOIN pg_catalog.pg_class ON relnamespace = pg_namespace.oid AND relname = 'alembic_version'"
        " AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY place LIMIT 1)"
        " SELECT nspname, set_config('search_path', concat(quote_ident(nspname), ', pg_temp'), true),"
        f" ARRAY(SELECT needed FROM unnest(ARRAY[{_NAMED}]) AS needed WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class"
        " WHERE relnamespace = home.oid AND relname = needed AND relkind IN ('r', 'p', 'v', 'f'))"
        " ORDER BY needed),"
        f" extract(epoch FROM clock_timestamp())::float8, {behind},"
        f" EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') FROM home WHERE {_MAY_BE_USED}"
    )


HOME: Final = _home(_BEHIND)
"""Finds the schema, pins the transaction to it, and returns the tables that it lacks and the server's own time.

It returns no row if no schema of the search path has an `alembic_version`; then nothing is pinned. It fails if the role
may not use the first one that has. A materialized view counts as lacking: it is as old as its last refresh.
"""
HOME_ALONE: Final = _home(_BEHIND_UNKNOWN)
"""The same for a server that lacks a function of `HOME` or does not let the role use it."""

ONE_SERVER: Final = (
    "SELECT CAST(CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')"
    " THEN 'the rows are on nodes' ELSE '1' END AS int)"
)
"""Fails on Citus at once, so that the statements after it in the flight do not wait for a silent node."""

WRITTEN_ANEW: Final = "a table was written anew meanwhile"
# `TRUNCATE`, and an `ALTER TABLE` or a restore that writes all rows again, leave nothing for an older snapshot: a
# reader that waited for their lock finds the table empty. The rows of `pg_class` are the snapshot's, the function not.
TABLES_OF_THE_SNAPSHOT: Final = (
    "SELECT CAST(CASE WHEN EXISTS (WITH RECURSIVE part (oid) AS ("  # noqa: S608 - our own names
    f"SELECT CAST(to_regclass(name) AS oid) FROM unnest(ARRAY[{_NAMED}]) AS name UNION ALL"
    " SELECT inhrelid FROM part JOIN pg_catalog.pg_inherits ON inhparent = part.oid)"
    " SELECT FROM part LEFT JOIN pg_catalog.pg_class ON pg_class.oid = part.oid WHERE part.oid IS NOT NULL"
    " AND relfilenode IS DISTINCT FROM coalesce(pg_relation_filenode(part.oid), 0))"
    f" THEN '{WRITTEN_ANEW}' ELSE '1' END AS int)"
)
"""Fails if a table was truncated, written anew or made anew since the snapshot began. It is the last statement."""


class Home(NamedTuple):
    """The result of `HOME`; empty for a SQLite file."""

    schema: str | None = None
    missing: Sequence[str] = ()
    """The tables of the current version that the schema lacks."""
    clock: datetime | None = None
    """The server's clock (UTC)."""
    behind: timedelta = timedelta(0)
    """The age of the last replayed transaction, on a standby that has not replayed all that it received."""
    distributed: bool = False
    """Whether the server has Citus, so that rows may be on other nodes (docs/reading.md, "Citus")."""

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Home:
        """Make it from the rows of `HOME`."""
        for schema, _, missing, clock, behind, distributed in rows:
            ago = timedelta(seconds=max(0.0, behind or 0.0))
            return cls(schema, missing, _EPOCH + timedelta(seconds=clock), ago, distributed)
        return cls()

    def packed(self) -> tuple[str | None, float | None, float]:
        """The part that another process needs, as plain values."""
        clock = None if self.clock is None else (self.clock - _EPOCH).total_seconds()
        return self.schema, clock, self.behind.total_seconds()

    @classmethod
    def unpacked(cls, packed: tuple[str | None, float | None, float]) -> Home:
        """Make it from the result of `packed`."""
        schema, clock, behind = packed
        return cls(schema, (), None if clock is None else _EPOCH + timedelta(seconds=clock), timedelta(seconds=behind))

    def lacks(self) -> str:
        """What the schema lacks, as a clause; empty if it is complete."""
        if not self.missing:
            return ""
        *others, last = self.missing
        return f"its schema {self.schema} lacks {' and '.join(filter(None, (', '.join(others), last)))}"
