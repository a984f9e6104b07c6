"""An export of Microsoft365DSC as one set, by the rules of docs/import-folders.md, "Microsoft365DSC"."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.m365dsc import DECLARED
from health.sources.run_files import RunOfFolder, files_as_they_stand
from tests.health.sources.reading import READ_AT, read_folder, with_its_digest
from tests.health.sources.trees import plant

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
FILE = "M365TenantConfig.ps1"
GROUPS = "MSFT_DeviceManagementConfigurationPolicyAssignments"


def configuration(*blocks: str, name: str = "M365TenantConfig") -> str:
    """A configuration with these blocks, in a few lines."""
    body = "\r\n".join(blocks)
    return (
        f"param (\r\n)\r\n\r\nConfiguration {name}\r\n{{\r\n    Node localhost\r\n    {{\r\n{body}\r\n    }}\r\n}}\r\n"
    )


def resource(kind: str, name: str, **properties: str) -> str:
    """A block. Its properties are written as given."""
    lines = "".join(f"            {key} = {value};\r\n" for key, value in properties.items())
    return f"        {kind} {name}\r\n        {{\r\n{lines}        }}"


GROUP = resource("AADGroup", '"AADGroup-Pilots"', DisplayName='"Pilots"', Id='"0b7c"')
ORG = resource("EXOOrganizationConfig", '"EXOOrganizationConfig"', IsSingleInstance='"Yes"')


def read(root: Path, **more: Any) -> CapturedSet:
    return read_folder(DECLARED, root, completed_at=AT, **more)


def items_of(root: Path, *blocks: str) -> tuple[CapturedItem, ...]:
    return tuple(read(plant(root, {FILE: configuration(*blocks)})).items)


def test_an_export_is_one_completed_set_at_the_given_instant(tmp_path: Path) -> None:
    text = configuration(
        GROUP,
        resource("IntuneDeviceCompliancePolicyiOs", '"Phones"', DisplayName='"Phönes"', Pin="6", Block="$True"),
        ORG,
    )
    root = plant(tmp_path / "export", {FILE: text.encode("utf-16"), "M365DSC.cer": b"\0", "README.md": "#"})
    captured = read(root)
    assert captured._replace(items=()) == CapturedSet(
        external_id="contoso",
        name="export",
        source="m365dsc",
        source_ref="2026-11-23T02:10:00Z",
        status="completed",
        items=(),
        completed_at=AT,
    )
    items = (
        CapturedItem("AADGroup", "0b7c", "Pilots", capture_mode="full", payload='{"DisplayName":"Pilots","Id":"0b7c"}'),
        CapturedItem(
            "IntuneDeviceCompliancePolicyiOs",
            "Phones",
            "Phönes",
            platform="iOS",
            capture_mode="full",
            payload='{"DisplayName":"Ph\\u00f6nes","Pin":6,"Block":true}',
        ),
        CapturedItem(
            "EXOOrganizationConfig",
            "EXOOrganizationConfig",
            "EXOOrganizationConfig",
            capture_mode="full",
            payload='{"IsSingleInstance":"Yes"}',
        ),
    )
    assert captured.items == tuple(map(with_its_digest, items))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_file_is_read_in_every_encoding_that_powershell_writes(tmp_path: Path, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    plant(tmp_path, {FILE: mark + configuration(GROUP).encode(encoding)})
    assert [item.policy_identifier for item in read(tmp_path).items] == ["0b7c"]


def test_one_file_of_a_folder_can_be_named(tmp_path: Path) -> None:
    plant(tmp_path, {"old.ps1": configuration(GROUP), "new.ps1": configuration(GROUP, ORG)})
    (tmp_path / "latest.ps1").symlink_to("new.ps1")
    assert (read(tmp_path / "old.ps1").name, len(read(tmp_path / "old.ps1").items)) == ("old.ps1", 1)
    assert len(read(tmp_path / "latest.ps1").items) == 2


MADE_UP = "a3dc2b51-c466-4718-b5f9-cf0bb3a98db3"


@pytest.mark.parametrize(
    ("name", "properties", "identity", "shown"),
    [
        ('"Pilots"', {"Id": '"1"'}, "1", "Pilots"),
        ('"Pilots"', {"ID": '"1"', "Identity": '"x"'}, "1", "x"),
        ('"Pilots"', {"Id": '""', "Identity": '"x"'}, "Pilots", "x"),
        ('"Pilots"', {"Id": "5"}, "Pilots", "Pilots"),
        (MADE_UP, {"Identity": '"Global"'}, "Global", "Global"),
        (MADE_UP, {"Identity": '"$OrganizationName"'}, "$OrganizationName", "$OrganizationName"),
        (MADE_UP, {"DisplayName": '"Pilots"', "MailNickname": '"pilots"'}, "pilots", "Pilots"),
        (MADE_UP, {"Id": '"1"', "DisplayName": '"Pilots"'}, "1", "Pilots"),
        (MADE_UP, {"ObjectId": '"2"', "DisplayName": '"Pilots"'}, "2", "Pilots"),
        (MADE_UP, {"IsSingleInstance": '"Yes"'}, "AADGroup", "AADGroup"),
    ],
)
def test_an_identity_names_the_thing_and_not_the_run(
    tmp_path: Path, name: str, properties: Mapping[str, str], identity: str, shown: str
) -> None:
    (item,) = items_of(tmp_path, resource("AADGroup", name, **properties))
    assert (item.policy_identifier, item.display_name, item.integrity_warning) == (identity, shown, None)


def test_blocks_with_one_identity_stay_apart(tmp_path: Path) -> None:
    items = items_of(
        tmp_path,
        resource("AADRole", '"first"', Id='"same"'),
        resource("AADRole", '"second"', Id='"same"'),
        resource("AADGroup", MADE_UP, DisplayName='"Twins"'),
        resource("AADGroup", MADE_UP.replace("a", "b"), DisplayName='"Twins"'),
        resource("O365Group", MADE_UP, DisplayName='"Twins"'),
    )
    assert [item.policy_identifier for item in items] == ["first", "second", "Twins", "Twins (2)", "Twins"]
    assert {item.integrity_warning for item in items} == {None}


def target(**properties: str) -> str:
    lines = "\r\n".join(f"                    {key} = {value}" for key, value in properties.items())
    return f"                {GROUPS}{{\r\n{lines}\r\n                }}"


GROUP_TYPE = "'#microsoft.graph.groupAssignmentTarget'"


@pytest.mark.parametrize(
    ("targets", "orphans"),
    [
        ([], 0),
        ([target(dataType="'#microsoft.graph.allDevicesAssignmentTarget'")], 0),
        ([target(dataType=GROUP_TYPE, groupId='"1"', groupDisplayName='"Pilots"')], 0),
        ([target(dataType=GROUP_TYPE, groupId='"1"')], 1),
        ([target(dataType=GROUP_TYPE, groupId='"1"', groupDisplayName='""')], 1),
        ([target(dataType=GROUP_TYPE, groupDisplayName='"Pilots"')], 0),
        ([target(dataType=GROUP_TYPE, groupId='"1"'), target(groupId='"2"')], 2),
        (["'d9d22365-355d-41b2-bc4f-9b52723ba3b4'"], 0),
    ],
)
def test_a_target_whose_group_has_no_name_is_an_orphan(tmp_path: Path, targets: list[str], orphans: int) -> None:
    written = "@(\r\n" + "\r\n".join(targets) + "\r\n            )"
    (item,) = items_of(tmp_path, resource("IntuneDeviceCategory", '"a"', Assignments=written))
    assert (item.assignments_state, item.orphaned_assignments, item.integrity_warning) == ("captured", orphans, None)
    assert len(json.loads(item.assignments or "")) == len(targets)


@pytest.mark.parametrize(
    ("written", "state", "warning"),
    [
        ("$null", None, None),
        (target(dataType=GROUP_TYPE, groupDisplayName='"a"'), "captured", None),
        ("$Everybody", None, "Assignments is not an array"),
        ("@(1, @{a = 1})", "captured", "2 of 2 assignments without a target that can be read"),
    ],
)
def test_invalid_assignments_are_not_captured(
    tmp_path: Path, written: str, state: str | None, warning: str | None
) -> None:
    (item,) = items_of(tmp_path, resource("IntuneDeviceCategory", '"a"', Assignments=written))
    assert (item.assignments_state, item.integrity_warning) == (state, warning)


def test_a_file_that_ends_inside_a_block_makes_the_set_partial(tmp_path: Path) -> None:
    text = configuration(ORG, GROUP)
    for encoding in ("utf-8", "utf-16"):
        content = text[: text.index('"0b7c"') + 3].encode(encoding)
        for cut in (content, content[:-1]):
            plant(tmp_path, {FILE: cut})
            captured = read(tmp_path)
            assert captured.status == "partial"
            assert captured.error == f"{FILE}: the file ends inside a string"
            org, group = captured.items
            assert (org.integrity_warning, org.capture_mode) == (None, "full")
            assert group.integrity_warning == "its block cannot be read to its end (the file ends inside a string)"
            assert (group.policy_identifier, group.capture_mode, group.payload) == ("AADGroup-Pilots", None, None)


def test_a_file_that_ends_between_two_blocks_makes_the_set_partial(tmp_path: Path) -> None:
    text = configuration(ORG, GROUP)
    plant(tmp_path, {FILE: text[: text.index("        AADGroup")]})
    captured = read(tmp_path)
    assert (captured.status, len(captured.items)) == ("partial", 1)
    assert captured.error == f"{FILE}: the file ends before its configuration does"


def test_a_file_that_ends_inside_a_character_makes_the_set_partial(tmp_path: Path) -> None:
    plant(tmp_path, {FILE: configuration(GROUP).encode("utf-16") + b"\n"})
    captured = read(tmp_path)
    assert (captured.status, captured.error) == ("partial", f"{FILE}: the file ends inside a character")
    assert [item.integrity_warning for item in captured.items] == [None]


def test_parts_of_one_backup_are_one_set_and_two_backups_are_refused(tmp_path: Path) -> None:
    plant(tmp_path, {"AAD.ps1": configuration(GROUP), "EXO.ps1": configuration(ORG), "Export.ps1": "Get-Date"})
    captured = read(tmp_path)
    assert ([item.policy_type for item in captured.items], captured.status) == (
        ["AADGroup", "EXOOrganizationConfig"],
        "completed",
    )
    plant(tmp_path, {"AAD-old.ps1": configuration(GROUP)})
    with pytest.raises(RefusedInput, match=r"it holds several backups, AAD-old.ps1 and AAD.ps1 among them"):
        read(tmp_path)


def test_a_part_that_cannot_be_read_makes_the_set_partial(tmp_path: Path) -> None:
    plant(tmp_path, {"AAD.ps1": configuration(GROUP), "other.txt": configuration(ORG)})
    (tmp_path / "EXO.ps1").symlink_to("other.txt")
    os.mkfifo(tmp_path / "SPO.ps1")
    captured = read(tmp_path)
    assert (captured.status, len(captured.items)) == ("partial", 1)
    assert captured.error == (
        "EXO.ps1: it is a symbolic link, which is not followed; SPO.ps1: it is not a regular file"
    )


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no block of a configuration in it"),
        ({"README.md": "x", "Export.ps1": "Get-Date"}, "no block of a configuration in it"),
        ({FILE: configuration()}, "no block of a configuration in it"),
        (
            {FILE: b"\xff\xfe\x00\xd8\x00\x00A\x00B\x00"},
            rf"{FILE}: there is no backup to import: the file is not UTF-16",
        ),
        ({f"2026-11/{FILE}": configuration(GROUP)}, "the configuration is in its folder '2026-11': name that one"),
        ({f".git/{FILE}": configuration(GROUP)}, "no block of a configuration in it"),
    ],
)
def test_a_folder_without_a_configuration_is_refused(tmp_path: Path, files: dict[str, object], why: str) -> None:
    with pytest.raises(RefusedInput, match=why):
        read(plant(tmp_path, files))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="cannot be read"):
        read(tmp_path / "nowhere")


def test_text_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    made, touched = f"$(New-Item '{mark}')", f"$(touch {mark})"
    text = configuration(resource("AADGroup", '"a"', Id=f'"{made}"', X=touched))
    (item,) = read(plant(tmp_path, {FILE: f"touch {mark}\r\n& {{ touch {mark} }}\r\n{text}"})).items
    assert json.loads(item.payload or "") == {"Id": made, "X": touched}
    assert not mark.exists()


def test_names_and_values_that_no_database_keeps_are_escaped(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, resource("AADGroup", '"a`0b"', DisplayName='"c`0d"', Long=f'"{"x" * 5000}"'))
    assert (item.policy_identifier, item.display_name) == (r"a\x00b", r"c\x00d")
    assert "written out as an escape" in str(item.integrity_warning)


def test_without_payload_everything_stays_but_the_captured_json(tmp_path: Path) -> None:
    written = "@(\r\n" + target(dataType=GROUP_TYPE, groupId="'1'") + "\r\n)"
    plant(tmp_path, {FILE: configuration(resource("IntuneDeviceCategory", '"a"', Assignments=written))})
    (whole,), (bare,) = read(tmp_path).items, read(tmp_path, with_payload=False).items
    assert bare == whole._replace(payload=None, assignments=None)
    assert (bare.assignments_state, bare.orphaned_assignments) == ("captured", 1)


def test_a_missing_type_makes_the_set_partial_unless_gone_for_good(tmp_path: Path) -> None:
    plant(tmp_path, {FILE: configuration(GROUP)})
    partial = read(tmp_path, expected={"AADGroup", "EXOOrganizationConfig"})
    assert (partial.status, partial.error) == ("partial", "EXOOrganizationConfig: 1 of 1 items gone")
    assert read(tmp_path, expected={"EXOOrganizationConfig"}, gone={"EXOOrganizationConfig"}).status == "completed"


def run_over(root: Path) -> RunOfFolder:
    """A run that began when the folder was in its present state."""
    assert DECLARED.layout is not None
    return RunOfFolder(datetime(2026, 1, 1, tzinfo=UTC), files_as_they_stand(root, DECLARED.layout))


def test_a_file_that_a_recorded_run_did_not_write_is_not_of_it(tmp_path: Path) -> None:
    root = plant(tmp_path / "out", {"AAD.ps1": configuration(GROUP), "Export.ps1": "Get-Date"})
    run = run_over(root)
    with pytest.raises(RefusedInput, match="no block of a configuration of this run in it"):
        read(root, run=run)
    plant(root, {"EXO.ps1": configuration(ORG)})
    captured = read(root, run=run)
    assert ([item.policy_type for item in captured.items], captured.item_count) == (["EXOOrganizationConfig"], None)
    assert (captured.status, captured.error) == ("partial", "AAD.ps1: this run did not write it")


def test_an_older_backup_beside_a_runs_files_is_not_of_the_run(tmp_path: Path) -> None:
    root = plant(tmp_path / "out", {"2026-11-22.ps1": configuration(GROUP, ORG)})
    run = run_over(root)
    plant(root, {"2026-11-23.ps1": configuration(GROUP)})
    captured = read(root, run=run)
    assert (captured.status, len(captured.items)) == ("completed", 1)


def test_progress_counts_the_files(tmp_path: Path) -> None:
    seen: list[int] = []
    read(plant(tmp_path, {FILE: configuration(GROUP)}), progress=seen.append)
    assert seen == [1]
    assert AT < READ_AT
