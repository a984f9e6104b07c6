"""IntuneCD: `<root>/<Type>/<name>_<odata type>.json`, or YAML, in a folder or in a git repository.

`intunecd_git.py` reads the same tree out of commits. The tool leaves no manifest: it declares no number of items and
says nothing of what failed (docs/import-folders.md, "IntuneCD").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.backup_tree import BackupFile, joined, read_tree
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.documents import stem_of
from health.sources.policy_items import platform_in, policy_item
from health.sources.policy_sets import GatheredItems, PolicyFolders, folder_set

SOURCE: Final = "intunecd"

_NOT_TYPES: Final = frozenset({"Assignment Report", "Script Data", "mobileconfig", "__archive__", ".git"})
_SUMMARY: Final = "backup_summary.json"
_APPENDED_ID: Final = re.compile(r"__[^_]+$")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class IntuneCDLayout(PolicyFolders):
    """Folders of policies, but for the few that hold something else (docs/import-folders.md, "IntuneCD")."""

    def enters(self, folder: str, name: str) -> bool:
        """Reports, scripts and archives are no types."""
        return name not in _NOT_TYPES and super().enters(folder, name)

    def takes(self, folder: str, name: str) -> bool:
        """The tool's own summary is no policy, wherever it lies."""
        return name != _SUMMARY and super().takes(folder, name)

    def may_hide(self, folder: str, name: str) -> bool:
        """A folder may be called anything; what is called a document in Markdown and not opened is taken for one."""
        return not name.endswith(".md") and name != _SUMMARY and super().may_hide(folder, name)


LAYOUT: Final = IntuneCDLayout()


class FilesThatStood(NamedTuple):
    """The files of a folder as they stood at one moment, each with when it was last written, in nanoseconds since 1970:
    by folder and name, and by the number that the file system has for them."""

    by_name: frozenset[tuple[str, str, int]] = frozenset()
    by_inode: frozenset[tuple[tuple[int, int], int]] = frozenset()

    def hold(self, file: BackupFile) -> bool:
        """Whether a file stood there already: as it is and where it is, or under another name."""
        if file.written_ns is None:
            return False
        if (file.folder, file.name, file.written_ns) in self.by_name:
            return True
        return file.inode is not None and (file.inode, file.written_ns) in self.by_inode


_ALIKE: Final = 2
"""How many files two folders have in common at least, by their types and names, before they are taken for two runs."""
NONE_STOOD: Final = FilesThatStood()


def files_as_they_stand(path: Path) -> FilesThatStood:
    """The files in a folder before a run, none where there is no folder yet.

    What still stands so afterwards is not the run's work, and renaming writes nothing. The file system dated both, so
    no clock of ours matters.
    """
    try:
        files = list(read_tree(path, LAYOUT, contents=False))
    except RefusedInput:
        return NONE_STOOD
    return FilesThatStood(
        frozenset((file.folder, file.name, file.written_ns) for file in files if file.written_ns is not None),
        frozenset((file.inode, file.written_ns) for file in files if file.inode and file.written_ns is not None),
    )


def read_folder(
    path: Path,
    *,
    external_id: str,
    completed_at: datetime,
    expected_types: Set[str] = frozenset(),
    accept_missing: Set[str] = frozenset(),
    with_payload: bool = True,
    written_since: datetime | None = None,
    stood_before: FilesThatStood = NONE_STOOD,
    accepted: Callable[[Set[str]], object] | None = None,
    progress: Callable[[int], None] | None = None,
) -> CapturedSet:
    """Read a folder as the one set that was complete at `completed_at`, which is also its source reference.

    `expected_types` are the types that have files in the tenant's last completed set of this source, `accept_missing`
    those that are gone for good; `accepted` is told which of them would be missing. With `written_since`, a file that
    was last written before belongs to an earlier run: it is no item, but it is counted in `item_count`; so is one of
    `stood_before`, renamed or not. `progress` is told the number of files read so far.

    Raises RefusedInput if there is no such folder or no item of this run in it, for nothing is no backup, and if there
    are several backups in it: taken for one, they would hide what either lacks.
    """
    since_ns = 0 if written_since is None else (written_since - _EPOCH) // timedelta(microseconds=1) * 1000
    gathered = GatheredItems(with_payload)
    found = written = 0
    places: list[str] = []
    for file in read_tree(path, LAYOUT):
        found += 1
        places.append(joined(file.folder, file.name))
        if file.written_ns is None or (file.written_ns >= since_ns and not stood_before.hold(file)):
            gathered.add(item_of(file), is_folder=file.is_folder)
            written += file.written_ns is not None
        if progress is not None:
            progress(found)
    if not gathered.items or (written_since is not None and not written):
        raise RefusedInput(_no_items(path, found))
    if (several := _several_backups(places)) is not None:
        raise RefusedInput(
            f"{path}: it holds several backups, {' and '.join(several)} among them, and not one: name one of those."
        )
    if accepted is not None:
        accepted(accept_missing & expected_types - gathered.types)
    frame = folder_set(path, external_id=external_id, source=SOURCE, completed_at=completed_at)
    if written_since is not None:
        frame = frame._replace(item_count=found)
    return gathered.as_set(frame, expected_types - accept_missing)


def _several_backups(places: Iterable[str]) -> tuple[str, str] | None:
    """Two folders side by side in which most of the same types and files stand: two runs, and not two types of one."""
    files: Counter[str] = Counter()
    first_with: dict[tuple[str, str], str] = {}
    alike: Counter[tuple[str, str]] = Counter()
    for place in places:
        *folders, name = place.split("/")
        for depth in range(1, len(folders)):
            folder, inside = "/".join(folders[:depth]), "/".join((*folders[depth:], name))
            files[folder] += 1
            other = first_with.setdefault(("/".join(folders[: depth - 1]), inside), folder)
            if other != folder:
                alike[other, folder] += 1
    for (one, other), both in alike.items():
        if both >= _ALIKE and 2 * both >= min(files[one], files[other]):
            return one, other
    return None


def _no_items(path: Path, found: int) -> str:
    if found:
        return f"{path}: none of its {found} files was written by this run, so there is no backup to import."
    return (
        f"{path}: no item in it, so there is no backup to import; name the folder that holds the types' folders, "
        "such as 'Settings Catalog'."
    )


def item_of(file: BackupFile) -> CapturedItem:
    """The item that a file is. Its name ends in the policy's Graph type, with `--append-id` in `__<id>` after that."""
    return policy_item(file, _is_orphan, platform=platform_in(_APPENDED_ID.sub("", stem_of(file.name))))


def _is_orphan(target: dict[str, object]) -> bool:
    """IntuneCD asks for the name of every group that a target names, and leaves it away where the group is gone."""
    name = target.get("groupName")
    return not (isinstance(name, str) and name.strip())
