"""Which tool's backup is in a folder: a guess from the names in it, used to propose settings. It reads no file.

(docs/sync.md, "A settings file in git")
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.one_backup import is_table
from health.sources.tenuvault_record import RUN_FOLDER

_ITEMS: Final = (".json", ".yaml", ".yml")
_ASSIGNMENTS: Final = "Assignments"


class Recognised(NamedTuple):
    """What a folder seems to hold: the source, whether it is a git repository, and the folder below it (or empty)."""

    kind: str
    git: bool = False
    below: str = ""


def recognised(folder: Path) -> Recognised | None:
    """What seems to be in a tenant's folder, or one folder deeper; None if nothing is recognised."""
    found = _kind_of(folder)
    if found is not None:
        return found
    inner = ((name, _kind_of(folder / name)) for name in folders_in(folder))
    return next((each._replace(below=name) for name, each in inner if each is not None), None)


def folders_in(folder: Path) -> list[str]:
    """The names of the folders that `*` matches: no links, and no name that begins with a dot."""
    return [
        each.name for each in _listed(folder) if not each.name.startswith(".") and each.is_dir(follow_symlinks=False)
    ]


def _kind_of(folder: Path) -> Recognised | None:
    entries = _listed(folder)
    names = {each.name for each in entries}
    folders = folders_in(folder)
    if any(RUN_FOLDER.fullmatch(name) for name in folders):
        return Recognised("tenuvault")
    if any(name.endswith(".ps1") for name in names):
        return Recognised("m365dsc")
    if any(map(is_table, names)):
        return Recognised("intunemanagement")
    if any(_ASSIGNMENTS in folders_in(folder / name) for name in folders):
        return Recognised("intunebackup")
    if any(_has_items(folder / name) for name in folders):
        return Recognised("intunecd", git=".git" in names)
    return None


def _has_items(folder: Path) -> bool:
    files = (each.name for each in _listed(folder) if each.is_file(follow_symlinks=False))
    return any(name.endswith(_ITEMS) and not is_table(name) for name in files)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder, by name; empty if it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda each: each.name)
    except OSError:
        return []
