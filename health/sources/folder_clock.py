"""Check the dates of a folder's files: whether the backup fits the claimed instant, and whether it changed while it was
read (docs/import-folders.md, "The door").

A file newer than the claim proves nothing, because a copy or a checkout gives files new dates. An older file is
evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.backup_tree import BackupFile, Layout, read_tree
from health.sources.captured import RefusedInput

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class FolderState(NamedTuple):
    """The files of a backup at one moment, without their contents."""

    files: frozenset[BackupFile] = frozenset()

    @classmethod
    def of(cls, path: Path, *layouts: Layout, follow_root: bool = True) -> FolderState:
        """The state of a folder or of one file, by these layouts; empty if there is nothing to list.

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

    def newest(self, carries: Callable[[BackupFile], bool]) -> datetime | None:
        """When the newest of the files that carry items was last written (UTC); None if none has a valid date."""
        dated = [(file.written_ns, file) for file in self.files if file.written_ns is not None]
        dated.sort(key=lambda each: each[0], reverse=True)
        return next((instant_of(ns) for ns, file in dated if carries(file)), None)


def instant_of(ns: int) -> datetime | None:
    """A file's date, in nanoseconds since 1970, as an instant (UTC); None outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return None


def require_same_state(path: Path, before: FolderState, after: FolderState) -> None:
    """Raise RefusedInput if any file was added, removed or changed between these two states."""
    if before != after:
        changed = len({(file.folder, file.name) for file in before.files ^ after.files})
        raise RefusedInput(
            f"{path}: the backup is still being written: {changed} of its files changed while it was read; import it"
            " after the tool has ended."
        )


def require_recent_files(path: Path, newest: datetime | None, completed_at: datetime, longest_run: timedelta) -> None:
    """Raise RefusedInput if the newest file is older than the claimed instant by more than `longest_run`.

    The message has both instants.
    """
    if newest is not None and completed_at - newest > longest_run:
        raise RefusedInput(
            f"{path}: its newest file was written at {newest:%F %T} UTC, longer than longest_run before --completed-at"
            f" {completed_at.astimezone(UTC):%F %T} UTC, so it is not of a run that was complete then; name the right"
            " instant, or add --accept-old-files if the files are of that run anyway: then that old state counts as"
            " captured at that instant."
        )


def with_a_doubt(file: BackupFile, latest: datetime) -> BackupFile:
    """The file, with a doubt if it is dated in the future: then its clock cannot be trusted.

    `latest` is the latest instant (UTC) that a clock may show, including the tolerance.
    """
    if file.written_ns is None or file.written_ns <= (latest - _EPOCH) // _MICROSECOND * 1000:
        return file
    written = instant_of(file.written_ns)
    date = "past the year 9999" if written is None else f"{written:%F %T} UTC"
    return file._replace(doubt=f"the file is dated {date}, which is in the future: its clock cannot be trusted")
