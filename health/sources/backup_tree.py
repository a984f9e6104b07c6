"""A folder of backup files that cannot be trusted: it is read, never written, and no symbolic link is followed.

Every folder is opened relative to the one above it, and every file is checked again once it is open. So a file or a
folder swapped while we read cannot lead out of the tree. What cannot be read is reported, never left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from health.sources.captured import RefusedInput
from health.sources.documents import MAX_FILE_BYTES, UnreadableFile
from health.sources.storable import storable_name

MAX_FOLDERS_DEEP: Final = 32
"""How many folders are entered inside each other. Each costs an open file; real backups have three."""

SYMBOLIC_LINK: Final = "it is a symbolic link, which is not followed"
TOO_LARGE: Final = f"the file is larger than {MAX_FILE_BYTES // 1024**2} MiB"

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK, a pipe put in the place of a file would hold up the reader for ever.
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class BackupFile(NamedTuple):
    """One file that a tool's layout takes for an item.

    `folder` is relative to the root, with `/`. Either `content` is there or `problem` says why not, as a clause.
    `written_ns` is when a file that stands there was last written, in nanoseconds since 1970; None if unknown.
    `changed_ns` is when the file system last changed anything about it or about a folder that it is in, up to the root:
    content, entries, names and rights. It is the one stamp that no program can set back.
    `inode` is its device and its number there: the same file under another name has the same. None if unknown.
    `is_folder`: a whole folder that could not be entered, in place of the files in it; `folder` is then the folder
    itself.
    `size` is how many bytes it has, by the file system. `doubt` is a clause about a file that was read all the same.
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
    """What a tool writes where. Folders are relative to the root, with `/`; the root itself is the empty string."""

    def enters(self, folder: str, name: str) -> bool:
        """Whether a folder of this name, inside `folder`, can hold items."""

    def takes(self, folder: str, name: str) -> bool:
        """Whether a file of this name, inside `folder`, is an item."""

    def may_hide(self, folder: str, name: str) -> bool:
        """Whether an entry of this name that is not opened, such as a link, may be a folder that can hold items."""


class FilesAtRoot(NamedTuple):
    """The layout of what a run says of itself: a few files beside the folders, by their names."""

    names: frozenset[str]

    def enters(self, folder: str, name: str) -> bool:
        """No folder at all."""
        return False

    def takes(self, folder: str, name: str) -> bool:
        """The files named."""
        return not folder and name in self.names

    def may_hide(self, folder: str, name: str) -> bool:
        """No folder at all."""
        return False


def joined(folder: str, name: str) -> str:
    """A name inside a folder, as a path relative to the root."""
    return f"{folder}/{name}" if folder else name


def visible_name(raw: bytes) -> str:
    """A file's name as text that can be stored: bytes that are not UTF-8 are written out, as in `caf\\xe9.json`."""
    return storable_name(raw.decode("utf-8", "backslashreplace"))


def closed_to_us(layout: Layout, folder: str, name: str, problem: str) -> Iterator[BackupFile]:
    """The file in place of an entry that we do not open, and that may be a file or a folder: at most one.

    A name that the layout takes is that item. Any other stands for the folder that it may lead to.
    """
    if layout.takes(folder, name):
        yield BackupFile(folder, name, problem=problem)
    elif layout.may_hide(folder, name):
        yield BackupFile(joined(folder, name), name, problem=problem, is_folder=True)


def read_tree(root: Path, layout: Layout, *, contents: bool = True, follow_root: bool = True) -> Iterator[BackupFile]:
    """Read every file under a root that the layout takes, one at a time, in the order of their names.

    Without `contents`, files are looked at and not opened. The root itself may be a symbolic link, because the user
    named it; without `follow_root` it may not. Raises RefusedInput if it cannot be listed.
    """
    flags = _FOLDER_FLAGS if follow_root else _FOLDER_FLAGS | os.O_NOFOLLOW
    with ExitStack() as held:
        try:
            opened = held.enter_context(_opened(os.fspath(root), flags))
        except OSError as error:
            raise RefusedInput(f"{root}: this folder cannot be read: {error.strerror}.") from None
        yield from _walk(opened, "", layout, contents)


class _OpenedFolder(NamedTuple):
    """A folder that is being read: its descriptor, its entries in the order of their names' bytes, how many folders it
    is inside of, and when the file system last changed anything about it or one of those."""

    descriptor: int
    entries: list[os.DirEntry[str]]
    depth: int
    changed_ns: int


@contextmanager
def _opened(name: str, flags: int, parent: _OpenedFolder | None = None) -> Iterator[_OpenedFolder]:
    descriptor = os.open(name, flags, dir_fd=None if parent is None else parent.descriptor)
    try:
        # Before its entries are listed: what changes from here on has a later stamp.
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
            # A folder that is moved or renamed leaves the stamps of what is in it alone.
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
    """The file with its content, or with the reason why there is none."""
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
        # The size is only a promise: one byte more than the limit is read to see whether it was kept.
        content = b"" if status.st_size > MAX_FILE_BYTES else file.read(MAX_FILE_BYTES + 1)
        if max(status.st_size, len(content)) > MAX_FILE_BYTES:
            raise UnreadableFile(TOO_LARGE)
    return content
