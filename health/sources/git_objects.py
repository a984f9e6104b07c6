"""Read the objects of an untrusted git repository, and nothing else.

No checkout, no index, no hook, no filter, no pager, no replaced or grafted history, and no fetch of objects that a
partial clone lacks (docs/import-folders.md, "IntuneCD").
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from health.sources.captured import RefusedInput
from health.sources.storable import storable_text

_NOWHERE: Final = f"{os.devnull}/none"
"""A path that cannot exist: git prints a warning for every existing grafts file."""

_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_GRAFT_FILE": _NOWHERE,
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",  # we recognise git's messages by their English words
}
_SETTINGS: Final = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
"""Settings that override the repository's own: `diff-tree` reads the index, and that could run a program."""


class GitFailed(Exception):
    """git ended with an error. `said` is its whole standard error; the message is the line with the cause.

    `output` is its standard output so far.
    """

    def __init__(self, said: str, output: bytes = b"") -> None:
        lines = said.splitlines() or ["it does not say why"]
        wrong = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[0])
        super().__init__(wrong.removeprefix("fatal: ").removeprefix("error: "))
        self.said = said
        self.output = output


class Repository:
    """A folder in a git repository: `prefix` is its path in the repository with a final `/`, or empty."""

    def __init__(self, root: Path) -> None:
        """Raises RefusedInput if git or the repository is missing, or the clone is shallow."""
        if not root.is_dir():
            raise RefusedInput(f"{root}: there is no such folder.")
        self.root = root
        try:
            shallow, prefix = self.run("rev-parse", "--is-shallow-repository", "--show-prefix").split(b"\n", 1)
        except GitFailed as error:
            raise RefusedInput(_refusal(root, error)) from None
        self.prefix = prefix.removesuffix(b"\n")
        if shallow == b"true":
            raise RefusedInput(
                f"{root}: the clone is shallow, so its oldest commit seems to make every file, and old backups would"
                " look new; run: git fetch --unshallow (in a pipeline, check out with fetch-depth: 0)."
            )

    def tip(self, ref: str | None) -> str:
        """The full hash of the commit that a ref names; HEAD's for None. Raises RefusedInput if there is none."""
        wanted = "HEAD" if ref is None else ref
        try:
            found = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted}^{{commit}}")
        except (GitFailed, ValueError):
            if ref is not None:
                raise RefusedInput(
                    f"{self.root}: the repository has no commit {ref!r}; --ref names a branch, a tag or a commit."
                ) from None
            raise RefusedInput(f"{self.root}: the repository has no commit yet, so there is no backup in it.") from None
        return found.strip().decode("ascii")

    def run(self, *arguments: str | bytes, given: bytes = b"") -> bytes:
        """The output of a git command. Raises GitFailed if it fails and RefusedInput if git cannot be run."""
        try:
            ended = subprocess.run(self.command(*arguments), env=environment(), input=given, capture_output=True)
        except OSError as error:
            raise RefusedInput(f"The program git, which reads a repository, cannot be run: {error.strerror}.") from None
        if ended.returncode != 0:
            said = storable_text(ended.stderr.decode("utf-8", "backslashreplace").strip())
            raise GitFailed(said, ended.stdout)
        return ended.stdout

    def command(self, *arguments: str | bytes) -> list[str | bytes]:
        """A git command line about this folder."""
        return ["git", "--no-pager", *_SETTINGS, "-C", str(self.root), *arguments]


class TooLarge(Exception):
    """An object is larger than allowed; it was skipped."""


class ObjectContents:
    """The contents of objects, from one `git cat-file`. If a damaged object ends it, another is started."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None

    def of(self, object_id: bytes, at_most: int | None = None) -> bytes | None:
        """An object's content; None if git does not have it, or cannot read it.

        Raises TooLarge for one of more than `at_most` bytes.
        """
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
            if at_most is not None and size > at_most:
                # We end git instead of reading the rest.
                self.close()
                raise TooLarge
            content = process.stdout.read(size + 1)
        except (OSError, ValueError, IndexError):
            content, size = b"", 0
        if len(content) == size + 1:
            return content[:-1]
        self.close()
        return None

    def close(self) -> None:
        """End git at once."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._repository.command("cat-file", "--batch"),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


def environment() -> dict[str, str]:
    """The environment without variables that would lead git to another repository, such as GIT_DIR inside a hook.

    GIT_CONFIG_GLOBAL and similar ones stay: with them an operator can, for example, trust another user's repository.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }
    return kept | _ENVIRONMENT


def _refusal(root: Path, error: GitFailed) -> str:
    if "not a git repository" in error.said:
        return f"{root}: this folder is not in a git repository."
    if "dubious ownership" in error.said or "unsafe repository" in error.said:
        *_, remedy = error.said.splitlines()
        return f"{root}: git does not trust this repository, because another user owns it; run: {remedy.strip()}"
    return f"{root}: git cannot read this repository: {error}."
