"""Which files of a folder one run wrote. The clock of the file system does not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.backup_tree import BackupFile, Layout, read_tree
from health.sources.captured import RefusedInput

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class FilesThatStood(NamedTuple):
    """The files of a folder at one moment, each with the time of its last write, in nanoseconds since 1970.

    One mapping is by folder and name, the other by the file system's number of the file. `folders` are the names in a
    root where every run makes its own folder.
    """

    by_name: frozenset[tuple[str, str, int]] = frozenset()
    by_inode: frozenset[tuple[tuple[int, int], int]] = frozenset()
    folders: frozenset[str] = frozenset()

    def hold(self, file: BackupFile) -> bool:
        """Whether a file was already there and is unchanged, perhaps under another name."""
        if file.written_ns is None:
            return False
        if (file.folder, file.name, file.written_ns) in self.by_name:
            return True
        return file.inode is not None and (file.inode, file.written_ns) in self.by_inode


NONE_STOOD: Final = FilesThatStood()


def files_as_they_stand(path: Path, *layouts: Layout) -> FilesThatStood:
    """The files in a folder before a run; empty if the folder does not exist yet.

    If a file is unchanged after the run, even if renamed, the run did not write it. The file system dated both, so our
    own clock does not matter.
    """
    try:
        files = [file for layout in layouts for file in read_tree(path, layout, contents=False)]
    except RefusedInput:
        return NONE_STOOD
    return FilesThatStood(
        frozenset((file.folder, file.name, file.written_ns) for file in files if file.written_ns is not None),
        frozenset((file.inode, file.written_ns) for file in files if file.inode and file.written_ns is not None),
    )


def folders_as_they_stand(root: Path) -> FilesThatStood:
    """The names in a root of runs before a run; empty if the root does not exist yet."""
    try:
        return FilesThatStood(folders=frozenset(entry.name for entry in root.iterdir()))
    except OSError:
        return NONE_STOOD


class RunOfFolder(NamedTuple):
    """One run that wrote into a folder: its start (UTC), and the files that were there before it."""

    since: datetime
    stood_before: FilesThatStood = NONE_STOOD

    def wrote(self, file: BackupFile) -> bool:
        """Whether the run wrote a file. One that stands for a folder that cannot be read has no time, and counts."""
        if file.written_ns is None:
            return True
        since_ns = (self.since - _EPOCH) // timedelta(microseconds=1) * 1000
        return file.written_ns >= since_ns and not self.stood_before.hold(file)
