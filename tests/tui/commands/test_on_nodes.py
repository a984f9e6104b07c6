"""Every command says on the nodes of a cluster what it says of one server (docs/reading.md, "Citus").

Modules: tui.commands, health.store.reading.distributed_statements.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Final

import pytest

from tests.engines import COORDINATOR
from tests.health.sources.trees import plant, policy
from tests.tui.commands.console import Console

AT: Final = ("--now", "2026-11-23T09:00:00Z")
THEN: Final = ("--as-of", "2026-11-20T09:00:00Z")
SETTINGS: Final = """
[known]
file = "known.toml"

[groups.gold]
tenants = ["c*"]

[sources.nightly]
kind = "intunecd"
path = "backups/*"
tenant = "{folder}.example"
completed_at = "newest-file"
cron = "30 2 * * *"
"""
KNOWN: Final = """
[[known]]
tenant = "fabrikam.example"
reason = "latest_backup_stale"
until = 2027-01-01T00:00:00Z
who = "ana"
why = "their tool is being replaced"
"""
QUESTIONS: Final = (
    ("report", *AT, "--format", "json"),
    ("report", *THEN, "--format", "json"),
    ("report", *THEN, "--tenant", "fabrikam.example", "--format", "json"),
    ("report", *AT, "--group", "gold", "--format", "csv"),
    ("check", *AT, "--known"),
    ("check", *AT, "--tenant", "contoso.example", "--tenant", "fabrikam.example"),
    ("causes", *AT, "--format", "json"),
    ("coverage", *AT, "--format", "json"),
    ("coverage", *AT, "--tenant", "fabrikam.example", "--format", "json"),
    ("diff", *AT, "--tenant", "fabrikam.example", "--format", "json"),
    ("last-good", *AT, "--tenant", "fabrikam.example", "--format", "json"),
    ("doctor", *AT, "--format", "json", "--except", "no_statistics"),
    ("tenant", "list"),
    ("schedule", "list", "--tenant", "fabrikam.example"),
    ("prune", "--keep-days", "5", *AT),
)
"""What is asked of the demo's fleet."""
STEPS: Final = (
    ("sync",),
    ("sync", "--dry-run"),
    ("report", *AT, "--tenant", "ana.example", "--format", "json"),
    ("sync",),
    ("accept-loss", "--tenant", "ana.example", "*"),
    ("report", *AT, "--tenant", "ana.example", "--format", "json"),
    ("prune", "--keep-last", "1", *AT, "--yes"),
    ("tenant", "archive", "ana.example"),
    ("sync",),
    ("report", *AT, "--format", "json"),
)
"""What is written, one command after the other."""
LOST_BEFORE: Final = 3
"""Before this one most of the backup is lost."""


def said(console: Console, *words: str) -> tuple[int, str, str]:
    outcome = console.run(*words)
    # The line about where something was written names the database; ids are given by the coordinator.
    assert "Traceback" not in outcome.err
    return outcome.code, re.sub(r'"(id|backup_set)": \d+', r'"\1": …', outcome.out), outcome.err


if COORDINATOR is not None:

    @pytest.fixture
    def consoles(
        postgres_url: str, citus_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> tuple[Console, Console]:  # fmt: skip
        for name, text in (("settings.toml", SETTINGS), ("known.toml", KNOWN)):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)
        monkeypatch.setenv("TENANTPILOT_CONFIG", str(tmp_path / "settings.toml"))
        monkeypatch.chdir(tmp_path)
        return Console(postgres_url, capsys), Console(citus_url, capsys)

    def test_what_is_read(consoles: tuple[Console, Console]) -> None:
        for console in consoles:
            assert console.run("demo", "--tenants", "60", *AT).code == 0
        for words in QUESTIONS:
            of_a_server, of_nodes = (said(console, *words) for console in consoles)
            assert of_nodes == of_a_server, words
            assert of_a_server[1], words

    def back_up(folder: Path, day: int, names: str) -> None:
        """Have the folder be the backup of a day with these policies."""
        rmtree(folder, ignore_errors=True)
        plant(folder, {f"Filters/{name}.json": policy(name) for name in names})
        for file in folder.rglob("*.json"):
            completed = datetime(2026, 11, day, 2, tzinfo=UTC).timestamp()
            os.utime(file, (completed, completed))

    def test_what_is_written(consoles: tuple[Console, Console], tmp_path: Path) -> None:
        found: list[list[tuple[int, str, str]]] = []
        for console in consoles:
            back_up(tmp_path / "backups" / "ana", 22, "abcdefgh")
            found.append([])
            for place, words in enumerate(STEPS):
                if place == LOST_BEFORE:
                    back_up(tmp_path / "backups" / "ana", 23, "a")
                found[-1].append(said(console, *words))
        assert found[1] == found[0]
        assert "gone" in found[0][LOST_BEFORE][2]
