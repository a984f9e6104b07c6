"""The file of known reasons, for the screens: read at the start, and again when it has changed.

If the file has an error, no reason counts as known, and the screens say so (docs/documents.md, "Known").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from health.known import KnownEntry, entries_by_tenant
from tui.words.failures import SettingsError


class KnownNotes(NamedTuple):
    """What the file says. If `problem` says why it cannot be used, nothing is known.

    `without_tenant` has a sentence for each tenant in the file, to show if that tenant does not exist. It is a plain
    dict, because the second process sends it at the start, and a proxy cannot be sent.
    """

    entries: tuple[KnownEntry, ...] = ()
    problem: str = ""
    without_tenant: Mapping[str, str] = {}
    path: Path | None = None
    """The file; None if the settings name none."""
    stamp: tuple[int, ...] | None = None
    """Values of the file that differ once it was changed; None if the file could not be looked at."""

    def now(self) -> KnownNotes:
        """The same object while the file is unchanged; else its new content."""
        return self if self.path is None or _stamp(self.path) == self.stamp else read_notes(self.path)


class CheckedNotes(NamedTuple):
    """What the file says, compared with the tenants of the database. With a `problem` nothing is known."""

    notes: KnownNotes
    problem: str

    @property
    def by_tenant(self) -> Mapping[str, Sequence[KnownEntry]]:
        """The known entries by external id."""
        return {} if self.problem else entries_by_tenant(self.notes.entries)

    def now(self, missing_tenants: Callable[[Sequence[str]], set[str]]) -> CheckedNotes:
        """The same object while the file is unchanged; else its new content, and `missing_tenants` is called again."""
        notes = self.notes.now()
        return self if notes is self.notes else checked_notes(notes, missing_tenants)


def read_notes(path: Path) -> KnownNotes:
    """What a file says, or why nothing is known. Raises nothing."""
    from tui.settings.known_file import read_known_file  # imports pydantic: the first frame does not wait for it

    # Taken before the file is read, so that a write in between is noticed.
    stamp = _stamp(path)
    try:
        file = read_known_file(path)
    except SettingsError as problem:
        return KnownNotes((), str(problem), {}, path, stamp)
    return KnownNotes(file.entries, "", file.sentences_without_tenant(), path, stamp)


def checked_notes(
    notes: KnownNotes, missing_tenants: Callable[[Sequence[str]], set[str]], judged: AbstractSet[str] = frozenset()
) -> CheckedNotes:
    """The notes compared with the tenants of the database. Those not `judged` are looked up by `missing_tenants`."""
    missing = missing_tenants(asked) if (asked := [*notes.without_tenant.keys() - judged]) else set()
    sentences = (sentence for tenant, sentence in notes.without_tenant.items() if tenant in missing)
    return CheckedNotes(notes, notes.problem or next(sentences, ""))


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode, found.st_uid
