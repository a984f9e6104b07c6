"""Every source beside every other tool's folder: refused by the name of the source that reads it, or taken for a reason
(docs/import-folders.md, "The door").

Modules: health.sources.another_tool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from health.sources.captured import RefusedInput
from health.sources.declaration import Source
from health.sources.listed import SOURCES, source_named
from tests.health.sources.reading import asked_of, read_folder
from tests.health.sources.repositories import Repository
from tests.health.sources.tenuvault_runs import FOLDER, plant_run
from tests.health.sources.test_m365dsc import FILE, GROUP, configuration
from tests.health.sources.trees import ALL_DEVICES, assigned_to, plant, policy
from tests.health.sources.trees import GROUP as GROUP_TARGET

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
ID = "0b7c7b1e-1111-2222-3333-444455556666"
OF_A_GROUP = {"target": {"@odata.type": GROUP_TARGET, "groupId": ID}}
TABLE: Mapping[str, object] = {"TenantId": ID, "Objects": [{"Id": ID, "DisplayName": "Pilots", "Type": "Group"}]}


def _intunecd(root: Path) -> Path:
    return plant(
        root,
        {
            "Settings Catalog/Edge_mdm.json": policy("Edge"),
            "Filters/Phones.json": policy("Phones", assignments=[assigned_to(GROUP_TARGET, groupName="Pilots")]),
        },
    )


def _intunecd_without_groups(root: Path) -> Path:
    return plant(root, {"Filters/Phones.json": policy("Phones", assignments=[assigned_to(ALL_DEVICES)])})


def _intunecd_with_a_summary(root: Path) -> Path:
    return plant(root, {"Filters/Phones.json": policy("Phones"), "backup_summary.json": {}})


def _intunecd_with_a_report(root: Path) -> Path:
    return plant(root, {"Filters/Phones.json": policy("Phones"), "Assignment Report/report.json": {"a": 1}})


def _intunemanagement(root: Path) -> Path:
    return plant(
        root,
        {
            "MigrationTable.json": TABLE,
            "SettingsCatalog/Edge.json": policy("Edge", id=ID, assignments=[OF_A_GROUP]),
            "Filters/Phones.json": policy("Phones", id=ID),
        },
    )


def _intunemanagement_without_a_table(root: Path) -> Path:
    return plant(root, {"SettingsCatalog/Edge.json": policy("Edge", id=ID, assignments=[OF_A_GROUP])})


def _intunebackup(root: Path) -> Path:
    return plant(
        root,
        {"Settings Catalog/Edge.json": policy("Edge", id=ID), "Settings Catalog/Assignments/Edge.json": [OF_A_GROUP]},
    )


def _only_policies(root: Path) -> Path:
    return plant(root, {"Filters/Phones.json": policy("Phones", id=ID)})


def _m365dsc(root: Path) -> Path:
    return plant(root, {FILE: configuration(GROUP), "ConfigurationData.psd1": "@{}"})


def _tenuvault(root: Path) -> Path:
    edge = policy("Edge", id=ID, assignments=[OF_A_GROUP])
    return plant_run(root, policies={"SettingsCatalog/Edge.json": edge}).parent


def _a_run_of_tenuvault(root: Path) -> Path:
    return _tenuvault(root) / FOLDER


OWN: Final = "its own"
NOTHING_TELLS: Final = "nothing in it is of one tool more than of another, and no assignment is read by other rules"
NO_TABLE: Final = "without a table no group is known: each counts as an orphan, so it is never better than it is"
"""Why a cell is taken."""

_THREE: Final = "'intunecd' or 'intunemanagement' or 'intunebackup'"
_ABOVE: Final = "name the folder above it, and import that with 'tenuvault'"
_JSON: Final = ("intunebackup", "intunecd", "intunemanagement")

# What each folder is to each source: the words that a refusal ends with, or why it is taken.
MATRIX: Final[Mapping[Callable[[Path], Path], Mapping[str, str]]] = {
    _intunecd: {
        "intunebackup": "with its assignments in it, as IntuneCD writes it: import it with 'intunecd'",
        "intunecd": OWN,
        "intunemanagement": "with its assignments in it, as IntuneCD writes it: import it with 'intunecd'",
        "m365dsc": f"looks like a backup for {_THREE}",
        "tenuvault": f"looks like a backup for {_THREE}",
    },
    _intunecd_without_groups: {
        "intunebackup": "as IntuneCD writes it: import it with 'intunecd'",
        "intunecd": OWN,
        "intunemanagement": NO_TABLE,
        "m365dsc": f"looks like a backup for {_THREE}",
        "tenuvault": f"looks like a backup for {_THREE}",
    },
    _intunecd_with_a_summary: {
        "intunebackup": "it holds 'backup_summary.json', as IntuneCD writes it: import it with 'intunecd'",
        "intunecd": OWN,
        "intunemanagement": "it holds 'backup_summary.json', as IntuneCD writes it: import it with 'intunecd'",
        "m365dsc": f"looks like a backup for {_THREE}",
        "tenuvault": f"looks like a backup for {_THREE}",
    },
    _intunecd_with_a_report: {
        "intunebackup": "it holds 'Assignment Report/report.json', as IntuneCD writes it: import it with 'intunecd'",
        "intunecd": OWN,
        "intunemanagement": "'Assignment Report/report.json', as IntuneCD writes it: import it with 'intunecd'",
        "m365dsc": f"looks like a backup for {_THREE}",
        "tenuvault": f"looks like a backup for {_THREE}",
    },
    _intunemanagement: {
        "intunebackup": "'MigrationTable.json', as IntuneManagement writes it: import it with 'intunemanagement'",
        "intunecd": "'MigrationTable.json', as IntuneManagement writes it: import it with 'intunemanagement'",
        "intunemanagement": OWN,
        "m365dsc": "looks like a backup for 'intunemanagement'",
        "tenuvault": "looks like a backup for 'intunemanagement'",
    },
    _intunemanagement_without_a_table: {
        "intunebackup": "with its assignments in it, as IntuneManagement writes it: import it with 'intunemanagement'",
        "intunecd": NO_TABLE,
        "intunemanagement": OWN,
        "m365dsc": f"looks like a backup for {_THREE}",
        "tenuvault": f"looks like a backup for {_THREE}",
    },
    _intunebackup: {
        "intunebackup": OWN,
        "intunecd": "as IntuneBackupAndRestore writes it: import it with 'intunebackup'",
        "intunemanagement": "as IntuneBackupAndRestore writes it: import it with 'intunebackup'",
        "m365dsc": "looks like a backup for 'intunebackup'",
        "tenuvault": "looks like a backup for 'intunebackup'",
    },
    _only_policies: {
        **dict.fromkeys(_JSON, NOTHING_TELLS),
        "m365dsc": f"looks like a backup for {_THREE}",
        "tenuvault": f"looks like a backup for {_THREE}",
    },
    _m365dsc: {**dict.fromkeys((*_JSON, "tenuvault"), "it looks like a backup for 'm365dsc'"), "m365dsc": OWN},
    _tenuvault: {
        **dict.fromkeys(_JSON, "as TenuVault writes it into the folder of a run: import it with 'tenuvault'"),
        "m365dsc": "it looks like a backup for 'tenuvault'",
        "tenuvault": OWN,
    },
    _a_run_of_tenuvault: {
        **dict.fromkeys(_JSON, "as TenuVault writes it into the folder of a run: import it with 'tenuvault'"),
        **dict.fromkeys(("m365dsc", "tenuvault"), _ABOVE),
    },
}
_TAKEN: Final = (OWN, NOTHING_TELLS, NO_TABLE)


def items_of(source: Source, root: Path) -> int:
    """How many items a source reads in a folder."""
    if source.folder is not None:
        return len(read_folder(source, root, completed_at=AT).items)
    found = source.found(asked_of(root, options={"timezone": ZoneInfo("Europe/Berlin")}))
    return sum(len(each.read(with_payload=True).items) for each in found.sets)


@pytest.mark.parametrize("name", [name for name in sorted(SOURCES) if name != "facts"])
@pytest.mark.parametrize("planted", MATRIX, ids=lambda planted: planted.__name__.strip("_"))
def test_a_folder_of_each_tool_beside_each_source(tmp_path: Path, name: str, planted: Callable[[Path], Path]) -> None:
    expected, root, source = MATRIX[planted][name], planted(tmp_path / "backups"), source_named(name)
    if expected in _TAKEN:
        assert items_of(source, root) > 0
        return
    with pytest.raises(RefusedInput) as refused:
        items_of(source, root)
    sentence = str(refused.value)
    assert expected in sentence
    assert sentence.startswith(f"{root}: ")
    assert sentence.endswith(".")


def test_the_matrix_has_a_cell_for_every_source_that_reads_folders() -> None:
    assert all(set(cells) == set(SOURCES) - {"facts"} for cells in MATRIX.values())


@pytest.mark.parametrize("name", _JSON)
def test_the_folder_above_another_tools_backup_names_the_source(tmp_path: Path, name: str) -> None:
    _m365dsc(tmp_path / "backups" / "contoso")
    with pytest.raises(RefusedInput, match=r"; its folder 'contoso' looks like a backup for 'm365dsc'\.$"):
        read_folder(source_named(name), tmp_path / "backups", completed_at=AT)


def test_an_export_one_folder_deeper_is_known_by_its_table(tmp_path: Path) -> None:
    _intunemanagement(tmp_path / "Contoso")
    for name in ("intunebackup", "intunecd"):
        with pytest.raises(RefusedInput, match=r"'Contoso/MigrationTable.json', as IntuneManagement writes it"):
            read_folder(source_named(name), tmp_path, completed_at=AT)


@pytest.mark.parametrize("with_payload", [True, False])
def test_assignments_in_a_policy_are_seen_without_its_content(tmp_path: Path, with_payload: bool) -> None:
    _intunecd(tmp_path)
    for name in ("intunebackup", "intunemanagement"):
        with pytest.raises(RefusedInput, match="import it with 'intunecd'"):
            read_folder(source_named(name), tmp_path, completed_at=AT, with_payload=with_payload)


def test_a_policy_that_says_it_has_no_assignments_tells_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {"Filters/Phones.json": policy("Phones", assignments=[]), "Filters/b.json": policy()})
    assert len(read_folder(source_named("intunebackup"), tmp_path, completed_at=AT).items) == 2


@pytest.mark.parametrize("name", _JSON)
@pytest.mark.parametrize("above", ["contoso", "2026/contoso", "a/b/c/d"])
def test_a_run_of_tenuvault_is_known_however_deep(tmp_path: Path, name: str, above: str) -> None:
    plant_run(tmp_path / above, Status="Failed")
    with pytest.raises(
        RefusedInput, match="as TenuVault writes it into the folder of a run: import it with 'tenuvault'"
    ):
        read_folder(source_named(name), tmp_path, completed_at=AT)


def test_a_run_of_tenuvault_is_known_however_deep_in_a_repository(repository: Repository) -> None:
    plant_run(repository.path / "a/b", Status="Failed")
    repository.commit({})
    with pytest.raises(
        RefusedInput, match="as TenuVault writes it into the folder of a run: import it with 'tenuvault'"
    ):
        source_named("intunecd").found(
            asked_of(repository.path, options={"author": None, "ref": None, "run_gap": None})
        )


@pytest.mark.parametrize("name", ["intunebackup", "intunecd"])
@pytest.mark.parametrize("table", ["migrationtable.json", "MigrationTable.json"])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_a_table_is_a_sign_in_any_case_and_of_any_kind(tmp_path: Path, name: str, table: str, kind: str) -> None:
    root = plant(tmp_path / "backups", {"Filters/Phones.json": policy("Phones", id=ID)})
    if kind == "file":
        plant(root, {table: TABLE})
    elif kind == "link":
        (root / table).symlink_to(tmp_path / "nowhere")
    else:
        (root / table).mkdir()
    with pytest.raises(RefusedInput, match=f"it holds '{table}', as IntuneManagement writes it"):
        read_folder(source_named(name), root, completed_at=AT)


@pytest.mark.parametrize("name", ["intunecd", "intunemanagement"])
def test_the_folder_of_assignments_is_a_sign_in_any_case(tmp_path: Path, name: str) -> None:
    plant(tmp_path, {"Filters/a.json": policy("A"), "Filters/assignments/a.json": [OF_A_GROUP]})
    with pytest.raises(RefusedInput, match="as IntuneBackupAndRestore writes it: import it with 'intunebackup'"):
        read_folder(source_named(name), tmp_path, completed_at=AT)
