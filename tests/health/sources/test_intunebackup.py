"""A backup of IntuneBackupAndRestore as one set, by the rules of docs/import-folders.md, "IntuneBackupAndRestore"."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from health.sources import intunecd, intunemanagement
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.intunebackup import DECLARED
from health.sources.run_files import RunOfFolder
from tests.health.sources.reading import read_folder
from tests.health.sources.trees import ALL_DEVICES, EXCLUSION, GROUP, assigned_to, plant, policy

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
ID = "0b7c7b1e-1111-2222-3333-444455556666"
WIKI = "abcdabcd-1111-2222-3333-444455556666"
TYPE = "Device Compliance Policies"


def read(root: Path, **more: Any) -> CapturedSet:
    return read_folder(DECLARED, root, completed_at=AT, **more)


def only_item(root: Path, content: object, assignments: object = None) -> CapturedItem:
    plant(root, {f"{TYPE}/Phones.json": content})
    if assignments is not None:
        plant(root, {f"{TYPE}/Assignments/Phones.json": assignments})
    (item,) = read(root).items
    return item


def test_a_backup_is_one_completed_set_at_the_given_instant(tmp_path: Path) -> None:
    phones = policy("Phones", **{"@odata.type": "#microsoft.graph.iosCompliancePolicy"})
    root = plant(
        tmp_path / "IntuneBackup",
        {
            f"{TYPE}/Phones.json": json.dumps(phones).encode("utf-16"),
            f"{TYPE}/Assignments/Phones.json": json.dumps([assigned_to(ALL_DEVICES)]).encode("utf-16"),
            "Administrative Templates/Edge.json": [{"enabled": True, "definition@odata.bind": "x"}],
            "Device Management Intents/Baseline/1_Laptops.json": policy("Laptops"),
            "Device Management Scripts/Map.json": policy("Map"),
            "Device Management Scripts/Script Content/Map.ps1": "Get-Date",
            "Device Management Scripts/Script Content/Map.json": policy("Never an item"),
            "README.md": "x",
        },
    )
    captured = read(root)
    assert captured._replace(items=()) == CapturedSet(
        external_id="contoso",
        name="IntuneBackup",
        source="intunebackup",
        source_ref="2026-11-23T02:10:00Z",
        status="completed",
        items=(),
        completed_at=AT,
    )
    said = [(i.policy_type, i.policy_identifier, i.display_name, i.assignments_state) for i in captured.items]
    assert said == [
        ("Administrative Templates", "Edge.json", "Edge", None),
        (TYPE, "Phones.json", "Phones", "captured"),
        ("Device Management Intents/Baseline", "1_Laptops.json", "Laptops", None),
        ("Device Management Scripts", "Map.json", "Map", None),
    ]
    assert {(i.capture_mode, i.integrity_warning) for i in captured.items} == {("full", None)}
    assert captured.items[1].platform == "iOS"


@pytest.mark.parametrize(
    ("assignments", "count", "orphans"),
    [
        ([assigned_to(GROUP, groupId="1"), assigned_to(EXCLUSION, groupId="2")], 2, 0),
        (assigned_to(GROUP, groupId="1"), 1, 0),
        ({"@odata.context": "c", "value": [assigned_to(GROUP, groupId="1")]}, 1, 0),
        ({"@odata.context": "c", "value": []}, 0, 0),
        ([], 0, 0),
        ([assigned_to(GROUP), assigned_to(ALL_DEVICES)], 2, 1),
        (assigned_to(EXCLUSION, groupId=" "), 1, 1),
    ],
)
def test_an_assignments_file_gives_its_policys_state(
    tmp_path: Path, assignments: object, count: int, orphans: int
) -> None:
    item = only_item(tmp_path, policy(), assignments)
    assert (item.assignments_state, item.orphaned_assignments, item.integrity_warning) == ("captured", orphans, None)
    assert len(json.loads(item.assignments or "")) == count


def test_without_an_assignments_file_nothing_is_known(tmp_path: Path) -> None:
    assert only_item(tmp_path, policy()).assignments_state is None


@pytest.mark.parametrize(
    ("assignments", "state", "warning"),
    [
        ("", "failed", "its assignments cannot be read: the file is empty"),
        ("[", "failed", "its assignments cannot be read: the file is not valid JSON"),
        ("7", "failed", "its assignments are not a list"),
        ({"value": 7}, "failed", "its assignments are not a list"),
        ({"value": [], "@odata.nextLink": "x"}, "captured", "its assignments continue on another page"),
        ([{"target": "System.Collections.Hashtable"}], "captured", "1 of 1 assignments without a target"),
        ({}, "captured", "1 of 1 assignments without a target"),
    ],
)
def test_assignments_that_cannot_be_read_are_reported(
    tmp_path: Path, assignments: object, state: str, warning: str
) -> None:
    item = only_item(tmp_path, policy(), assignments)
    assert item.assignments_state == state
    assert str(item.integrity_warning).startswith(warning)


def test_assignments_are_found_by_the_id_a_name_begins_with(tmp_path: Path) -> None:
    other = ID.replace("0b7c", "0b7d")
    plant(
        tmp_path,
        {
            "Client Apps/win32LobApp_7-Zip.json": policy("7-Zip", id=ID),
            "Client Apps/iosVppApp_7-Zip.json": policy("7-Zip", id=other),
            "Client Apps/webApp_Wiki.json": policy("Wiki", id=WIKI.upper()),
            f"Client Apps/Assignments/{WIKI} - Wiki.json": [assigned_to(ALL_DEVICES)],
            f"Client Apps/Assignments/{ID.upper()} - 7-Zip.json": [assigned_to(ALL_DEVICES)],
            "App Protection Policies/Phones.json": policy("Phones", id=ID),
            f"App Protection Policies/Assignments/{ID} - Phones.json": {"value": []},
        },
    )
    captured = read(tmp_path)
    assert [(item.policy_identifier, item.assignments_state) for item in captured.items] == [
        ("Phones.json", "captured"),
        ("iosVppApp_7-Zip.json", None),
        ("webApp_Wiki.json", "captured"),
        ("win32LobApp_7-Zip.json", "captured"),
    ]
    assert captured.item_count is None


def test_an_assigned_policy_without_a_file_is_missing(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            f"{TYPE}/Phones.json": policy("Phones"),
            f"{TYPE}/Assignments/Tablets.json": [assigned_to(ALL_DEVICES)],
            f"Client Apps/Assignments/{ID} - 7-Zip.json": [assigned_to(ALL_DEVICES)],
            # The tool skips Microsoft's own remediations, but not their assignments.
            "Device Health Scripts/Assignments/Restart.json": [assigned_to(ALL_DEVICES)],
        },
    )
    captured = read(tmp_path)
    assert (len(captured.items), captured.item_count, captured.status) == (1, 3, "completed")


@pytest.mark.parametrize(
    ("document", "mode", "warning"),
    [
        (policy(settingCount=2, settings=[1, 2]), "full", None),
        (policy(settingCount=153, settings=[1] * 25), "full", "25 of 153 settings"),
        (policy(settingCount=3, settings=[]), "metadata_only", None),
        (policy(rule={"deep": "System.Collections.Hashtable"}), "full", "PowerShell cut off a value"),
        (policy(icon="@{type=image/png; value=}"), "full", "PowerShell cut off a value"),
        (policy(text="System.Collections.Hashtable is a type"), "full", None),
        (policy(text="@{user}"), "full", None),
        (policy(text='write "@{a=1}" there'), "full", None),
        ([{"enabled": True}], None, "the file holds no policy: its top level is not an object"),
    ],
)
def test_cut_off_content_is_reported(tmp_path: Path, document: object, mode: str | None, warning: str | None) -> None:
    item = only_item(tmp_path, document)
    assert item.capture_mode == mode
    assert str(item.integrity_warning).startswith(str(warning))


@pytest.mark.parametrize(
    ("document", "mode"), [([{"enabled": True}], "full"), (policy(enabled=True), "full"), ([], None), ("", None)]
)
def test_an_administrative_template_is_its_settings(tmp_path: Path, document: object, mode: str | None) -> None:
    plant(tmp_path, {"Administrative Templates/Edge.json": document})
    (item,) = read(tmp_path).items
    assert (item.capture_mode, item.integrity_warning is None) == (mode, mode is not None)


def test_links_and_pipes_are_reported_and_not_followed(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"a.json": [assigned_to(ALL_DEVICES)], "Phones.json": policy("Secret")})
    root = plant(tmp_path / "root", {f"{TYPE}/Phones.json": policy("Phones"), "Roles/Help.json": policy("Help")})
    (root / TYPE / "Linked.json").symlink_to(outside / "Phones.json")
    (root / "Roles/Assignments").symlink_to(outside)
    (root / TYPE / "Assignments").mkdir()
    os.mkfifo(root / TYPE / "Assignments/Phones.json")
    linked, phones, help_desk = read(root).items
    link = "it is a symbolic link, which is not followed"
    assert (linked.integrity_warning, linked.capture_mode) == (link, None)
    assert phones.integrity_warning == "its assignments cannot be read: it is not a regular file"
    assert help_desk.integrity_warning == f"its assignments cannot be read: {link}"
    assert {phones.assignments_state, help_desk.assignments_state} == {"failed"}


def test_assignments_may_stand_deeper_in_one_type(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            f"{TYPE}/Phones.json": policy("Phones"),
            f"{TYPE}/Assignments/Phones.json": [assigned_to(ALL_DEVICES)],
            "Device Management Intents/Baseline/a.json": policy("A"),
            "Device Management Intents/Baseline/Assignments/a.json": [assigned_to(ALL_DEVICES)],
        },
    )
    assert [item.assignments_state for item in read(tmp_path).items] == ["captured", "captured"]


def test_without_payload_everything_stays_but_the_captured_json(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "Client Apps/7-Zip.json": policy("7-Zip", id=ID),
            f"Client Apps/Assignments/{ID} - 7-Zip.json": [assigned_to(GROUP)],
        },
    )
    (whole,), (bare,) = read(tmp_path).items, read(tmp_path, with_payload=False).items
    assert bare == whole._replace(payload=None, assignments=None)
    assert (bare.assignments_state, bare.orphaned_assignments) == ("captured", 1)


def test_a_missing_type_makes_the_set_partial_unless_gone_for_good(tmp_path: Path) -> None:
    plant(tmp_path, {f"{TYPE}/Phones.json": policy()})
    partial = read(tmp_path, expected={TYPE, "Client Apps"})
    assert (partial.status, partial.error) == ("partial", "Client Apps: 1 of 1 items gone")
    assert read(tmp_path, expected={"Client Apps"}, gone={"Client Apps"}).status == "completed"


def test_a_file_that_a_recorded_run_did_not_write_is_not_of_it(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            f"{TYPE}/Old.json": policy("Old"),
            f"{TYPE}/Phones.json": policy("Phones"),
            f"{TYPE}/Assignments/Phones.json": [assigned_to(ALL_DEVICES)],
        },
    )
    run = RunOfFolder(datetime(2026, 1, 1, tzinfo=UTC), DECLARED.stood_in(root))
    with pytest.raises(RefusedInput, match="none of its 2 files was written by this run"):
        read(root, run=run)
    plant(root, {f"{TYPE}/New.json": policy("New"), f"{TYPE}/Assignments/New.json": [assigned_to(ALL_DEVICES)]})
    (root / TYPE / "Phones.json").unlink()
    plant(root, {f"{TYPE}/Phones.json": policy("Phones")})
    captured = read(root, run=run)
    # The assignments of Phones are older than the run, so we cannot know whether it has any now.
    assert [(item.display_name, item.assignments_state) for item in captured.items] == [
        ("New", "captured"),
        ("Phones", None),
    ]
    assert captured.item_count == 3


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no item in it"),
        ({"README.md": "x"}, "no item in it"),
        ({f"{TYPE}/Assignments/Phones.json": []}, "no item in it"),
        (
            {f"2026-11/{TYPE}/Phones.json": policy(), f"2026-11/{TYPE}/Assignments/Phones.json": []},
            "the backup is in its folder '2026-11': name that one",
        ),
        (
            {f"{day}/{TYPE}/{name}.json": policy(name) for day in ("22", "23") for name in ("a", "b", "c")},
            "it holds several backups, 22 and 23 among them, and not one",
        ),
    ],
)
def test_a_folder_that_is_not_a_backup_is_refused(tmp_path: Path, files: dict[str, object], why: str) -> None:
    with pytest.raises(RefusedInput, match=why):
        read(plant(tmp_path, files))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="cannot be read"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize("other", [intunecd.DECLARED, intunemanagement.DECLARED])
def test_other_sources_refuse_the_layout_and_name_this_one(tmp_path: Path, other: Any) -> None:
    plant(tmp_path, {f"{TYPE}/Phones.json": policy()})
    assert len(read_folder(other, tmp_path, completed_at=AT).items) == 1
    plant(tmp_path, {f"{TYPE}/Assignments/Phones.json": [assigned_to(ALL_DEVICES)]})
    with pytest.raises(RefusedInput, match="as IntuneBackupAndRestore writes it: import it with 'intunebackup'"):
        read_folder(other, tmp_path, completed_at=AT)


def test_progress_counts_the_policies(tmp_path: Path) -> None:
    plant(tmp_path, {f"{TYPE}/{n}.json": policy() for n in range(3)} | {f"{TYPE}/Assignments/1.json": []})
    seen: list[int] = []
    read(tmp_path, progress=seen.append)
    assert seen == [1, 2, 3]


ERROR = {"code": "TooManyRequests", "message": "Try again"}


@pytest.mark.parametrize(
    "assignments",
    [
        {"@odata.context": "https://graph.example/$metadata", "error": ERROR, "value": []},
        {"value": [assigned_to(ALL_DEVICES)], "error": ERROR},
        {"value": None, "error": ERROR},
        {"@odata.nextLink": "https://graph.example/next", "value": [], "error": ERROR},
        {"error": ERROR},
        [assigned_to(ALL_DEVICES), {"error": ERROR}],
        {"value": [{"error": ERROR}]},
    ],
    ids=str,
)
def test_an_error_counts_before_the_assignments_beside_it(tmp_path: Path, assignments: object) -> None:
    plant(tmp_path, {f"{TYPE}/a.json": policy(), f"{TYPE}/Assignments/a.json": assignments})
    (item,) = read(tmp_path).items
    assert (item.assignments_state, item.assignments) == ("failed", None)
    assert "the file of its assignments holds an error (TooManyRequests)" in str(item.integrity_warning)


def test_an_error_among_the_settings_of_a_template_is_no_policy(tmp_path: Path) -> None:
    plant(tmp_path, {"Administrative Templates/a.json": [{"enabled": True}, {"error": ERROR}]})
    (item,) = read(tmp_path).items
    assert (item.capture_mode, item.integrity_warning) == (
        None,
        "the file holds an error (TooManyRequests) and no policy",
    )


def test_the_folder_of_assignments_may_have_another_case(tmp_path: Path) -> None:
    plant(tmp_path, {f"{TYPE}/a.json": policy(), f"{TYPE}/assignments/a.json": [assigned_to(ALL_DEVICES)]})
    (item,) = read(tmp_path).items
    assert (item.policy_type, item.assignments_state) == (TYPE, "captured")
