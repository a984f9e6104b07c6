"""Read a folder of untrusted backup files. Nothing is written, and no symbolic link is followed.

Every folder is opened relative to its parent, and every file is checked again after it is open. So a file or a folder
that is swapped while we read cannot lead out of the tree. What cannot be read is reported, never left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from health.sources.captured import RefusedInput
from health.sources.documents import MAX_FILE_BYTES, UnreadableFile
from health.sources.storable import storable_name

MAX_FOLDERS_DEEP: Final = 32
"""The maximum depth of folders. Each level needs an open file; real backups have three levels."""

SYMBOLIC_LINK: Final = "it is a symbolic link, which is not followed"
TOO_LARGE: Final = f"the file is larger than {MAX_FILE_BYTES // 1024**2} MiB"

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK, a pipe in the place of a file would block the reader for ever.
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class BackupFile(NamedTuple):
    """One file that is an item by the tool's layout.

    `folder` is relative to the root, with `/`. `content` is the file's content; if it is None, `problem` is a clause
    that says why.
    `written_ns` is when the file was last written, in nanoseconds since 1970; None if unknown.
    `changed_ns` is when the file system last changed the file or a folder above it, up to the root: content, entries,
    names or rights. No program can set this stamp back.
    `inode` is the device and the file's number there: the same file under another name has the same. None if unknown.
    `is_folder`: a whole folder that could not be entered, in place of its files; `folder` is then the folder itself.
    `size` is the file's size in bytes, by the file system. `doubt` is a clause about a file that was read anyway.
    """

    folder: str
    name: str
    content: bytes | None = None
    problem: str | None = None
    written_ns: int | None = None
    changed_ns: int | None = None
    inode: tuple[int, int] | None = None
    is_folder: bool = False
    size: int | None = None
    doubt: str | None = None


class Layout(Protocol):
    """Where a tool writes its items. Folders are relative to the root, with `/`; the root is the empty string."""

    def enters(self, folder: str, name: str) -> bool:
        """Whether a folder of this name, inside `folder`, can hold items."""

    def takes(self, folder: str, name: str) -> bool:
        """Whether a file of this name, inside `folder`, is an item."""

    def may_hide(self, folder: str, name: str) -> bool:
        """Whether an unopened entry of this name, such as a link, may be a folder that can hold items."""


class FilesAtRoot(NamedTuple):
    """The layout of a run's own records: a few named files at the root.

    `any_case`: a copy may have changed the case of a name, and `names` are in lower case.
    """

    names: frozenset[str]
    any_case: bool = False

    def enters(self, folder: str, name: str) -> bool:
        """No folder at all."""
        return False

    def takes(self, folder: str, name: str) -> bool:
        """The files named."""
        return not folder and (name.lower() if self.any_case else name) in self.names

    def may_hide(self, folder: str, name: str) -> bool:
        """No folder at all."""
        return False


def joined(folder: str, name: str) -> str:
    """A name inside a folder, as a path relative to the root."""
    return f"{folder}/{name}" if folder else name


@lru_cache(maxsize=10_000)  # every commit of a history has the same names
def visible_name(raw: bytes) -> str:
    """A file's name as storable text: bytes that are not UTF-8 become escapes, as in `caf\\xe9.json`."""
    return storable_name(raw.decode("utf-8", "backslashreplace"))


def closed_to_us(layout: Layout, folder: str, name: str, problem: str) -> Iterator[BackupFile]:
    """The file that represents an entry that we do not open: at most one.

    If the layout takes the name, it is that item. Otherwise it stands for the folder that it may lead to.
    """
    if layout.takes(folder, name):
        yield BackupFile(folder, name, problem=problem)
    elif layout.may_hide(folder, name):
        yield BackupFile(joined(folder, name), name, problem=problem, is_folder=True)


def read_tree(root: Path, layout: Layout, *, contents: bool = True, follow_root: bool = True) -> Iterator[BackupFile]:
    """Read every file under a root that the layout takes, one at a time, in the order of names.

    Without `contents`, files are listed and not opened. The root itself may be a symbolic link, because the user named
    it; without `follow_root` it may not. Raises RefusedInput if the root cannot be listed.
    """
    flags = _FOLDER_FLAGS if follow_root else _FOLDER_FLAGS | os.O_NOFOLLOW
    with ExitStack() as held:
        try:
            opened = held.enter_context(_opened(os.fspath(root), flags))
        except OSError as error:
            raise RefusedInput(f"{root}: this folder cannot be read: {error.strerror}.") from None
        yield from _walk(opened, "", layout, contents)


class _OpenedFolder(NamedTuple):
    """A folder that is being read: its descriptor, its entries in the byte order of their names, its depth, and when
    the file system last changed it or a folder above it."""

    descriptor: int
    entries: list[os.DirEntry[str]]
    depth: int
    changed_ns: int


@contextmanager
def _opened(name: str, flags: int, parent: _OpenedFolder | None = None) -> Iterator[_OpenedFolder]:
    descriptor = os.open(name, flags, dir_fd=None if parent is None else parent.descriptor)
    try:
        # Read before the entries are listed, so that later changes have a later stamp.
        changed_ns = os.fstat(descriptor).st_ctime_ns
        with os.scandir(descriptor) as listing:
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        if parent is None:
            yield _OpenedFolder(descriptor, entries, 1, changed_ns)
        else:
            yield _OpenedFolder(descriptor, entries, parent.depth + 1, max(changed_ns, parent.changed_ns))
    finally:
        os.close(descriptor)


def _walk(opened: _OpenedFolder, folder: str, layout: Layout, contents: bool) -> Iterator[BackupFile]:
    for entry in opened.entries:
        name = visible_name(os.fsencode(entry.name))
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield from closed_to_us(layout, folder, name, f"it cannot be looked at: {error.strerror}")
            continue
        if stat.S_ISLNK(status.st_mode):
            yield from closed_to_us(layout, folder, name, SYMBOLIC_LINK)
        elif stat.S_ISDIR(status.st_mode):
            if layout.enters(folder, name):
                yield from _walk_into(opened, entry.name, joined(folder, name), layout, contents)
            elif layout.takes(folder, name):
                yield BackupFile(folder, name, problem="it is a folder and not a file")
        elif layout.takes(folder, name):
            # Moving or renaming a folder does not change the stamps of its files.
            changed_ns = max(status.st_ctime_ns, opened.changed_ns)
            file = BackupFile(
                folder,
                name,
                written_ns=status.st_mtime_ns,
                changed_ns=changed_ns,
                inode=(status.st_dev, entry.inode()),
                size=status.st_size,
            )
            yield _read(opened.descriptor, entry.name, status, file) if contents else file


def _walk_into(parent: _OpenedFolder, name: str, folder: str, layout: Layout, contents: bool) -> Iterator[BackupFile]:
    unseen = BackupFile(folder, visible_name(os.fsencode(name)), is_folder=True)
    if parent.depth == MAX_FOLDERS_DEEP:
        yield unseen._replace(problem=f"the folder is inside more than {MAX_FOLDERS_DEEP - 2} others")
        return
    with ExitStack() as held:
        try:
            opened = held.enter_context(_opened(name, _FOLDER_FLAGS | os.O_NOFOLLOW, parent))
        except OSError as error:
            yield unseen._replace(problem=f"the folder cannot be read: {error.strerror}")
            return
        yield from _walk(opened, folder, layout, contents)


def _read(parent: int, name: str, status: os.stat_result, file: BackupFile) -> BackupFile:
    """The file with its content, or with a problem that says why there is no content."""
    try:
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("it is not a regular file")
        content = _content_of(parent, name)
    except UnreadableFile as error:
        return file._replace(problem=str(error))
    except OSError as error:
        return file._replace(problem=f"the file cannot be read: {error.strerror}")
    return file._replace(content=content)


def _content_of(parent: int, name: str) -> bytes:
    with open(os.open(name, _FILE_FLAGS, dir_fd=parent), "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("it is not a regular file")
        # The file may have grown since, so we read one byte more than the limit to notice that.
        content = b"" if status.st_size > MAX_FILE_BYTES else file.read(MAX_FILE_BYTES + 1)
        if max(status.st_size, len(content)) > MAX_FILE_BYTES:
            raise UnreadableFile(TOO_LARGE)
    return content
