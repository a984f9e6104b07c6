"""Identify the SQLite file at a path, and notice if it was replaced or overwritten.

SQLite itself only checks sixteen bytes of the header, and with a WAL not even those. It does not notice that a file was
overwritten in place by `cp` or `rsync --inplace` (docs/reading.md, "Nothing swapped").
"""

from __future__ import annotations

import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from health.store.opening.errors import StoreConflict, StoreUnreachable

_TICKS: Final = 5 if sys.platform == "linux" else time.CLOCK_REALTIME
"""The clock of file stamps; Python has no name for Linux's CLOCK_REALTIME_COARSE."""
_COARSEST_STAMPS: Final = 3_000_000_000
"""Nanoseconds: some file systems stamp in steps of two seconds, and a server's clock is not exactly this machine's."""


class Stamp(NamedTuple):
    """Values that change with every write to a file. No program can set the change time back, not even `cp -p`."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class FileStamps(NamedTuple):
    """A database file and its WAL; None if the file does not exist. An empty WAL counts as None."""

    main: Stamp | None
    wal: Stamp | None


def stamps_of(file: Path) -> FileStamps:
    """The current stamps of the file and its WAL. If a link leads to the file, the WAL is beside the file itself."""
    file = file.resolve()
    main = _stamp_of(file)
    wal = _stamp_of(file.with_name(f"{file.name}-wal"))
    return FileStamps(main, wal if wal is not None and wal.size else None)


def _stamp_of(file: Path) -> Stamp | None:
    while True:
        try:
            found = file.stat()
        except OSError:
            return None
        # Some systems stamp in ticks of a few milliseconds: a second write in the same tick would not be noticed.
        if found.st_ctime_ns != time.clock_gettime_ns(_TICKS):
            return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        time.sleep(0.001)


def is_settled(stamp: Stamp) -> bool:
    """Whether any later write of the file gets another stamp, whatever the steps of the file system's stamps."""
    return time.clock_gettime_ns(_TICKS) - stamp.changed > _COARSEST_STAMPS


def has_wal(driver: sqlite3.Connection) -> bool:
    """Whether the database has a WAL: then a writer changes its files while others read."""
    return bool(driver.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


@contextmanager
def still_the_same(file: Path, driver: sqlite3.Connection, label: str) -> Iterator[None]:
    """A block in which a writer that holds the lock prepares its commit.

    Raises StoreConflict if another program has written or replaced the file in that time: the commit would put pages of
    the old file into the new one, or be lost with the old one.
    """
    before = stamps_of(file).main
    yield
    now = stamps_of(file).main
    # With a WAL, earlier commits of others may be written back into the file in the meantime.
    same = _place(now) == _place(before) if has_wal(driver) else now == before
    if not same:
        raise StoreConflict(
            f"{label} was replaced by another file while it was written: nothing was written, run the command again."
        )


_ABOUT_A_WAL: Final = ("CANTOPEN", "READONLY_CANTINIT", "READONLY_DIRECTORY", "READONLY_RECOVERY")


def left_by_a_writer(error: BaseException, file: Path, label: str) -> StoreUnreachable | None:
    """The error if another program left a file beside the database that makes it unreadable; None if there is none.

    (docs/operations.md, "SQLite")
    """
    name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_")
    if name == "READONLY_ROLLBACK":
        return StoreUnreachable(
            f"{label} was left in the middle of a write by a program that crashed, with a hot journal beside it:"
            " run 'tenantpilot db upgrade' as a user who may write there; it takes the unfinished write back."
        )
    if name in _ABOUT_A_WAL and _is_of_a_wal(file):
        return StoreUnreachable(
            f"{label} is kept with a WAL, which only those can read who may write to its folder:"
            f" run sqlite3 {shlex.quote(str(file))} 'PRAGMA journal_mode = DELETE' as its owner, or open the folder."
        )
    return None


def _is_of_a_wal(file: Path) -> bool:
    """Whether the header says so: both format versions are 2."""
    try:
        with file.open("rb") as opened:
            return opened.read(20)[18:] == b"\2\2"
    except OSError:
        return False


def _place(stamp: Stamp | None) -> tuple[int, int] | None:
    return None if stamp is None else (stamp.device, stamp.inode)
