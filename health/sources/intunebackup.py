"""IntuneBackupAndRestore: `<root>/<Type>/<name>.json`, and `<root>/<Type>/Assignments/<name>.json` beside them
(docs/import-folders.md, "IntuneBackupAndRestore").

The tool writes assignments only for a policy that has some, and never looks up a group's name. It writes no manifest,
so it does not say what failed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from health.sources.another_tool import Sign, refuse_another_tools, sign_of_assignments
from health.sources.backup_tree import BackupFile
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.declaration import Asked, Source
from health.sources.documents import UnreadableFile, is_document, read_document, stem_of
from health.sources.one_backup import ASSIGNMENTS, Nesting, folder_of_the_backup, refuse_several
from health.sources.policy_items import continues, error_among, error_of_graph, policy_item, warned, with_assignments
from health.sources.policy_sets import FolderFiles, PolicyFolders, gathered_from

SOURCE: Final = "intunebackup"

_SCRIPTS: Final = "Script Content"
_SETTINGS_ALONE: Final = "Administrative Templates"
_WITHOUT_BUILT_IN: Final = "Device Health Scripts"
"""The type for which the tool leaves out Microsoft's own policies, but writes their assignments."""

_NESTING: Final = Nesting(frozenset({"device management intents"}))
"""The tool keeps policies of this type in folders named after their template, and nests no other type."""

_BY_ID: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) - ", re.IGNORECASE)
"""The names of assignments files for applications and app protection policies, whose names are not unique."""

_CUT: Final = re.compile(r'(?<!\\)"(?:System\.Collections\.Hashtable"|System\.Object\[\]"|@\{[\w.@]+=)')
"""What PowerShell writes in place of a value that is nested deeper than its limit."""


class _Policies(PolicyFolders):
    """Folders of policies. Files in `Assignments` and `Script Content` belong to a policy and are not items."""

    def enters(self, folder: str, name: str) -> bool:
        """Types, and the folders in which a type keeps its policies."""
        beside = bool(folder) and (_is(name, ASSIGNMENTS) or _is(name, _SCRIPTS))
        return not beside and super().enters(folder, name)


class _Assignments(PolicyFolders):
    """The `Assignments` folder of each type, and nothing else."""

    def enters(self, folder: str, name: str) -> bool:
        """Every folder may have one in it."""
        return not _is(name, _SCRIPTS) and super().enters(folder, name)

    def takes(self, folder: str, name: str) -> bool:
        """The documents in it."""
        return _is_of_assignments(folder) and is_document(name)

    def may_hide(self, folder: str, name: str) -> bool:
        """Only an entry with that name."""
        return bool(folder) and _is(name, ASSIGNMENTS)


def _is(name: str, folder: str) -> bool:
    """Whether a name is that of one of the tool's folders. A copy may have changed its case."""
    return name.lower() == folder.lower()


def _is_of_assignments(folder: str) -> bool:
    above, _, name = folder.rpartition("/")
    return bool(above) and _is(name, ASSIGNMENTS)


def read_backup(asked: Asked) -> CapturedSet:
    """Read a folder as the one set that was complete at `asked.completed_at`.

    Raises RefusedInput if there is no such folder, no item of this run in it, or if it is the folder above one backup
    or several, or another tool's.
    """
    assignments = _AssignmentFiles(asked)
    files = FolderFiles(asked, _Policies())
    captured = files.as_set(gathered_from(files, assignments.item_of, asked), SOURCE, such_as="Settings Catalog")
    refuse_another_tools(asked.path, files.places, SOURCE)
    if assignments.in_a_policy is not None:
        raise assignments.in_a_policy.refused(asked.path)
    refuse_several(asked.path, files.places, _NESTING)
    if (above := folder_of_the_backup(files.places, _NESTING)) is not None:
        raise _in_its_folder(asked.path, above)
    # If a policy has assignments but no file, it was not captured.
    counted = captured.item_count or len(captured.items)
    if missing := assignments.of_no_policy():
        return captured._replace(item_count=counted + missing)
    return captured


def _in_its_folder(path: Path, above: str) -> RefusedInput:
    return RefusedInput(f"{path}: the backup is in its folder {above!r}: name that one.")


class _AssignmentFiles:
    """The assignments of a backup: each belongs to the policy with its name, or with the id at the name's start."""

    def __init__(self, asked: Asked) -> None:
        self._by_name: dict[tuple[str, str], BackupFile] = {}
        self._by_id: dict[tuple[str, str], BackupFile] = {}
        self._closed: dict[str, str] = {}
        """The types whose `Assignments` folder could not be entered, and why."""
        self._used: set[tuple[str, str]] = set()
        self.in_a_policy: Sign | None = None
        """A policy with assignments in its own file, where this tool never writes any."""
        for file in FolderFiles(asked._replace(progress=None), _Assignments()):
            policy_type, _, _ = file.folder.rpartition("/")
            if file.is_folder:
                if _is_of_assignments(file.folder):
                    self._closed[policy_type] = file.problem or "it was not read"
                continue
            stem = stem_of(file.name)
            if (named := _BY_ID.match(stem)) is not None:
                self._by_id[policy_type, named[1].lower()] = file
            else:
                self._by_name[policy_type, stem] = file
        types = {policy_type for policy_type, _ in (*self._by_name, *self._by_id)}
        if types and all("/" in policy_type for policy_type in types):
            above = min(types).partition("/")[0]
            raise _in_its_folder(asked.path, above)

    def item_of(self, file: BackupFile) -> CapturedItem:
        """The item of a file, with its assignments. Without any, nothing is known and the state does not change."""
        item = policy_item(file, _is_orphan, may_be_a_list=file.folder == _SETTINGS_ALONE)
        self.in_a_policy = self.in_a_policy or sign_of_assignments(item)
        if item.payload is not None and _CUT.search(item.payload):
            item = warned(item, "PowerShell cut off a value that is nested too deep")
        if file.is_folder:
            return item
        if (problem := self._closed.get(file.folder)) is not None:
            return warned(item, f"its assignments cannot be read: {problem}")._replace(assignments_state="failed")
        assigned = self._of(file, item)
        if assigned is None:
            return item
        self._used.add((assigned.folder, assigned.name))
        if assigned.doubt is not None:
            item = warned(item, f"of its assignments {assigned.doubt}")
        try:
            if assigned.content is None:
                raise UnreadableFile(assigned.problem or "the file has no content")
            document = read_document(assigned.content, assigned.name)
        except UnreadableFile as problem:
            return warned(item, f"its assignments cannot be read: {problem}")._replace(assignments_state="failed")
        return _assigned(item, document)

    def of_no_policy(self) -> int:
        """The number of assignments files whose policy is missing."""
        there = [*self._by_name.values(), *self._by_id.values()]
        return sum(
            (each.folder, each.name) not in self._used and each.folder != f"{_WITHOUT_BUILT_IN}/{ASSIGNMENTS}"
            for each in there
        )

    def _of(self, file: BackupFile, item: CapturedItem) -> BackupFile | None:
        if (named := self._by_name.get((file.folder, stem_of(file.name)))) is not None:
            return named
        if item.payload is None or not self._by_id:
            return None
        policy = json.loads(item.payload)
        own = policy.get("id") if isinstance(policy, dict) else None
        return self._by_id.get((file.folder, own.lower())) if isinstance(own, str) else None


def _assigned(item: CapturedItem, document: object) -> CapturedItem:
    """The item with its assignments: a list, a page from Graph with a list, or a single assignment."""
    error = error_of_graph(document)
    if isinstance(document, dict) and "value" in document:
        if continues(document):
            item = warned(item, "its assignments continue on another page")
        document = document["value"]
    elif isinstance(document, dict):
        document = [document]
    if error is None and isinstance(document, list):
        error = error_among(document)
    if error is not None:
        return warned(item, f"the file of its assignments holds {error}")._replace(assignments_state="failed")
    if not isinstance(document, list):
        return warned(item, "its assignments are not a list")._replace(assignments_state="failed")
    return with_assignments(item, document, _is_orphan)


def _is_orphan(target: dict[str, object]) -> bool:
    """Only a target without any group is an orphan: the tool never checks whether a group exists."""
    group = target.get("groupId")
    return not (isinstance(group, str) and group.strip())


DECLARED: Final = Source(
    name=SOURCE,
    help="Import what IntuneBackupAndRestore wrote to PATH, the folder with the types' folders, at one instant.",
    place="PATH",
    place_help="The folder with the types' folders in it.",
    completed_help="When the backup was complete.",
    layout=_Policies(),
    records=_Assignments(),
    folder=read_backup,
)
