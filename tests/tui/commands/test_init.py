"""`tenantpilot init`: looks into a folder and proposes its sources (docs/sync.md).

Modules: tui.commands.init, health.sources.recognised.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.health.sources.trees import plant, policy
from tests.tui.commands.console import Console


def proposed(console: Console, folder: Path) -> Any:
    """The proposed sources, as the settings read them."""
    done = console.bare("init", str(folder))
    assert (done.code, done.err) == (0, "")
    return tomllib.loads(done.out)["sources"]


def test_one_kind_is_one_section_with_its_broken_folders_too(console: Console, tmp_path: Path) -> None:
    root = plant(tmp_path / "Backups", {f"{name}/Filters/1.json": policy() for name in ("ana", "ben")})
    (root / "empty").mkdir()
    common = {"kind": "intunecd", "tenant": "{folder}"}
    assert proposed(console, root) == {"backups": {**common, "path": f"{root}/*", "completed_at": "newest-file"}}
    assert "2 of 3 folders look like it; `sync` will report the others: empty." in console.bare("init", str(root)).out


def test_a_folder_further_down_and_a_repository(console: Console, tmp_path: Path) -> None:
    root = plant(tmp_path / "git", {f"{name}/intune/Filters/1.json": policy() for name in ("ana", "ben")})
    for name in ("ana", "ben"):
        (root / name / "intune" / ".git").mkdir()
    expected = {"kind": "intunecd", "tenant": "{folder}", "path": f"{root}/*/intune", "git": True}
    assert proposed(console, root) == {"git": expected}


def test_different_tools_are_a_section_each(console: Console, tmp_path: Path) -> None:
    root = plant(
        tmp_path / "all",
        {
            "a/Filters/1.json": policy(),
            "b/Filters/1.json": policy(),
            "c/backup-2026-11-23-021000/metadata.json": {},
            "d/MigrationTable.json": {},
            "e/M365TenantConfig.ps1": "",
            "f/Scripts/Assignments/1.json": [],
            "A/empty.txt": "",
        },
    )
    kinds = {name: each["kind"] for name, each in proposed(console, root).items()}
    assert kinds == {
        "a": "intunecd",
        "a-2": "intunecd",
        "b": "intunecd",
        "c": "tenuvault",
        "d": "intunemanagement",
        "e": "m365dsc",
        "f": "intunebackup",
    }


def test_one_backup(console: Console, tmp_path: Path) -> None:
    root = plant(tmp_path / "contoso", {"Filters/1.json": policy()})
    assert proposed(console, root)["contoso"]["path"] == str(root)


def test_it_writes_only_when_told_to_and_never_over_a_file(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant(tmp_path / "b", {"ana/Filters/1.json": policy()})
    monkeypatch.chdir(tmp_path)
    console.bare("init", "b")
    assert not (tmp_path / "tenantpilot.toml").exists()
    said = "tenantpilot.toml written: 1 source. Next: 'tenantpilot db init', 'tenantpilot sync'.\n"
    assert console.bare("init", "b", "--write").out == said
    assert tomllib.loads((tmp_path / "tenantpilot.toml").read_text())["sources"]["b"]["path"] == f"{root}/*"
    assert "exists already" in console.bare("init", "b", "--write").refusal()


def test_nothing_to_propose(console: Console, tmp_path: Path) -> None:
    assert "it has no backup that is recognised" in console.bare("init", str(tmp_path)).refusal()
    assert "there is no such folder" in console.bare("init", str(tmp_path / "x")).refusal()
