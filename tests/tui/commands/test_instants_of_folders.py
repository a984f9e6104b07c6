"""When a folder was complete: by the options of `import` and `record`, and by the dates of its files.

(docs/import-folders.md, "The door")

Modules: tui.commands.imports, tui.commands.record.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from tests.health.sources.test_m365dsc import configuration
from tests.health.sources.trees import plant, policy
from tests.tui.commands.console import Console
from tests.tui.commands.recorder import Recorder

WORDS = ("--tenant", "contoso", "--create-tenant", "Contoso")
NOW = ("--now", "2026-11-23T09:00:00Z")
MONTHS_AGO = datetime(2026, 9, 1, 2, 10, 30, 250_000, tzinfo=UTC)


def old_backup(root: Path) -> Path:
    """Two items, the newer one written months ago."""
    plant(root, {"Roles/a.json": policy(), "Roles/b.json": policy()})
    for name, seconds in (("a", 60), ("b", 0)):
        ns = int(MONTHS_AGO.timestamp() * 1_000_000) * 1000 - seconds * 10**9
        os.utime(root / f"Roles/{name}.json", ns=(ns, ns))
    return root


def test_old_files_are_refused_whole_and_accepted_on_demand(any_console: Console, tmp_path: Path) -> None:
    root = old_backup(tmp_path / "backup")
    words = ("import", "intunecd", str(root), *WORDS, "--completed-at", "2026-11-23T08:00:00Z")
    found = any_console.run(*words)
    assert found.code == 1
    said = found.refusal()
    assert "its newest file was written at 2026-09-01 02:10:30 UTC" in said
    assert "--completed-at 2026-11-23 08:00:00 UTC" in said
    assert "--accept-old-files" in said
    assert any_console.run("report", *NOW).document["tenants"] == []
    assert any_console.run(*words, "--accept-old-files").code == 0
    (entry,) = any_console.run("report", *NOW).document["tenants"]
    assert entry["basis"]["completed_at"] == "2026-11-23T08:00:00Z"


def test_the_newest_file_can_be_the_instant_if_it_is_said(any_console: Console, tmp_path: Path) -> None:
    root = old_backup(tmp_path / "backup")
    words = ("import", "intunecd", str(root), *WORDS)
    assert any_console.run(*words).code == 2
    assert any_console.run(*words, "--completed-at", "newest-file").out.startswith("contoso: 1 backup set created")
    (entry,) = any_console.run("report", *NOW).document["tenants"]
    assert (entry["posture"], entry["basis"]["completed_at"]) == ("stale", "2026-09-01T02:10:30.25Z")
    again = any_console.run(*words, "--completed-at", "newest-file")
    assert again.out == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written.\n"


def test_a_program_beside_the_export_gives_no_date(any_console: Console, tmp_path: Path) -> None:
    plant(tmp_path, {"M365TenantConfig.ps1": configuration("AADGroup 'a'\n{\nId = '1'\n}\n")})
    plant(tmp_path, {"export.ps1": "Export-M365DSCConfiguration", "ConfigurationData.psd1": "@{ }"})
    seconds = MONTHS_AGO.timestamp()
    os.utime(tmp_path / "M365TenantConfig.ps1", (seconds, seconds))
    words = ("import", "m365dsc", str(tmp_path), *WORDS)
    found = any_console.run(*words, "--completed-at", "2026-11-23T08:00:00Z")
    assert (found.code, "2026-09-01 02:10:30 UTC" in found.refusal()) == (1, True)
    settings = f'[sources.dsc]\nkind = "m365dsc"\npath = "{tmp_path}"\ntenant = "x"\ncompleted_at = "newest-file"\n'
    plant(tmp_path, {"tenantpilot.toml": settings})
    assert any_console.run("--config", str(tmp_path / "tenantpilot.toml"), "sync").code == 0
    assert any_console.run(*words, "--completed-at", "newest-file").code == 0
    entries = any_console.run("report", *NOW).document["tenants"]
    told = [(entry["posture"], entry["basis"]["completed_at"]) for entry in entries]
    assert told == [("stale", "2026-09-01T02:10:30.25Z")] * 2


def test_a_newest_file_with_a_valid_date_is_needed(console: Console, tmp_path: Path) -> None:
    words = ("import", "intunecd", str(tmp_path), *WORDS, "--completed-at", "newest-file")
    found = console.run(*words)
    assert (found.code, "it has no backup file" in found.refusal()) == (1, True)
    plant(tmp_path, {"Roles/a.json": policy()})
    os.utime(tmp_path / "Roles/a.json", (2_000_000_000, 2_000_000_000))
    found = console.run(*words)
    assert (found.code, "2033-05-18T03:33:20Z is in the future" in found.refusal()) == (2, True)
    assert console.run("report", *NOW).document["tenants"] == []


def test_record_over_files_of_the_future_is_degraded(recorder: Recorder) -> None:
    done = recorder.shell(
        "mkdir -p out/Roles && echo '{\"id\":1}' >out/Roles/a.json && touch -d 2031-01-01 out/Roles/a.json"
    )
    assert done.returncode == 0
    (item,) = recorder.rows("backup_items")
    assert "2031-01-01 00:00:00 UTC, which is in the future" in item["integrity_warning"]
    verdict = recorder.verdict()
    assert (verdict["posture"], verdict["confirmed"]) == ("degraded", False)
