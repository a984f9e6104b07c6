"""The door's third question, asked of every source that reads a folder (docs/import-folders.md, "The door").

Modules: health.sources.one_backup.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.sources.captured import RefusedInput
from health.sources.intunecd_policies import LAYOUT
from health.sources.listed import source_named
from health.sources.one_backup import several_backups
from tests.health.sources.reading import read_folder
from tests.health.sources.tenuvault_runs import plant_run
from tests.health.sources.test_m365dsc import configuration
from tests.health.sources.trees import plant, policy

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
FOLDERS = ("intunebackup", "intunecd", "intunemanagement")


@pytest.mark.parametrize("source", FOLDERS)
@pytest.mark.parametrize(
    ("places", "named"),
    [
        # Two tenants, two dates: each has its own type folders.
        (["contoso/Settings Catalog/a.json", "fabrikam/Settings Catalog/b.json"], "contoso and fabrikam"),
        (["2026-11-22/Roles/a.json", "2026-11-23/Roles/a.json"], "2026-11-22 and 2026-11-23"),
        (["a/Roles/1.json", "a/Filters/2.json", "b/Roles/3.json", "b/Filters/4.json", "Apps/x.json"], "a and b"),
        (["2026/11/Roles/a.json", "2026/12/Roles/b.json"], "2026/11 and 2026/12"),
        (["2025/12/Roles/a.json", "2026/12/Roles/b.json"], "2025 and 2026"),
        # The same files.
        (["a/x/1.json", "a/x/2.json", "b/x/1.json", "b/x/2.json"], "a and b"),
        # Each has a table.
        (["a/Roles/1.json", "a/MigrationTable.json", "b/Filters/1.json", "b/MigrationTable.json"], "a and b"),
        # An older one inside.
        (["Roles/a.json", "Filters/b.json", "old/Roles/c.json", "old/Filters/d.json"], ". and old"),
    ],
)
def test_several_backups_are_refused_and_named(tmp_path: Path, source: str, places: list[str], named: str) -> None:
    root = plant(tmp_path, dict.fromkeys(places, policy()))
    with pytest.raises(RefusedInput, match=f"it holds several backups, {named} among them"):
        read_folder(source_named(source), root, completed_at=AT)


@pytest.mark.parametrize(
    "places",
    [
        ["Roles/a.json"],
        ["Compliance Policies/Policies/a.json"],
        ["Compliance Policies/Policies/a.json", "Compliance Policies/Scripts/b.json", "Scripts/Shell/b.json"],
        ["Applications/Windows/a.json", "Enrollment Profiles/Windows/b.json"],
        ["Applications/Windows/a.json", "Enrollment Profiles/Windows/ESP/b.json", "Applications/iOS/c.json"],
        ["Apps/Policies/a.json", "Compliance Policies/Policies/b.json", "Roles/c.json"],
        ["Roles/Assignments/a.json", "Roles/a.json", "Filters/Assignments/a.json", "Filters/a.json"],
        ["Roles/a.json", "Roles/Policies/b.json", "Filters/c.json", "Filters/Policies/d.json"],
        ["Settings Catalog/MigrationTable.json", "Roles/a.json"],
    ],
    ids=str,
)
def test_the_nested_types_of_one_backup_are_not_taken_for_several(places: list[str]) -> None:
    assert several_backups(places) is None


def test_one_backup_of_every_type_that_intunecd_nests_is_imported(tmp_path: Path) -> None:
    assert LAYOUT.enters("", "Compliance Policies")
    nested = ("Policies", "Scripts", "Message Templates")
    places = [f"Compliance Policies/{name}/{n}.json" for name in nested for n in range(3)]
    places += [f"Applications/{name}/{n}.json" for name in ("Windows", "iOS", "macOS", "Web App") for n in range(3)]
    places += ["Scripts/Shell/1.json", "Scripts/Powershell/1.json", "Enrollment Profiles/Windows/ESP/1.json"]
    places += ["Enrollment Profiles/Windows/1.json", "Enrollment Profiles/Apple/1.json", "Roles/1.json"]
    root = plant(tmp_path, dict.fromkeys(places, policy()))
    assert len(read_folder(source_named("intunecd"), root, completed_at=AT).items) == len(places)


def test_the_folder_above_an_export_without_a_table_is_refused_too(tmp_path: Path) -> None:
    plant(tmp_path, {"Contoso/SettingsCatalog/a.json": policy(), "Contoso/Roles/b.json": policy()})
    with pytest.raises(RefusedInput, match="the export is in its folder 'Contoso': name that one"):
        read_folder(source_named("intunemanagement"), tmp_path, completed_at=AT)


def test_two_configurations_below_are_refused_and_named(tmp_path: Path) -> None:
    for folder in ("contoso", "fabrikam"):
        plant(tmp_path, {f"{folder}/M365TenantConfig.ps1": configuration("AADGroup 'a'\n{\nId = '1'\n}\n")})
    with pytest.raises(RefusedInput, match="it holds several backups, contoso and fabrikam among them"):
        read_folder(source_named("m365dsc"), tmp_path, completed_at=AT)


@pytest.mark.parametrize("source", ["intunecd", "intunemanagement"])
@pytest.mark.parametrize("named", [".", "backup-2026-11-23-021000"])
def test_a_run_of_tenuvault_is_not_read_by_another_tools_rules(tmp_path: Path, source: str, named: str) -> None:
    """The run may call itself failed, and the other tools' rules do not read that."""
    plant_run(tmp_path, "backup-2026-11-23-021000", Status="Failed")
    with pytest.raises(RefusedInput, match=r"as TenuVault writes it into .*: import it with 'tenuvault'"):
        read_folder(source_named(source), tmp_path / named, completed_at=AT)


def test_a_folder_with_such_a_name_alone_is_imported(tmp_path: Path) -> None:
    root = plant(tmp_path / "backup-2026-11-23-021000", {"Filters/a.json": policy()})
    assert len(read_folder(source_named("intunecd"), root, completed_at=AT).items) == 1
