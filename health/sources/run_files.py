"""Which files of a folder one run wrote, whatever the clock of their file system says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.backup_tree import BackupFile, Layout, read_tree
from health.sources.captured import RefusedInput

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class FilesThatStood(NamedTuple):
    """The files of a folder as they stood at one moment, each with when it was last written, in nanoseconds since 1970:
    by folder and name, and by the number that the file system has for them. `folders` are the names of what stood in
    a root in which every run makes a folder of its own."""

    by_name: frozenset[tuple[str, str, int]] = frozenset()
    by_inode: frozenset[tuple[tuple[int, int], int]] = frozenset()
    folders: frozenset[str] = frozenset()

    def hold(self, file: BackupFile) -> bool:
        """Whether a file stood there already: as it is and where it is, or under another name."""
        if file.written_ns is None:
            return False
        if (file.folder, file.name, file.written_ns) in self.by_name:
            return True
        return file.inode is not None and (file.inode, file.written_ns) in self.by_inode


NONE_STOOD: Final = FilesThatStood()


def files_as_they_stand(path: Path, layout: Layout) -> FilesThatStood:
    """The files in a folder before a run; empty if there is no folder yet.

    A file that stands there unchanged afterwards is not the run's work, renamed or not. The file system dated both, so
    our own clock does not matter.
    """
    try:
        files = list(read_tree(path, layout, contents=False))
    except RefusedInput:
        return NONE_STOOD
    return FilesThatStood(
        frozenset((file.folder, file.name, file.written_ns) for file in files if file.written_ns is not None),
        frozenset((file.inode, file.written_ns) for file in files if file.inode and file.written_ns is not None),
    )


def folders_as_they_stand(root: Path) -> FilesThatStood:
    """What stands in a root of runs before a run; empty if there is no root yet."""
    try:
        return FilesThatStood(folders=frozenset(entry.name for entry in root.iterdir()))
    except OSError:
        return NONE_STOOD


class RunOfFolder(NamedTuple):
    """One run that wrote into a folder: since when (UTC), and the files that stood there before it."""

    since: datetime
    stood_before: FilesThatStood = NONE_STOOD

    def wrote(self, file: BackupFile) -> bool:
        """Whether a file is of the run. One in place of a folder that cannot be entered has no time, and counts."""
        if file.written_ns is None:
            return True
        since_ns = (self.since - _EPOCH) // timedelta(microseconds=1) * 1000
        return file.written_ns >= since_ns and not self.stood_before.hold(file)
