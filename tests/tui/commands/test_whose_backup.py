"""A backup is its own tenant's alone, by `import` and `record`, on both engines (docs/import-folders.md, "The door").

Modules: tui.commands.imports, tui.commands.record, health.store.writing.whose.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.health.sources.tenuvault_runs import plant_run
from tests.health.sources.test_m365dsc import configuration
from tests.health.sources.trees import plant, policy
from tests.health.store.bare import bare
from tests.tui.commands.recorder import Recorder

WORDS = ("--tenant", "contoso", "--create-tenant", "Contoso")
SCRIPT = "AADGroup 'a'\n{{\nId = '1';\nTenantId = '{}'\n}}\n"


def export(source: str, root: Path, tenant: str) -> list[str]:
    """Write a backup of what the tool calls a tenant; the words behind `import` but for those of the tenant."""
    if source == "intunemanagement":
        plant(root, {"Roles/a.json": policy(), "MigrationTable.json": {"TenantId": tenant, "Objects": []}})
        return [source, str(root)]
    if source == "m365dsc":
        plant(root, {"M365TenantConfig.ps1": configuration(SCRIPT.format(tenant))})
        return [source, str(root)]
    assert source == "tenuvault"
    plant_run(root, f"backup-2026-11-{22 + len(list(root.glob('*')))}-021000", TenantId=tenant)
    return [source, str(root), "--timezone", "UTC"]


def at(day: int, source: str) -> list[str]:
    return [] if source == "tenuvault" else ["--completed-at", f"2026-11-{day}T02:10:00Z"]


def sets(machine: Recorder) -> list[tuple[Any, ...]]:
    with bare(machine.url) as database:
        return database.execute("SELECT status, source_tenant FROM backup_sets ORDER BY id")


@pytest.mark.parametrize("source", ["intunemanagement", "m365dsc", "tenuvault"])
def test_another_tenants_backup_is_refused(any_recorder: Recorder, source: str) -> None:
    first = export(source, any_recorder.folder / "contoso", "c.example")
    other = export(source, any_recorder.folder / "fabrikam", "f.example")
    if source == "tenuvault":
        plant_run(any_recorder.folder / "fabrikam", "backup-2026-11-25-021000", TenantId="f.example")
    assert any_recorder.tenantpilot("import", *first, *WORDS, *at(22, source)).returncode == 0
    assert sets(any_recorder) == [("completed", "c.example")]
    before = any_recorder.rows("backup_items")
    refused = any_recorder.tenantpilot("import", *other, *WORDS, *at(23, source))
    (line,) = refused.stderr.decode().splitlines()
    assert (refused.returncode, "'f.example'" in line, "'c.example'" in line) == (1, True, True)
    assert "--accept-other-tenant" in line
    assert (sets(any_recorder), any_recorder.rows("backup_items")) == ([("completed", "c.example")], before)
    accepted = any_recorder.tenantpilot("import", *other, *WORDS, *at(23, source), "--accept-other-tenant")
    assert accepted.returncode == 0
    assert ("completed", "f.example") in sets(any_recorder)
    back = any_recorder.tenantpilot("import", *first, *WORDS, *at(24, source))
    # Now it is called so, and the old name is another tenant's.
    assert back.returncode == 1


def test_the_same_set_with_another_tenant_in_it_is_refused(any_recorder: Recorder) -> None:
    for tenant, code in (("c.example", 0), ("f.example", 1), ("C.EXAMPLE", 0)):
        words = export("intunemanagement", any_recorder.folder / "out", tenant)
        assert any_recorder.tenantpilot("import", *words, *WORDS, *at(22, "")).returncode == code


def test_facts_of_another_tenant_refuse_the_whole_input(any_recorder: Recorder) -> None:
    tenant = {"kind": "tenant", "external_id": "contoso", "name": "Contoso"}
    said = {"kind": "set", "external_id": "contoso", "name": "s", "source": "own", "status": "completed"}
    lines = [
        said | {"source_ref": str(day), "completed_at": f"2026-11-{day}T02:00:00Z", "source_tenant": f"{name}.example"}
        for day, name in ((22, "c"), (23, "f"))
    ]
    given = "\n".join(json.dumps(line) for line in (tenant, *lines)).encode()
    refused = any_recorder.tenantpilot("import", "facts", "-", stdin=given)
    assert (refused.returncode, b"--accept-other-tenant" in refused.stderr, any_recorder.sets) == (1, True, [])
    assert any_recorder.tenantpilot("import", "facts", "-", "--accept-other-tenant", stdin=given).returncode == 0
    assert len(any_recorder.sets) == 2


def test_a_recorded_run_of_another_tenant_failed_and_says_why(any_recorder: Recorder) -> None:
    words = ("record", *WORDS, "--schedule", "nightly", "--source", "intunemanagement", "--path", "out")
    for number, tenant in enumerate(("c.example", "f.example")):
        export("intunemanagement", any_recorder.folder / f"made{number}", tenant)
        done = any_recorder.tenantpilot(*words, "--", "sh", "-c", f"rm -rf out; cp -r made{number} out")
        assert done.returncode == 0
    assert sets(any_recorder) == [("completed", "c.example"), ("failed", None)]
    assert "--accept-other-tenant" in any_recorder.sets[1]["error"]
    again = ("--", "sh", "-c", "rm -rf out; cp -r made1 out")
    accepted = any_recorder.tenantpilot(*words, "--accept-other-tenant", *again)
    assert accepted.returncode == 0
    assert any_recorder.sets[2]["status"] == "completed"


def test_a_run_whose_facts_are_refused_keeps_none_of_them(any_recorder: Recorder) -> None:
    said = {"kind": "set", "external_id": "contoso", "name": "s", "source": "own", "status": "completed"}
    lines = [
        said | {"source_ref": str(day), "completed_at": f"2026-11-{day}T02:00:00Z", "source_tenant": f"{name}.example"}
        for day, name in ((22, "c"), (23, "f"))
    ]
    printed = any_recorder.folder / "printed.jsonl"
    printed.write_text("\n".join(map(json.dumps, lines)))
    words = ("record", *WORDS, "--schedule", "nightly", "--source", "facts", "--", "cat", str(printed))
    assert b"--accept-other-tenant" in any_recorder.tenantpilot(*words).stderr
    assert [row for row in any_recorder.sets if row["source"] == "own"] == []
