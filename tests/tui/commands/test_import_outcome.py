"""What an import says besides its numbers: the tenant is archived, or there was nothing to accept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.health.sources.tenuvault_runs import plant_run
from tests.health.sources.trees import plant, policy
from tests.tui.commands.console import Console

AT = ("--completed-at", "2026-11-23T08:00:00Z")
LATER = ("--completed-at", "2026-11-24T08:00:00Z")


def told(console: Console, *words: str) -> list[str]:
    """Standard error of an import that succeeds."""
    found = console.run("import", *words)
    assert found.code == 0
    assert found.out.count("\n") == 1
    return found.err.splitlines()


def a_command(tool: str, folder: Path) -> tuple[str, ...]:
    """Import a tool's backup with the types Filters and Roles."""
    files = {"Filters/a.json": policy(), "Roles/b.json": policy()}
    whose = ("--tenant", "contoso", "--create-tenant", "Contoso")
    if tool == "tenuvault":
        plant_run(folder, policies=files, ItemCounts=None)
        return tool, str(folder), *whose, "--timezone", "UTC"
    plant(folder, files)
    if tool != "git":
        return tool, str(folder), *whose, *AT
    commit(folder)
    return "intunecd", str(folder), *whose, "--git"


def commit(folder: Path) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@t")
    for words in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "-m", "x")):
        subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


def lose_filters(tool: str, folder: Path) -> None:
    """Another run of the tool, without the type Filters."""
    if tool == "tenuvault":
        run = plant_run(folder, "backup-2026-11-24-021000", policies={"Roles/b.json": policy()}, ItemCounts=None)
        manifest = json.loads((run / "metadata.json").read_text())
        manifest |= {"StartTime": "2026-11-24 02:10:00", "EndTime": "2026-11-24 02:14:30"}
        (run / "metadata.json").write_text(json.dumps(manifest))
    else:
        (folder / "Filters/a.json").unlink()
    if tool == "git":
        commit(folder)


TOOLS = pytest.mark.parametrize("tool", ["intunecd", "git", "tenuvault", "intunemanagement", "intunebackup"])


@TOOLS
def test_an_accepted_type_without_a_loss_is_reported(console: Console, tmp_path: Path, tool: str) -> None:
    words = a_command(tool, tmp_path / "backup")
    assert told(console, *words) == []
    lose_filters(tool, tmp_path / "backup")
    if AT[1] in words:
        words = (*words[: -len(AT)], *LATER)
    accepting = ("--accept-missing", "Filters", "--accept-missing", "Roles", "--accept-missing", "Bogus")
    assert told(console, *words, *accepting) == [
        f"tenantpilot: --accept-loss '{name}' accepted nothing: no set that was read has a loss of a type of that name."
        for name in ("Bogus", "Roles")
    ]


@TOOLS
def test_an_archived_tenant_is_reported(console: Console, tmp_path: Path, tool: str) -> None:
    words = a_command(tool, tmp_path / "backup")
    assert told(console, *words) == []
    assert console.run("tenant", "archive", "contoso").code == 0
    sentence = (
        "tenantpilot: The import is kept, but not judged, because the tenant is archived: contoso;"
        " 'tenantpilot tenant archive --undo' makes it active again."
    )
    assert told(console, *words) == [sentence]
    assert console.run("tenant", "archive", "contoso", "--undo").code == 0
    assert told(console, *words) == []


def test_archived_tenants_in_facts_are_reported_if_they_have_sets(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    archived = {"kind": "tenant", "archived_at": "2026-11-01T00:00:00Z"}
    a_set = {"kind": "set", "source": "own", "source_ref": "1", "name": "n", "status": "failed"}
    lines = [
        archived | {"external_id": "without", "name": "Without"},
        archived | {"external_id": "gone", "name": "Gone"},
        {"kind": "tenant", "external_id": "here", "name": "Here"},
        a_set | {"tenant": "gone"},
        a_set | {"tenant": "here"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    (sentence,) = told(console, "facts", str(file))
    assert "because the tenant is archived: gone;" in sentence
