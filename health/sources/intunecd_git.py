"""IntuneCD backups in git: each commit that touches the root is a set, completed at its committer date.

The tool's pipelines commit only on change, so a commit's age is the age of the last change, not of the last run.

The repository is somebody else's: git reads its objects and nothing else. No checkout, no hook, no filter, no pager,
no replaced or grafted history, and no fetch of what a partial clone left behind (docs/import-folders.md, "IntuneCD").
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Self

from health.sources.backup_tree import SYMBOLIC_LINK, TOO_LARGE, BackupFile, closed_to_us, joined, visible_name
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput, StoredSet
from health.sources.declaration import Asked
from health.sources.documents import MAX_FILE_BYTES
from health.sources.intunecd_policies import LAYOUT, SOURCE, item_of
from health.sources.policy_sets import GatheredItems
from health.sources.storable import storable_name, storable_text

_SHORT_HASH: Final = 7
_LINK_MODE: Final = b"120000"
_SUBMODULE: Final = "it is a submodule, whose files are in another repository"
_NO_CONTENT: Final = "git does not have the file's content, or cannot read it"

_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_GRAFT_FILE": f"{os.devnull}/none",  # a file that cannot be: git warns of every one that is there
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",  # git's messages are recognized by their English words
}


class _GitFailed(Exception):
    """git ended with an error. `said` is all that it printed; the message is the line that says what was wrong."""

    def __init__(self, said: str) -> None:
        lines = said.splitlines() or ["it does not say why"]
        wrong = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[0])
        super().__init__(wrong.removeprefix("fatal: ").removeprefix("error: "))
        self.said = said


class _Commit(NamedTuple):
    """A commit's full hash, its committer date in seconds since 1970 as git printed it, and its subject."""

    ref: str
    seconds: bytes
    subject: str


class _Blob(NamedTuple):
    """A file of a commit. `file` has no content yet, and a problem where it will never be asked for."""

    file: BackupFile
    object_id: bytes
    size: bytes


def find_commits(asked: Asked) -> Iterator[FoundCommit]:
    """Find each commit reachable from HEAD that touches a folder of a repository, oldest first.

    Raises RefusedInput, at once, where git or the repository is missing or no commit touches the root.
    """
    repository = _Repository(asked.path)
    commits = repository.commits()

    def found() -> Iterator[FoundCommit]:
        with _CommitReader(repository, asked) as reader:
            for commit in commits:
                yield FoundCommit(commit, reader)

    return found()


class FoundCommit(NamedTuple):
    """A commit that is a set, not read yet."""

    commit: _Commit
    reader: _CommitReader

    @property
    def source_ref(self) -> str:
        """The commit's full hash."""
        return self.commit.ref

    def is_stored(self, stored: StoredSet | None, *, with_payload: bool, now: datetime) -> bool:
        """Whether it is stored as a whole, without the captured JSON where none is wanted: a commit never changes."""
        return stored is not None and stored.frame.status == "completed" and (with_payload or not stored.holds_json)

    def read(self, *, with_payload: bool) -> CapturedSet:
        """The commit as a set; a `failed` one that says why where git cannot list it or it has no date."""
        return self.reader.read(self.commit, with_payload)


class _CommitReader:
    """Turns commits into sets. From one commit to the next most files stay the same: those are read once."""

    def __init__(self, repository: _Repository, asked: Asked) -> None:
        self._repository = repository
        self._external_id = asked.external_id
        self._progress = asked.progress
        self._contents = _Contents(repository)
        self._items: dict[_Blob, CapturedItem] = {}
        self._files_seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._contents.close()

    def read(self, commit: _Commit, with_payload: bool) -> CapturedSet:
        """The set that a commit is."""
        gathered = GatheredItems(with_payload)
        frame = self._frame(commit)
        try:
            blobs = self._repository.files(commit.ref)
        except _GitFailed as error:
            return _failed(frame, f"git cannot list this commit's files: {error}")
        earlier, self._items = self._items, {}
        for blob in blobs:
            item = self._items[blob] = earlier.get(blob) or item_of(self._contents.filled(blob))
            gathered.add(item)
            self._files_seen += 1
            if self._progress is not None:
                self._progress(self._files_seen)
        captured = gathered.as_set(frame)
        if frame.completed_at is None:
            # Without a time of completion it can be no basis, but it must not keep out the commits that can.
            captured = _failed(captured, "the commit's committer date is not an instant")
        return captured

    def _frame(self, commit: _Commit) -> CapturedSet:
        return CapturedSet(
            external_id=self._external_id,
            name=storable_name(f"{commit.ref[:_SHORT_HASH]} {commit.subject}".rstrip()),
            source=SOURCE,
            source_ref=commit.ref,
            status="completed",
            items=(),
            completed_at=_instant(commit.seconds),
        )


def _failed(captured: CapturedSet, error: str) -> CapturedSet:
    return captured._replace(status="failed", error=error)


def _instant(seconds: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


class _Repository:
    """A folder in a git repository, and the few things that are asked of it."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise RefusedInput(f"{root}: there is no such folder.")
        self._root = root
        try:
            shallow, prefix = self.run("rev-parse", "--is-shallow-repository", "--show-prefix").split(b"\n", 1)
        except _GitFailed as error:
            raise RefusedInput(_refusal(root, error)) from None
        self._prefix = prefix.removesuffix(b"\n")
        if shallow == b"true" and self._prefix:
            # The oldest commit of a shallow clone seems to touch every folder, whatever it really changed, and would
            # make an old backup look new.
            raise RefusedInput(
                f"{root}: the clone is shallow, so it does not say which commits touched this folder; "
                "run: git fetch --unshallow"
            )

    def commits(self) -> list[_Commit]:
        """The commits that touch the folder, parents before children. Raises RefusedInput if no commit does."""
        try:
            self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        except _GitFailed:
            raise RefusedInput(
                f"{self._root}: the repository has no commit yet, so there is no backup in it."
            ) from None
        try:
            listed = self.run(
                *("rev-list", "--reverse", "--date-order", "--full-history"),
                *("--encoding=UTF-8", "--format=%ct %s", "HEAD", "--", "."),
            )
        except _GitFailed as error:
            raise RefusedInput(f"{self._root}: git cannot read the history: {error}.") from None
        lines = listed.split(b"\n")
        commits = [_commit(line, about) for line, about in zip(lines[::2], lines[1::2], strict=False)]
        if not commits:
            raise RefusedInput(f"{self._root}: no commit touches this folder, so there is no backup in it.")
        return commits

    def files(self, ref: str) -> list[_Blob]:
        """The items' files in a commit, in the order of their names. Raises _GitFailed."""
        below = ("--", self._prefix) if self._prefix else ()
        listed = self.run("ls-tree", "-r", "-z", "-l", "--full-tree", ref, *below)
        return [blob for entry in listed.split(b"\0") if entry for blob in self._blobs(entry)]

    def _blobs(self, entry: bytes) -> Iterator[_Blob]:
        described, path = entry.split(b"\t", 1)
        mode, kind, object_id, size = described.split()
        *parents, name = map(visible_name, path.removeprefix(self._prefix).split(b"/"))
        folder = ""
        for parent in parents:
            if not LAYOUT.enters(folder, parent):
                return
            folder = joined(folder, parent)
        if mode == _LINK_MODE or kind != b"blob":
            problem = SYMBOLIC_LINK if mode == _LINK_MODE else _SUBMODULE
            for file in closed_to_us(LAYOUT, folder, name, problem):
                yield _Blob(file, object_id, size)
        elif LAYOUT.takes(folder, name):
            yield _Blob(BackupFile(folder, name), object_id, size)

    def run(self, *arguments: str | bytes) -> bytes:
        """The output of a git command. Raises _GitFailed if it fails and RefusedInput if git cannot be run."""
        try:
            ended = subprocess.run(
                self.command(*arguments), env=_environment(), stdin=subprocess.DEVNULL, capture_output=True
            )
        except OSError as error:
            raise RefusedInput(f"The program git, which reads a repository, cannot be run: {error.strerror}.") from None
        if ended.returncode != 0:
            raise _GitFailed(storable_text(ended.stderr.decode("utf-8", "backslashreplace").strip()))
        return ended.stdout

    def command(self, *arguments: str | bytes) -> list[str | bytes]:
        """A git command line about this folder."""
        return ["git", "--no-pager", "-C", str(self._root), *arguments]


class _Contents:
    """The contents of blobs, through one `git cat-file` for all of them; another if a damaged object ends it."""

    def __init__(self, repository: _Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None

    def filled(self, blob: _Blob) -> BackupFile:
        """The blob's file with its content, or with the reason why it could not be had."""
        if blob.file.problem is not None:
            return blob.file
        if blob.size.isdigit() and int(blob.size) > MAX_FILE_BYTES:
            return blob.file._replace(problem=TOO_LARGE)
        content = self._content(blob.object_id)
        if content is None:
            return blob.file._replace(problem=_NO_CONTENT)
        return blob.file._replace(content=content)

    def close(self) -> None:
        """End git, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _content(self, object_id: bytes) -> bytes | None:
        process = self._process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(object_id + b"\n")
            process.stdin.flush()
            header = process.stdout.readline().split()
            if header[-1:] == [b"missing"]:
                return None
            size = int(header[-1])
            content = process.stdout.read(size + 1)
        except (OSError, ValueError, IndexError):
            content, size = b"", 0
        if len(content) == size + 1:
            return content[:-1]
        self.close()
        return None

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._repository.command("cat-file", "--batch"),
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


def _environment() -> dict[str, str]:
    """The environment without what would point git elsewhere, such as GIT_DIR inside a hook.

    GIT_CONFIG_GLOBAL and its like stay: there an operator says, for example, which other user's repository to trust.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }
    return kept | _ENVIRONMENT


def _commit(line: bytes, about: bytes) -> _Commit:
    """One commit from the two lines that `rev-list --format` prints for it."""
    seconds, _, subject = about.partition(b" ")
    ref = line.removeprefix(b"commit ").decode("ascii")
    return _Commit(ref, seconds, subject.decode("utf-8", "backslashreplace"))


def _refusal(root: Path, error: _GitFailed) -> str:
    if "not a git repository" in error.said:
        return f"{root}: this folder is not in a git repository."
    if "dubious ownership" in error.said or "unsafe repository" in error.said:
        *_, remedy = error.said.splitlines()
        return f"{root}: git does not trust this repository, because another user owns it; run: {remedy.strip()}"
    return f"{root}: git cannot read this repository: {error}."
