"""Whether a folder holds one backup, or several side by side: taken for one, they would hide what either lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from health.sources.backup_tree import joined
from health.sources.captured import RefusedInput
from health.sources.tenuvault_record import MANIFEST, RUN_FOLDER

ASSIGNMENTS: Final = "Assignments"
"""The folder, in a type's folder, in which IntuneBackupAndRestore says whom the policies of the type are for."""

TABLE: Final = "MigrationTable.json"
"""The file that IntuneManagement writes into the folder of each export."""

_ALIKE: Final = 2
"""How many files two folders have in common at least, by their types and names, before they are taken for two runs."""

_SAY_NOTHING: Final = frozenset({ASSIGNMENTS.lower(), "android", "apple", "ios", "linux", "macos", "windows"})
"""Folders that one backup has in several of its types, in lower case."""


def several_backups(places: Iterable[str]) -> tuple[str, str] | None:
    """Two folders that are backups of their own, of all files' places: relative to the root, with `/`.

    Each has a table of its own, or the same types, or most of the same files. `.` is the root itself. None if the root
    holds one backup, or it cannot be told.
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
    """Two folders side by side with the same folders in them, or one that has what also stands beside it."""
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
                # One type alone may be a coincidence, but not where there is nothing but folders of folders.
                if 2 * both >= min(len(own), len(inside[other])) and (both >= _ALIKE or not types):
                    return other, folder
            seen = dict.fromkeys(own, folder) | seen
    return None


def _with_the_same_files(places: list[str]) -> tuple[str, str] | None:
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


def another_tools(places: Iterable[str]) -> tuple[str, str] | None:
    """A place by which another tool's backup is known, and the source that reads it; None if there is none.

    Read by the rules of IntuneCD or IntuneManagement, IntuneBackupAndRestore's assignments would pass for policies, and
    a run that TenuVault calls failed for a whole one.
    """
    for place in places:
        folder, _, name = place.rpartition("/")
        if f"/{ASSIGNMENTS}/" in place:
            return place, "intunebackup"
        if name == MANIFEST and RUN_FOLDER.fullmatch(folder):
            return place, "tenuvault"
    return None


def refuse_another_tools(path: Path, places: Iterable[str]) -> None:
    """Refuse what another tool wrote. Raises RefusedInput, which names the source that reads it."""
    found = another_tools(places)
    if found is None and RUN_FOLDER.fullmatch(path.resolve().name) and (path / MANIFEST).is_file():
        found = MANIFEST, "tenuvault"
    if found is not None:
        place, source = found
        raise RefusedInput(f"{path}: {place!r} stands in it, as {_TOOLS[source]}: import it with {source!r}.")


_TOOLS: Final = {
    "intunebackup": "IntuneBackupAndRestore writes it",
    "tenuvault": "TenuVault writes it into the folder of a run",
}
