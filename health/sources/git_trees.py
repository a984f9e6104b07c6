"""List the files of a commit by its trees. An unchanged folder is not read again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from health.sources.backup_tree import SYMBOLIC_LINK, BackupFile, Layout, closed_to_us, joined, visible_name
from health.sources.git_objects import GitFailed, ObjectContents, Repository

_LINK: Final = b"120000"
_FOLDER: Final = b"40000"
_SUBMODULE_MODE: Final = b"160000"
_SUBMODULE: Final = "it is a submodule, whose files are in another repository"


class Blob(NamedTuple):
    """A file of a commit. `file` has no content yet; if it has a problem, its content is never read."""

    file: BackupFile
    object_id: bytes


class _Entry(NamedTuple):
    mode: bytes
    name: bytes
    object_id: bytes


class Trees:
    """The files of commits that a layout takes, under the repository's folder."""

    def __init__(self, repository: Repository, contents: ObjectContents, layout: Layout) -> None:
        self._repository = repository
        self._contents = contents
        self._layout = layout
        self._digest_size = 0
        self._files: dict[tuple[bytes, str], tuple[Blob, ...]] = {}

    def files(self, ref: str) -> list[Blob]:
        """The files in a commit, named by its full hash, in the order of their names. Raises GitFailed."""
        self._digest_size = len(ref) // 2
        earlier, self._files = self._files, {}
        try:
            root = self._entries(f"{ref}^{{tree}}".encode("ascii"))
            for part in filter(None, self._repository.prefix.split(b"/")):
                below = next((each for each in root if each.name == part and each.mode == _FOLDER), None)
                if below is None:
                    return []
                root = self._entries(below.object_id)
            return list(self._gone_through(root, "", earlier))
        except LookupError:
            # This raises with git's own reason.
            self._repository.run("ls-tree", "-r", "-z", "--full-tree", ref)
            raise GitFailed("a folder of it cannot be read") from None

    def _gone_through(
        self, entries: list[_Entry], folder: str, earlier: dict[tuple[bytes, str], tuple[Blob, ...]]
    ) -> Iterator[Blob]:
        for mode, raw_name, object_id in entries:
            name = visible_name(raw_name)
            if mode == _FOLDER:
                if self._layout.enters(folder, name):
                    yield from self._below(object_id, joined(folder, name), earlier)
            elif mode in (_LINK, _SUBMODULE_MODE):
                problem = SYMBOLIC_LINK if mode == _LINK else _SUBMODULE
                for file in closed_to_us(self._layout, folder, name, problem):
                    yield Blob(file, object_id)
            elif self._layout.takes(folder, name):
                yield Blob(BackupFile(folder, name), object_id)

    def _below(
        self, object_id: bytes, folder: str, earlier: dict[tuple[bytes, str], tuple[Blob, ...]]
    ) -> tuple[Blob, ...]:
        key = object_id, folder
        files = earlier.get(key)
        if files is None:
            files = tuple(self._gone_through(self._entries(object_id), folder, earlier))
        self._files[key] = files
        return files

    def _entries(self, object_id: bytes) -> list[_Entry]:
        """The entries of a tree. Raises LookupError if git cannot read it."""
        tree = self._contents.of(object_id)
        if tree is None:
            raise LookupError(object_id)
        entries: list[_Entry] = []
        place = 0
        while place < len(tree):
            end = tree.find(b"\0", place)
            mode, _, name = tree[place:end].partition(b" ")
            place = end + 1 + self._digest_size
            if end < 0 or place > len(tree):
                raise LookupError(object_id)
            entries.append(_Entry(mode, name, tree[end + 1 : place].hex().encode("ascii")))
        return entries
