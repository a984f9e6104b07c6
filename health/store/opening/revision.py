"""Which schema a database has, read without Alembic (docs/reading.md, "One schema")."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Final

from health.store.opening.errors import DatabaseMissing, SchemaProblem, StoreBrokenOff, lacking
from health.store.opening.home import HOME, HOME_ALONE, ONE_SERVER, STANDBY_FUNCTIONS, TABLES, Home
from health.store.opening.statements import Asked, Parts, ReadingConnection, Statements

_VERSIONS: Final = Path(__file__).parents[1] / "migrations" / "versions"
REVISIONS: Final = tuple(sorted(f"tp{each.name[:4]}" for each in _VERSIONS.iterdir() if each.name[:4].isdecimal()))
"""All schema versions, oldest first: `tp0001` is in `0001_facts.py`. This program reads and writes the last one."""
CURRENT: Final = REVISIONS[-1]
_OURS: Final = re.compile(r"tp([0-9]{4})")
VERSION: Final = "SELECT version_num FROM alembic_version"


class SchemaState(StrEnum):
    """The state of a database's schema."""

    ABSENT = "absent"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    UNKNOWN = "unknown"
    """The version's name looks like ours, but it is neither a past version nor a later one."""
    FOREIGN = "foreign"


_NAMES: Final = ", ".join(f"'{name}'" for name in ("alembic_version", *TABLES))
# This includes anything else with one of our names where the tables would be made: a view, a sequence, a type.
_TABLES: Final = {
    "sqlite": (
        f"SELECT name FROM sqlite_master WHERE (type = 'table' OR name IN ({_NAMES}))"  # noqa: S608 - our own names
        " AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    ),
    "postgresql": (
        "SELECT relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace"  # noqa: S608
        " WHERE relpersistence <> 't' AND nspname <> 'pg_catalog' AND (relkind IN ('r', 'p')"
        f" AND pg_catalog.pg_table_is_visible(pg_class.oid) OR nspname = current_schema() AND relname IN ({_NAMES}))"
        " UNION SELECT typname FROM pg_catalog.pg_type JOIN pg_catalog.pg_namespace ON pg_namespace.oid = typnamespace"
        f" WHERE nspname = current_schema() AND typname IN ({_NAMES})"
    ),
}
_NOT_ON_CITUS: Final = ("22P02", "0A000")
"""The SQLSTATEs of `ONE_SERVER` on Citus, and of a statement that Citus cannot distribute."""
_MISSING: Final = ("no such table", "UndefinedTable", "UndefinedColumn")


def schema_state(statements: Statements, database: str) -> SchemaState:
    """Read the version table; without one, look at the other tables.

    Raises the driver's errors, and SchemaProblem if a table of the current version is missing in that schema.
    """
    home = Home.of(statements.rows(HOME_ALONE)) if statements.dialect == "postgresql" else Home()
    statements.distributed = home.distributed
    names = {name for (name,) in statements.rows(_TABLES[statements.dialect])}
    if "alembic_version" not in names:
        return SchemaState.FOREIGN if names else SchemaState.ABSENT
    found = [version for (version,) in statements.rows(VERSION)]
    if not found and names == {"alembic_version"}:
        return SchemaState.ABSENT
    revision = found[0] if len(found) == 1 else None
    if not isinstance(revision, str) or _OURS.fullmatch(revision) is None:
        return SchemaState.FOREIGN
    if revision == CURRENT:
        if home.missing:
            raise lacking(database, home.lacks())
        return SchemaState.CURRENT
    if revision in REVISIONS:
        return SchemaState.OLDER
    return SchemaState.NEWER if revision > CURRENT else SchemaState.UNKNOWN


class OfThisSchema(Statements):
    """Statements on a connection whose schema is the one this program knows.

    The first statements also ask for the home and the version, so that these questions need no flight of their own. For
    another schema they raise one sentence that says what to run.
    """

    def __init__(self, connection: ReadingConnection, database: str, schema: str | None = None) -> None:
        """`schema` is the only one in PostgreSQL that may be found; None for any."""
        self.dialect = connection.dialect
        self.distributed = connection.distributed
        self._connection = connection
        self._database = database
        self._schema = schema
        self._known = False
        self.home: Home | None = None
        """The home of this transaction, once its first statements have run."""

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        if self._known:
            return self._connection.run(asked, last=last)
        try:
            home, version, found = self._first([*self._only_of_one_server(asked), *asked], last=last)
            if len(found) > len(asked):
                found = found[1:]
            self._known = [row for part in version for row in part] == [(CURRENT,)] and not home.missing
        except Exception as error:
            # An older schema lacks something. The sentence that says what to run is more useful.
            if type(error).__name__ in _MISSING or str(error).startswith(_MISSING[0]):
                self._connection.give_up()
                refuse_other_schema(self._connection, self._database)
            self._learn_whether_distributed(error)
            raise
        self._connection.distributed = self.distributed = self.home is not None and self.home.distributed
        found_in = None if self.home is None else self.home.schema
        moved = None not in (self._schema, found_in) and found_in != self._schema
        if moved or not self._known:
            with suppress(Exception):  # the other schema may lack what the rest of the flight asks for
                deque(chain.from_iterable(found), maxlen=0)
            self._connection.give_up()
            if moved:
                raise SchemaProblem(
                    f"{self._database} had its tables in the schema {self._schema}, and now has some in {found_in}:"
                    f" restore {self._schema}, or start TenantPilot again to read {found_in}."
                )
            refuse_other_schema(self._connection, self._database)
            raise StoreBrokenOff(f"{self._database} was being upgraded: try again.")
        return found

    def _only_of_one_server(self, asked: Sequence[Asked]) -> list[Asked]:
        """The statement before those for one server only: on Citus it fails, and so do all that follow."""
        guarded = bool(asked) and self.dialect == "postgresql" and not self._connection.distributed
        return [Asked(ONE_SERVER)] if guarded else []

    def _learn_whether_distributed(self, error: Exception) -> None:
        """Raise StoreBrokenOff if Citus refused a statement for one server. The retry uses the statements for Citus."""
        if self._connection.distributed or getattr(error, "sqlstate", None) not in _NOT_ON_CITUS:
            return
        self._connection.give_up()
        self._connection.distributed = Home.of(self._connection.rows(HOME_ALONE)).distributed
        self._connection.give_up()
        if self._connection.distributed:
            raise StoreBrokenOff(f"{self._database} is distributed: ask again.") from error

    def _first(self, asked: Sequence[Asked], *, last: bool) -> tuple[Home, Parts, list[Parts]]:
        """The home, the rows of the version, and the rows of the statements."""
        if self.dialect != "postgresql":
            self.home = Home()
            version, *found = self._connection.run([Asked(VERSION), *asked], last=last)
            return self.home, version, found
        try:
            home, version, *found = self._connection.run([Asked(HOME), Asked(VERSION), *asked], last=last)
        except Exception as error:
            if not any(name in str(error) for name in STANDBY_FUNCTIONS):
                raise
            self._connection.give_up()
            home, version, *found = self._connection.run([Asked(HOME_ALONE), Asked(VERSION), *asked], last=last)
        self.home = Home.of([row for part in home for row in part])
        return self.home, version, found


def refuse_other_schema(statements: Statements, database: str) -> None:
    """Raise one sentence that says what to run unless the schema is the one this program knows."""
    match schema_state(statements, database):
        case SchemaState.ABSENT:
            raise DatabaseMissing(f"{database} has no tables yet: run 'tenantpilot db init' to create them.")
        case SchemaState.OLDER:
            raise SchemaProblem(
                f"{database} has an older schema than this program ({CURRENT}): run 'tenantpilot db upgrade'."
            )
        case SchemaState.NEWER:
            raise SchemaProblem(
                f"{database} has a newer schema than this program knows ({CURRENT}): install a newer TenantPilot."
            )
        case SchemaState.UNKNOWN:
            raise SchemaProblem(
                f"{database} has a schema version that is unknown to this program ({CURRENT}):"
                " use the TenantPilot that made it, or restore the database."
            )
        case SchemaState.FOREIGN:
            raise SchemaProblem(
                f"{database} holds another program's tables: name the right database with --database, or an empty one."
            )
        case SchemaState.CURRENT:
            return
