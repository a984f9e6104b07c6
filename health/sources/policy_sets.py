"""One run of an Intune tool as a set with its items: the part shared by all tools that write folders of policies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Set
from datetime import UTC
from typing import Final

from health.sources.another_tool import seems_to_be
from health.sources.backup_tree import BackupFile, Layout, joined, read_tree, visible_name
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.declaration import Asked, folder_reference
from health.sources.documents import is_document
from health.sources.folder_clock import with_a_doubt
from health.sources.policy_items import describes_a_policy, warned

MAX_SET_BYTES: Final = 512 * 1024 * 1024
"""The most captured JSON in one set, in bytes. A set is written in one transaction, so it must fit in memory."""


NO_POLICY: Final = "no object in it has an '@odata.type', 'id', 'displayName', 'name' or 'settings' as a policy has"


class PolicyFolders:
    """The layout of all these tools: every folder is a type, whatever its name, and each JSON or YAML file is an item.

    `records` are the names of the files at the root in which a run describes itself.
    """

    def __init__(self, records: Set[str] = frozenset()) -> None:
        self._records = records

    def enters(self, folder: str, name: str) -> bool:
        """Not hidden folders at the root: they belong to a repository. Deeper, a policy's name may begin with a dot."""
        return bool(folder) or not (name.startswith(".") or name in self._records)

    def takes(self, folder: str, name: str) -> bool:
        """Not files at the root: they are summaries, or belong to the repository."""
        return bool(folder) and is_document(name)

    def may_hide(self, folder: str, name: str) -> bool:
        """Always: an entry that is not an item may be a folder of items."""
        return self.enters(folder, name)


class GatheredItems:
    """Collects the items of one set. Each gets a unique name, and the set stays small enough to write."""

    def __init__(self, with_payload: bool, *, of_graph: bool = True) -> None:
        self.items: list[CapturedItem] = []
        self.shows_a_backup = not of_graph
        """Whether one item is a policy of Graph, or says why it is not. In the second case the set is degraded anyway.
        True from the start if the items are not Graph's."""
        self._with_payload = with_payload
        self._names: set[tuple[str, str]] = set()
        self._bytes = 0

    def add(self, item: CapturedItem) -> None:
        """Add an item."""
        if not self.shows_a_backup:
            self.shows_a_backup = item.integrity_warning is not None or describes_a_policy(item)
        item = self._kept(self._named(item))
        self._names.add((item.policy_type, item.policy_identifier))
        self.items.append(item)

    def as_set(self, frame: CapturedSet) -> CapturedSet:
        """The set with the items so far. It is `failed` if no item is a policy."""
        if self.items and not self.shows_a_backup:
            frame = frame._replace(status="failed", error=frame.error or f"{NO_POLICY}, so it is not a backup")
        return frame._replace(items=tuple(self.items))

    def _named(self, item: CapturedItem) -> CapturedItem:
        """Make the name unique: two files get the same name if one is not UTF-8, or in a git tree made by hand."""
        name, copies = item.policy_identifier, 1
        while (item.policy_type, item.policy_identifier) in self._names:
            copies += 1
            item = item._replace(policy_identifier=f"{name} ({copies})")
        return item if copies == 1 else warned(item, f"another file in this folder is also named {name}")

    def _kept(self, item: CapturedItem) -> CapturedItem:
        size = len(item.payload or "") + len(item.assignments or "")
        if self._with_payload and self._bytes + size <= MAX_SET_BYTES:
            self._bytes += size
            return item
        without = item._replace(payload=None, assignments=None)
        if not self._with_payload:
            return without
        return warned(without, f"its JSON is not kept: the set would hold more than {MAX_SET_BYTES // 1024**2} MiB")


class FolderFiles:
    """The files of a source's folder, without those that a recorded run did not write.

    After the iteration, `places` are the paths of all files there, relative to the folder, without the folders that
    could not be entered: what is in those is unknown.
    """

    def __init__(self, asked: Asked, layout: Layout) -> None:
        self._asked = asked
        self._layout = layout
        self._written = 0
        self._seen = 0
        self.places: list[str] = []

    def __iter__(self) -> Iterator[BackupFile]:
        for file in read_tree(self._asked.path, self._layout):
            self._seen += 1
            if not file.is_folder:
                self.places.append(joined(file.folder, file.name))
            if self._asked.run is None or self._asked.run.wrote(file):
                self._written += file.written_ns is not None
                yield with_a_doubt(file, self._asked.latest)
            if self._asked.progress is not None:
                self._asked.progress(self._seen)

    def as_set(self, gathered: GatheredItems, source: str, *, such_as: str) -> CapturedSet:
        """The set of these items, completed at the instant that the user gives, because a folder has no clock.

        Two imports of one folder with the same instant are the same set: the instant is its reference. A file that a
        recorded run did not write counts only in `item_count`. `such_as` is an example of the folders that the tool
        writes. Raises RefusedInput if the run wrote no item: an empty folder is not a backup.
        """
        asked = self._asked
        assert asked.completed_at is not None
        if not gathered.items or (asked.run is not None and not self._written):
            raise RefusedInput(self._no_items(source, such_as))
        if not gathered.shows_a_backup:
            raise RefusedInput(f"{asked.path}: {NO_POLICY}, so there is no backup to import; name a tool's own folder.")
        return gathered.as_set(
            CapturedSet(
                external_id=asked.external_id,
                name=visible_name(os.fsencode(asked.path.resolve().name or asked.path)),
                source=source,
                source_ref=folder_reference(asked),
                status="completed",
                items=(),
                item_count=None if asked.run is None else self._seen,
                completed_at=asked.completed_at.astimezone(UTC),
            )
        )

    def _no_items(self, source: str, such_as: str) -> str:
        path, found = self._asked.path, self._seen
        if found:
            return f"{path}: none of its {found} files was written by this run, so there is no backup to import."
        return (
            f"{path}: no item in it, so there is no backup to import; name the folder that holds the types' folders,"
            f" such as {such_as!r}{seems_to_be(path, source)}."
        )


def gathered_from(files: FolderFiles, item_of: Callable[[BackupFile], CapturedItem], asked: Asked) -> GatheredItems:
    """The items of a folder in which each file is one."""
    gathered = GatheredItems(asked.with_payload)
    for file in files:
        gathered.add(item_of(file))
    return gathered
