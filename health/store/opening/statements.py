"""Statements as text on a driver's connection: the one way in which anything is read.

A statement names its parameters `:name`, for both drivers. The drivers' own classes are in `sqlite.py` and in
`postgresql.py`; SQLAlchemy, whose import takes longer than a check, has no part in it.
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
"""While a driver makes rows, no other thread runs, nor the screens: it is asked for so many at a time."""

PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)\b(?!:)")
"""A parameter's name in a statement; no type behind `::`, and no time of day."""


class Asked(NamedTuple):
    """A statement with the values of its parameters: int, text, an aware datetime, or a list of these for `IN`."""

    statement: str
    parameters: Mapping[str, Any] = {}


class Statements(ABC):
    """Runs statements within one transaction."""

    dialect: str
    """`sqlite` or `postgresql`."""
    distributed: bool = False
    """Whether the rows may be on several nodes (Citus), as far as the connection knows: it says so when first asked."""

    @abstractmethod
    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        """Run statements; gives back the rows of each, part by part. Raises the driver's errors.

        A server is sent all of them in one flight, and with `last` the end of the transaction as well: nothing more is
        to be asked in it.
        """

    def rows(self, statement: str, parameters: Mapping[str, Any] | None = None, *, last: bool = False) -> list[Row]:
        """Run one statement; gives back all its rows. Raises the driver's errors."""
        (parts,) = self.run([Asked(statement, parameters or {})], last=last)
        return list(chain.from_iterable(parts))


class ReadingConnection(Statements):
    """A driver's connection that cannot write: one read-only transaction at a time, begun by its first statement."""

    label: str | None = None
    """How the database is called by the connection that was made: of several hosts it names one. None for a file."""

    @abstractmethod
    def end(self) -> None:
        """End the transaction, if one has begun. Nothing was written."""

    @abstractmethod
    def give_up(self) -> None:
        """End the transaction after an error. Raises nothing: where it cannot be ended, the connection is `lost`."""

    @property
    @abstractmethod
    def lost(self) -> bool:
        """Whether the connection is of no more use."""

    @property
    def stamp(self) -> object | None:
        """How the file that a snapshot was read from was stamped: a part of the token. None of a server."""
        return None

    @abstractmethod
    def break_off(self) -> None:
        """From another thread: end the statement that is running, if there is one; its thread gets an error."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection. Raises nothing."""

    def shows_badly_encoded_text(self, error: BaseException | None) -> bool:
        """Whether `error` was of text in no encoding, which from now on is shown as escapes: asking again serves."""
        return False


def sqlite_text(instant: datetime) -> str:
    """The canonical text of an instant in SQLite: UTC, microseconds, in an order that is time order."""
    return instant.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00")
