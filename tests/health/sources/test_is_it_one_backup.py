"""The door's third question, asked of every source that reads a folder (docs/import-folders.md, "The door").

Modules: health.sources.one_backup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health.sources.captured import CapturedSet, RefusedInput
from health.sources.intunecd_git import find_runs as find_commits
from health.sources.intunecd_policies import LAYOUT, NESTING
from health.sources.listed import source_named
from health.sources.one_backup import several_backups
from tests.health.sources.reading import asked_of, read_folder
from tests.health.sources.repositories import Repository
from tests.health.sources.tenuvault_runs import POLICIES, plant_run, runs_in
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
        (["A/1.json", "old/A/1.json"], ". and old"),
        (["A/1.json", "old/A/2.json", "old/B/1.json", "old/C/1.json"], ". and old"),
        (["A/1.json", "B/1.json", "C/1.json", "old/A/2.json"], ". and old"),
        (["A/1.json", "B/1.json", "x/old/A/1.json", "x/old/B/1.json"], ". and x/old"),
        # Other types in each.
        (["2026-11-29/SC0/1.json", "2026-11-29/SC1/1.json", "2026-11-30/CP0/1.json"], "2026-11-29 and 2026-11-30"),
        (["r1/A/1.json", "r2/B/1.json", "pipelines/backup.yml"], "r1 and r2"),
        (["kept/r1/A/1.json", "kept/r2/B/1.json"], "kept/r1 and kept/r2"),
        # One type that both have, in a case of its own.
        ([f"r1/A{n}/1.json" for n in range(5)] + ["r2/A0/2.json", "r2/B0/1.json", "r2/B1/1.json"], "r1 and r2"),
        (["r1/Alpha/1.json", "r1/Beta/1.json", "r2/alpha/1.json", "r2/beta/1.json"], "r1 and r2"),
        (["A/1.json", "old/a/1.json"], ". and old"),
    ],
)
def test_several_backups_are_refused_and_named(tmp_path: Path, source: str, places: list[str], named: str) -> None:
    root = plant(tmp_path, dict.fromkeys(places, policy()))
    with pytest.raises(RefusedInput, match=f"it holds several backups, {named} among them"):
        read_folder(source_named(source), root, completed_at=AT)


def test_several_backups_are_refused_at_the_head_of_a_repository(repository: Repository) -> None:
    several = {"2026-11-29/SC/1.json": policy(), "2026-11-30/CP/1.json": policy("Another")}
    repository.commit(several)
    named = "several backups.*, 2026-11-29 and 2026-11-30 among them"
    with pytest.raises(RefusedInput, match=named):
        find_commits(asked_of(repository.path))
    repository.commit({}, gone=("2026-11-29",))
    older, newer = (found.read(with_payload=True) for found in find_commits(asked_of(repository.path)).sets)
    assert (older.status, newer.status) == ("failed", "completed")
    assert re.search(named, str(older.error))


OTHER_RUN = "backup-2026-01-01-000000"


@pytest.mark.parametrize(
    ("places", "why"),
    [
        (["old/CompliancePolicies/a.json", "old/Filters/b.json"], "it holds several backups, . and old among them"),
        (["old/Filters/b.json"], "it holds several backups, . and old among them"),
        ([f"{OTHER_RUN}/Filters/a.json"], f"it holds several backups, . and {OTHER_RUN} among them"),
        ([f"{OTHER_RUN}/metadata.json"], f"it holds the run {OTHER_RUN} too"),
    ],
)
def test_a_run_that_holds_another_is_refused_if_newest_else_failed(tmp_path: Path, places: list[str], why: str) -> None:
    """Its own count of items would be met by files of another run."""
    plant_run(tmp_path, policies={**POLICIES, **dict.fromkeys(places, policy("Old"))}, ItemCounts={"Filters": 3})
    (run,) = runs_in(tmp_path)
    with pytest.raises(RefusedInput, match=why):
        run.read()
    plant_run(tmp_path, "backup-2026-11-24-021000", StartTime="2026-11-24 02:10:00", EndTime="2026-11-24 02:14:00")
    older, newer = (found.read() for found in runs_in(tmp_path))
    assert (older.status, newer.status) == ("failed", "completed")
    assert re.search(why, str(older.error))


def test_a_run_of_tenuvault_in_a_folder_of_its_own_is_refused(tmp_path: Path) -> None:
    plant_run(tmp_path, policies={"inner/Filters/a.json": policy()})
    (run,) = runs_in(tmp_path)
    with pytest.raises(RefusedInput, match="its categories are in its folder 'inner', where the tool writes none"):
        run.read()


@pytest.mark.parametrize("source", FOLDERS)
def test_a_link_beside_two_backups_is_not_a_type_of_their_root(tmp_path: Path, source: str) -> None:
    plant(tmp_path, {"r1/A/1.json": policy(), "r2/B/1.json": policy()})
    (tmp_path / "latest").symlink_to("r2")
    (tmp_path / "newest").symlink_to("r2")
    with pytest.raises(RefusedInput, match="it holds several backups, r1 and r2 among them"):
        read_folder(source_named(source), tmp_path, completed_at=AT)


@pytest.mark.parametrize("source", ["intunebackup", "intunemanagement"])
@pytest.mark.parametrize("places", [["contoso/X/a.json", "fabrikam/Y/b.json"], ["X/a.json", "fabrikam/Y/b.json"]])
def test_a_tool_that_nests_no_other_type_wrote_each(tmp_path: Path, source: str, places: list[str]) -> None:
    with pytest.raises(RefusedInput, match=r"it holds several backups, .* and fabrikam among them"):
        read_folder(source_named(source), plant(tmp_path, dict.fromkeys(places, policy())), completed_at=AT)


# Random trees: one backup is accepted with any nesting of its types. Two are refused in any place.

TYPES: Final = ("Apps", "Device Configurations", "Filters", "Roles", "Settings Catalog", "Type (new)")
NESTED: Final[Mapping[str, tuple[str, ...]]] = {
    "intunebackup": ("Device Management Intents/Baseline", "Device Management Intents/Roles"),
    "intunecd": (
        "Applications/Windows",
        "Applications/iOS",
        "Compliance Policies/Policies",
        "Compliance Policies/Scripts",
        "Enrollment Profiles/Windows",
        "Enrollment Profiles/Windows/ESP",
        "Entra/Applications",
        "New/Kind of policy",
        "Scripts/Shell",
    ),
    "intunemanagement": (),
    "tenuvault": (),
}
ROOTS: Final = ("2026-11-29", "2026-11-30", "contoso", "fabrikam/new", "kept/old", "kept/older")


def _backups(source: str) -> st.SearchStrategy[list[str]]:
    """The paths of one backup: some of the tool's types, at least one of them in the root."""
    nested = st.lists(st.sampled_from(NESTED[source]), unique=True) if NESTED[source] else st.just([])
    types = st.tuples(st.lists(st.sampled_from(TYPES), unique=True, min_size=1), nested)
    return types.map(lambda each: [f"{folder}/{name}.json" for folder in (*each[0], *each[1]) for name in "ab"])


def _read(source: str, root: Path, places: Iterable[str]) -> CapturedSet:
    if source != "tenuvault":
        return read_folder(source_named(source), plant(root, dict.fromkeys(places, policy())), completed_at=AT)
    plant_run(root, policies=dict.fromkeys(places, policy()), ItemCounts={})
    (run,) = runs_in(root)
    return run.read()


@pytest.mark.parametrize("source", sorted(NESTED))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_one_random_backup_comes_in_whole(tmp_path: Path, source: str, data: st.DataObject) -> None:
    places = data.draw(_backups(source))
    with TemporaryDirectory(dir=tmp_path) as root:
        captured = _read(source, Path(root), places)
    assert (captured.status, len(captured.items)) == ("completed", len(places))


@pytest.mark.parametrize("source", sorted(NESTED))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_two_random_backups_in_one_tree_do_not(tmp_path: Path, source: str, data: st.DataObject) -> None:
    one, other = data.draw(_backups(source)), data.draw(_backups(source))
    inner, outer = data.draw(st.permutations(ROOTS).map(lambda roots: roots[:2]))
    if data.draw(st.booleans()):
        # The second is inside the first. Only where they have a type in common can intunecd know it from a nested type.
        outer, other = "", [*other, one[0].swapcase()]
    places = [*(f"{outer}/{each}".lstrip("/") for each in one), *(f"{inner}/{each}" for each in other)]
    with TemporaryDirectory(dir=tmp_path) as root, pytest.raises(RefusedInput, match="it holds several backups, "):
        _read(source, Path(root), places)


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
    assert several_backups(places, NESTING) is None


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
