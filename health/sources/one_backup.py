"""Whether a folder holds one backup, or several side by side: taken for one, they would hide what either lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from health.sources.captured import RefusedInput

ASSIGNMENTS: Final = "Assignments"
"""The folder, in a type's folder, in which IntuneBackupAndRestore says whom the policies of the type are for."""

_ALIKE: Final = 2
"""How many files two folders have in common at least, by their types and names, before they are taken for two runs."""


def several_backups(places: Iterable[str]) -> tuple[str, str] | None:
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


def refuse_intunebackup(path: Path, places: Iterable[str]) -> None:
    """Refuse what IntuneBackupAndRestore wrote: read by another tool's rules, its assignments would pass for policies.

    Raises RefusedInput, which names the source that reads it.
    """
    for place in places:
        if f"/{ASSIGNMENTS}/" in place:
            raise RefusedInput(
                f"{path}: {place!r} stands in it, as IntuneBackupAndRestore writes it: import it with 'intunebackup'."
            )
