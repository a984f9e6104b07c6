"""Git repositories made by the tests, with git itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.health.sources.trees import plant

DAY = 86_400
START = int(datetime(2025, 12, 1, 2, 0, tzinfo=UTC).timestamp())


class Repository:
    """A repository made with git itself; commit number n is dated n days after the start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commits = 0
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str | bytes, stdin: bytes = b"", identity: Mapping[str, str] | None = None) -> str:
        ran = subprocess.run(
            ["git", "-C", self.path, *arguments],
            input=stdin,
            env=os.environ | dict(identity or {}),
            check=True,
            capture_output=True,
        )
        return ran.stdout.decode().strip()

    def commit(
        self,
        files: Mapping[str, object],
        *,
        gone: tuple[str, ...] = (),
        subject: str = "backup",
        staged: bool = False,
        minute: int = 0,
    ) -> str:
        """Commit these files, without those in `gone`. Returns the commit's hash."""
        plant(self.path, files)
        for name in gone:
            shutil.rmtree(self.path / name)
        if not staged:
            self.git("add", "--all")
        self.git(
            "commit", "--quiet", "--allow-empty", "--message", subject, identity=self.identity(self.commits, minute)
        )
        self.commits += 1
        return self.git("rev-parse", "HEAD")

    def identity(self, day: int, minute: int = 0) -> dict[str, str]:
        who = {f"GIT_{role}_{part}": "nobody" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        # Committed again an hour later, as by a rebase. This date must not count.
        seconds = START + day * DAY + minute * 60
        return who | {"GIT_COMMITTER_DATE": f"{seconds + 3600} +0530", "GIT_AUTHOR_DATE": f"{seconds} +0000"}

    def object(self, ref: str) -> Path:
        """The file that holds an object."""
        name = self.git("rev-parse", ref)
        return self.path / ".git/objects" / name[:2] / name[2:]
