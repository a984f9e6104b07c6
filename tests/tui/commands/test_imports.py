"""`tenantpilot import` as a process: TenuVault's runs, IntuneManagement's exports and facts, on both engines."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.sources.captured import CapturedSet
from health.sources.tenuvault import Run
from tests.health.sources.tenuvault_runs import plant_run
from tests.health.sources.trees import GROUP, assigned_to, plant, policy
from tests.tui.commands.recorder import Recorder
from tui.commands import import_run, run

TENUVAULT = ("import", "tenuvault", "runs", "--tenant", "contoso", "--create-tenant", "Contoso")
BERLIN = ("--timezone", "Europe/Berlin")
EXPORT = ("import", "intunemanagement", "export", "--tenant", "contoso", "--create-tenant", "Contoso")
AT = ("--completed-at", "2026-11-23T02:10:00Z")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def said(machine: Recorder, *words: str) -> str:
    """The output of a command that succeeds, without the sentences about partial sets."""
    done = machine.tenantpilot(*words)
    assert done.returncode == 0
    assert all(": The set" in line for line in done.stderr.decode().splitlines()), done.stderr
    return done.stdout.decode().strip()


def refused(machine: Recorder, *words: str, stdin: bytes = b"") -> tuple[int, str]:
    """The exit code and the one sentence of a command that fails and writes nothing."""
    done = machine.tenantpilot(*words, stdin=stdin)
    (line,) = done.stderr.decode().splitlines()
    assert done.stdout == b""
    assert line.startswith("tenantpilot: ")
    assert [machine.rows(table) for table in ("tenants", "backup_sets", "backup_items")] == [[], [], []]
    return done.returncode, line


# TenuVault


def test_every_run_under_a_root_is_a_set(any_recorder: Recorder) -> None:
    root = any_recorder.folder / "runs"
    plant_run(root, "backup-2026-11-22-021000", FailedTypes=["Roles"])
    plant_run(root, "backup-2026-11-23-021000")
    (plant_run(root, "backup-2026-11-23-081000") / "metadata.json").unlink()
    said_first = said(any_recorder, *TENUVAULT, *BERLIN)
    assert said_first == "contoso: 3 backup sets created, 0 replaced, 0 unchanged; 6 items written."
    assert [(row["source_ref"], row["status"], row["error"]) for row in any_recorder.sets] == [
        ("backup-2026-11-22-021000", "partial", "failed: Roles"),
        ("backup-2026-11-23-021000", "completed", None),
        ("backup-2026-11-23-081000", "failed", "no manifest"),
    ]
    assert any_recorder.sets[1]["completed_at"] == datetime(2026, 11, 23, 1, 14, 30, tzinfo=UTC)
    verdict = any_recorder.verdict(NOW)
    assert verdict["posture"] == "healthy"
    assert verdict["basis"]["name"] == "backup-2026-11-23-021000"


def test_importing_again_changes_nothing_and_a_change_replaces(any_recorder: Recorder) -> None:
    root = any_recorder.folder / "runs"
    for day in ("21", "22", "23"):
        plant_run(root, f"backup-2026-11-{day}-021000")
    # The dates of the files must be older than the import.
    time.sleep(0.05)
    said(any_recorder, *TENUVAULT, *BERLIN)
    before = [any_recorder.rows(table) for table in ("backup_sets", "backup_items")]
    again = "contoso: 0 backup sets created, 0 replaced, 3 unchanged; 0 items written."
    assert said(any_recorder, *TENUVAULT, *BERLIN) == again
    assert [any_recorder.rows(table) for table in ("backup_sets", "backup_items")] == before
    plant(root / "backup-2026-11-22-021000", {"DeviceConfigurations/Wi-Fi.json": policy("Wi-Fi", changed=True)})
    changed = said(any_recorder, *TENUVAULT, *BERLIN)
    assert changed == "contoso: 0 backup sets created, 1 replaced, 2 unchanged; 2 items written."
    another_zone = said(any_recorder, *TENUVAULT, "--timezone", "UTC")
    assert another_zone == "contoso: 0 backup sets created, 3 replaced, 0 unchanged; 6 items written."


def test_a_run_of_chosen_categories_is_partial_until_accepted(any_recorder: Recorder) -> None:
    root = any_recorder.folder / "runs"
    chosen = {"CompliancePolicies/Phones.json": policy("Phones")}
    counts = {"CompliancePolicies": 1, "TotalPolicies": 1}
    plant_run(root, "backup-2026-11-22-021000", EndTime="2026-11-22 02:14:30")
    plant_run(root, policies=chosen, ItemCounts=counts)
    time.sleep(0.05)
    said(any_recorder, *TENUVAULT, *BERLIN)
    missing = "DeviceConfigurations: 1 of 1 items gone"
    assert [(row["status"], row["error"]) for row in any_recorder.sets] == [("completed", None), ("partial", missing)]
    assert any_recorder.verdict(NOW)["basis"]["families"] == {"incomplete_run": 1}
    again = "contoso: 0 backup sets created, 0 replaced, 2 unchanged; 0 items written."
    assert said(any_recorder, *TENUVAULT, *BERLIN) == again
    accepted = said(any_recorder, *TENUVAULT, *BERLIN, "--accept-loss", "DeviceConfigurations")
    assert accepted == "contoso: 0 backup sets created, 1 replaced, 1 unchanged; 1 item written."
    assert any_recorder.verdict(NOW)["confirmed"]
    # It is accepted once: the next import without the option takes nothing back.
    time.sleep(0.05)
    assert said(any_recorder, *TENUVAULT, *BERLIN) == again
    assert any_recorder.verdict(NOW)["confirmed"]


def test_a_stored_run_that_loses_a_type_is_compared_with_itself(any_recorder: Recorder) -> None:
    run = plant_run(any_recorder.folder / "runs")
    said(any_recorder, *TENUVAULT, *BERLIN)
    assert any_recorder.sets[0]["status"] == "completed"
    (run / "DeviceConfigurations/Wi-Fi.json").unlink()
    said(any_recorder, *TENUVAULT, *BERLIN)
    assert any_recorder.sets[0]["status"] == "partial"
    again = said(any_recorder, *TENUVAULT, *BERLIN)
    assert again == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written."


def test_stored_secrets_go_when_the_runs_come_without_them(recorder: Recorder) -> None:
    plant_run(recorder.folder / "runs")
    time.sleep(0.05)
    said(recorder, *TENUVAULT, *BERLIN)
    assert len(recorder.rows("captured_payloads")) == 2
    said(recorder, *TENUVAULT, *BERLIN, "--without-payload")
    assert recorder.rows("captured_payloads") == []
    assert all(row["payload_digest"] for row in recorder.rows("backup_items"))
    again = said(recorder, *TENUVAULT, *BERLIN, "--without-payload")
    assert again == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written."


def test_a_run_that_had_not_ended_becomes_what_it_was(recorder: Recorder) -> None:
    run = plant_run(recorder.folder / "runs")
    ended = (run / "metadata.json").read_text()
    (run / "metadata.json").unlink()
    said(recorder, *TENUVAULT, *BERLIN)
    assert recorder.sets[0]["status"] == "failed"
    (run / "metadata.json").write_text(ended)
    said(recorder, *TENUVAULT, *BERLIN)
    (only,) = recorder.sets
    assert (only["status"], only["error"]) == ("completed", None)


def test_an_import_that_is_interrupted_leaves_nothing(any_recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in ("21", "22", "23"):
        plant_run(any_recorder.folder / "runs", f"backup-2026-11-{day}-021000")
    really_read = Run.read

    def interrupted(each: Run, *, with_payload: bool = True) -> CapturedSet:
        if each.path.name == "backup-2026-11-22-021000":
            raise KeyboardInterrupt
        return really_read(each, with_payload=with_payload)

    monkeypatch.setattr(Run, "read", interrupted)
    monkeypatch.chdir(any_recorder.folder)
    assert run([*TENUVAULT, *BERLIN, "--database", any_recorder.url]) == 130
    assert [any_recorder.rows(table) for table in ("tenants", "backup_sets", "backup_items")] == [[], [], []]


def test_a_newest_run_of_tenuvault_without_a_policy_is_refused(recorder: Recorder) -> None:
    plant_run(recorder.folder / "runs", policies={"Roles/a.json": '{"q": 1}'}, ItemCounts={})
    code, sentence = refused(recorder, *TENUVAULT, *BERLIN)
    assert (code, "no object in it has an" in sentence) == (1, True)


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        ((), 2, "Missing option '--timezone'"),
        (("--timezone", "Mars/Olympus"), 2, "'Mars/Olympus' is not an IANA time zone"),
        (("--timezone", "../../etc/passwd"), 2, "is not an IANA time zone"),
        (BERLIN, 1, "this folder cannot be read"),
    ],
)
def test_tenuvault_input_that_is_refused(recorder: Recorder, options: tuple[str, ...], code: int, why: str) -> None:
    exit_code, sentence = refused(recorder, *TENUVAULT, *options)
    assert exit_code == code
    assert why in sentence


def test_a_missing_tenant_is_not_added_without_the_option(recorder: Recorder) -> None:
    plant_run(recorder.folder / "runs")
    code, sentence = refused(recorder, "import", "tenuvault", "runs", "--tenant", "contoso", *BERLIN)
    assert code == 1
    assert "There is no tenant 'contoso'" in sentence


def test_two_tenants_under_one_root_are_refused(recorder: Recorder) -> None:
    plant_run(recorder.folder / "runs", "backup-2026-11-22-021000", TenantId="a")
    plant_run(recorder.folder / "runs", "backup-2026-11-23-021000", TenantId="b")
    code, sentence = refused(recorder, *TENUVAULT, *BERLIN)
    assert code == 1
    assert "its runs are of 2 tenants (a, b)" in sentence


# IntuneManagement


def plant_export(folder: Path, *types: str) -> None:
    table = {"Objects": [{"DisplayName": "Pilots", "Id": "a-1", "Type": "Group"}]}
    assigned = policy(assignments=[assigned_to(GROUP, groupId="a-1")])
    files = {f"{kind}/x.json": json.dumps(assigned).encode("utf-16") for kind in types}
    plant(folder / "export", {"MigrationTable.json": json.dumps(table).encode("utf-16"), **files})


def test_an_export_is_a_set_and_the_next_is_compared_with_it(any_recorder: Recorder) -> None:
    plant_export(any_recorder.folder, "SettingsCatalog", "CompliancePolicies")
    assert (
        said(any_recorder, *EXPORT, *AT) == "contoso: 1 backup set created, 0 replaced, 0 unchanged; 2 items written."
    )
    assert any_recorder.verdict(NOW)["confirmed"]
    (any_recorder.folder / "export/CompliancePolicies/x.json").unlink()
    said(any_recorder, *EXPORT, "--completed-at", "2026-11-23T08:10:00Z")
    assert any_recorder.verdict(NOW)["basis"]["families"] == {"incomplete_run": 1}
    gone = ("--completed-at", "2026-11-23T08:10:00Z", "--accept-missing", "CompliancePolicies")
    said(any_recorder, *EXPORT, *gone)
    assert any_recorder.verdict(NOW)["confirmed"]


def test_an_export_at_a_stored_instant_is_compared_with_it(recorder: Recorder) -> None:
    plant_export(recorder.folder, "SettingsCatalog", "CompliancePolicies")
    said(recorder, *EXPORT, *AT)
    (recorder.folder / "export/CompliancePolicies/x.json").unlink()
    for _ in range(2):
        said(recorder, *EXPORT, *AT)
        assert [row["status"] for row in recorder.sets] == ["partial"]


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        ((), 2, "Missing option '--completed-at'"),
        (("--completed-at", "yesterday"), 2, "is not an instant"),
        (("--completed-at", "9000-01-01T00:00:00Z"), 2, "is in the future"),
        (AT, 1, "this folder cannot be read"),
    ],
)
def test_an_export_that_is_refused(recorder: Recorder, options: tuple[str, ...], code: int, why: str) -> None:
    exit_code, sentence = refused(recorder, *EXPORT, *options)
    assert exit_code == code
    assert why in sentence


# Facts

FACTS = (
    {"kind": "tenant", "external_id": "contoso", "name": "Contoso"},
    {"kind": "set", "tenant": "contoso", "source": "own", "source_ref": "1", "name": "nightly", "status": "completed",
     "completed_at": "2026-11-23T02:10:00Z"},
    {"kind": "item", "tenant": "contoso", "source": "own", "source_ref": "1", "policy_type": "t",
     "policy_identifier": "i", "display_name": "I", "capture_mode": "full", "payload": {"secret": 1}},
)  # fmt: skip


def test_facts_from_standard_input_and_without_their_payload(any_recorder: Recorder) -> None:
    lines = "\n".join(map(json.dumps, FACTS)).encode()
    done = any_recorder.tenantpilot("import", "facts", "-", stdin=lines)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [row["payload"] for row in any_recorder.rows("captured_payloads")] == ['{"secret":1}']
    any_recorder.tenantpilot("import", "facts", "-", "--without-payload", stdin=lines)
    (item,) = any_recorder.rows("backup_items")
    assert (item["payload"], item["display_name"]) == (None, "I")
    assert any_recorder.rows("captured_payloads") == []
    assert any_recorder.verdict(NOW)["confirmed"]


def test_nothing_of_bad_facts_is_kept(recorder: Recorder) -> None:
    lines = "\n".join(map(json.dumps, FACTS)).encode() + b'\n{"kind": "sett"}\n'
    code, sentence = refused(recorder, "import", "facts", "-", stdin=lines)
    assert code == 1
    assert "standard input:4:2:" in sentence


@pytest.mark.parametrize(("at_most", "stored"), [(import_run._TRANSACTION_BYTES, []), (0, ["1"])])
def test_only_a_large_input_is_several_transactions(
    any_recorder: Recorder, at_most: int, stored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "_TRANSACTION_BYTES", at_most)
    later = FACTS[1] | {"source_ref": "2", "completed_at": "2026-11-23T08:10:00Z"}
    file = any_recorder.folder / "facts.jsonl"
    command = ["import", "facts", str(file), "--database", any_recorder.url]
    file.write_text("\n".join(map(json.dumps, (*FACTS, later | {"schedule": "there is none"}))))
    assert run(command) == 1
    assert [row["source_ref"] for row in any_recorder.sets] == stored
    assert len(any_recorder.rows("backup_items")) == len(stored)
    file.write_text("\n".join(map(json.dumps, (*FACTS, later))))
    assert run(command) == 0
    assert [row["source_ref"] for row in any_recorder.sets] == ["1", "2"]


# IntuneBackupAndRestore and Microsoft365DSC


def test_assignments_that_stand_beside_their_policies_are_of_them(any_recorder: Recorder) -> None:
    assigned = {"Settings Catalog/Assignments/Edge.json": assigned_to(GROUP, groupId="1")}
    plant(any_recorder.folder / "backup", {"Settings Catalog/Edge.json": policy("Edge")} | assigned)
    words = ("import", "intunebackup", "backup", "--tenant", "contoso", "--create-tenant", "Contoso", *AT)
    assert said(any_recorder, *words) == "contoso: 1 backup set created, 0 replaced, 0 unchanged; 1 item written."
    assert said(any_recorder, *words) == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written."
    (item,) = any_recorder.rows("backup_items")
    assert (item["policy_identifier"], item["assignments_state"]) == ("Edge.json", "captured")
    assert any_recorder.verdict(NOW)["confirmed"]


def test_a_configuration_that_was_cut_off_makes_the_set_partial(any_recorder: Recorder) -> None:
    block = "        AADGroup 'Pilots'\r\n        {\r\n            Id = '1';\r\n        }\r\n"
    whole = f"Configuration M365TenantConfig\r\n{{\r\n    Node localhost\r\n    {{\r\n{block}    }}\r\n}}\r\n"
    file = any_recorder.folder / "export/M365TenantConfig.ps1"
    plant(any_recorder.folder / "export", {file.name: whole.encode("utf-16")})
    words = ("import", "m365dsc", "export", "--tenant", "contoso", "--create-tenant", "Contoso", *AT)
    assert said(any_recorder, *words) == "contoso: 1 backup set created, 0 replaced, 0 unchanged; 1 item written."
    assert said(any_recorder, *words) == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written."
    assert any_recorder.verdict(NOW)["confirmed"]
    file.write_bytes(whole[: whole.index("'1'") + 2].encode("utf-16"))
    assert said(any_recorder, *words) == "contoso: 0 backup sets created, 1 replaced, 0 unchanged; 1 item written."
    (only,) = any_recorder.sets
    assert (only["status"], only["error"]) == ("partial", f"{file.name}: the file ends inside a string")
    families = any_recorder.verdict(NOW)["basis"]["families"]
    assert families == {"unknown_quality": 1, "integrity_warning": 1, "incomplete_run": 1}


def test_a_configuration_with_a_damaged_block_is_degraded(any_recorder: Recorder) -> None:
    blocks = "AADGroup 'a'\n{\n    Id = '1';\n}\n#AADGroup 'b'\n{\n    Id = '2';\n}\n"
    plant(any_recorder.folder / "export", {"M365TenantConfig.ps1": f"Configuration X\n{{\n{blocks}}}\n"})
    words = ("import", "m365dsc", "export", "--tenant", "contoso", "--create-tenant", "Contoso", *AT)
    assert said(any_recorder, *words) == "contoso: 1 backup set created, 0 replaced, 0 unchanged; 2 items written."
    assert any_recorder.sets[0]["error"] == "M365TenantConfig.ps1: line 8: the head of a block is damaged"
    verdict = any_recorder.verdict(NOW)
    assert (verdict["posture"], verdict["confirmed"]) == ("degraded", False)
    assert verdict["basis"]["families"] == {"integrity_warning": 1, "incomplete_run": 1}


def test_a_folder_without_a_configuration_is_refused(any_recorder: Recorder) -> None:
    plant(any_recorder.folder / "export", {"Export.ps1": "Export-M365DSCConfiguration"})
    words = ("import", "m365dsc", "export", "--tenant", "contoso", "--create-tenant", "Contoso", *AT)
    code, line = refused(any_recorder, *words)
    assert (code, "no block of a configuration in it" in line) == (1, True)
