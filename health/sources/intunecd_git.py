"""IntuneCD backups in git: each run in the repository's history is a set, completed at the date of its last commit.

The tool's pipelines commit only changes, so a run's age is the age of the last change, not of the last night.
The rules are in docs/import-folders.md, "A repository's history".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, Self

from health.sources.another_tool import sign_in, sign_of_a_run
from health.sources.backup_tree import TOO_LARGE, BackupFile, joined
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput, StoredSet
from health.sources.declaration import Asked, History, Option
from health.sources.documents import MAX_FILE_BYTES
from health.sources.door import is_made_of
from health.sources.git_history import CLICK, MERGE, OTHER_AUTHOR, REVERT, read_history
from health.sources.git_objects import GitFailed, ObjectContents, Repository, TooLarge
from health.sources.git_runs import RUN_GAP, SHORT_HASH, Run, Selection, runs_of
from health.sources.git_trees import Blob, Trees
from health.sources.intunecd_policies import LAYOUT, NESTING, SOURCE, item_of, part_of
from health.sources.one_backup import TABLE_AT_ROOT, refuse_several, several_backups
from health.sources.policy_sets import NO_POLICY, GatheredItems
from health.sources.storable import storable_name

OPTIONS: Final = (
    Option("ref", "text", "With --git: read what this branch, tag or commit reaches, instead of HEAD.", "REF"),
    Option(
        "author",
        "pattern",
        "With --git: only commits whose author, as 'Name <email>', matches this regular expression are captures.",
        "PATTERN",
    ),
    Option(
        "run_gap",
        "duration",
        "With --git: the longest time between two commits of one run; default: 15m.",
        "DURATION",
    ),
)
"""The options of a history."""

_NO_CONTENT: Final = "git does not have the file's content, or cannot read it"
_NO_INSTANT: Final = "the commit's author date or committer date is not an instant"


def find_runs(asked: Asked) -> History:
    """Find each run of the tool in the history of a folder in a repository, oldest first, and the commits of no run.

    Raises RefusedInput at once if git or the repository is missing or shallow, and if the ref's current content is not
    one backup of this tool.
    """
    repository = Repository(asked.path)
    tip = repository.tip(asked.options.get("ref"))
    history = read_history(repository, tip, part_of, asked.options.get("author"))
    run_gap = asked.options.get("run_gap")
    selected = runs_of(history.commits, RUN_GAP if run_gap is None else run_gap, asked.policy.longest_run)
    _refuse_what_is_not_one(asked, repository, tip)

    def found() -> Iterator[FoundRun]:
        with _RunReader(repository, asked) as reader:
            for run in selected.runs:
                frame = _frame(asked, run, history.subjects[run.last.ref])
                yield FoundRun(frame, run, reader, will_count=run is selected.runs[-1])

    if not selected.runs:
        return History((), selected.no_runs, _without_a_run(asked, selected))
    return History(found(), selected.no_runs, newest=selected.runs[-1].last.ref)


def _refuse_what_is_not_one(asked: Asked, repository: Repository, tip: str) -> None:
    contents = ObjectContents(repository)
    try:
        files = [file for layout in (LAYOUT, TABLE_AT_ROOT) for file in Trees(repository, contents, layout).files(tip)]
    except GitFailed:
        return  # the set of that commit will say so
    finally:
        contents.close()
    places = _places_of(files)
    if (sign := sign_in(places, SOURCE) or sign_of_a_run(asked.path)) is not None:
        raise sign.refused(asked.path)
    refuse_several(asked.path, places, NESTING)


def _places_of(blobs: Iterable[Blob]) -> list[str]:
    """The paths of files. What is in a folder that cannot be entered is unknown."""
    return [joined(blob.file.folder, blob.file.name) for blob in blobs if not blob.file.is_folder]


def _without_a_run(asked: Asked, selected: Selection) -> str:
    """A sentence: why there is nothing to import, and what to do."""
    seen = Counter(selected.no_runs.values())
    counted = [(seen[what], what) for what in (MERGE, REVERT, CLICK, OTHER_AUTHOR) if seen[what]]
    if not counted:
        return f"{asked.path}: no commit changes an item in this folder, so there is no backup in it."
    reasons = ", ".join(f"{number:,} {what}" for number, what in counted)
    return (
        f"{asked.path}: none of the commits is a run of the tool ({reasons}); if captures are among them, name their"
        " author with --author."
    )


def _frame(asked: Asked, run: Run, subject: str) -> CapturedSet:
    """A run as a set without its items. Without a completion it cannot be a basis and blocks no other set."""
    dated = run.completed_at is not None
    return CapturedSet(
        external_id=asked.external_id,
        name=storable_name(f"{run.last.ref[:SHORT_HASH]} {subject}".rstrip()),
        source=SOURCE,
        source_ref=run.last.ref,
        status="failed" if run.last.problem or not dated else "completed",
        items=(),
        error=run.last.problem or (None if dated else _NO_INSTANT),
        started_at=run.started_at,
        completed_at=run.completed_at,
    )


@lru_cache(maxsize=1)  # most commits have the files of the one before
def _not_one_backup(places: tuple[str, ...]) -> str | None:
    if (several := several_backups(places, NESTING)) is not None:
        return f"it held several backups then, {' and '.join(several)} among them, and not one"
    if (other := sign_in(places, SOURCE)) is not None:
        return f"it held another tool's backup at that time, with {other.place!r} in it: {other.source!r} reads that"
    return None


class FoundRun(NamedTuple):
    """A run that is not read yet: its set without items, and its commits. `will_count`: it is the newest one."""

    frame: CapturedSet
    run: Run
    reader: _RunReader
    will_count: bool = False

    @property
    def source_ref(self) -> str:
        """The full hash of the run's last commit."""
        return self.frame.source_ref

    def is_stored(self, stored: StoredSet | None, *, with_payload: bool, now: datetime) -> bool:
        """Whether it is stored completely, and without captured JSON if none is wanted. A commit never changes."""
        return stored is not None and is_made_of(stored.frame, self.frame) and (with_payload or not stored.holds_json)

    def read(self, *, with_payload: bool) -> CapturedSet:
        """The set with its items; if it cannot be read as one backup, it is `failed` and its error says why.

        Raises RefusedInput if it is the newest one, and no object in it is a policy.
        """
        return self.reader.read(self.frame, with_payload, self.will_count)


class _RunReader:
    """Reads runs as sets. Most files are equal in two runs; they are read once."""

    def __init__(self, repository: Repository, asked: Asked) -> None:
        self._path = asked.path
        self._progress = asked.progress
        self._contents = ObjectContents(repository)
        self._trees = Trees(repository, self._contents, LAYOUT)
        self._tables = Trees(repository, self._contents, TABLE_AT_ROOT)
        self._items: dict[Blob, CapturedItem] = {}
        self._files_seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._contents.close()

    def read(self, frame: CapturedSet, with_payload: bool, will_count: bool) -> CapturedSet:
        """The set with this frame and its items. Raises RefusedInput if it will count and holds no policy."""
        gathered = GatheredItems(with_payload)
        try:
            blobs = self._trees.files(frame.source_ref)
            tables = self._tables.files(frame.source_ref)
        except GitFailed as error:
            return frame._replace(status="failed", error=f"git cannot list this commit's files: {error}")
        earlier, self._items = self._items, {}
        for blob in blobs:
            item = self._items[blob] = earlier.get(blob) or item_of(self._filled(blob))
            gathered.add(item)
            self._files_seen += 1
            if self._progress is not None:
                self._progress(self._files_seen)
        problem = _not_one_backup(tuple(_places_of((*blobs, *tables))))
        if will_count and gathered.items and not gathered.shows_a_backup:
            raise RefusedInput(f"{self._path}: {NO_POLICY}, so there is no backup to import; name a tool's own folder.")
        if problem is not None and frame.error is None:
            frame = frame._replace(status="failed", error=problem)
        return gathered.as_set(frame)

    def _filled(self, blob: Blob) -> BackupFile:
        """The blob's file with its content, or with a problem that says why not."""
        if blob.file.problem is not None:
            return blob.file
        try:
            content = self._contents.of(blob.object_id, MAX_FILE_BYTES)
        except TooLarge:
            return blob.file._replace(problem=TOO_LARGE)
        if content is None:
            return blob.file._replace(problem=_NO_CONTENT)
        return blob.file._replace(content=content)
