"""One IntuneCD file as one item (docs/import-folders.md, "IntuneCD")."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.facts import BackupItem
from health.quality import BackupQualityResolver
from health.sources import policy_sets
from health.sources.captured import CapturedItem
from health.sources.intunecd import DECLARED
from tests.health.sources.reading import read_folder
from tests.health.sources.trees import ALL_DEVICES, EXCLUSION, GROUP, assigned_to, plant, policy

AT = datetime(2025, 12, 8, 12, 16, 43, tzinfo=UTC)
CATALOG = "Settings Catalog"


def items_of(root: Path) -> tuple[CapturedItem, ...]:
    return tuple(read_folder(DECLARED, root, completed_at=AT).items)


def only_item(root: Path, content: object, name: str = "Roles/a.json") -> CapturedItem:
    (item,) = items_of(plant(root, {name: content}))
    return item


def families(item: CapturedItem) -> tuple[str, ...]:
    """The item's families in a verdict."""
    read_back = BackupItem(
        1,
        item.policy_type,
        item.policy_identifier,
        item.display_name,
        item.platform,
        item.capture_mode,
        item.assignments_state,
        item.orphaned_assignments,
        item.integrity_warning,
        item.captured_at,
    )
    return BackupQualityResolver.families_of(read_back)


# The columns of an item


def test_a_whole_policy_is_not_degraded(tmp_path: Path) -> None:
    content = policy("Été", **{"@odata.type": "#microsoft.graph.iosCompliancePolicy"}, passcodeRequired=True)
    item = only_item(tmp_path, content, "Compliance Policies/Policies/ete_iosCompliancePolicy.json")
    assert item == CapturedItem(
        policy_type="Compliance Policies/Policies",
        policy_identifier="ete_iosCompliancePolicy.json",
        display_name="Été",
        platform="iOS",
        capture_mode="full",
        payload=item.payload,
        payload_digest=item.payload_digest,
    )
    assert json.loads(item.payload or "") == content
    assert families(item) == ()


def test_yaml_is_read_like_json(tmp_path: Path) -> None:
    text = "name: Catalog\nplatforms: macOS\nsettingCount: 2\nsettings:\n- a: 1\nfrom: 2026-11-23\n"
    item = only_item(tmp_path, text, f"{CATALOG}/x_mdm.yaml")
    assert (item.display_name, item.platform, item.integrity_warning) == ("Catalog", "macOS", "1 of 2 settings")
    assert json.loads(item.payload or "")["from"] == "2026-11-23"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"displayName": "Display", "name": "Name"}, "Display"),
        ({"displayName": " ", "name": "Name"}, "Name"),
        ({"displayName": None, "name": 7}, "the_stem.v2"),
        ([{"displayName": "Display"}], "the_stem.v2"),
        ({"displayName": "a\0b\ud800"}, r"a\x00b\ud800"),
    ],
)
def test_the_display_name(tmp_path: Path, content: object, expected: str) -> None:
    assert only_item(tmp_path, content, "Roles/the_stem.v2.json").display_name == expected


@pytest.mark.parametrize(
    ("name", "content", "platform"),
    [
        ("x.json", {"name": "x", "platforms": "windows10"}, "windows10"),
        ("x.json", {"platform": "android", "@odata.type": "#microsoft.graph.iosThing"}, "android"),
        ("x.json", {"platforms": "none", "@odata.type": "#microsoft.graph.macOSCustomConfiguration"}, "macOS"),
        ("x.json", {"platforms": 3, "@odata.type": 4}, None),
        ("x.json", {"@odata.type": "#microsoft.graph.androidWorkProfileCompliancePolicy"}, "android"),
        ("x.json", {"@odata.type": "#microsoft.graph.windowsHealthMonitoringConfiguration"}, "windows10"),
        ("x.json", {"@odata.type": "#microsoft.graph.win32LobApp"}, "windows10"),
        ("x.json", {"@odata.type": "#microsoft.graph.windowsPhone81CompliancePolicy"}, None),
        ("x.json", {"@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration"}, None),
        ("x_macOSCompliancePolicy.json", {"id": "1"}, "macOS"),
        ("x_windows10CompliancePolicy__4b5b1cb.json", {"id": "1"}, "windows10"),
        ("x_appleRemoteManagement.json", {"id": "1"}, None),
        ("ios tips.json", {"id": "1"}, None),
    ],
)
def test_the_platform_if_it_is_obvious(tmp_path: Path, name: str, content: object, platform: str | None) -> None:
    assert only_item(tmp_path, content, f"Roles/{name}").platform == platform


@pytest.mark.parametrize(
    ("content", "mode", "warning"),
    [
        ({"settingCount": 2, "settings": [1, 2]}, "full", None),
        ({"name": "x", "settingCount": 0}, "full", None),
        ({"settingCount": 0, "settings": []}, "full", None),
        ({"settings": [1]}, "full", None),
        ({"settingCount": None, "settings": [1]}, "full", None),
        ({"name": "x", "settingCount": 1}, "metadata_only", None),
        ({"settingCount": 153, "settings": []}, "metadata_only", None),
        ({"settingCount": 153, "settings": None}, "metadata_only", None),
        ({"settingCount": 153, "settings": [0] * 25}, "full", "25 of 153 settings"),
        ({"settingCount": 1, "settings": [1, 2]}, "full", "2 of 1 settings"),
        ({"settingCount": 0, "settings": [1]}, "full", "1 of 0 settings"),
        ({"settingCount": -1}, "full", "0 of -1 settings"),
        ({"settingCount": "2", "settings": [1, 2]}, "full", "settingCount is not a whole number"),
        ({"settingCount": True, "settings": [1]}, "full", "settingCount is not a whole number"),
        ({"settingCount": 1.0, "settings": [1]}, "full", "settingCount is not a whole number"),
        ({"settingCount": {}, "settings": [1]}, "full", "settingCount is not a whole number"),
        ({"settingCount": 2, "settings": {"a": 1, "b": 2}}, "full", "settings is not a list"),
    ],
)
def test_settings_against_their_count(tmp_path: Path, content: object, mode: str, warning: str | None) -> None:
    item = only_item(tmp_path, content, f"{CATALOG}/x_mdm.json")
    assert (item.capture_mode, item.integrity_warning) == (mode, warning)


def group(**target: object) -> dict[str, object]:
    return assigned_to(GROUP, **target)


@pytest.mark.parametrize(
    ("assignments", "orphans"),
    [
        ([], 0),
        ([assigned_to(ALL_DEVICES)], 0),
        ([group(groupName="Pilots")], 0),
        ([group()], 1),
        ([group(groupName=None)], 1),
        ([group(groupName="")], 1),
        ([assigned_to(EXCLUSION, groupName="Pilots")], 0),
        ([assigned_to(EXCLUSION)], 1),
        ([group(), group(groupName="Pilots"), assigned_to(EXCLUSION), assigned_to(ALL_DEVICES)], 2),
    ],
)
def test_assignments_in_the_file_are_captured(tmp_path: Path, assignments: list[object], orphans: int) -> None:
    item = only_item(tmp_path, policy(assignments=assignments))
    assert (item.assignments_state, item.orphaned_assignments) == ("captured", orphans)
    assert json.loads(item.assignments or "") == assignments
    assert families(item) == (("orphaned_assignments",) if orphans else ())


@pytest.mark.parametrize(
    ("assignments", "unread"),
    [
        ([None], "1 of 1"),
        (["x", None], "2 of 2"),
        ([{"id": 1}], "1 of 1"),
        ([{"target": None}], "1 of 1"),
        ([{"target": "g"}], "1 of 1"),
        ([{"target": {"groupName": "Pilots"}}], "1 of 1"),
        ([{"target": {"@odata.type": 5}}], "1 of 1"),
        ([{"target": {"@odata.type": " "}}], "1 of 1"),
        ([{"target": {"@odata.type": "#microsoft.graph."}}], "1 of 1"),
        ([[group()]], "1 of 1"),
        ([assigned_to(ALL_DEVICES), {}, group(groupName="Pilots")], "1 of 3"),
    ],
)
def test_an_assignment_without_a_readable_target_is_a_warning(
    tmp_path: Path, assignments: list[object], unread: str
) -> None:
    item = only_item(tmp_path, policy(assignments=assignments))
    assert item.integrity_warning == f"{unread} assignments without a target that can be read"
    assert (item.assignments_state, item.orphaned_assignments) == ("captured", 0)
    assert json.loads(item.assignments or "") == assignments
    assert families(item) == ("integrity_warning",)


@pytest.mark.parametrize("content", [policy(), policy(assignments=None)])
def test_missing_assignments_are_not_recorded(tmp_path: Path, content: object) -> None:
    item = only_item(tmp_path, content)
    assert (item.assignments_state, item.assignments, item.orphaned_assignments) == (None, None, 0)
    assert families(item) == ()


def test_assignments_that_are_not_a_list_are_a_warning(tmp_path: Path) -> None:
    item = only_item(tmp_path, policy(assignments={"target": {}}))
    assert (item.assignments_state, item.integrity_warning) == (None, "assignments is not a list")


def test_without_payload_everything_stays_but_the_captured_json(tmp_path: Path) -> None:
    root = plant(tmp_path, {f"{CATALOG}/x.json": policy("N", settingCount=2, settings=["\0"], assignments=[group()])})
    (whole,) = items_of(root)
    (bare,) = read_folder(DECLARED, root, completed_at=AT, with_payload=False).items
    assert whole.payload is not None
    assert whole.assignments is not None
    assert bare == whole._replace(payload=None, assignments=None)
    assert (bare.assignments_state, bare.orphaned_assignments) == ("captured", 1)


# Files that cannot be read


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe{\x00}", "not UTF-16"),
        (b"[" * 10_000 + b"]" * 10_000, "deeper than 200 levels"),
        (b'{"a": 1e999}', "a value that JSON does not have"),
        (b'{"a": NaN}', "not valid JSON"),
        (b"{}", "holds no policy"),
        (b"[]", "its top level is not an object"),
        (b'[{"displayName": "x", "settingCount": 9}]', "its top level is not an object"),
        (b"null", "its top level is not an object"),
        (b'"a policy"', "its top level is not an object"),
    ],
)
def test_a_file_that_says_nothing_is_an_item_that_says_why(tmp_path: Path, content: bytes, why: str) -> None:
    item = only_item(tmp_path, content, "Roles/x_iosThing.json")
    assert (item.policy_identifier, item.display_name, item.platform) == ("x_iosThing.json", "x_iosThing", "iOS")
    assert why in str(item.integrity_warning)
    assert families(item) == ("unknown_quality", "integrity_warning")


def test_what_is_not_a_regular_file_is_an_item_too(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy(), "elsewhere.json": policy("secret")})
    (root / "Roles/link.json").symlink_to(root / "elsewhere.json")
    (root / "Filters").symlink_to(root / "Roles")
    os.mkfifo(root / "Roles/pipe.json")
    items = {f"{item.policy_type}/{item.policy_identifier}": item for item in items_of(root)}
    assert list(items) == ["Filters/Filters", "Roles/a.json", "Roles/link.json", "Roles/pipe.json"]
    assert "symbolic link" in str(items["Filters/Filters"].integrity_warning)
    assert "symbolic link" in str(items["Roles/link.json"].integrity_warning)
    assert items["Roles/link.json"].payload is None
    assert "not a regular file" in str(items["Roles/pipe.json"].integrity_warning)


def test_a_character_no_database_keeps_is_escaped_with_a_warning(tmp_path: Path) -> None:
    item = only_item(tmp_path, policy("x\0", note="\ud800", assignments=[group(groupName="\0")]))
    assert item.display_name == r"x\x00"
    assert json.loads(item.payload or "")["note"] == "\\ud800"
    assert "\\u0000" not in (item.assignments or "").replace("\\\\u0000", "")
    assert families(item) == ("integrity_warning",)


def test_warnings_add_up(tmp_path: Path) -> None:
    item = only_item(tmp_path, policy(note="\0", settingCount=2, settings=[1], assignments=3))
    assert (item.integrity_warning or "").split("; ")[1:] == ["1 of 2 settings", "assignments is not a list"]


def test_names_that_become_equal_stay_two_items(tmp_path: Path) -> None:
    root = plant(tmp_path, {os.fsdecode(b"Roles/caf\xe9.json"): policy(), r"Roles/caf\xe9.json": policy()})
    first, second = items_of(root)
    assert first.policy_identifier == r"caf\xe9.json"
    assert first.integrity_warning is None
    assert second.policy_identifier == r"caf\xe9.json (2)"
    assert "also named" in str(second.integrity_warning)


def test_a_folder_path_longer_than_an_index_entry_is_shortened(tmp_path: Path) -> None:
    deep = "/".join(["f" * 200] * 8)
    item = only_item(tmp_path, policy(), f"{deep}/a.json")
    assert len(item.policy_type.encode()) <= 1000


def test_a_set_too_large_for_memory_keeps_its_items_without_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy("a"), "Roles/b.json": policy("b")})
    first, second = items_of(root)
    monkeypatch.setattr(policy_sets, "MAX_SET_BYTES", len(first.payload or "") + len(second.payload or ""))
    assert items_of(root) == (first, second)
    monkeypatch.setattr(policy_sets, "MAX_SET_BYTES", len(first.payload or "") + len(second.payload or "") - 1)
    kept, dropped = items_of(root)
    assert kept == first
    assert dropped.payload is None
    assert "its JSON is not kept" in str(dropped.integrity_warning)
