"""A second implementation of the rule of runs, written only from docs/import-folders.md; and random histories for it,
which git can make.

It reads a commit as git has it: dates, people, words and paths. It uses nothing of `health`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

OF_THE_TOOL = ("Assignment Report", "__archive__", "Script Data", "mobileconfig")
GAP = 15 * 60
LONGEST = 6 * 3600


class Raw(NamedTuple):
    """A commit of a random history. `parents` are positions in it, times are in seconds, `paths` are the written files,
    and `gone` the removed ones."""

    parents: tuple[int, ...]
    authored: int
    committed: int
    author: str = "backup <backup@contoso.com>"
    committer: str = "backup <backup@contoso.com>"
    message: str = "backup"
    paths: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def kinds(self) -> list[str]:
        """The kind of each file that it changes."""
        return [kind_of(path) for path in (*self.paths, *self.gone)]

    @property
    def date(self) -> int:
        return min(self.authored, self.committed)


class Expected(NamedTuple):
    """A run: the id of its last commit, and its start and completion in seconds."""

    ref: str
    started: int
    completed: int


def kind_of(path: str) -> str:
    """`item`, `tool` or `nothing`."""
    *folders, name = path.split("/")
    if any(folder.startswith(".") for folder in folders):
        return "nothing"
    if name == "backup_summary.json" or any(folder in OF_THE_TOOL for folder in folders):
        return "tool"
    return "item" if folders and name.endswith((".json", ".yaml", ".yml")) else "nothing"


def expected_runs(
    history: Sequence[Raw], ids: Sequence[str], by_author: Callable[[str], bool] | None = None
) -> set[Expected]:
    """The runs, one by one, straight from the page's sentences. `ids` are the commits' hashes."""
    everything = range(len(history))

    def counts(n: int) -> bool:
        commit = history[n]
        if len(commit.parents) > 1 or "This reverts commit" in commit.message:
            return False
        if by_author is not None and not by_author(commit.author):
            return False
        if by_author is None and "<noreply@github.com>" in commit.committer:
            return False
        return any(kind != "nothing" for kind in commit.kinds)

    def nearest(n: int) -> int | None:
        while history[n].parents:
            n = history[n].parents[0]
            if counts(n):
                return n
        return None

    line = {len(history) - 1}
    while history[min(line)].parents:
        line.add(history[min(line)].parents[0])

    runs: dict[int, list[int]] = {}

    def run_up_to(n: int) -> list[int]:
        if n not in runs:
            before = nearest(n)
            runs[n] = [*run_up_to(before), n] if before is not None and heir(before) == n else [n]
        return runs[n]

    def heir(n: int) -> int | None:
        """The commit that continues the run of commit n."""
        kinds = history[n].kinds
        if kinds.count("item") != 1 or "tool" in kinds:
            return None
        able = []
        for m in everything:
            if counts(m) and nearest(m) == n and abs(history[m].date - history[n].date) <= GAP:
                dates = [history[each].date for each in [*run_up_to(n), m]]
                if max(dates) - min(dates) <= LONGEST:
                    able.append(m)
        on_the_line = [m for m in able if m in line]
        return min(on_the_line or able, key=lambda m: (history[m].date, ids[m]), default=None)

    found = set()
    for n in everything:
        if counts(n) and heir(n) is None:
            run = run_up_to(n)
            found.add(Expected(ids[n], min(history[each].date for each in run), history[n].date))
    return found


def git_history(path: Path, history: Sequence[Raw]) -> list[str]:
    """Make a history in a new bare repository whose HEAD is its last commit. Returns the hash of each commit.

    A file that is written again gets new content.
    """
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)
    lines: list[bytes] = []
    for n, commit in enumerate(history):
        lines.append(f"commit refs/heads/c{n}\nmark :{n + 1}".encode())
        lines.append(f"author {commit.author} {commit.authored} +0530".encode())
        lines.append(f"committer {commit.committer} {commit.committed} -0800".encode())
        lines.append(f"data {len(commit.message.encode())}\n{commit.message}".encode())
        for place, parent in enumerate(commit.parents):
            lines.append(f"{'merge' if place else 'from'} :{parent + 1}".encode())
        files = dict.fromkeys(commit.paths, f'{{"displayName": "{n}"}}')
        for name, content in files.items():
            lines.append(f"M 100644 inline {name}\ndata {len(content.encode())}\n{content}".encode())
        lines += [f"D {name}".encode() for name in commit.gone]
        lines.append(b"")
    marks = path / "marks"
    subprocess.run(
        ["git", "-C", path, "fast-import", "--quiet", f"--export-marks={marks}"],
        input=b"\n".join(lines) + b"\n",
        check=True,
    )
    ids = dict(line.split() for line in marks.read_text().splitlines())
    hashes = [ids[f":{n + 1}"] for n in range(len(history))]
    subprocess.run(["git", "-C", path, "update-ref", "refs/heads/main", hashes[-1]], check=True)
    return hashes


PATHS = (
    "Roles/a.json",
    "Roles/b.json",
    "Filters/c.yaml",
    "README.md",
    "top.json",
    ".github/workflows/x.yml",
    "Assignment Report/report.json",
    "Scripts/Script Data/s.ps1",
    "backup_summary.json",
)
_ITEMS = tuple(f"{folder}/{n}.json" for folder in ("Apps", "Filters", "Roles") for n in range(3))
_START = 1_764_547_200
_STEPS = (0, 1, 60, 600, GAP - 1, GAP, GAP + 1, 3600, LONGEST, 86_400, -60, -GAP, -GAP - 1)

# Made once: Hypothesis looks through each new strategy, which took half of the time.
_STEP = st.sampled_from(_STEPS)
_LATER = st.sampled_from((0, 0, 0, 30, 86_400))
_SOMEBODY = st.one_of(
    st.just("backup <backup@contoso.com>"),
    st.sampled_from(("backup <backup@contoso.com>", "Ann <ann@contoso.com>", "GitHub <noreply@github.com>")),
)
_WORDS = st.sampled_from(("backup", "backup", "backup", 'Revert "backup"\n\nThis reverts commit 0.'))
_SOME_PATHS = st.one_of(
    st.sampled_from(PATHS[:3]).map(lambda path: (path,)),
    st.lists(st.sampled_from(PATHS), max_size=3, unique=True).map(tuple),
)


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> list[Raw]:
    """A history of commits, parents before children; the last one reaches all of them."""
    commits: list[Raw] = []
    size = draw(st.integers(1, most))
    for n in range(size):
        open_ends = set(range(n)) - {parent for commit in commits for parent in commit.parents}
        parents: tuple[int, ...]
        if n == size - 1:
            parents = tuple(draw(st.permutations(sorted(open_ends))))
        elif n == 0:
            parents = ()
        else:
            # Mostly the line goes on, because the rule is about long runs.
            first = draw(st.one_of(st.just(n - 1), st.integers(0, n - 1)))
            second = draw(st.one_of(st.none(), st.none(), st.none(), st.integers(0, n - 1)))
            parents = (first,) if second in (None, first) else (first, second)
        date = (commits[parents[0]].date if parents else _START) + draw(_STEP)
        later = draw(_LATER)
        committer_is_later = draw(st.booleans())
        commits.append(
            Raw(
                parents,
                date if committer_is_later else date + later,
                date + later if committer_is_later else date,
                draw(_SOMEBODY),
                draw(_SOMEBODY),
                draw(_WORDS),
                draw(_SOME_PATHS) if len(parents) < 2 else (),
            )
        )
    return commits


@st.composite
def losing_histories(draw: st.DrawFn) -> list[Raw]:
    """One line of commits, each later than the one before, in which items come and go."""
    commits: list[Raw] = []
    there: set[str] = set()
    date = _START
    for n in range(draw(st.integers(2, 9))):
        date += draw(st.sampled_from((60, 300, GAP, GAP + 1, 86_400)))
        written = draw(st.one_of(st.sampled_from(_ITEMS).map(lambda item: {item}), st.sets(st.sampled_from(_ITEMS))))
        gone = draw(st.sets(st.sampled_from(_ITEMS), max_size=3)) & there - written if n else set()
        written = written or set(_ITEMS) if n == 0 else written
        there = (there | written) - gone
        commits.append(Raw((n - 1,) if n else (), date, date, paths=tuple(sorted(written)), gone=tuple(sorted(gone))))
    return commits
