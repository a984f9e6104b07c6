"""The commits that a ref of a repository reaches, and what each of them changes under a folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Final, NamedTuple

from health.sources.captured import RefusedInput
from health.sources.git_objects import GitFailed, Repository
from health.sources.git_runs import Commit

MERGE: Final = "a merge"
REVERT: Final = "a revert"
CLICK: Final = "made by a click on a forge"
OTHER_AUTHOR: Final = "not by an author that --author names"

_REVERT_SAYS: Final = b"This reverts commit"
_FORGE: Final = "(?:github|gitlab|gitea|forgejo|codeberg|bitbucket)"
_CLICKED: Final = re.compile(
    rf"(?:.* <no-?reply@(?:[^@>]*[.])?{_FORGE}[.-][^@>]*|{_FORGE}(?: enterprise)? <no-?reply@[^@>]*)>",
    re.IGNORECASE | re.DOTALL,
)
"""The committer of commits that a forge makes itself, known by its address or, on a private host, by its name.

A person's private address at a forge, and a pipeline's address, have something else before the `@`.
"""

_FORMAT: Final = "%P%x00%at%x00%ct%x00%an <%ae>%x00%cn <%ce>%x00%s%x00%B%x00"
_FIELDS: Final = 7


class Part(Enum):
    """What a file is to a backup: one of its items, something else that only the tool writes, or neither."""

    ITEM = "item"
    OF_THE_TOOL = "of the tool"
    NEITHER = "neither"


class History(NamedTuple):
    """The commits that a ref reaches, parents before children, and the subject of each by its full hash."""

    commits: tuple[Commit, ...]
    subjects: Mapping[str, str]


class _Change(NamedTuple):
    """What a commit changes under the folder; `problem` says why it cannot be found out."""

    items: int = 0
    of_the_tool: bool = False
    problem: str | None = None


def read_history(
    repository: Repository, tip: str, part_of: Callable[[bytes], Part], author: re.Pattern[str] | None
) -> History:
    """All commits that a commit reaches. `part_of` says what a file is, by its path under the folder.

    With `author`, only commits with a matching author count, including those made on a forge's web page. Raises
    RefusedInput if git cannot read the history.
    """
    try:
        listed = repository.run(
            *("rev-list", "--reverse", "--date-order", "--encoding=UTF-8", f"--format={_FORMAT}", tip, "--")
        )
    except GitFailed as error:
        raise RefusedInput(f"{repository.root}: git cannot read the history: {error}.") from None
    fields = listed.split(b"\0")[:-1]
    described = [fields[place : place + _FIELDS] for place in range(0, len(fields), _FIELDS)]
    commits = [_commit(each, author) for each in described]
    subjects = {commit.ref: _text(each[5]) for commit, each in zip(commits, described, strict=True)}
    changes = _changes(repository, [commit.ref for commit in commits if commit.excluded is None], part_of)
    return History(
        tuple(commit._replace(**changes.get(commit.ref, _Change())._asdict()) for commit in commits), subjects
    )


def _commit(fields: Sequence[bytes], author: re.Pattern[str] | None) -> Commit:
    """A commit from the output of `rev-list`, which begins with the line `commit <hash>`."""
    about, authored, committed, written_by, committed_by, _, message = fields
    ref, _, parents = about.strip(b"\n").removeprefix(b"commit ").partition(b"\n")
    dates = (_instant(authored), _instant(committed))
    commit = Commit(ref.decode("ascii"), tuple(parents.decode("ascii").split()), None)
    if dates[0] is not None and dates[1] is not None:
        commit = commit._replace(date=min(dates[0], dates[1]))
    return commit._replace(excluded=_excluded(commit, message, _text(written_by), _text(committed_by), author))


def _excluded(
    commit: Commit, message: bytes, written_by: str, committed_by: str, author: re.Pattern[str] | None
) -> str | None:
    if len(commit.parents) > 1:
        return MERGE
    if _REVERT_SAYS in message:
        return REVERT
    if author is None:
        return CLICK if _CLICKED.fullmatch(committed_by) else None
    return None if author.search(written_by) else OTHER_AUTHOR


def _changes(repository: Repository, refs: Sequence[str], part_of: Callable[[bytes], Part]) -> dict[str, _Change]:
    """What each commit changes under the folder, by its full hash. A damaged commit affects only those that need it."""
    parts: dict[bytes, Part] = {}

    def part(path: bytes) -> Part:
        if path not in parts:
            parts[path] = part_of(path.removeprefix(repository.prefix))
        return parts[path]

    changes: dict[str, _Change] = {}
    while left := [ref for ref in refs if ref not in changes]:
        try:
            printed, problem = _diffs(repository, left), "it does not say"
        except GitFailed as error:
            printed, problem = error.output, str(error)
        for ref, paths in _changed_files(printed):
            seen = Counter(map(part, paths))
            changes[ref] = _Change(seen[Part.ITEM], seen[Part.OF_THE_TOOL] > 0)
        # git's output ends before the commit that it cannot read.
        if (failed := next((ref for ref in left if ref not in changes), None)) is not None:
            changes[failed] = _Change(problem=f"git cannot tell what this commit changes: {problem}")
    return changes


def _diffs(repository: Repository, refs: Sequence[str]) -> bytes:
    """git's comparison of each commit with its parent (or with nothing): its hash, then the changed files."""
    return repository.run(
        *("diff-tree", "--stdin", "--root", "--always", "-r", "-z", "--raw", "--no-renames", "--no-relative"),
        *("--no-abbrev", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--", "."),
        given="".join(f"{ref}\n" for ref in refs).encode("ascii"),
    )


def _changed_files(printed: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The paths whose content differs, commit by commit. A change of the executable bit does not count."""
    fields = iter(printed.split(b"\0")[:-1])
    ref, paths = "", list[bytes]()
    for field in fields:
        if field.startswith(b":"):
            mode_before, mode, before, after, _ = field[1:].split()
            path = next(fields)
            if before != after or mode_before[:3] != mode[:3]:
                paths.append(path)
            continue
        if ref:
            yield ref, paths
        ref, paths = field.strip().decode("ascii"), []
    if ref:
        yield ref, paths


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _instant(seconds: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
