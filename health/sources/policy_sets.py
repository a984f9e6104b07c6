"""The items of one run of an Intune tool as one set: what every tool that writes folders of policies has in common."""

from __future__ import annotations

import os
from collections.abc import Iterable, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from health.sources.backup_tree import BackupFile, visible_name
from health.sources.captured import CapturedItem, CapturedSet
from health.sources.documents import is_document
from health.sources.missing_types import missing_types_error
from health.sources.policy_items import warned
from health.sources.storable import storable_name

MAX_SET_BYTES: Final = 512 * 1024 * 1024
"""How much captured JSON one set may hold, in bytes. It is written in one transaction, so it has to fit in memory."""


class PolicyFolders:
    """The layout of every such tool: any folder is a type, whatever its name, and a JSON or YAML file in it an item.

    `records` are the names, at the root, of the files in which a run tells of itself.
    """

    def __init__(self, records: Set[str] = frozenset()) -> None:
        self._records = records

    def enters(self, folder: str, name: str) -> bool:
        """Hidden folders at the root belong to a repository; deeper down, a policy's name may begin with a dot."""
        return bool(folder) or not (name.startswith(".") or name in self._records)

    def takes(self, folder: str, name: str) -> bool:
        """A file at the root is a summary or the repository's own."""
        return bool(folder) and is_document(name)

    def may_hide(self, folder: str, name: str) -> bool:
        """Whatever is not an item may be a folder of them."""
        return self.enters(folder, name)


class GatheredItems:
    """The items of one set as they come in: each under a name of its own, and all of a size that can be written."""

    def __init__(self, with_payload: bool) -> None:
        self.items: list[CapturedItem] = []
        self.types: set[str] = set()
        """The types that have files. A folder that could not be entered shows none."""
        self._with_payload = with_payload
        self._names: set[tuple[str, str]] = set()
        self._bytes = 0

    def add(self, item: CapturedItem, *, is_folder: bool) -> None:
        """Take an item in. `is_folder` says that it stands for a folder that could not be entered."""
        item = self._kept(self._named(item))
        self._names.add((item.policy_type, item.policy_identifier))
        self.items.append(item)
        if not is_folder:
            self.types.add(item.policy_type)

    def as_set(self, frame: CapturedSet, expected_types: Set[str]) -> CapturedSet:
        """The set: `partial` if an expected type has no files, because a module that fails just drops its own."""
        return lacking(frame._replace(items=tuple(self.items)), expected_types - self.types)

    def _named(self, item: CapturedItem) -> CapturedItem:
        """Two files can become one name where a name is not UTF-8, and where a git tree was made by hand."""
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


def folder_set(path: Path, *, external_id: str, source: str, completed_at: datetime) -> CapturedSet:
    """The set that a folder is, still without items. A folder has no clock: it goes by the instant that the user names.

    Two imports of one folder that name the same instant are the same set: the instant, in UTC, is its reference.
    """
    return CapturedSet(
        external_id=external_id,
        name=visible_name(os.fsencode(path.resolve().name or path)),
        source=source,
        source_ref=reference_of(completed_at),
        status="completed",
        items=(),
        completed_at=completed_at.astimezone(UTC),
    )


def reference_of(completed_at: datetime) -> str:
    """The source reference of the set that a folder is: the instant that the user names, in UTC."""
    return completed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def lacking(captured: CapturedSet, types: Set[str]) -> CapturedSet:
    """The set, `partial` and with an error that names them, if there are types of which it should have files."""
    if not types:
        return captured
    error = "; ".join(filter(None, (captured.error, missing_types_error(types))))
    return captured._replace(status="partial", error=error)


def types_of(files: Iterable[BackupFile]) -> frozenset[str]:
    """The types that have files: what the next set of the same source is expected to have too."""
    return frozenset(storable_name(file.folder) for file in files if not file.is_folder)
