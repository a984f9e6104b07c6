"""An export of IntuneManagement as one set (docs/import-folders.md, "IntuneManagement")."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.intunemanagement import DECLARED
from tests.health.sources.reading import read_folder
from tests.health.sources.trees import ALL_DEVICES, EXCLUSION, GROUP, assigned_to, plant, policy

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
TABLE: Mapping[str, object] = {
    "TenantId": "0b7c7b1e-1111-2222-3333-444455556666",
    "Organization": "Contoso",
    "Objects": [{"DisplayName": "Pilots", "Id": "AAAA-1", "Type": "Group"}],
}


def utf_16(value: object) -> bytes:
    """Text as Windows PowerShell writes it: UTF-16 with its mark."""
    return json.dumps(value).encode("utf-16")


def read(root: Path, expected: set[str] | None = None, gone: set[str] | None = None) -> CapturedSet:
    return read_folder(DECLARED, root, expected=expected, gone=gone, completed_at=AT)


PHONES = policy("Phones", **{"@odata.type": "#microsoft.graph.iosCompliancePolicy"})


def only_item(root: Path, content: object, table: object = TABLE) -> CapturedItem:
    plant(root, {"SettingsCatalog/a.json": content})
    if table is not None:
        plant(root, {"MigrationTable.json": table})
    (item,) = read(root).items
    return item


def test_an_export_is_one_completed_set_at_the_given_instant(tmp_path: Path) -> None:
    root = plant(
        tmp_path / "export",
        {
            "CompliancePolicies/Phones.json": utf_16(PHONES),
            "Groups/Pilots.json": utf_16(policy("Pilots")),
            "MigrationTable.json": utf_16(TABLE),
            "SettingsCatalog/Édge.json": policy("Édge"),
        },
    )
    captured = read(root)
    assert captured._replace(items=()) == CapturedSet(
        external_id="contoso",
        name="export",
        source="intunemanagement",
        source_ref="2026-11-23T02:10:00Z",
        status="completed",
        items=(),
        completed_at=AT,
        source_tenant="0b7c7b1e-1111-2222-3333-444455556666",
    )
    assert [(item.policy_type, item.display_name, item.platform, item.capture_mode) for item in captured.items] == [
        ("CompliancePolicies", "Phones", "iOS", "full"),
        ("Groups", "Pilots", None, "full"),
        ("SettingsCatalog", "Édge", None, "full"),
    ]


@pytest.mark.parametrize(
    ("assignments", "orphans"),
    [
        ([assigned_to(GROUP, groupId="aaaa-1")], 0),
        ([assigned_to(GROUP, groupId="AAAA-1")], 0),
        ([assigned_to(EXCLUSION, groupId="aaaa-1")], 0),
        ([assigned_to(GROUP, groupId="bbbb-2")], 1),
        ([assigned_to(EXCLUSION, groupId="bbbb-2"), assigned_to(GROUP, groupId="cccc-3")], 2),
        ([assigned_to(GROUP)], 1),
        ([assigned_to(GROUP, groupId=None)], 1),
        ([assigned_to(GROUP, groupId="bbbb-2", groupName="Named")], 1),
        ([assigned_to(ALL_DEVICES)], 0),
        ([], 0),
    ],
)
def test_a_group_that_the_table_does_not_list_is_an_orphan(
    tmp_path: Path, assignments: list[object], orphans: int
) -> None:
    item = only_item(tmp_path, utf_16(policy(assignments=assignments)))
    assert (item.assignments_state, item.orphaned_assignments, item.integrity_warning) == ("captured", orphans, None)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (None, "there is no MigrationTable.json"),
        ("", "MigrationTable.json: the file is empty"),
        ("{", "MigrationTable.json: the file is not valid JSON"),
        ({}, "MigrationTable.json lists no objects"),
        ([], "MigrationTable.json lists no objects"),
        ({"Objects": {}}, "MigrationTable.json lists no objects"),
    ],
)
def test_without_a_table_a_groups_existence_is_unknown(tmp_path: Path, table: object, why: str) -> None:
    item = only_item(tmp_path, policy(assignments=[assigned_to(GROUP, groupId="aaaa-1")]), table)
    assert item.orphaned_assignments == 1
    assert f"it is not known whether its groups exist: {why}" in str(item.integrity_warning)


def test_without_a_table_a_policy_without_groups_is_whole(tmp_path: Path) -> None:
    item = only_item(tmp_path, policy(assignments=[assigned_to(ALL_DEVICES)]), None)
    assert (item.orphaned_assignments, item.integrity_warning) == (0, None)


def test_invalid_objects_in_the_table_list_nothing(tmp_path: Path) -> None:
    table = {"Objects": [None, 7, {}, {"Id": None}, {"Id": 5}]}
    item = only_item(tmp_path, policy(assignments=[assigned_to(GROUP), assigned_to(GROUP, groupId="5")]), table)
    assert item.orphaned_assignments == 2


def test_a_table_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    root = plant(
        tmp_path / "export", {"SettingsCatalog/a.json": policy(assignments=[assigned_to(GROUP, groupId="aaaa-1")])}
    )
    plant(tmp_path, {"elsewhere.json": TABLE})
    (root / "MigrationTable.json").symlink_to(tmp_path / "elsewhere.json")
    (item,) = read(root).items
    assert "symbolic link" in str(item.integrity_warning)


def test_a_missing_type_makes_the_set_partial_unless_gone_for_good(tmp_path: Path) -> None:
    root = plant(tmp_path, {"SettingsCatalog/a.json": policy(), "MigrationTable.json": TABLE})
    partial = read(root, expected={"SettingsCatalog", "CompliancePolicies"})
    assert (partial.status, partial.error) == ("partial", "CompliancePolicies: 1 of 1 items gone")
    assert read(root, expected={"CompliancePolicies"}, gone={"CompliancePolicies"}).status == "completed"


def test_an_unreadable_file_is_an_item_that_says_why(tmp_path: Path) -> None:
    item = only_item(tmp_path, utf_16(policy())[:-1])
    assert "not UTF-16" in str(item.integrity_warning)
    assert item.capture_mode is None


def test_without_payload_everything_stays_but_the_captured_json(tmp_path: Path) -> None:
    plant(tmp_path, {"SettingsCatalog/a.json": policy(assignments=[assigned_to(GROUP)]), "MigrationTable.json": TABLE})
    (bare,) = read_folder(DECLARED, tmp_path, completed_at=AT, with_payload=False).items
    assert (bare.payload, bare.assignments, bare.assignments_state, bare.orphaned_assignments) == (
        None,
        None,
        "captured",
        1,
    )


def test_progress_counts_the_files(tmp_path: Path) -> None:
    plant(tmp_path, {f"SettingsCatalog/{n}.json": policy() for n in range(3)} | {"MigrationTable.json": TABLE})
    seen: list[int] = []
    read_folder(DECLARED, tmp_path, completed_at=AT, progress=seen.append)
    assert seen == [1, 2, 3]


def test_the_folder_above_is_refused_and_the_right_one_named(tmp_path: Path) -> None:
    plant(tmp_path, {"Contoso/SettingsCatalog/a.json": policy(), "Contoso/MigrationTable.json": TABLE})
    with pytest.raises(RefusedInput, match="the export is in its folder 'Contoso': name that one"):
        read(tmp_path)
    assert len(read(tmp_path / "Contoso").items) == 1


@pytest.mark.parametrize("files", [{}, {"MigrationTable.json": TABLE}, {"README.md": "x"}])
def test_a_folder_without_an_item_is_refused(tmp_path: Path, files: dict[str, object]) -> None:
    with pytest.raises(RefusedInput, match="no item in it"):
        read(plant(tmp_path, files))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="cannot be read"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('{"TenantId": "t-2", broken', "MigrationTable.json: the file is not valid JSON"),
        ("", "MigrationTable.json: the file is empty"),
        (b"\xff\xfe\x00", "MigrationTable.json: the file is not UTF-16"),
        (["t-2"], "MigrationTable.json lists no objects"),
        ({"TenantId": ["t-2"], "Objects": []}, '"TenantId" in MigrationTable.json is not a text'),
    ],
)
def test_a_table_that_cannot_be_read_makes_every_item_doubtful(tmp_path: Path, table: object, why: str) -> None:
    """It may name another tenant."""
    plant(tmp_path, {"Roles/a.json": policy(), "Roles/b.json": policy(), "MigrationTable.json": table})
    captured = read(tmp_path)
    assert captured.source_tenant is None
    assert all(f"it is not known whose tenant it is: {why}" in str(item.integrity_warning) for item in captured.items)


@pytest.mark.parametrize("kind", ["link", "link to nothing", "folder", "pipe"])
def test_what_stands_in_the_place_of_a_table_is_no_silence(tmp_path: Path, kind: str) -> None:
    root = plant(tmp_path / "export", {"Roles/a.json": policy()})
    table = root / "MigrationTable.json"
    if kind == "folder":
        table.mkdir()
    elif kind == "pipe":
        os.mkfifo(table)
    else:
        plant(tmp_path, {} if kind == "link to nothing" else {"elsewhere.json": TABLE})
        table.symlink_to(tmp_path / "elsewhere.json")
    (item,) = read(root).items
    assert "it is not known whose tenant it is: MigrationTable.json: it is" in str(item.integrity_warning)


@pytest.mark.parametrize("name", ["migrationtable.json", "MIGRATIONTABLE.JSON", "MigrationTable.JSON"])
def test_a_copy_may_have_changed_the_case_of_the_table(tmp_path: Path, name: str) -> None:
    captured = read(plant(tmp_path, {"Roles/a.json": policy(), name: TABLE}))
    assert (captured.source_tenant, captured.items[0].integrity_warning) == (TABLE["TenantId"], None)


def test_two_tables_that_differ_in_case_do_not_name_a_tenant(tmp_path: Path) -> None:
    other = {"TenantId": "t-2", "Objects": []}
    captured = read(
        plant(tmp_path, {"Roles/a.json": policy(), "MigrationTable.json": TABLE, "migrationtable.json": other})
    )
    assert captured.source_tenant is None
    assert "there are both MigrationTable.json and migrationtable.json" in str(captured.items[0].integrity_warning)


def test_a_table_without_a_tenant_says_nothing(tmp_path: Path) -> None:
    captured = read(plant(tmp_path, {"Roles/a.json": policy(), "MigrationTable.json": {"Objects": []}}))
    assert (captured.source_tenant, captured.items[0].integrity_warning) == (None, None)
