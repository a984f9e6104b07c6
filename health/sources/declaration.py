"""How a source describes itself, and what it is asked: all that `import` and `record` have to know of any source.

A source declares itself once, as `DECLARED` in its module (docs/adding-a-source.md). It reads a backup and hands over
what it found. `door.py` decides for all of them whether that may enter as it is.
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
from health.sources.backup_tree import Layout
from health.sources.captured import CapturedFacts, CapturedSet, StoredSet
from health.sources.folder_clock import FolderState, require_recent_files, require_same_state
from health.sources.run_files import FilesThatStood, RunOfFolder, files_as_they_stand, folders_as_they_stand

NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


class Option(NamedTuple):
    """An option that one source alone has. `name` is its key in `Asked.options`; on the command line `_` is `-`.

    Its value is what `kind` says: a `ZoneInfo`, a text, a `timedelta`, a compiled regular expression (None where it was
    not given), or whether the flag stands there.
    """

    name: str
    kind: Literal["timezone", "text", "duration", "pattern", "flag"]
    help: str
    metavar: str | None = None
    required: bool = False


class Acceptances(NamedTuple):
    """What the user says of a backup against what it says of itself (docs/import-folders.md, "The door")."""

    old_files: bool = False
    other_tenant: bool = False
    same_content: bool = False


NOTHING_ACCEPTED: Final = Acceptances()


class Asked(NamedTuple):
    """What is asked of a source: whose backup, where it is, and how it is to be read. Instants are UTC.

    `completed_at` is when the backup in a folder was complete; None where the backup says so itself. `options` are the
    source's own. `accepted` are the types that are gone for good, `accepts` what else is to be taken. `progress` is
    told the number of files read so far.
    `run` is set by `record`: only what this run wrote is of the set, and there is one set. `completed_at` is then the
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
        """The latest instant that a clock may show at `now`, the tolerance included."""
        return shifted(self.now, self.policy.clock_skew)


class Found(Protocol):
    """One set that a source has found and not read yet."""

    @property
    def source_ref(self) -> str:
        """The source reference that the set will have."""

    def is_stored(self, stored: StoredSet | None, *, with_payload: bool, now: datetime) -> bool:
        """Whether reading it could change nothing. `stored` is what the store has under its reference."""

    def read(self, *, with_payload: bool) -> CapturedSet:
        """The set with its items. Raises RefusedInput if it is no backup."""


class History(NamedTuple):
    """The sets that a source has found in a repository, the oldest first, and what else is there.

    `no_sets` are commits that are no run, by the source reference that a set of them would have, each with what it is
    instead: whatever is stored of them was taken for a run wrongly. `without` is why there is no set at all, as a
    sentence; None if there is one. `newest` is the source reference of the one set that will count; None if any may.
    """

    sets: Iterable[Found]
    no_sets: Mapping[str, str]
    without: str | None = None
    newest: str | None = None


class Source(NamedTuple):
    """A source: its name, the words of its command, and the ways in which it reads. It has at least one of the four.

    `folder` reads a folder as the one set that was complete at `Asked.completed_at`; `layout` says which of its files
    are items, so that `record` can look at them before a run, and `records` what stands beside them. `history` finds a
    set in each run that a git repository keeps, and has `history_options`; `runs` finds one in each run under a root,
    the oldest first. `lines` reads facts of any number of tenants from a stream, which it calls by the name that it is
    given; its last arguments are `with_payload` and its own options.
    Each raises RefusedInput where there is no backup.
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
    folder: Callable[[Asked], CapturedSet] | None = None
    history: Callable[[Asked], History] | None = None
    runs: Callable[[Asked], Iterable[Found]] | None = None
    lines: Callable[[BinaryIO, str, bool, Mapping[str, Any]], CapturedFacts] | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether `record` can take it: it reads a folder, runs or lines, and needs no word of its own but a time zone.

        The zone is that of the schedule.
        """
        reads = self.folder is not None or self.runs is not None or self.lines is not None
        return reads and not any(option.required and option.kind != "timezone" for option in self.options)

    @property
    def options_not_given(self) -> dict[str, Any]:
        """Its own options where no command line gives them: a flag is off, anything else None."""
        every = (*self.options, *self.history_options)
        return {option.name: False if option.kind == "flag" else None for option in every}

    def options_in(self, zone: ZoneInfo) -> dict[str, Any]:
        """Its own options for `record`: a required time zone is the schedule's, and no other is given."""
        zones = {option.name: zone for option in self.options if option.required and option.kind == "timezone"}
        return self.options_not_given | zones

    def stood_in(self, path: Path) -> FilesThatStood:
        """What stands in a place before a run: none of it is the run's own work."""
        return folders_as_they_stand(path) if self.layout is None else files_as_they_stand(path, self.layout)

    def state_of(self, path: Path) -> FolderState:
        """The files of a backup in a folder as they stand now, without their contents."""
        return FolderState.of(path, *(layout for layout in (self.layout, self.records) if layout is not None))

    def found(self, asked: Asked) -> History:
        """The sets that are asked for, unread: of a folder where an instant is given, else all that a place keeps."""
        if self.folder is not None and asked.completed_at is not None:
            return History([_Folder(self, asked)], {})
        if self.runs is not None:
            return History(self.runs(asked), {})
        assert self.history is not None
        return self.history(asked)


class _Folder(NamedTuple):
    """A folder: always read, because nothing but its files says whether they are what they were."""

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
        # What a recorded run did not write is not of its set: such files may be old.
        if asked.run is None and not asked.accepts.old_files:
            require_recent_files(asked.path, before.newest, asked.completed_at, asked.policy.longest_run)
        return captured


def folder_reference(asked: Asked) -> str:
    """The source reference of the set that a folder is: the instant that the user names, in UTC."""
    assert asked.completed_at is not None
    return asked.completed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
