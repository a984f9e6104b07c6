"""Whether a folder holds another tool's backup, and which source reads that (docs/import-folders.md, "The door").

Each tool says in its own place what a policy is assigned to, which groups are gone and how a run ended. By the rules of
another tool that would not be seen, and the backup would look better than it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.captured import CapturedItem, RefusedInput
from health.sources.one_backup import ASSIGNMENTS, TABLE, is_table
from health.sources.recognised import recognised
from health.sources.tenuvault_record import MANIFEST, RUN_FOLDER

FOLDERS_OF_INTUNECD: Final = frozenset({"Assignment Report", "Script Data", "mobileconfig", "__archive__"})
"""Folders that only IntuneCD writes, and that hold no policy."""

SUMMARY_OF_INTUNECD: Final = "backup_summary.json"

_INTUNEBACKUP, _INTUNECD, _INTUNEMANAGEMENT, _TENUVAULT = "intunebackup", "intunecd", "intunemanagement", "tenuvault"
_WROTE: Final = {
    _INTUNEBACKUP: "IntuneBackupAndRestore writes it",
    _INTUNECD: "IntuneCD writes it",
    _INTUNEMANAGEMENT: "IntuneManagement writes it",
    _TENUVAULT: "TenuVault writes it into the folder of a run",
}


class Sign(NamedTuple):
    """A path that shows another tool's backup, relative to the root, and the source that reads it."""

    place: str
    source: str
    more: str = ""

    def refused(self, path: Path) -> RefusedInput:
        """The refusal of that root."""
        return RefusedInput(
            f"{path}: it holds {self.place!r}{self.more}, as {_WROTE[self.source]}: import it with {self.source!r}."
        )


def sign_in(places: Iterable[str], own: str) -> Sign | None:
    """The first sign of a tool other than the source `own` in the paths of all files; None if no path shows one."""
    tables: list[Sign] = []
    for place in places:
        sign = _sign_of(place)
        if sign is None or sign.source == own:
            continue
        if sign.source != _INTUNEMANAGEMENT:
            return sign
        tables.append(sign)
    # Several tables are several backups, which is the first thing to say of such a root.
    return tables[0] if len(tables) == 1 else None


def refuse_another_tools(path: Path, places: Iterable[str], own: str) -> None:
    """Refuse another tool's backup in a folder, by the paths of all its files and by what is beside them.

    Raises RefusedInput, which names the source that reads it.
    """
    sign = sign_in(places, own) or _sign_at_root(path, own)
    if sign is not None:
        raise sign.refused(path)


def sign_of_a_run(path: Path) -> Sign | None:
    """The sign of one run of TenuVault, if the folder itself is one."""
    if RUN_FOLDER.fullmatch(path.resolve().name) is None or (name := _at_root(path, MANIFEST)) is None:
        return None
    return Sign(name, _TENUVAULT)


def sign_of_assignments(item: CapturedItem) -> Sign | None:
    """The sign of a tool that writes assignments into the policy's own file; None if the item has none there.

    `item` is as its file says it. IntuneCD takes ids out of policies, and writes the names of groups.
    """
    if not json.loads(item.assignments or "[]"):
        return None
    source = _INTUNECD if names_a_group(item) or "id" not in json.loads(item.payload or "{}") else _INTUNEMANAGEMENT
    return _with_assignments(item, source)


def refuse_named_groups(path: Path, item: CapturedItem) -> None:
    """Refuse a backup of IntuneCD by one of its policies: that tool alone writes the name of a group into a target."""
    if names_a_group(item):
        raise _with_assignments(item, _INTUNECD).refused(path)


def names_a_group(item: CapturedItem) -> bool:
    """Whether a target of an item's assignments names its group."""
    targets = (each.get("target") for each in json.loads(item.assignments or "[]") if isinstance(each, dict))
    return any(isinstance(target, dict) and "groupName" in target for target in targets)


def seems_to_be(path: Path, own: str) -> str:
    """A clause about a folder without anything that the source `own` reads: what seems to be in it; else empty."""
    if sign_of_a_run(path) is not None:
        return f"; it is one run of TenuVault: name the folder above it, and import that with {_TENUVAULT!r}"
    found = recognised(path)
    if found is None or (found.kind == own and not found.below):
        return ""
    where = f"its folder {found.below!r}" if found.below else "it"
    # The layout of folders alone does not tell these three tools apart.
    kinds = (_INTUNECD, _INTUNEMANAGEMENT, _INTUNEBACKUP) if found.kind == _INTUNECD else (found.kind,)
    return f"; {where} looks like a backup for {' or '.join(repr(kind) for kind in kinds)}"


def _sign_of(place: str) -> Sign | None:
    *folders, name = place.split("/")
    if ASSIGNMENTS.lower() in map(str.lower, folders[1:]):
        return Sign(place, _INTUNEBACKUP)
    if name.lower() == MANIFEST and folders and RUN_FOLDER.fullmatch(folders[-1]):
        return Sign(place, _TENUVAULT)
    if not FOLDERS_OF_INTUNECD.isdisjoint(folders):
        return Sign(place, _INTUNECD)
    return Sign(place, _INTUNEMANAGEMENT) if is_table(name) else None


def _sign_at_root(path: Path, own: str) -> Sign | None:
    if (run := sign_of_a_run(path)) is not None:
        return run
    for name, source in ((TABLE, _INTUNEMANAGEMENT), (SUMMARY_OF_INTUNECD, _INTUNECD)):
        if source != own and (found := _at_root(path, name)) is not None:
            return Sign(found, source)
    return None


def _at_root(path: Path, name: str) -> str | None:
    """The name of an entry in a folder that is this name, whatever its case and its kind; None without one."""
    try:
        names = sorted(each.name for each in path.iterdir())
    except OSError:
        return None
    return next((each for each in names if each.lower() == name.lower()), None)


def _with_assignments(item: CapturedItem, source: str) -> Sign:
    return Sign(f"{item.policy_type}/{item.policy_identifier}", source, " with its assignments in it")
