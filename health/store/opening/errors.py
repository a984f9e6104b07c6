"""Errors of a database, each with one sentence that says what, where and what to do."""

from __future__ import annotations

import re
from typing import Final

_NOT_SUPPORTED: Final = ("NotSupportedError", "ProgrammingError")
"""The errors (PEP 249) by which a driver says that a function is missing or the role may not use it."""
_FULL: Final = ("disk is full", "No space left on device")
_LOCKED: Final = ("database is locked", "database table is locked", "due to lock timeout", "deadlock detected")
_TAKEN: Final = ("too many clients", "too many connections", "connection slots are reserved", "no more connections")
_NODE: Final = re.compile(r"(?:executing command on|to the (?:remote )?node) (?:[^\s@]*@)?(\S+:\d+)")
"""How Citus names the node of an error."""
_CLASH: Final = ("violates unique constraint", "violates foreign key constraint", "violates check constraint")
_NOT_THERE: Final = ("no such table", "no such column", "no such index")


class StoreError(Exception):
    """The facts as a whole cannot be read or written. The message is one sentence for people, without secrets."""


class BadDatabaseUrl(StoreError):
    """The URL does not name a database that this program can open."""


class DatabaseMissing(StoreError):
    """There is no database file, or it holds nothing yet."""


class SchemaProblem(StoreError):
    """The database is there, but its schema is older, newer or another program's."""


class StoreUnreachable(StoreError):
    """The database did not answer, refused, or closed the connection; trying again later may help."""


class StoreSilent(StoreUnreachable):
    """The database did not answer within the deadline; asking again at once would wait as long again."""


class StoreBrokenOff(StoreUnreachable):
    """A restart or a standby ended the connection or the statement; asking again at once may help."""


class StoreLocked(StoreUnreachable):
    """Another program locked the database for longer than we wait."""


class StoreBusy(StoreUnreachable):
    """All connections that the server allows are in use; one is free as soon as another program ends."""


class StoreConflict(StoreError):
    """The new rows clash with stored ones; nothing was written."""


class NotReadAhead(Exception):
    """The fleet from the second process did not arrive completely: this process has to read it."""


def as_store_error(error: Exception, database: str) -> StoreError:
    """Turn an error of SQLAlchemy or a driver into one sentence about the database named `database`."""
    cause = getattr(error, "orig", None) or error
    reason = first_line(cause)
    if (node := node_of(cause)) is not None and node not in reason:
        reason = f"node {node}: {reason}"
    # We compare the class's name, which is the same in every driver (PEP 249): importing the drivers is slow.
    # A node of a cluster may pass an error on without its class.
    if any(kind.__name__ == "IntegrityError" for kind in type(cause).__mro__) or any(map(reason.__contains__, _CLASH)):
        return StoreConflict(f"{database} refuses the new rows ({reason}): nothing was written.")
    if type(cause).__name__ == "AnswerOverdue":
        return StoreSilent(f"{database} cannot be read: {reason}.")
    if "file is not a database" in reason or "malformed" in reason:
        return SchemaProblem(
            f"{database} is damaged or not a SQLite database ({reason}): check the path, or restore the file."
        )
    if reason.startswith(_NOT_THERE) or type(cause).__name__ in ("UndefinedTable", "UndefinedColumn"):
        return lacking(database, reason)
    if any(word in reason for word in _LOCKED):
        return StoreLocked(f"{database} is locked by a program that writes to it: try again when that has finished.")
    if any(word in reason for word in _TAKEN):
        return StoreBusy(f"{database} has no connection free ({reason}): try again in a moment.")
    if any(word in reason for word in _FULL):
        return StoreUnreachable(f"{database} is on a disk that is full ({reason}): make room and try again.")
    if "attempt to write a readonly database" in reason:
        return StoreUnreachable(f"{database} cannot be written: check the permissions of the file and its folder.")
    return StoreUnreachable(f"{database} cannot be read: {reason}.")


def lacking(database: str, what: str) -> SchemaProblem:
    """The error for a database whose schema is incomplete; `what` is a clause."""
    return SchemaProblem(
        f"{database} lacks a part of its schema ({what}):"
        " restore the database, or make a new one with 'tenantpilot db init' and import the backups again."
    )


def is_not_supported(error: BaseException | None) -> bool:
    """Whether a driver's error says that the database lacks a function, or does not let the role use it."""
    return any(kind.__name__ in _NOT_SUPPORTED for kind in type(error).__mro__)


def node_of(error: BaseException) -> str | None:
    """The node (`host:port`) of a distributed PostgreSQL that an error names; None if it names no node."""
    diagnosis = getattr(error, "diag", None)
    said = (getattr(diagnosis, name, None) or "" for name in ("context", "message_detail", "message_primary"))
    found = next(filter(None, map(_NODE.search, said)), None)
    return None if found is None else found[1]


def first_line(error: BaseException) -> str:
    """The first line of a driver's message, without its full stop. It never has the SQL or a parameter's value."""
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
