"""Which schema a database has, read without Alembic (docs/reading.md, "One schema")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from health.store.opening.errors import DatabaseMissing, SchemaProblem
from health.store.opening.statements import Asked, Parts, ReadingConnection, Statements

REVISIONS: Final = ("tp0001", "tp0002", "tp0003")
"""Every schema version there has been, oldest first; the last is the one that this program reads and writes."""
CURRENT: Final = REVISIONS[-1]
_OURS: Final = re.compile(r"tp([0-9]{4})")
VERSION: Final = "SELECT version_num FROM alembic_version"


class SchemaState(StrEnum):
    """What was found where the schema should be."""

    ABSENT = "absent"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    UNKNOWN = "unknown"
    """A version of ours by its name, but neither one that there has been nor one that comes after those."""
    FOREIGN = "foreign"


_TABLES: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    "postgresql": (
        "SELECT relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND nspname <> 'pg_catalog'"
        " AND pg_catalog.pg_table_is_visible(pg_class.oid)"
    ),
}
_MISSING: Final = ("no such table", "UndefinedTable", "UndefinedColumn")


def schema_state(statements: Statements) -> SchemaState:
    """Look at the version table, and at the other tables only where there is none. Raises the driver's errors."""
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
        return SchemaState.CURRENT
    if revision in REVISIONS:
        return SchemaState.OLDER
    return SchemaState.NEWER if revision > CURRENT else SchemaState.UNKNOWN


class OfThisSchema(Statements):
    """Statements on a connection whose schema is the one this program knows.

    The first ones take the question of its version with them, so that it costs no flight of its own. Where it is
    another schema, they raise one sentence that says what to run.
    """

    def __init__(self, connection: ReadingConnection, database: str) -> None:
        self.dialect = connection.dialect
        self._connection = connection
        self._database = database
        self._known = False

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        if self._known:
            return self._connection.run(asked, last=last)
        try:
            version, *found = self._connection.run([Asked(VERSION), *asked], last=last)
            self._known = [row for part in version for row in part] == [(CURRENT,)]
        except Exception as error:
            # Whatever it is that an older schema lacks: what to run says more.
            if type(error).__name__ in _MISSING or str(error).startswith(_MISSING[0]):
                self._connection.give_up()
                refuse_other_schema(self._connection, self._database)
            raise
        if not self._known:
            self._connection.give_up()
            refuse_other_schema(self._connection, self._database)
        return found


def refuse_other_schema(statements: Statements, database: str) -> None:
    """Raise one sentence that says what to run unless the schema is the one this program knows."""
    match schema_state(statements):
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
