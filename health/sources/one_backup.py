"""Whether a folder holds one backup or several. Read as one, they would hide what each of them lacks.

A type's folder stands once in a backup, and only where its tool writes it: in the root, or in one of the few types into
which the tool nests others. Everything else is several backups (docs/import-folders.md, "The door").
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.backup_tree import FilesAtRoot, joined
from health.sources.captured import RefusedInput

ASSIGNMENTS: Final = "Assignments"
"""The folder inside a type's folder where IntuneBackupAndRestore keeps the assignments of the type's policies."""

TABLE: Final = "MigrationTable.json"
"""The file that IntuneManagement writes into each export's folder."""

TABLE_AT_ROOT: Final = FilesAtRoot(frozenset({TABLE.lower()}), any_case=True)
"""The layout of that file, in whatever case a copy has its name."""

_IN_SEVERAL_TYPES: Final = frozenset(
    {ASSIGNMENTS.lower(), "android", "apple", "ios", "linux", "macos", "policies", "scripts", "settings", "windows"}
)
"""Folders that one backup may have in several of its types, in lower case."""


class Nesting(NamedTuple):
    """The types into which a tool writes folders of other types, in lower case.

    `may_be_more`: later versions of the tool may nest others. Then only what no version would write is several backups.
    """

    known: frozenset[str] = frozenset()
    may_be_more: bool = False

    def holds(self, type_folder: str) -> bool:
        """Whether the tool writes a type's folder, relative to the root, where it is."""
        above, _, _ = type_folder.rpartition("/")
        return not above or ("/" not in above and above.lower() in self.known)


FLAT: Final = Nesting()
"""A tool that writes every type into the root."""


def several_backups(places: Iterable[str], nesting: Nesting) -> tuple[str, str] | None:
    """Two folders that are separate backups. `places` are the paths of all files, relative to the root, with `/`.

    `.` is the root itself. None if the root holds one backup, or if we cannot tell.
    """
    listed = list(places)
    tables = sorted({folder for folder, _, name in (place.rpartition("/") for place in listed) if is_table(name)})
    if len(tables) > 1:
        return tables[0] or ".", tables[1]
    folders = _Folders(listed)
    return _with_one_type_twice(folders, nesting) or _side_by_side(folders, nesting) or _misplaced(folders, nesting)


def is_table(name: str) -> bool:
    """Whether a file of this name is a migration table. A copy may have changed its case."""
    return name.lower() == TABLE.lower()


def refuse_several(path: Path, places: Iterable[str], nesting: Nesting) -> None:
    """Refuse a root that holds several backups. Raises RefusedInput, which names two of them."""
    if (several := several_backups(places, nesting)) is not None:
        raise RefusedInput(
            f"{path}: it holds several backups, {' and '.join(several)} among them, and not one: name one of those."
        )


def folder_of_the_backup(places: Iterable[str], nesting: Nesting) -> str | None:
    """The folder of the backup if that is not the root; None if it is.

    Only for a tool whose nested folders we all know: with another tool an unknown type looks the same.
    """
    types = _Folders(places).types
    if not types or any(nesting.holds(each) for each in types):
        return None
    return _root_of(min(types), nesting)


class _Folders:
    """The folders of a tree that hold files. `types` hold some themselves; `inside` are the folders in each."""

    def __init__(self, places: Iterable[str]) -> None:
        split = (place.rpartition("/") for place in places)
        self.types = {folder for folder, _, name in split if folder and not is_table(name)}
        self.inside: dict[str, set[str]] = {}
        for folder in self.types:
            while folder:
                above, _, name = folder.rpartition("/")
                self.inside.setdefault(above, set()).add(name)
                folder = above


def _name_of(folder: str) -> str:
    return folder.rpartition("/")[2].lower()


def _with_one_type_twice(folders: _Folders, nesting: Nesting) -> tuple[str, str] | None:
    """Two folders with a folder of one name in each: a type stands once in a backup, whatever the case of its name."""
    seen: dict[str, str] = {}
    for above in sorted(folders.inside):
        if _name_of(above) in nesting.known:
            continue
        names = {name.casefold() for name in folders.inside[above]} - _IN_SEVERAL_TYPES
        for name in sorted(names):
            other = seen.setdefault(name, above)
            # A folder inside another one of the same name is not a second backup by itself.
            if other != above and not f"{above}/".casefold().startswith(f"{joined(other, name)}/"):
                return _without_their_common_end(other, above)
    return None


def _without_their_common_end(one: str, other: str) -> tuple[str, str]:
    """The two folders, or those above them that differ: of `2025/12` and `2026/12` the years."""
    while one and other and _name_of(one) == _name_of(other):
        one, other = one.rpartition("/")[0], other.rpartition("/")[0]
    return one or ".", other or "."


def _side_by_side(folders: _Folders, nesting: Nesting) -> tuple[str, str] | None:
    """Two folders of types, where there are fewer types beside them: a backup has types of its own in its root."""
    for above in sorted(folders.inside):
        if _name_of(above) in nesting.known:
            continue
        of_types = [
            each for each in sorted(folders.inside[above]) if _holds_types(folders, joined(above, each), nesting)
        ]
        if len(of_types) > 1 and 2 * len(of_types) > len(folders.inside[above]):
            return joined(above, of_types[0]), joined(above, of_types[1])
    return None


def _holds_types(folders: _Folders, folder: str, nesting: Nesting) -> bool:
    """Whether there are folders in a folder that may be the types of another backup."""
    inside = {name.lower() for name in folders.inside.get(folder, ())}
    return _name_of(folder) not in nesting.known and not inside <= _IN_SEVERAL_TYPES


def _misplaced(folders: _Folders, nesting: Nesting) -> tuple[str, str] | None:
    """Two roots, for a tool whose nested folders we all know: any other folder in its tree has a root of its own."""
    if nesting.may_be_more:
        return None
    roots = sorted({"" if nesting.holds(each) else _root_of(each, nesting) for each in folders.types})
    return (roots[0] or ".", roots[1]) if len(roots) > 1 else None


def _root_of(type_folder: str, nesting: Nesting) -> str:
    """The root of the backup that a type's folder is in: the folder above it, and above what it is nested in."""
    above, _, _ = type_folder.rpartition("/")
    return above.rpartition("/")[0] if _name_of(above) in nesting.known else above
