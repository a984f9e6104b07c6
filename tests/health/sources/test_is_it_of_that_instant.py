"""The door's last question, asked of every source (docs/import-folders.md, "The door").

Modules: health.sources.folder_clock, health.sources.declaration.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from health.sources.backup_tree import BackupFile
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.declaration import Acceptances
from health.sources.folder_clock import instant_of, with_a_doubt
from health.sources.listed import SOURCES, source_named
from health.sources.policy_items import IsOrphan, policy_item
from health.sources.run_files import RunOfFolder
from tests.health.sources.reading import asked_of
from tests.health.sources.tenuvault_runs import manifest
from tests.health.sources.test_m365dsc import configuration
from tests.health.sources.trees import plant, policy

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LONGEST_RUN = timedelta(hours=6)
SKEW = timedelta(minutes=5)
TICK = timedelta(microseconds=1)
BLOCK = "AADGroup 'a'\n{\nId = '1'\n}\n"
FILES: dict[str, dict[str, object]] = {
    "intunebackup": {"Roles/a.json": policy(), "Roles/b.json": policy()},
    "intunecd": {"Roles/a.json": policy(), "Roles/b.json": policy()},
    "intunemanagement": {"Roles/a.json": policy(), "Roles/b.json": policy(), "MigrationTable.json": {"Objects": []}},
    "m365dsc": {"A.ps1": configuration(BLOCK), "B.ps1": configuration(BLOCK.replace("AADGroup", "AADUser"))},
    "tenuvault": {"Roles/a.json": policy(), "Roles/b.json": policy(), "metadata.json": manifest(ItemCounts={})},
}
FOLDERS = [name for name in FILES if source_named(name).folder is not None]
RUN = "backup-2026-11-23-021000"


def test_every_source_that_reads_files_is_asked() -> None:
    assert set(FILES) == {name for name in SOURCES if source_named(name).lines is None}


def root_of(source: str, path: Path) -> Path:
    """A backup of two items, and the place of its files."""
    return plant(path if source in FOLDERS else path / RUN, FILES[source])


def dated(root: Path, instant: datetime, *names: str) -> None:
    """Set the dates of these files; of all files if none is named."""
    for file in [root / name for name in names] or [file for file in root.rglob("*") if file.is_file()]:
        ns = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // TICK * 1000
        os.utime(file, ns=(ns, ns))


def read(source: str, path: Path, **more: object) -> CapturedSet:
    """The only set, read at NOW from a folder that was complete at NOW unless `more` says otherwise."""
    asked = asked_of(path, **({"completed_at": NOW} | more))._replace(now=NOW, options={"timezone": ZoneInfo("UTC")})
    (found,) = source_named(source).found(asked).sets
    return found.read(with_payload=True)


@pytest.mark.parametrize("source", FOLDERS)
def test_files_older_than_a_run_are_refused_with_both_instants(tmp_path: Path, source: str) -> None:
    dated(root_of(source, tmp_path), NOW - LONGEST_RUN - TICK)
    with pytest.raises(RefusedInput) as refused:
        read(source, tmp_path)
    for word in ("2026-11-23 02:59:59 UTC", "2026-11-23 09:00:00 UTC", "--accept-old-files"):
        assert word in str(refused.value)
    assert len(read(source, tmp_path, accepts=Acceptances(old_files=True)).items) == 2


@pytest.mark.parametrize("source", FOLDERS)
def test_one_file_written_within_a_run_of_the_instant_is_enough(tmp_path: Path, source: str) -> None:
    root = root_of(source, tmp_path)
    dated(root, NOW - timedelta(days=9))
    dated(root, NOW - LONGEST_RUN, next(iter(FILES[source])))
    assert read(source, tmp_path).status == "completed"


@pytest.mark.parametrize("source", FOLDERS)
def test_files_newer_than_the_instant_say_nothing(tmp_path: Path, source: str) -> None:
    dated(root_of(source, tmp_path), NOW)
    captured = read(source, tmp_path, completed_at=NOW - timedelta(days=30))
    assert [item.integrity_warning for item in captured.items] == [None, None]


@pytest.mark.parametrize("source", FILES)
def test_a_file_of_the_future_is_a_warning_that_names_its_date(tmp_path: Path, source: str) -> None:
    root = root_of(source, tmp_path)
    names = list(FILES[source])
    dated(root, NOW + SKEW)
    assert [item.integrity_warning for item in read(source, tmp_path).items] == [None, None]
    dated(root, datetime(2031, 5, 1, tzinfo=UTC), names[0])
    doubt = "the file is dated 2031-05-01 00:00:00 UTC, which is in the future: its clock cannot be trusted"
    assert [item.integrity_warning for item in read(source, tmp_path).items] == [doubt, None]
    dated(root, NOW + SKEW + TICK, names[0])
    assert "dated 2026-11-23 09:05:00 UTC" in str(read(source, tmp_path).items[0].integrity_warning)


@pytest.mark.parametrize("source", FOLDERS)
def test_a_recorded_run_is_compared_with_its_end(tmp_path: Path, source: str) -> None:
    root = root_of(source, tmp_path)
    names = list(FILES[source])
    dated(root, NOW - timedelta(days=9))
    dated(root, NOW + timedelta(days=1), names[0])
    (item,) = read(source, tmp_path, run=RunOfFolder(NOW - timedelta(hours=1))).items
    assert "its clock cannot be trusted" in str(item.integrity_warning)


def test_assignments_of_the_future_are_a_warning_of_their_policy(tmp_path: Path) -> None:
    root = plant(tmp_path, {"Roles/a.json": policy(), "Roles/Assignments/a.json": []})
    dated(root, NOW, "Roles/a.json")
    dated(root, NOW + timedelta(days=1), "Roles/Assignments/a.json")
    (item,) = read("intunebackup", tmp_path).items
    assert str(item.integrity_warning).startswith("of its assignments the file is dated")


def test_a_date_outside_the_calendar_is_a_warning_too() -> None:
    file = BackupFile("Roles", "a.json", written_ns=10**30)
    assert instant_of(10**30) is None
    assert "the file is dated past the year 9999" in str(with_a_doubt(file, NOW).doubt)


def a_file_more(root: Path) -> None:
    plant(root, {"Roles/c.json": policy()})


def a_folder_more(root: Path) -> None:
    plant(root, {"Filters/c.json": policy()})


def a_file_less(root: Path) -> None:
    (root / "Roles/b.json").unlink()


def a_file_longer(root: Path) -> None:
    with (root / "Roles/a.json").open("a") as file:
        file.write(" ")


def a_file_replaced(root: Path) -> None:
    old = (root / "Roles/a.json").stat()
    (root / "new").write_bytes((root / "Roles/a.json").read_bytes())
    (root / "new").rename(root / "Roles/a.json")
    os.utime(root / "Roles/a.json", ns=(old.st_atime_ns, old.st_mtime_ns))


def another_table(root: Path) -> None:
    plant(root, {"MigrationTable.json": {"Objects": [{"Id": "1"}]}})


CHANGES = [a_file_more, a_folder_more, a_file_less, a_file_longer, a_file_replaced]


@pytest.mark.parametrize("source", ["intunebackup", "intunecd", "intunemanagement"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_folder_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, source: str, change: Callable[[Path], None]
) -> None:
    root = root_of(source, tmp_path)
    changed: list[int] = []

    def once(done: int) -> None:
        if not changed:
            changed.append(done)
            change(root)

    with pytest.raises(RefusedInput, match="the backup is still being written"):
        read(source, tmp_path, progress=once, accepts=Acceptances(old_files=True))
    assert changed == [1]
    dated(root, NOW)
    assert read(source, tmp_path).status == "completed"


def test_a_table_that_changes_while_the_export_is_read_is_refused(tmp_path: Path) -> None:
    root = root_of("intunemanagement", tmp_path)
    with pytest.raises(RefusedInput, match="still being written: 1 of its files changed"):
        read("intunemanagement", tmp_path, progress=lambda _: another_table(root))


def test_a_configuration_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    root = root_of("m365dsc", tmp_path)

    def grow(_: int) -> None:
        with (root / "A.ps1").open("a") as file:
            file.write("# more\n")

    for path in (tmp_path, tmp_path / "A.ps1"):
        with pytest.raises(RefusedInput, match="the backup is still being written"):
            read("m365dsc", path, progress=grow)


def test_a_run_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = root_of("tenuvault", tmp_path)

    def growing(file: BackupFile, is_orphan: IsOrphan) -> CapturedItem:
        plant(root, {"Roles/c.json": policy()})
        return policy_item(file, is_orphan)

    monkeypatch.setattr("health.sources.tenuvault.policy_item", growing)
    with pytest.raises(RefusedInput, match="the backup is still being written"):
        read("tenuvault", tmp_path, completed_at=None)


def test_a_file_outside_the_backup_may_change_meanwhile(tmp_path: Path) -> None:
    root = root_of("intunecd", tmp_path)
    plant(root, {"cron.log": "one line\n"})

    def log(_: int) -> None:
        with (root / "cron.log").open("a") as file:
            file.write("another\n")

    assert read("intunecd", tmp_path, progress=log).status == "completed"


@pytest.mark.parametrize("source", FOLDERS)
def test_the_newest_file_is_found(tmp_path: Path, source: str) -> None:
    root = root_of(source, tmp_path)
    declared = source_named(source)
    dated(root, NOW)
    dated(root, NOW + TICK, next(iter(FILES[source])))
    plant(root, {"README.md": "newer and no part of it"})
    assert declared.newest_in(tmp_path) == NOW + TICK
    assert declared.newest_in(tmp_path / "nowhere") is None


BESIDE: dict[str, dict[str, object]] = {
    "intunebackup": {"Roles/Assignments/a.json": [], "Roles/Script Content/a.json": policy(), "summary.json": policy()},
    "m365dsc": {
        "export.ps1": "Connect-MgGraph\nExport-M365DSCConfiguration -Path .\n",
        "Empty.ps1": configuration(name="Empty"),
        "ConfigurationData.psd1": "@{ NonNodeData = @( @{ TenantId = 'contoso.example' } ) }",
    },
    "intunemanagement": {"MigrationTable.json": {"Objects": []}},
}


@pytest.mark.parametrize(("source", "name"), [(source, name) for source, files in BESIDE.items() for name in files])
def test_a_newer_file_without_an_item_says_nothing_about_the_items(tmp_path: Path, source: str, name: str) -> None:
    root = root_of(source, tmp_path)
    plant(root, {name: BESIDE[source][name]})
    dated(root, NOW - timedelta(days=40))
    dated(root, NOW, name)
    assert source_named(source).newest_in(tmp_path) == NOW - timedelta(days=40)
    with pytest.raises(RefusedInput, match="newest file was written at 2026-10-14 09:00:00 UTC"):
        read(source, tmp_path)
    dated(root, NOW, next(iter(FILES[source])))
    assert source_named(source).newest_in(tmp_path) == NOW
    assert read(source, tmp_path).status == "completed"


def test_a_named_configuration_has_its_own_date(tmp_path: Path) -> None:
    root = root_of("m365dsc", tmp_path)
    dated(root, NOW - timedelta(days=40))
    dated(root, NOW, "B.ps1")
    assert source_named("m365dsc").newest_in(root / "A.ps1") == NOW - timedelta(days=40)
    assert source_named("m365dsc").newest_in(root / "B.ps1") == NOW
