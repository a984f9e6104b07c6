"""`import` and `record` refuse another tenant's backup, on both engines (docs/import-folders.md, "The door").

Modules: tui.commands.imports, tui.commands.record, health.store.writing.whose, health.store.writing.same_content.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.health.sources.conftest import repository as repository
from tests.health.sources.repositories import Repository
from tests.health.sources.tenuvault_runs import plant_run
from tests.health.sources.test_m365dsc import configuration
from tests.health.sources.trees import plant, policy
from tests.health.store.bare import bare
from tests.tui.commands.recorder import Recorder
from tui.clock import utc_now

WORDS = ("--tenant", "contoso", "--create-tenant", "Contoso")
SCRIPT = "AADGroup 'a'\n{{\nId = '1';\nTenantId = '{}'\n}}\n"


def export(source: str, root: Path, tenant: str) -> list[str]:
    """Write a backup that names this tenant. Returns the arguments of `import`, without the tenant's."""
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
    # Now the tenant has the new name, and the old name counts as another tenant's.
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


MIXED = configuration(SCRIPT.format("f.example"), SCRIPT.format("c.example").replace("'a'", "'b'"))
SYNC = '[sources.dsc]\nkind = "m365dsc"\npath = "out"\ntenant = "contoso"\ncompleted_at = "newest-file"\n'


def test_a_backup_of_several_tenants_is_refused_by_every_command(any_recorder: Recorder) -> None:
    words = export("m365dsc", any_recorder.folder / "first", "c.example")
    assert any_recorder.tenantpilot("import", *words, *WORDS, *at(22, "")).returncode == 0
    plant(any_recorder.folder, {"out/M365TenantConfig.ps1": MIXED, "tenantpilot.toml": SYNC})
    by_import = ("import", "m365dsc", "out", *WORDS, *at(23, ""))
    refused = any_recorder.tenantpilot(*by_import)
    (line,) = refused.stderr.decode().splitlines()
    assert (refused.returncode, "'f.example'" in line, "'c.example'" in line) == (1, True, True)
    any_recorder.env |= {"TENANTPILOT_CONFIG": str(any_recorder.folder / "tenantpilot.toml")}
    synced = any_recorder.tenantpilot("sync")
    assert (synced.returncode, b"several tenants" in synced.stdout + synced.stderr) == (1, True)
    assert sets(any_recorder) == [("completed", "c.example")]
    assert any_recorder.tenantpilot(*by_import, "--accept-other-tenant").returncode == 0
    recorded = ("record", *WORDS, "--schedule", "nightly", "--source", "m365dsc", "--path", "run")
    made = ("--", "sh", "-c", "mkdir -p run; cp out/*.ps1 run")
    assert any_recorder.tenantpilot(*recorded, *made).returncode == 0
    assert [status for status, _ in sets(any_recorder)] == ["completed", "completed", "failed"]
    assert "several tenants" in any_recorder.sets[2]["error"]


def test_a_record_of_the_tenant_that_cannot_be_read_is_not_healthy(any_recorder: Recorder) -> None:
    root = any_recorder.folder / "out"
    words = export("m365dsc", root, "$TenantId")
    now = utc_now()
    told: list[int] = []
    for hours, rest in ((3, "c.example' } ) }"), (2, "f.example' } ) }"), (1, "f.exam")):
        plant(root, {"ConfigurationData.psd1": f"@{{ NonNodeData = @( @{{ TenantId = '{rest}"})
        instant = f"{now - timedelta(hours=hours):%FT%TZ}"
        told.append(any_recorder.tenantpilot("import", *words, *WORDS, "--completed-at", instant).returncode)
    assert told == [0, 1, 0]
    verdict = any_recorder.verdict()
    assert (verdict["posture"], verdict["confirmed"]) == ("degraded", False)
    assert "it is not known whose backup this is" in any_recorder.sets[-1]["error"]


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


def a_folder(root: Path, items: int = 10, **more: object) -> Path:
    return plant(root, {f"Roles/{number}.json": policy(f"Policy {number}", **more) for number in range(items)})


def imported(machine: Recorder, tenant: str, folder: str, *more: str, day: int = 22) -> str | None:
    """The refusal of a folder that is imported for a tenant; None if it is accepted."""
    words = ("import", "intunecd", folder, "--tenant", tenant, "--create-tenant", tenant.title())
    done = machine.tenantpilot(*words, "--completed-at", f"2026-11-{day}T02:10:00Z", *more)
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr.decode() or None


def test_what_is_the_newest_set_of_another_tenant_is_refused(any_recorder: Recorder) -> None:
    a_folder(any_recorder.folder / "out")
    assert imported(any_recorder, "contoso", "out") is None
    refusal = imported(any_recorder, "fabrikam", "out", day=23)
    assert refusal is not None
    for word in ("all its 10 items", "the newest set of 'contoso'", "--accept-same-content"):
        assert word in refusal
    assert refusal.count("\n") == 1
    assert [row["external_id"] for row in any_recorder.rows("tenants")] == ["contoso"]
    assert imported(any_recorder, "fabrikam", "out", "--accept-same-content", day=23) is None
    # It is the tenant's own newest content now: an unchanged night is not a mistake, for either tenant.
    assert imported(any_recorder, "fabrikam", "out", day=24) is None
    assert imported(any_recorder, "contoso", "out", day=24) is None


def test_nine_items_may_be_alike(any_recorder: Recorder) -> None:
    a_folder(any_recorder.folder / "out", 9)
    assert imported(any_recorder, "contoso", "out") is None
    assert imported(any_recorder, "fabrikam", "out") is None


@pytest.mark.parametrize("change", ["a word", "one more", "one less", "another name"])
def test_a_backup_that_differs_in_one_item_is_accepted(any_recorder: Recorder, change: str) -> None:
    a_folder(any_recorder.folder / "out", 11)
    assert imported(any_recorder, "contoso", "out") is None
    changed = any_recorder.folder / "out/Roles/5.json"
    if change == "a word":
        plant(any_recorder.folder, {"out/Roles/5.json": policy("Policy 5", description="own")})
    elif change == "one more":
        plant(any_recorder.folder, {"out/Roles/x.json": policy("Own")})
    elif change == "one less":
        changed.unlink()
    else:
        changed.rename(changed.with_name("own.json"))
    assert imported(any_recorder, "fabrikam", "out") is None


def test_an_older_set_of_another_tenant_may_be_alike(any_recorder: Recorder) -> None:
    a_folder(any_recorder.folder / "out")
    assert imported(any_recorder, "contoso", "out") is None
    a_folder(any_recorder.folder / "newer", description="changed since")
    assert imported(any_recorder, "contoso", "newer", day=23) is None
    assert imported(any_recorder, "fabrikam", "out", day=24) is None


def test_a_history_of_another_tenant_is_refused_whole(any_recorder: Recorder, repository: Repository) -> None:
    for night in range(3):
        a_folder(repository.path, description=f"night {night}")
        repository.commit({})
    words = ("import", "intunecd", str(repository.path), "--git", "--create-tenant", "X", "--tenant")
    assert any_recorder.tenantpilot(*words, "contoso").returncode == 0
    refused = any_recorder.tenantpilot(*words, "fabrikam")
    assert (refused.returncode, b"the newest set of 'contoso'" in refused.stderr) == (1, True)
    assert len(any_recorder.sets) == 3
    assert any_recorder.tenantpilot(*words, "fabrikam", "--accept-same-content").returncode == 0
    assert len(any_recorder.sets) == 6


def test_a_recorded_path_of_another_tenant_makes_the_run_failed(any_recorder: Recorder) -> None:
    a_folder(any_recorder.folder / "made")
    for tenant, more in (("contoso", ()), ("fabrikam", ()), ("fabrikam", ("--accept-same-content",))):
        words = ("record", "--tenant", tenant, "--create-tenant", tenant, "--schedule", "nightly")
        where = ("--source", "intunecd", "--path", "out", *more, "--", "sh", "-c", "rm -rf out; cp -r made out")
        assert any_recorder.tenantpilot(*words, *where).returncode == 0
    first, second, third = any_recorder.sets
    assert [first["status"], second["status"], third["status"]] == ["completed", "failed", "completed"]
    assert "the newest set of 'contoso'" in second["error"]


def facts_of(
    *tenants: str, day: int = 22, items: int = 10, named: bool = True, content: str = "", **more: object
) -> bytes:
    """Lines of one completed set a tenant, all with the same content."""
    lines: list[dict[str, object]] = []
    for tenant in tenants:
        this = {"external_id": tenant, "source": "own", "source_ref": str(day)}
        ended = {"name": "s", "status": "completed", "completed_at": f"2026-11-{day}T02:00:00Z"}
        if named:
            lines.append({"kind": "tenant", "external_id": tenant, "name": tenant.title()})
        lines.append({"kind": "set"} | this | ended | more)
        for number in range(items):
            item = {"policy_type": "Roles", "policy_identifier": f"{number}", "display_name": f"Role {number}"}
            lines.append({"kind": "item"} | this | item | {"payload": {content: number}})
    return "\n".join(map(json.dumps, lines)).encode()


@pytest.mark.parametrize("in_one_input", [True, False])
@pytest.mark.parametrize("as_given", [(), ("--as-given",)])
def test_facts_with_another_tenants_content_are_refused(
    any_recorder: Recorder, in_one_input: bool, as_given: tuple[str, ...]
) -> None:
    words = ("import", "facts", "-", *as_given)
    if in_one_input:
        given = facts_of("contoso", "fabrikam")
    else:
        given = facts_of("fabrikam")
        assert any_recorder.tenantpilot(*words, stdin=facts_of("contoso")).returncode == 0
    refused = any_recorder.tenantpilot(*words, stdin=given)
    assert (refused.returncode, b"the newest set of 'contoso'" in refused.stderr) == (1, True)
    assert b"--accept-same-content" in refused.stderr
    assert len(any_recorder.sets) == (0 if in_one_input else 1)
    assert any_recorder.tenantpilot(*words, "--accept-same-content", stdin=given).returncode == 0
    assert len(any_recorder.sets) == 2
    # It is its own newest content now.
    assert any_recorder.tenantpilot(*words, stdin=facts_of("contoso", "fabrikam", day=23)).returncode == 0


def test_facts_of_nine_items_or_of_an_older_set_may_be_alike(any_recorder: Recorder) -> None:
    words = ("import", "facts", "-")
    assert any_recorder.tenantpilot(*words, stdin=facts_of("contoso", "fabrikam", items=9)).returncode == 0
    older = facts_of("contoso", day=23) + b"\n" + facts_of("contoso", day=24, items=11, named=False)
    assert any_recorder.tenantpilot(*words, stdin=older).returncode == 0
    assert any_recorder.tenantpilot(*words, stdin=facts_of("fabrikam", day=25)).returncode == 0


def test_one_line_among_hundreds_is_found(any_recorder: Recorder) -> None:
    words, names = ("import", "facts", "-"), [f"t{number}" for number in range(1, 103)]
    assert any_recorder.tenantpilot(*words, stdin=facts_of("contoso")).returncode == 0
    others = [facts_of(name, content=name) for name in names]
    refused = any_recorder.tenantpilot(*words, stdin=b"\n".join([*others, facts_of("fabrikam")]))
    assert (refused.returncode, b"the newest set of 'contoso'" in refused.stderr) == (1, True)
    assert any_recorder.tenantpilot(*words, stdin=b"\n".join(others)).returncode == 0
    again = [facts_of(name, content=name, day=23) for name in names]
    swapped = [*again[1:], facts_of("t1", content="t102", day=24)]
    refused = any_recorder.tenantpilot(*words, stdin=b"\n".join(swapped))
    assert (refused.returncode, b"the newest set of 't102'" in refused.stderr) == (1, True)
    assert any_recorder.tenantpilot(*words, stdin=b"\n".join(again)).returncode == 0


def test_a_run_that_prints_another_tenants_facts_failed_and_says_why(any_recorder: Recorder) -> None:
    now = utc_now().isoformat()
    for tenant, more, written in (("contoso", (), 1), ("fabrikam", (), 1), ("fabrikam", ("--accept-same-content",), 2)):
        (any_recorder.folder / "printed").write_bytes(facts_of(tenant, named=False, completed_at=now))
        words = ("record", "--tenant", tenant, "--create-tenant", tenant, "--schedule", "nightly", "--source", "facts")
        done = any_recorder.tenantpilot(*words, *more, "--", "cat", "printed")
        assert done.returncode == 0
        assert [row["status"] for row in any_recorder.sets if row["source"] == "own"] == ["completed"] * written
        assert (b"the newest set of 'contoso'" in done.stderr) == (tenant == "fabrikam" and not more)


def test_facts_as_given_are_still_this_tenants(any_recorder: Recorder) -> None:
    words = ("import", "facts", "-", "--as-given")
    assert any_recorder.tenantpilot(*words, stdin=facts_of("c", items=1, source_tenant="x")).returncode == 0
    other = facts_of("c", items=1, day=23, source_tenant="y")
    refused = any_recorder.tenantpilot(*words, stdin=other)
    assert (refused.returncode, b"--accept-other-tenant" in refused.stderr, len(any_recorder.sets)) == (1, True, 1)
    assert any_recorder.tenantpilot(*words, "--accept-other-tenant", stdin=other).returncode == 0


def test_facts_as_given_keep_their_status_whatever_was_lost(any_recorder: Recorder) -> None:
    words = ("import", "facts", "-", "--as-given")
    assert any_recorder.tenantpilot(*words, stdin=facts_of("c", items=9)).returncode == 0
    assert any_recorder.tenantpilot(*words, stdin=facts_of("c", items=1, day=23)).returncode == 0
    assert [row["status"] for row in any_recorder.sets] == ["completed", "completed"]
