"""An IntuneCD folder as one set (docs/import-folders.md, "IntuneCD")."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from health.sources.captured import CapturedSet, RefusedInput
from health.sources.intunecd import DECLARED
from health.sources.run_files import RunOfFolder
from tests.health.sources.reading import read_folder
from tests.health.sources.trees import plant, policy

AT = datetime(2025, 12, 8, 12, 16, 43, tzinfo=UTC)
CATALOG = "Settings Catalog"


def read(root: Path, expected: set[str] | None = None, gone: set[str] | None = None) -> CapturedSet:
    return read_folder(DECLARED, root, expected=expected, gone=gone, completed_at=AT)


# The set


def test_a_folder_is_one_completed_set_at_the_given_instant(tmp_path: Path) -> None:
    root = plant(tmp_path / "contoso-backup", {"Roles/a.json": policy(), "Filters/b.json": policy()})
    captured = read(root)
    assert captured._replace(items=()) == CapturedSet(
        external_id="contoso",
        name="contoso-backup",
        source="intunecd",
        source_ref="2025-12-08T12:16:43Z",
        status="completed",
        items=(),
        completed_at=AT,
    )
    assert [(item.policy_type, item.policy_identifier) for item in captured.items] == [
        ("Filters", "b.json"),
        ("Roles", "a.json"),
    ]


def test_the_reference_is_the_instant_in_utc_however_written(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy()})
    local = AT.astimezone(timezone(timedelta(hours=-5))) + timedelta(microseconds=10)
    captured = read_folder(DECLARED, root, completed_at=local)
    assert captured.source_ref == "2025-12-08T12:16:43.000010Z"
    assert captured.completed_at == local
    assert captured.completed_at.utcoffset() == timedelta(0)


def test_the_same_folder_reads_the_same_twice(tmp_path: Path) -> None:
    root = plant(tmp_path, {f"Type {n % 3}/{n}.json": policy(str(n)) for n in range(20)})
    assert read(root) == read(root)


def test_progress_counts_the_files(tmp_path: Path) -> None:
    root = plant(tmp_path, {f"Roles/{n}.json": policy() for n in range(3)})
    seen: list[int] = []
    read_folder(DECLARED, root, completed_at=AT, progress=seen.append)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize(
    "files", [{}, {"README.md": "x", "backup_summary.json": "{}", "Assignment Report/report.json": "[]"}]
)
def test_a_folder_without_an_item_is_refused(tmp_path: Path, files: dict[str, object]) -> None:
    with pytest.raises(RefusedInput, match="no item in it"):
        read(plant(tmp_path, files))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="cannot be read"):
        read(tmp_path / "nowhere")


# Items


RUN = {"Settings Catalog/a.json": policy(), "Settings Catalog/b.json": policy(), "Scripts/Shell/c.json": policy()}


@pytest.mark.parametrize("above", ["", "prod/", "prod/intune/"])
def test_a_folder_of_several_backups_is_refused(tmp_path: Path, above: str) -> None:
    """As one set, each would hide the gaps of the other."""
    runs = {f"{above}{run}/{name}": content for run in ("v1", "v2") for name, content in RUN.items()}
    with pytest.raises(RefusedInput, match=rf"{above}v1 and {above}v2 among them"):
        read(plant(tmp_path, runs))
    assert len(read(tmp_path / above / "v1").items) == len(RUN)


def test_types_called_alike_in_different_folders_are_one_backup(tmp_path: Path) -> None:
    files = {
        f"{kind}/Windows/{name}.json": policy() for kind, name in (("Apps", "a"), ("Profiles", "b"), ("Apps", "c"))
    }
    assert len(read(plant(tmp_path, files | {"Profiles/Windows/c.json": policy()})).items) == 4


def test_any_folder_is_a_type_however_deep(tmp_path: Path) -> None:
    names = [
        "App Protection/x_iosManagedAppProtection.json",
        "Applications/iOS/x_iosVppApp.json",
        "Applications/Windows/.NET 8_win32LobApp.json",
        "Compliance Policies/Policies/x_iosCompliancePolicy.yaml",
        "Device Management Settings/settings.json",
        "Enrollment Profiles/Windows/ESP/x.json",
        "Enrollment Profiles/Windows/x.yml",
        "Scope Tags/read me.md/x.json",
        "Tomorrow's Type/x.json",
        "notes.md/x.json",
    ]
    root = plant(tmp_path, dict.fromkeys(names, "{}"))
    assert [f"{item.policy_type}/{item.policy_identifier}" for item in read(root).items] == sorted(names)


def test_files_that_are_not_items_are_left_out(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "Roles/a.json": policy(),
            "README.md": "x",
            "prod-as-built.md": "x",
            "Roles/notes.md": "x",
            "Assignment Report/report.json": "[]",
            "Scripts/Powershell/Script Data/x.ps1": "x",
            "Scripts/Powershell/Script Data/x.json": "{}",
            "Device Configurations/mobileconfig/x.json": "{}",
            "__archive__/2025-12-01_00-00-00/gone.json": "{}",
            "backup_summary.json": "{}",
            "Settings Catalog/backup_summary.json": "{}",
            "azure-pipelines.yml": "trigger: none",
            ".git/config.json": "{}",
            ".github/workflows/backup.yml": "on: push",
            ".gitlab-ci.yml": "x: 1",
            "Roles/logo.png": b"\x89PNG",
            "Empty Type/readme.txt": "x",
        },
    )
    assert [item.policy_identifier for item in read(root).items] == ["a.json"]


def test_a_link_named_like_a_skipped_file_is_skipped_too(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy(), "docs/readme.txt": "x"})
    for name in ("README.md", "Roles/notes.md", "backup_summary.json", "Roles/backup_summary.json", "__archive__"):
        (root / name).symlink_to(root / "docs")
    assert [item.policy_identifier for item in read(root).items] == ["a.json"]


def test_one_display_name_with_two_types_is_two_items(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "Enrollment Configurations/All_deviceEnrollmentLimitConfiguration.json": policy("All"),
            "Enrollment Configurations/All_windowsRestoreDeviceEnrollmentConfiguration.json": policy("All"),
            "Roles/All_deviceEnrollmentLimitConfiguration.json": policy("All"),
        },
    )
    items = read(root).items
    assert len({(item.policy_type, item.policy_identifier) for item in items}) == 3
    assert {item.display_name for item in items} == {"All"}


def test_an_appended_id_is_part_of_the_identity(tmp_path: Path) -> None:
    name = "x_iosCompliancePolicy__0f3b4a5c-1111-2222-3333-444455556666.json"
    (item,) = read(plant(tmp_path, {f"Compliance Policies/Policies/{name}": "[1]"})).items
    assert item.policy_identifier == name
    assert item.platform == "iOS"


# Types that went missing


def test_a_type_without_files_makes_the_set_partial_and_is_named(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy(), "Filters/readme.txt": "x", "__archive__/t/f.json": policy()})
    captured = read(root, expected={"Roles", "Filters", "Applications/iOS"})
    assert captured.status == "partial"
    assert captured.error == "Applications/iOS: 1 of 1 items gone; Filters: 1 of 1 items gone"
    assert captured.completed_at == AT
    assert len(captured.items) == 1


def test_types_back_gone_for_good_or_new_leave_it_completed(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy(), "Filters/b.json": policy()})
    for captured in (
        read(root, expected={"Roles", "Filters"}),
        read(root, expected={"Roles", "X"}, gone={"X"}),
        read(root),
    ):
        assert (captured.status, captured.error) == ("completed", None)


def test_accepting_one_type_does_not_accept_another(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy()})
    captured = read(root, expected={"X", "Y"}, gone={"X", "Roles"})
    assert (captured.status, captured.error) == ("partial", "Y: 1 of 1 items gone")


def test_an_unreadable_file_counts_and_an_unreadable_folder_not(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": b"\xff", "Filters/b.json": policy()})
    (root / "Applications").symlink_to(root / "Filters")
    captured = read(root, expected={"Roles", "Filters", "Applications"})
    assert captured.error == "Applications: 1 of 1 items gone"
    assert captured.items[0].integrity_warning == "folder not read: it is a symbolic link, which is not followed"
    assert len(captured.items) == 3


# Files of an earlier run, for `record`


def test_a_file_not_written_since_the_run_began_is_missing(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/old.json": policy(), "Roles/now.json": policy(), "Filters/old.json": policy()})
    started_ns = int(AT.timestamp()) * 10**9
    for name in ("Roles/old.json", "Filters/old.json"):
        os.utime(root / name, ns=(0, started_ns - 1))
    os.utime(root / "Roles/now.json", ns=(0, started_ns))
    captured = read_folder(DECLARED, root, expected={"Roles", "Filters"}, completed_at=AT, run=RunOfFolder(since=AT))
    assert [item.policy_identifier for item in captured.items] == ["now.json"]
    assert captured.item_count == 3
    assert str(captured.error).endswith("Filters: 1 of 1 items gone")


def test_a_run_that_wrote_nothing_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/old.json": policy()})
    (root / "Roles/link.json").symlink_to("old.json")
    os.utime(root / "Roles/old.json", (0, 0))
    with pytest.raises(RefusedInput, match="none of its 2 files was written by this run"):
        read_folder(DECLARED, root, completed_at=AT, run=RunOfFolder(since=AT))
