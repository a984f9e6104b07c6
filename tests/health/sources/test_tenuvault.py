"""TenuVault's runs as sets (docs/import-folders.md, "TenuVault")."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.sources.backup_tree import FilesAtRoot
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from tests.health.sources.reading import admitted, with_its_digest
from tests.health.sources.tenuvault_runs import FOLDER, POLICIES, manifest, only_set, plant_run, runs_in, said_by
from tests.health.sources.trees import EXCLUSION, GROUP, assigned_to, plant, policy

START = datetime(2026, 11, 23, 1, 10, tzinfo=UTC)
END = datetime(2026, 11, 23, 1, 14, 30, tzinfo=UTC)


# A run


def test_a_run_that_went_well(tmp_path: Path) -> None:
    plant_run(tmp_path, log="TenuVault backup\nok       CompliancePolicies               1 saved\n")
    captured = only_set(tmp_path)
    assert captured._replace(items=()) == CapturedSet(
        external_id="contoso",
        name=FOLDER,
        source="tenuvault",
        source_ref=FOLDER,
        status="completed",
        items=(),
        item_count=2,
        started_at=START,
        completed_at=END,
        source_tenant="0b7c7b1e-1111-2222-3333-444455556666",
    )
    assert captured.items == tuple(
        with_its_digest(
            CapturedItem(kind, f"{name}.json", name, capture_mode="full", payload=f'{{"displayName":"{name}"}}')
        )
        for kind, name in (("CompliancePolicies", "Phones"), ("DeviceConfigurations", "Wi-Fi"))
    )


def test_every_run_of_a_root_oldest_first_and_nothing_else(tmp_path: Path) -> None:
    for folder in ("backup-2026-11-23-021000", "backup-2026-11-22-021000"):
        plant_run(tmp_path, folder)
    for other in (
        "backup-2026",
        "backup-2026-11-23-021000.old",
        "xbackup-2026-11-23-021000",
        "restore-2026-11-23-021000",
    ):
        plant_run(tmp_path, other)
    plant(tmp_path, {"backup-2026-11-24-021000": "a file", "README.md": "x"})
    assert [run.frame.source_ref for run in runs_in(tmp_path)] == [
        "backup-2026-11-22-021000",
        "backup-2026-11-23-021000",
    ]


def test_files_that_are_not_items_are_left_out(tmp_path: Path) -> None:
    plant_run(
        tmp_path, policies={"Roles/a.json": policy(), ".git/x.json": "{}", "summary.json": "{}", "Roles/a.png": "x"}
    )
    assert [item.policy_identifier for item in only_set(tmp_path).items] == ["a.json"]


def test_fewer_files_than_it_counts_are_missing_items(tmp_path: Path) -> None:
    plant_run(tmp_path, policies={"Roles/a.json": policy()}, ItemCounts={"Roles": 2, "Filters": 3})
    captured = only_set(tmp_path)
    assert (captured.status, captured.item_count, len(captured.items)) == ("completed", 5, 1)


@pytest.mark.parametrize(
    ("counts", "item_count"),
    [
        ({}, 0),
        (None, None),
        ({"Roles": 2, "TotalPolicies": 2}, 2),
        ({"Roles": 2, "TotalPolicies": 3}, 3),
        ({"Roles": 2, "TotalPolicies": 0}, 2),
        ({"Roles": 2**31 - 1}, 2**31 - 1),
    ],
)
def test_the_sum_of_the_counts_is_what_it_declares(tmp_path: Path, counts: object, item_count: int | None) -> None:
    plant_run(tmp_path, ItemCounts=counts)
    captured = only_set(tmp_path)
    assert (captured.status, captured.item_count) == ("completed", item_count)


@pytest.mark.parametrize(
    "counts", [[], 3, {"Roles": -1}, {"Roles": "2"}, {"Roles": True}, {"Roles": 1.0}, {"R": 2**31}]
)
def test_invalid_counts_make_the_run_partial(tmp_path: Path, counts: object) -> None:
    plant_run(tmp_path, ItemCounts=counts)
    captured = only_set(tmp_path)
    assert (captured.status, captured.item_count) == ("partial", None)
    assert captured.error == 'metadata.json: "ItemCounts" is not a count for each category'


def test_assignments_are_captured_and_none_is_a_known_orphan(tmp_path: Path) -> None:
    assignments = [assigned_to(GROUP, groupId="7"), assigned_to(EXCLUSION, groupId="8")]
    plant_run(
        tmp_path, policies={"Roles/a.json": policy(assignments=assignments), "Roles/b.json": policy(settingCount=3)}
    )
    first, second = only_set(tmp_path).items
    assert (first.assignments_state, first.orphaned_assignments) == ("captured", 0)
    assert (second.assignments_state, second.capture_mode) == (None, "metadata_only")


def test_a_policy_named_like_a_platform_has_no_platform(tmp_path: Path) -> None:
    typed = {"@odata.type": "#microsoft.graph.iosCompliancePolicy"}
    plant_run(tmp_path, policies={"Roles/my_iOSUpdates.json": policy(), "Roles/x.json": policy(**typed)})
    assert [item.platform for item in only_set(tmp_path).items] == [None, "iOS"]


def test_an_unreadable_file_is_an_item_that_says_why(tmp_path: Path) -> None:
    run = plant_run(tmp_path, policies={"Roles/a.json": b"\xff", "Roles/b.json": "{"})
    (run / "Roles/c.json").symlink_to("a.json")
    (run / "Filters").symlink_to("Roles")
    warnings = {item.policy_identifier: str(item.integrity_warning) for item in only_set(tmp_path).items}
    assert list(warnings) == ["Filters", "a.json", "b.json", "c.json"]
    for name, why in {
        "Filters": "symbolic link",
        "a.json": "UTF-8",
        "b.json": "JSON",
        "c.json": "symbolic link",
    }.items():
        assert why in warnings[name]


def test_without_payload_everything_stays_but_the_captured_json(tmp_path: Path) -> None:
    plant_run(tmp_path)
    (run,) = runs_in(tmp_path)
    whole, bare = run.read(), run.read(with_payload=False)
    assert all(item.payload for item in whole.items)
    assert bare == whole._replace(items=tuple(item._replace(payload=None) for item in whole.items))


# Runs without a manifest, or with one that cannot be understood


def test_a_run_without_a_manifest_did_not_end(tmp_path: Path) -> None:
    run = plant_run(tmp_path, log="FAILED Roles Forbidden")
    (run / "metadata.json").unlink()
    captured = only_set(tmp_path)
    assert (captured.status, captured.error) == ("failed", "no manifest")
    assert (captured.started_at, captured.completed_at, captured.item_count) == (START, None, None)
    assert len(captured.items) == 2


@pytest.mark.parametrize(
    ("content", "why"), [("", "empty"), ("[]", "not a JSON object"), ("{", "not valid JSON"), (b"\xff", "not UTF-8")]
)
def test_a_manifest_that_cannot_be_read_is_reported(tmp_path: Path, content: str | bytes, why: str) -> None:
    plant(plant_run(tmp_path), {"metadata.json": content})
    captured = only_set(tmp_path)
    assert captured.status == "failed"
    assert str(captured.error).startswith("metadata.json: ")
    assert why in str(captured.error)


def test_a_manifest_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    run = plant_run(tmp_path)
    (run / "metadata.json").rename(tmp_path / "elsewhere.json")
    (run / "metadata.json").symlink_to(tmp_path / "elsewhere.json")
    captured = only_set(tmp_path)
    assert said_by(captured) == ("failed", "metadata.json: it is a symbolic link, which is not followed")
    assert len(captured.items) == 2


def test_without_a_start_the_folders_name_says_when_it_began(tmp_path: Path) -> None:
    without = {key: value for key, value in manifest().items() if key != "StartTime"}
    plant(plant_run(tmp_path), {"metadata.json": without})
    captured = only_set(tmp_path)
    assert (captured.status, captured.started_at, captured.completed_at) == ("completed", START, END)


@pytest.mark.parametrize("duration", ["270", None, True, 1e400, -1e300, 1e300])
def test_an_invalid_duration_is_ignored(tmp_path: Path, duration: object) -> None:
    text = json.dumps(manifest()).replace("270", json.dumps(duration).replace("Infinity", "1e400"))
    plant(plant_run(tmp_path), {"metadata.json": text})
    assert only_set(tmp_path).completed_at == END


def test_a_folder_whose_name_is_not_a_time_has_no_start(tmp_path: Path) -> None:
    run = plant_run(tmp_path, "backup-2026-13-45-996000")
    (run / "metadata.json").unlink()
    assert only_set(tmp_path).started_at is None


def test_a_run_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    plant_run(tmp_path / "elsewhere", FOLDER)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / FOLDER).symlink_to(tmp_path / "elsewhere" / FOLDER)
    captured = only_set(tmp_path / "root")
    assert said_by(captured)[0] == "failed"
    assert "symbolic link" in str(captured.error)
    assert captured.items == ()


def test_a_run_that_may_not_be_entered_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_run(tmp_path)
    really_open = os.open

    def guarded(path: str | os.PathLike[str], flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if os.fspath(path).endswith(FOLDER):
            raise PermissionError(13, "Permission denied")
        return really_open(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", guarded)
    captured = only_set(tmp_path)
    assert captured.status == "failed"
    assert "Permission denied" in str(captured.error)
    assert captured.items == ()


def test_a_run_that_vanishes_before_it_is_read_is_reported(tmp_path: Path) -> None:
    run = plant_run(tmp_path)
    (found,) = runs_in(tmp_path)
    run.rename(tmp_path / "gone")
    assert found.read().status == "failed"
    assert "No such file" in str(found.read().error)


# Roots that are refused


def test_a_root_without_runs_is_refused(tmp_path: Path) -> None:
    run = plant_run(tmp_path)
    with pytest.raises(RefusedInput, match="no run in it"):
        runs_in(run)


def test_a_missing_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="cannot be read: No such file"):
        runs_in(tmp_path / "nowhere")


def test_runs_of_two_tenants_are_refused(tmp_path: Path) -> None:
    plant_run(tmp_path, "backup-2026-11-21-021000", TenantId="A-1")
    plant_run(tmp_path, "backup-2026-11-22-021000", TenantId=" a-1 ")
    plant_run(tmp_path, "backup-2026-11-23-021000", TenantId=None)
    assert len(runs_in(tmp_path)) == 3
    plant_run(tmp_path, "backup-2026-11-24-021000", TenantId="b-2")
    with pytest.raises(RefusedInput, match=r"its runs are of 2 tenants \(a-1, b-2\)"):
        runs_in(tmp_path)


# Most editions call a run of chosen categories a success


def test_a_run_without_a_type_of_the_last_completed_one_is_partial(tmp_path: Path) -> None:
    plant_run(tmp_path)
    (run,) = runs_in(tmp_path)
    held = admitted(run.read(), {"CompliancePolicies", "Roles", "Filters"})
    assert said_by(held) == ("partial", "Filters: 1 of 1 items gone; Roles: 1 of 1 items gone")
    assert len(held.items) == 2
    assert admitted(run.read(), {"CompliancePolicies", "DeviceConfigurations"}) == run.read()


def test_a_run_that_calls_itself_partial_is_compared_with_nothing(tmp_path: Path) -> None:
    plant_run(tmp_path, FailedTypes=["Filters"])
    (run,) = runs_in(tmp_path)
    assert said_by(admitted(run.read(), {"Roles"})) == ("partial", "failed: Filters")


@pytest.mark.parametrize(("word", "status"), [("Failed", "failed"), ("Cancelled", "cancelled")])
def test_a_failed_run_does_not_become_partial_by_a_missing_type(tmp_path: Path, word: str, status: str) -> None:
    plant_run(tmp_path, Status=word)
    (run,) = runs_in(tmp_path)
    assert said_by(admitted(run.read(), {"Roles"})) == (status, None)


def test_the_records_are_two_files_at_the_root() -> None:
    layout = FilesAtRoot(frozenset({"metadata.json"}))
    assert layout.takes("", "metadata.json")
    assert not layout.takes("Roles", "metadata.json")
    assert not layout.takes("", "other.json")
    assert not layout.enters("", "Roles")
    assert not any(name in ("metadata.json", "backup.log") for name in POLICIES)


@pytest.mark.parametrize("said", [5, ["t-1"], {"id": "t-1"}, False])
def test_a_tenant_that_is_no_text_makes_the_run_partial(tmp_path: Path, said: object) -> None:
    """It may name another tenant."""
    plant_run(tmp_path, TenantId=said)
    (run,) = runs_in(tmp_path)
    assert (run.read().status, run.read().source_tenant) == ("partial", None)
    assert '"TenantId" is not a text' in str(run.read().error)
