"""The declaration of a source and the request to it: all that `import` and `record` need to know of any source.

A source declares itself once, as `DECLARED` in its module (docs/adding-a-source.md). It reads a backup and returns what
it found. `door.py` then decides for every source whether the set may be stored as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from health.instants import shifted
from health.policy import HealthPolicy
from health.sources.backup_tree import BackupFile, Layout
from health.sources.captured import CapturedFacts, CapturedSet, StoredSet
from health.sources.folder_clock import FolderState, require_recent_files, require_same_state
from health.sources.run_files import FilesThatStood, RunOfFolder, files_as_they_stand, folders_as_they_stand

NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


class Option(NamedTuple):
    """An option of one source. `name` is its key in `Asked.options`; on the command line `_` is `-`.

    `kind` decides the value: a `ZoneInfo`, a text, a `timedelta` or a compiled regular expression, None if the option
    was not given; for a flag, whether it was given.
    """

    name: str
    kind: Literal["timezone", "text", "duration", "pattern", "flag"]
    help: str
    metavar: str | None = None
    required: bool = False


class Acceptances(NamedTuple):
    """What the user accepts of a backup, against the backup's own data (docs/import-folders.md, "The door")."""

    old_files: bool = False
    other_tenant: bool = False
    same_content: bool = False


NOTHING_ACCEPTED: Final = Acceptances()


class Asked(NamedTuple):
    """A request to a source: whose backup, where it is, and how to read it. Instants are UTC.

    `completed_at` is when the backup in a folder was complete; None if the backup itself says it. `options` are the
    source's own. `accepted` are the types whose loss is accepted, `accepts` what else the user accepts. `progress` is
    called with the number of files read so far.
    `record` sets `run`: then there is one set, only files that this run wrote belong to it, and `completed_at` is the
    end of the run.
    """

    path: Path
    external_id: str
    now: datetime
    policy: HealthPolicy
    completed_at: datetime | None = None
    options: Mapping[str, Any] = NO_OPTIONS
    accepted: frozenset[str] = frozenset()
    accepts: Acceptances = NOTHING_ACCEPTED
    with_payload: bool = True
    progress: Callable[[int], None] | None = None
    run: RunOfFolder | None = None

    @property
    def latest(self) -> datetime:
        """The latest instant that a clock may show at `now`, including the tolerance."""
        return shifted(self.now, self.policy.clock_skew)


class Found(Protocol):
    """One set that a source has found and not read yet."""

    @property
    def source_ref(self) -> str:
        """The source reference that the set will have."""

    def is_stored(self, stored: StoredSet | None, *, with_payload: bool, now: datetime) -> bool:
        """Whether reading it could change nothing. `stored` is what the store has under its reference."""

    def read(self, *, with_payload: bool) -> CapturedSet:
        """The set with its items. Raises RefusedInput if it is not a backup."""


class History(NamedTuple):
    """The sets that a source has found, the oldest first.

    `no_sets` are commits that are not runs, by the source reference that their set would have, each with what it is
    instead. A stored set of such a commit was a mistake. `without` is a sentence that says why there is no set; None if
    there is one. `newest` is the source reference of the set that will count; None if it may be any.
    """

    sets: Iterable[Found]
    no_sets: Mapping[str, str]
    without: str | None = None
    newest: str | None = None


class Source(NamedTuple):
    """A source: its name, the words of its command, and its ways of reading. It has at least one of the four.

    `folder` reads a folder as the one set that was complete at `Asked.completed_at`. `layout` says which of its files
    are items, so that `record` can list them before a run, and `records` which other files the run writes. `carries`
    says of a folder and one of these files whether it really holds an item, if only its content shows that. `history`
    finds a set for each run in a git repository, and has `history_options`. `runs` finds a set for each run under a
    root, the oldest first. `lines` reads facts of any number of tenants from a stream; its arguments are the stream, a
    name for error messages, `with_payload` and its own options.
    Each raises RefusedInput if there is no backup.
    """

    name: str
    help: str
    place: str
    place_help: str
    completed_help: str = ""
    options: tuple[Option, ...] = ()
    history_options: tuple[Option, ...] = ()
    layout: Layout | None = None
    records: Layout | None = None
    carries: Callable[[Path, BackupFile], bool] | None = None
    folder: Callable[[Asked], CapturedSet] | None = None
    history: Callable[[Asked], History] | None = None
    runs: Callable[[Asked], Iterable[Found]] | None = None
    lines: Callable[[BinaryIO, str, bool, Mapping[str, Any]], CapturedFacts] | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether `record` can use it: it reads a folder, runs or lines, and requires no option but a time zone.

        The time zone is the schedule's.
        """
        reads = self.folder is not None or self.runs is not None or self.lines is not None
        return reads and not any(option.required and option.kind != "timezone" for option in self.options)

    @property
    def options_not_given(self) -> dict[str, Any]:
        """Its own options if none is given: a flag is off, any other option None."""
        every = (*self.options, *self.history_options)
        return {option.name: False if option.kind == "flag" else None for option in every}

    def options_in(self, zone: ZoneInfo) -> dict[str, Any]:
        """Its own options for `record`: a required time zone is the schedule's, and no other option is given."""
        zones = {option.name: zone for option in self.options if option.required and option.kind == "timezone"}
        return self.options_not_given | zones

    def stood_in(self, path: Path) -> FilesThatStood:
        """The files in a folder before a run: the run did not write them."""
        return files_as_they_stand(path, *self._layouts) if self._layouts else folders_as_they_stand(path)

    def state_of(self, path: Path) -> FolderState:
        """The backup's files in a folder as they are now, without their contents."""
        return FolderState.of(path, *self._layouts) if self._layouts else FolderState()

    @property
    def _layouts(self) -> tuple[Layout, ...]:
        """The layout of the items, then that of what is read beside them; empty if each run has a folder of its own."""
        return tuple(layout for layout in (self.layout, self.records) if layout is not None)

    def newest_in(self, path: Path) -> datetime | None:
        """When the newest file with an item was last written (UTC); None without one.

        A record of the run, or a file that only looks like an item, says nothing about when the items were captured.
        """
        carries = self.carries
        root = path.resolve().parent if path.is_file() else path
        items = FolderState() if self.layout is None else FolderState.of(path, self.layout)
        return items.newest(lambda file: carries is None or carries(root, file))

    def found(self, asked: Asked) -> History:
        """The requested sets, not read yet: with `completed_at` the folder's one set, else all sets at the path."""
        if self.folder is not None and asked.completed_at is not None:
            return History([_Folder(self, asked)], {})
        if self.runs is not None:
            return History(self.runs(asked), {})
        assert self.history is not None
        return self.history(asked)


class _Folder(NamedTuple):
    """A folder as a set. It is always read, because only its files show whether they changed."""

    source: Source
    asked: Asked

    @property
    def source_ref(self) -> str:
        return folder_reference(self.asked)

    def is_stored(self, stored: StoredSet | None, *, with_payload: bool, now: datetime) -> bool:
        return False

    def read(self, *, with_payload: bool) -> CapturedSet:
        asked = self.asked
        assert self.source.folder is not None
        assert asked.completed_at is not None
        before = self.source.state_of(asked.path)
        captured = self.source.folder(asked._replace(with_payload=with_payload))
        require_same_state(asked.path, before, self.source.state_of(asked.path))
        # Files that a recorded run did not write are not in its set, so they may be old.
        if asked.run is None and not asked.accepts.old_files:
            newest = self.source.newest_in(asked.path)
            require_recent_files(asked.path, newest, asked.completed_at, asked.policy.longest_run)
        return captured


def folder_reference(asked: Asked) -> str:
    """The source reference of a folder's set: the instant that the user names, in UTC."""
    assert asked.completed_at is not None
    return asked.completed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
