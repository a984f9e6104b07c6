"""Statements as text on a driver's connection: the only way in which facts are read.

A statement names its parameters `:name`, for both drivers. The drivers' own classes are in `sqlite.py` and
`postgresql.py`. SQLAlchemy is not used here: importing it takes longer than a check.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, NamedTuple

Row = Sequence[Any]
Rows = Sequence[Row]
Parts = Iterator[Rows]

ROWS_AT_ONCE: Final = 500
"""Rows that a driver makes at a time: in the meantime no other thread runs, and the screens stand still."""

PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)\b(?!:)")
"""A parameter's name in a statement; not a type after `::`, and not a time of day."""


class Asked(NamedTuple):
    """A statement with the values of its parameters: int, text, an aware datetime, or a list of these for `IN`."""

    statement: str
    parameters: Mapping[str, Any] = {}
    large: bool = False
    """Whether there are many rows: a server's are then returned while it sends the following ones."""


class Statements(ABC):
    """Runs statements in one transaction."""

    dialect: str
    """`sqlite` or `postgresql`."""
    distributed: bool = False
    """Whether the rows may be on several nodes (Citus). The connection knows this after its first answer."""

    @abstractmethod
    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        """Run statements and return the rows of each, part by part. Raises the driver's errors.

        A server gets all of them in one flight. With `last`, the flight also ends the transaction, and no further
        statement may follow. Only the last statement may be a large one; all its rows must be taken before any other
        statement is run.
        """

    def rows(self, statement: str, parameters: Mapping[str, Any] | None = None, *, last: bool = False) -> list[Row]:
        """Run one statement and return all its rows. Raises the driver's errors."""
        (parts,) = self.run([Asked(statement, parameters or {})], last=last)
        return list(chain.from_iterable(parts))


class ReadingConnection(Statements):
    """A driver's connection that cannot write: one read-only transaction at a time, begun by its first statement."""

    label: str | None = None
    """The database's label from the real connection, with the one host of several; None for a file."""

    @abstractmethod
    def end(self) -> None:
        """End the transaction, if one has begun."""

    @abstractmethod
    def give_up(self) -> None:
        """End the transaction after an error. Never raises: if it cannot be ended, the connection is `lost`."""

    @property
    @abstractmethod
    def lost(self) -> bool:
        """Whether the connection cannot be used any more."""

    @property
    def stamp(self) -> object | None:
        """The stamp of the file of the snapshot, which is part of the token; None for a server."""
        return None

    @property
    def content(self) -> tuple[int, ...] | None:
        """Which content of a file the last snapshot was of: two snapshots with the same have the same facts.

        That holds in another process too, while `stamp` is only valid for its connection. None if it cannot be known,
        and for a server.
        """
        return None

    @abstractmethod
    def break_off(self) -> None:
        """From another thread: end the running statement, if there is one. Its thread gets an error."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection. Never raises."""

    def was_torn(self, error: BaseException | None) -> bool:
        """Whether `error` says that a table was written anew under the snapshot, so that it must be asked again."""
        return False

    def shows_badly_encoded_text(self, error: BaseException | None) -> bool:
        """Whether text that is not UTF-8 caused `error`. Such text is now shown as escapes, so ask again."""
        return False


def sqlite_text(instant: datetime) -> str:
    """The canonical text of an instant in SQLite: UTC, microseconds, in an order that is time order."""
    return instant.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00")
