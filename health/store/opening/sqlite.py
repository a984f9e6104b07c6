"""Read a SQLite file: the connection cannot write, and each snapshot is one deferred transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from health.store.opening import limits
from health.store.opening.errors import DatabaseMissing, StoreBrokenOff
from health.store.opening.sqlite_file import FileStamps, has_wal, is_settled, stamps_of
from health.store.opening.statements import (
    PARAMETER,
    ROWS_AT_ONCE,
    Asked,
    Parts,
    ReadingConnection,
    Statements,
    sqlite_text,
)


class SqliteStatements(Statements):
    """Statements on an open connection, in a transaction that the caller may have begun."""

    dialect = "sqlite"

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._cursors: list[sqlite3.Cursor] = []

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        """Each statement runs when its first rows are read: a file needs no flights."""
        return [self._parts(each.statement, each.parameters) for each in asked]

    def _parts(self, statement: str, parameters: Mapping[str, Any]) -> Parts:
        cursor = self._driver.cursor()
        self._cursors.append(cursor)
        cursor.execute(*_bound(statement, parameters))
        while part := cursor.fetchmany(ROWS_AT_ONCE):
            yield part
        self._cursors.remove(cursor)


_TRIES: Final = 5
"""How often we reopen a file that is being written before a snapshot begins."""


class SqliteReading(SqliteStatements, ReadingConnection):
    """A file that is open for reading. If it has changed since it was opened, it is opened again before a read."""

    @classmethod
    def open(cls, file: Path) -> SqliteReading:
        """Open an existing file. Raises DatabaseMissing if there is none, and the driver's errors."""
        require_file(file)
        # Read before the file is opened, so that every later write is noticed.
        stamps = stamps_of(file)
        return cls(file, stamps, _open_read_only(file))

    def __init__(self, file: Path, stamps: FileStamps, driver: sqlite3.Connection) -> None:
        super().__init__(driver)
        self._file = file
        self._stamps = stamps
        self._openings = 0
        self._wal_at_begin = stamps.wal
        self._content: tuple[int, ...] | None = None
        self._begun = False
        self._lost = False
        self._escapes = False

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        if not self._begun:
            self._begin()
        return super().run(asked)

    def _begin(self) -> None:
        """Begin a snapshot of the current file. The connection may still hold pages of an older file."""
        for opening in range(_TRIES):
            # Checked first: a connection to a file that was damaged, and is now repaired, fails on every statement.
            if stamps_of(self._file).main != self._stamps.main:
                self._open_anew()
            self._driver.execute("BEGIN")
            # This takes the lock: without a WAL, no program that uses locks writes the file until the snapshot ends.
            self._driver.execute("PRAGMA schema_version").fetchone()
            now = stamps_of(self._file)
            # A new connection holds no pages older than its snapshot. Others may append to a WAL in the meantime.
            if now == self._stamps or (opening and now.main == self._stamps.main):
                self._begun, self._wal_at_begin = True, now.wal
                self._content = self._known_content(now)
                return
            self._open_anew()
        raise self._overwritten()

    def _open_anew(self) -> None:
        self.close()
        require_file(self._file)
        self._stamps = stamps_of(self._file)
        self._driver = _open_read_only(self._file)
        self._openings += 1
        if self._escapes:
            decode_with_escapes(self._driver)

    def end(self) -> None:
        if self._begun and self._was_overwritten():
            raise self._overwritten()
        self._close_cursors()
        self._driver.commit()
        self._begun = False

    def _was_overwritten(self) -> bool:
        """Whether another program wrote the file during the snapshot, and not a writer that respects its readers.

        With a WAL, a commit may write earlier pages back into the file: then the WAL has changed too. If a write back
        of an earlier commit is taken for an overwriting, the question is only asked again.
        """
        now = stamps_of(self._file)
        if now.main == self._stamps.main:
            return False
        return now.wal == self._wal_at_begin or not has_wal(self._driver)

    def _overwritten(self) -> StoreBrokenOff:
        return StoreBrokenOff(
            f"{self._file.name} was overwritten while it was read: try again when its copying has ended."
        )

    @property
    def stamp(self) -> object:
        return self._openings, self._stamps

    def _known_content(self, now: FileStamps) -> tuple[int, ...] | None:
        """By the stamp of the file, if no program wrote it since before it was opened, nor just before, without a WAL.

        With a WAL the stamps do not say what a snapshot has: a commit is in the WAL before readers see it. And a stamp
        says nothing about later writes while these may get the same one.
        """
        if now != self._stamps or now.main is None or now.wal is not None or not is_settled(now.main):
            return None
        return tuple(now.main)

    @property
    def content(self) -> tuple[int, ...] | None:
        return self._content

    def give_up(self) -> None:
        self._begun = False
        self._close_cursors()
        try:
            self._driver.rollback()
        except sqlite3.Error:
            self._lost = True

    def _close_cursors(self) -> None:
        """A statement that was given up half-way keeps the file locked for as long as an error's traceback holds it."""
        while self._cursors:
            with suppress(sqlite3.Error):
                self._cursors.pop().close()

    @property
    def lost(self) -> bool:
        return self._lost

    def break_off(self) -> None:
        with suppress(sqlite3.Error):
            self._driver.interrupt()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._driver.close()

    def shows_badly_encoded_text(self, error: BaseException | None) -> bool:
        # Not from the start, because a decoder in Python makes a fleet read a third slower.
        if not isinstance(error, sqlite3.Error) or "Could not decode to UTF-8" not in str(error):
            return False
        self.show_badly_encoded_text()
        return True

    def show_badly_encoded_text(self) -> None:
        """From now on, show bytes that are not UTF-8 as escapes."""
        self._escapes = True
        decode_with_escapes(self._driver)


def _open_read_only(file: Path) -> sqlite3.Connection:
    """Open a file read-only, without reading anything. Raises the driver's errors."""
    uri = f"file:{quote(str(file.resolve()))}?mode=ro"
    driver = sqlite3.connect(
        uri, uri=True, timeout=limits.LOCK_SECONDS, isolation_level=None, check_same_thread=False,
        cached_statements=256,
    )  # fmt: skip
    try:
        driver.execute("PRAGMA query_only = ON")
        # Even a read-only connection could create another file with ATTACH.
        driver.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    except BaseException:
        driver.close()
        raise
    return driver


def require_file(file: Path) -> None:
    """Raise DatabaseMissing, with what to do, unless there is a file."""
    if not file.exists():
        raise DatabaseMissing(
            f"There is no database at {file}: restore it if there was one. For a new one,"
            " 'tenantpilot init FOLDER --write' writes settings for the backups in FOLDER. Then 'tenantpilot db init'"
            " makes the database. Then 'tenantpilot sync' imports the backups. Or look around with 'tenantpilot demo'."
        )
    if not file.is_file():
        raise DatabaseMissing(f"{file} is not a file: name the database file with --database sqlite:///PATH.")


def decode_with_escapes(driver: sqlite3.Connection) -> None:
    """Show the bytes of text that is not UTF-8 as escapes, instead of failing."""
    driver.text_factory = lambda value: value.decode("utf-8", "backslashreplace")


def _bound(statement: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement and its values for the driver: a list becomes one parameter a value, an instant its text."""
    values: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, list):
            values |= {f"{name}_{place}": _bindable(each) for place, each in enumerate(value)}
        else:
            values[name] = _bindable(value)
    if len(values) == len(parameters) and all(name in values for name in parameters):
        return statement, values

    def marks(found: Any) -> str:
        listed = parameters[found[1]]
        if not isinstance(listed, list):
            return str(found[0])
        return f"({', '.join(f':{found[1]}_{place}' for place in range(len(listed)))})"

    return PARAMETER.sub(marks, statement), values


def _bindable(value: Any) -> Any:
    return sqlite_text(value) if isinstance(value, datetime) else value
