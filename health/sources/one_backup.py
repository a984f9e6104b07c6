"""Whether a folder holds one backup or several side by side. Read as one, they would hide what each of them lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from health.sources.backup_tree import joined
from health.sources.captured import RefusedInput

ASSIGNMENTS: Final = "Assignments"
"""The folder inside a type's folder where IntuneBackupAndRestore keeps the assignments of the type's policies."""

TABLE: Final = "MigrationTable.json"
"""The file that IntuneManagement writes into each export's folder."""

_ALIKE: Final = 2
"""From this many files with the same types and names on, we take two folders for two runs."""

_SAY_NOTHING: Final = frozenset({ASSIGNMENTS.lower(), "android", "apple", "ios", "linux", "macos", "windows"})
"""Folders that one backup may have in several of its types, in lower case."""


def several_backups(places: Iterable[str]) -> tuple[str, str] | None:
    """Two folders that are separate backups. `places` are the paths of all files, relative to the root, with `/`.

    Each has its own table, or both have the same types or mostly the same files. `.` is the root itself. None if the
    root holds one backup, or if we cannot tell.
    """
    listed = list(places)
    tables = sorted({folder for folder, _, name in (place.rpartition("/") for place in listed) if name == TABLE})
    if len(tables) > 1:
        return tables[0], tables[1]
    return _with_the_same_types(listed) or _with_the_same_files(listed)


def refuse_several(path: Path, places: Iterable[str]) -> None:
    """Refuse a root that holds several backups. Raises RefusedInput, which names two of them."""
    if (several := several_backups(places)) is not None:
        raise RefusedInput(
            f"{path}: it holds several backups, {' and '.join(several)} among them, and not one: name one of those."
        )


def _with_the_same_types(places: list[str]) -> tuple[str, str] | None:
    """Two folders side by side with the same folders in them, or a folder with the same folders as its own parent."""
    inside: dict[str, set[str]] = {}
    has_files: set[str] = set()
    for folder in {place.rpartition("/")[0] for place in places}:
        has_files.add(folder)
        while folder:
            above, _, name = folder.rpartition("/")
            inside.setdefault(above, set()).add(name)
            folder = above
    for above in sorted(inside):
        types = {name for name in inside[above] if joined(above, name) in has_files}
        seen: dict[str, str] = {}
        for name in sorted(inside[above]):
            folder = joined(above, name)
            own = {each for each in inside.get(folder, ()) if each.lower() not in _SAY_NOTHING}
            if len(own & types) >= _ALIKE and 2 * len(own & types) >= len(own):
                return above or ".", folder
            for other in sorted({seen[each] for each in own if each in seen}):
                both = len(own & inside[other])
                # One common type may be a coincidence, except if the root holds only folders of folders.
                if 2 * both >= min(len(own), len(inside[other])) and (both >= _ALIKE or not types):
                    return other, folder
            seen = dict.fromkeys(own, folder) | seen
    return None


def _with_the_same_files(places: list[str]) -> tuple[str, str] | None:
    """Two folders side by side with mostly the same types and files: two runs, not two types of one run."""
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
