"""The items of an input of facts, on disk until their set is written: a million of them do not fit in memory.

The file is a temporary one of SQLite, which has no name and ends with the process
(docs/import-facts.md, "Any other tool: import facts").
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, overload

from health.sources.captured import NOT_DELETED, CapturedItem, NotDeleted, RefusedInput

_FIELDS: Final = CapturedItem._fields
_CACHE: Final = "PRAGMA cache_size = -16384"
_MADE_BY: Final = (
    f"CREATE TABLE items (set_number, line, {', '.join(_FIELDS)},"
    " PRIMARY KEY (set_number, policy_type, policy_identifier)) WITHOUT ROWID"
)
_ADDED: Final = f"INSERT INTO items VALUES ({', '.join('?' * (len(_FIELDS) + 2))})"  # noqa: S608
_FIRST: Final = "SELECT line FROM items WHERE set_number = ? AND policy_type = ? AND policy_identifier = ?"
_OF_A_SET: Final = f"SELECT {', '.join(_FIELDS)} FROM items WHERE set_number = ? ORDER BY line"  # noqa: S608
_INSTANTS: Final = tuple(place for place, name in enumerate(_FIELDS) if name.endswith("_at"))


class ItemSpool:
    """The items of every set of an input, by the number of the set."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._file.close)
        for statement in ("PRAGMA journal_mode = OFF", _CACHE, _MADE_BY, "BEGIN"):
            self._file.execute(statement)

    def add(self, set_number: int, line: int, item: CapturedItem) -> int:
        """Keep an item of a set. Returns the first line about it: `line` itself, unless an earlier one is about it.

        Raises RefusedInput if the items do not fit on the disk.
        """
        try:
            self._file.execute(_ADDED, (set_number, line, *map(_kept, item)))
        except sqlite3.IntegrityError:
            found = self._file.execute(_FIRST, (set_number, item.policy_type, item.policy_identifier))
            return int(found.fetchone()[0])
        except sqlite3.OperationalError as error:
            raise RefusedInput(
                f"The items do not fit into the folder of temporary files ({error}): set TMPDIR to one with more room."
            ) from None
        return line

    def items(self, set_number: int) -> Iterator[CapturedItem]:
        """The items of a set, in the order of their lines."""
        for row in self._file.execute(_OF_A_SET, (set_number,)):
            values = list(row)
            for place in _INSTANTS:
                values[place] = _instant(values[place])
            yield CapturedItem(*values)


class SpooledItems(Sequence[CapturedItem]):
    """The items of one set, read from the file each time they are gone through."""

    def __init__(self, spool: ItemSpool, set_number: int, count: int) -> None:
        self._spool = spool
        self._set_number = set_number
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[CapturedItem]:
        return self._spool.items(self._set_number)

    @overload
    def __getitem__(self, place: int) -> CapturedItem: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[CapturedItem]: ...
    def __getitem__(self, place: Any) -> Any:
        return tuple(self)[place]


def _kept(value: Any) -> Any:
    """A value as SQLite keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, NotDeleted) else value


def _instant(kept: str | None) -> datetime | NotDeleted | None:
    if kept is None:
        return None
    return NOT_DELETED if kept == NOT_DELETED.value else datetime.fromisoformat(kept)
