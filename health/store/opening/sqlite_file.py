"""Which SQLite file it is that stands at a path, and whether it is still the one that was seen.

SQLite itself looks at sixteen bytes of the header, and with a WAL not even at those: a file that is overwritten in
place, by `cp` or by `rsync --inplace`, goes on as the old one (docs/reading.md, "Nothing swapped").
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
"""The clock by which files are stamped; Python has no name for Linux's CLOCK_REALTIME_COARSE."""


class Stamp(NamedTuple):
    """What changes with every write to a file, whoever writes. The change time cannot be set back, as `cp -p` does."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class FileStamps(NamedTuple):
    """A database file and its WAL; None where there is no such file. A WAL without content is none."""

    main: Stamp | None
    wal: Stamp | None


def stamps_of(file: Path) -> FileStamps:
    """How the file and its WAL are stamped now. Where a link leads to the file, its WAL is beside the file."""
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
        # Some systems stamp by ticks of some milliseconds: a second write in this very tick would not be seen.
        if found.st_ctime_ns != time.clock_gettime_ns(_TICKS):
            return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        time.sleep(0.001)


def has_wal(driver: sqlite3.Connection) -> bool:
    """Whether the database is kept with a WAL: then a program that writes changes its files under a reader."""
    return bool(driver.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


@contextmanager
def still_the_same(file: Path, driver: sqlite3.Connection, label: str) -> Iterator[None]:
    """A block in which a writer, whose lock keeps every other one out, prepares what it then commits.

    Raises StoreConflict where something else has written the file in that time, or put another file in its place: the
    commit would lay pages of the old file over the new one, or be lost with the old one.
    """
    before = stamps_of(file).main
    yield
    now = stamps_of(file).main
    # With a WAL, what others have committed may be written back into the file meanwhile.
    same = _place(now) == _place(before) if has_wal(driver) else now == before
    if not same:
        raise StoreConflict(
            f"{label} was replaced by another file while it was written: nothing was written, run the command again."
        )


_ABOUT_A_WAL: Final = ("CANTOPEN", "READONLY_CANTINIT", "READONLY_DIRECTORY", "READONLY_RECOVERY")


def left_by_a_writer(error: BaseException, file: Path, label: str) -> StoreUnreachable | None:
    """What another program has left beside a file that it cannot be read for, and what mends it; None: neither.

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
    """By its header: 2 stands there for each of its two format versions."""
    try:
        with file.open("rb") as opened:
            return opened.read(20)[18:] == b"\2\2"
    except OSError:
        return False


def _place(stamp: Stamp | None) -> tuple[int, int] | None:
    return None if stamp is None else (stamp.device, stamp.inode)
