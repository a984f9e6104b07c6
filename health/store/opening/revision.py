"""Which schema a database has, read without Alembic (docs/reading.md, "One schema")."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from health.store.opening.errors import DatabaseMissing, SchemaProblem

if TYPE_CHECKING:
    from sqlalchemy import Connection

REVISIONS: Final = ("tp0001", "tp0002")
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


def schema_state(connection: Connection) -> SchemaState:
    """Look at the version table, and at the other tables only where there is none."""
    from sqlalchemy import inspect

    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        return SchemaState.FOREIGN if names else SchemaState.ABSENT
    found = connection.exec_driver_sql(VERSION).scalars().all()
    if not found and set(names) == {"alembic_version"}:
        return SchemaState.ABSENT
    revision = found[0] if len(found) == 1 else None
    if not isinstance(revision, str) or _OURS.fullmatch(revision) is None:
        return SchemaState.FOREIGN
    if revision == CURRENT:
        return SchemaState.CURRENT
    if revision in REVISIONS:
        return SchemaState.OLDER
    return SchemaState.NEWER if revision > CURRENT else SchemaState.UNKNOWN


def require_current_schema(connection: Connection, database: str) -> None:
    """Pass iff the schema is the one this program knows; else raise one sentence that says what to run.

    One cheap statement where all is well, because every evaluation asks; else the transaction is rolled back.
    """
    from sqlalchemy.exc import OperationalError, ProgrammingError

    try:
        if connection.exec_driver_sql(VERSION).scalars().all() == [CURRENT]:
            return
    except (OperationalError, ProgrammingError) as error:
        # Only a missing table is a matter of the schema; SQLite has no class of errors for that.
        if isinstance(error, OperationalError) and "no such table" not in str(error.orig):
            raise
        connection.rollback()
    refuse_other_schema(connection, database)


def refuse_other_schema(connection: Connection, database: str) -> None:
    """Raise one sentence that says what to run unless the schema is the one this program knows. Rolls nothing back."""
    match schema_state(connection):
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
