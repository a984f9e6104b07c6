"""Which commits of a history are runs of a backup tool: the rule alone, without git.

A commit says when somebody committed, not that a tool captured anything. Merges, reverts and a change of the README are
commits too, and one run can have many commits (docs/import-folders.md, "A repository's history").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

RUN_GAP: Final = timedelta(minutes=15)
"""The default for the longest time between two commits of one run."""

SHORT_HASH: Final = 7
"""The number of digits of a commit's hash in names and sentences."""

_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


class Commit(NamedTuple):
    """A commit, with what the rule needs.

    `parents` are full hashes, the first parent first. `date` is the earlier of its author date and its committer date
    (UTC); None if one of them is not an instant. `items` is the number of items under the root that it changes,
    `of_the_tool` whether it changes another file there that only the tool writes. `excluded` says what the commit is,
    if it cannot be a run whatever it changes. `problem` says why its changes are unknown.
    """

    ref: str
    parents: tuple[str, ...]
    date: datetime | None
    items: int = 0
    of_the_tool: bool = False
    excluded: str | None = None
    problem: str | None = None

    @property
    def no_run(self) -> str | None:
        """Why it is not a commit of a run, as the words after `no run: `; None if it is one."""
        if self.excluded is not None or self.problem is not None or self.items or self.of_the_tool:
            return self.excluded
        return "it changes nothing that a run writes"


class Run(NamedTuple):
    """One run: the commit that completes it, and when its earliest and its last commit are dated (UTC)."""

    last: Commit
    started_at: datetime | None
    completed_at: datetime | None


class Selection(NamedTuple):
    """The runs of a history in the order of completion, and every other commit by its full hash, with what it is."""

    runs: tuple[Run, ...]
    no_runs: Mapping[str, str]


class _Growing(NamedTuple):
    """An incomplete run: its last commit so far, and the dates of its earliest and its latest commit."""

    last: Commit
    earliest: datetime | None
    latest: datetime | None


def runs_of(commits: Sequence[Commit], run_gap: timedelta, longest_run: timedelta) -> Selection:
    """The runs among all commits that a ref reaches.

    The commits come parents before children; the last one is the ref's. Both bounds of time are inclusive.
    """
    behind = _counting_behind(commits)
    main_line = _main_line(commits)
    growing: dict[str, _Growing] = {}
    before: dict[str, str] = {}
    for commit in commits:
        if commit.no_run is not None:
            continue
        run = growing.setdefault(commit.ref, _Growing(commit, commit.date, commit.date))
        grown = [longer for each in behind[commit.ref] if (longer := _grown(run, each, run_gap, longest_run))]
        if grown:
            chosen = min(grown, key=lambda each: _precedence(each.last, main_line))
            growing[chosen.last.ref] = chosen
            before[chosen.last.ref] = commit.ref
            del growing[commit.ref]
    no_runs = {commit.ref: commit.no_run for commit in commits if commit.no_run is not None}
    for run in growing.values():
        part = run.last.ref
        while part := before.get(part, ""):
            no_runs[part] = f"a part of the run that ends with {run.last.ref[:SHORT_HASH]}"
    # The sort is stable: of two runs at one instant, the one whose commit comes later stays later.
    grown_up = [growing[commit.ref] for commit in commits if commit.ref in growing]
    ended = [Run(run.last, run.earliest, run.last.date) for run in grown_up]
    return Selection(tuple(sorted(ended, key=lambda run: run.completed_at or _BEFORE_ALL)), no_runs)


def _counting_behind(commits: Sequence[Commit]) -> Mapping[str, Sequence[Commit]]:
    """The counting commits, grouped by their nearest counting ancestor along first parents."""
    nearest: dict[str, str | None] = {}
    behind: dict[str, list[Commit]] = defaultdict(list)
    counts: dict[str, bool] = {}
    for commit in commits:
        parent = commit.parents[0] if commit.parents else None
        nearest[commit.ref] = parent if parent is None or counts[parent] else nearest[parent]
        counts[commit.ref] = commit.no_run is None
        if counts[commit.ref] and (earlier := nearest[commit.ref]) is not None:
            behind[earlier].append(commit)
    return behind


def _main_line(commits: Sequence[Commit]) -> frozenset[str]:
    """The ref's commit and its first parents."""
    first_parent = {commit.ref: commit.parents[0] for commit in commits if commit.parents}
    line: list[str] = []
    at = commits[-1].ref if commits else None
    while at is not None:
        line.append(at)
        at = first_parent.get(at)
    return frozenset(line)


def _grown(run: _Growing, commit: Commit, run_gap: timedelta, longest_run: timedelta) -> _Growing | None:
    """The run with one more commit at its end; None if the commit does not continue it."""
    if run.last.items != 1 or run.last.of_the_tool or commit.problem is not None:
        return None
    if commit.date is None or run.last.date is None or run.earliest is None or run.latest is None:
        return None
    earliest, latest = min(run.earliest, commit.date), max(run.latest, commit.date)
    # Before or after: a clock may have been set back.
    continues = abs(commit.date - run.last.date) <= run_gap and latest - earliest <= longest_run
    return _Growing(commit, earliest, latest) if continues else None


def _precedence(commit: Commit, main_line: frozenset[str]) -> tuple[bool, datetime, str]:
    return commit.ref not in main_line, commit.date or _BEFORE_ALL, commit.ref
