"""IntuneManagement: `<root>/<Type>/<name>.json`, mostly UTF-16, and `MigrationTable.json` beside them.

The table lists the groups that the assignments name. The tool leaves no manifest: it says nothing of what failed, nor
of what it was not asked to export. A type that the last completed set has and this export has not makes it partial, as
with IntuneCD: a type that failed and a chosen part of the tenant look alike, and neither is a whole
(docs/facts.md, "backup_sets"; docs/import-folders.md, "IntuneManagement").
"""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.backup_tree import BackupFile, FilesAtRoot, read_tree
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.documents import UnreadableFile, read_document
from health.sources.policy_items import policy_item, warned
from health.sources.policy_sets import GatheredItems, PolicyFolders, folder_set

SOURCE: Final = "intunemanagement"

_TABLE: Final = "MigrationTable.json"
_RECORDS: Final = FilesAtRoot(frozenset({_TABLE}))
_LAYOUT: Final = PolicyFolders(_RECORDS.names)


def read_export(
    path: Path,
    *,
    external_id: str,
    completed_at: datetime,
    expected_types: Set[str] = frozenset(),
    accept_missing: Set[str] = frozenset(),
    with_payload: bool = True,
    accepted: Callable[[Set[str]], object] | None = None,
    progress: Callable[[int], None] | None = None,
) -> CapturedSet:
    """Read an export as the one set that was complete at `completed_at`, which is also its source reference.

    `expected_types` are the types that have files in the tenant's last completed set of this source, `accept_missing`
    those that are gone for good; `accepted` is told which of them would be missing. `progress` is told the number of
    files read so far.

    Raises RefusedInput if there is no such folder, no item in it, or if it is the folder above the export.
    """
    groups = _Groups.of(next(read_tree(path, _RECORDS), None))
    gathered = GatheredItems(with_payload)
    for number, file in enumerate(read_tree(path, _LAYOUT), start=1):
        if file.name == _TABLE:
            raise RefusedInput(f"{path}: the export is in its folder {file.folder!r}: name that one.")
        gathered.add(groups.item_of(file), is_folder=file.is_folder)
        if progress is not None:
            progress(number)
    if not gathered.items:
        raise RefusedInput(
            f"{path}: no item in it, so there is no backup to import; name the folder that holds the types' folders,"
            " such as 'SettingsCatalog'."
        )
    if accepted is not None:
        accepted(accept_missing & expected_types - gathered.types)
    frame = folder_set(path, external_id=external_id, source=SOURCE, completed_at=completed_at)
    return gathered.as_set(frame, expected_types - accept_missing)


class _Groups(NamedTuple):
    """The groups of the migration table by their ids, in lower case; `problem` says why nobody knows them."""

    ids: frozenset[str] = frozenset()
    problem: str | None = None

    @classmethod
    def of(cls, table: BackupFile | None) -> _Groups:
        """The groups that a migration table lists."""
        if table is None:
            return cls(problem=f"there is no {_TABLE}")
        try:
            if table.content is None:
                raise UnreadableFile(table.problem or "the file has no content")
            document = read_document(table.content, table.name)
        except UnreadableFile as problem:
            return cls(problem=f"{_TABLE}: {problem}")
        listed = document.get("Objects") if isinstance(document, dict) else None
        if not isinstance(listed, list):
            return cls(problem=f"{_TABLE} lists no objects")
        ids = (each.get("Id") for each in listed if isinstance(each, dict))
        return cls(frozenset(each.lower() for each in ids if isinstance(each, str)))

    def item_of(self, file: BackupFile) -> CapturedItem:
        """The item that a file is. Without a table none of its groups is known to exist, and a warning says so."""
        item = policy_item(file, self._is_orphan)
        if self.problem is None or not item.orphaned_assignments:
            return item
        return warned(item, f"nobody knows whether its groups exist: {self.problem}")

    def _is_orphan(self, target: dict[str, object]) -> bool:
        group = target.get("groupId")
        return not isinstance(group, str) or group.lower() not in self.ids
