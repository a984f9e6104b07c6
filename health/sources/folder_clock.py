"""What the dates of a folder's files say of the backup in it: whether it is of the instant that is claimed, and whether
it stood still while it was read (docs/import-folders.md, "The door").

A file that is newer than the claim says nothing: a copy or a checkout dates files anew. An older one is evidence.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.backup_tree import BackupFile, Layout, read_tree
from health.sources.captured import RefusedInput

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class FolderState(NamedTuple):
    """The files of a backup as they stand at one moment, without their contents."""

    files: frozenset[BackupFile] = frozenset()

    @classmethod
    def of(cls, path: Path, *layouts: Layout, follow_root: bool = True) -> FolderState:
        """The state of a folder, or of one file, as these layouts see it; empty where there is nothing to list.

        Without `follow_root` the path itself may not be a symbolic link.
        """
        only = path.resolve().name if path.is_file() else None
        root = path if only is None else path.resolve().parent
        try:
            files = [
                file for layout in layouts for file in read_tree(root, layout, contents=False, follow_root=follow_root)
            ]
        except RefusedInput:
            return cls()
        return cls(frozenset(file for file in files if only is None or (not file.folder and file.name == only)))

    @property
    def newest(self) -> datetime | None:
        """When the newest file was last written (UTC); None where no file has a date that is one."""
        written = [file.written_ns for file in self.files if file.written_ns is not None]
        return instant_of(max(written)) if written else None


def instant_of(ns: int) -> datetime | None:
    """A file's date, in nanoseconds since 1970, as an instant; None past the year 9999 and before the year 1."""
    try:
        return _EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return None


def require_same_state(path: Path, before: FolderState, after: FolderState) -> None:
    """Refuse a backup of which anything came, went or changed between these two looks. Raises RefusedInput."""
    if before != after:
        changed = len({(file.folder, file.name) for file in before.files ^ after.files})
        raise RefusedInput(
            f"{path}: the backup is still being written: {changed} of its files changed while it was read; import it"
            " when the tool has ended."
        )


def require_recent_files(path: Path, newest: datetime | None, completed_at: datetime, longest_run: timedelta) -> None:
    """Refuse a folder whose newest file was written longer than a run lasts before the instant that is claimed for it.

    Raises RefusedInput with both instants.
    """
    if newest is not None and completed_at - newest > longest_run:
        raise RefusedInput(
            f"{path}: its newest file was written at {newest:%F %T} UTC, longer than longest_run before --completed-at"
            f" {completed_at.astimezone(UTC):%F %T} UTC, so it is not of a run that was complete then; name the right"
            " instant, or say --accept-old-files if the files are that run's all the same: then that old state counts"
            " as captured at that instant."
        )


def with_a_doubt(file: BackupFile, latest: datetime) -> BackupFile:
    """The file, with a doubt if it is dated later than any clock can show: then its clock cannot be trusted.

    `latest` is the latest instant (UTC) that a clock may show, the tolerance included.
    """
    if file.written_ns is None or file.written_ns <= (latest - _EPOCH) // _MICROSECOND * 1000:
        return file
    written = instant_of(file.written_ns)
    date = "past the year 9999" if written is None else f"{written:%F %T} UTC"
    return file._replace(doubt=f"the file is dated {date}, which is still to come: its clock cannot be trusted")
