"""Which files of a folder one run wrote, independent of the clock of their file system."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from health.sources.captured import CapturedSet, RefusedInput
from health.sources.intunecd import DECLARED
from health.sources.intunecd_policies import LAYOUT
from health.sources.run_files import FilesThatStood, RunOfFolder, files_as_they_stand
from tests.health.sources.reading import read_folder
from tests.health.sources.trees import plant, policy

AT: Final = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
FILES: Final = {"Filters/a.json": policy("a"), "Roles/b.json": policy("b")}
EARLIER, NOW, FUTURE = AT - timedelta(days=1), AT + timedelta(minutes=1), AT + timedelta(days=400)


def dated(path: Path, instant: datetime) -> None:
    """Set the modification time of a file."""
    nanoseconds = int(instant.timestamp()) * 1_000_000_000
    os.utime(path, ns=(nanoseconds, nanoseconds))


def read(root: Path, stood_before: FilesThatStood) -> CapturedSet:
    """The folder as a run that began at AT left it."""
    return read_folder(DECLARED, root, completed_at=NOW, run=RunOfFolder(AT, stood_before))


@pytest.mark.parametrize("stood", [EARLIER, AT, FUTURE])
def test_an_unchanged_file_is_missing(tmp_path: Path, stood: datetime) -> None:
    root = plant(tmp_path / "out", FILES)
    dated(root / "Filters/a.json", stood)
    dated(root / "Roles/b.json", stood)
    before = files_as_they_stand(root, LAYOUT)
    dated(root / "Filters/a.json", NOW)
    captured = read(root, before)
    assert [item.policy_identifier for item in captured.items] == ["a.json"]
    assert captured.item_count == 2


def test_a_run_that_wrote_nothing_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path / "out", FILES)
    for name in FILES:
        dated(root / name, FUTURE)
    with pytest.raises(RefusedInput, match="none of its 2 files"):
        read(root, files_as_they_stand(root, LAYOUT))


@pytest.mark.parametrize("name", ["Filters/b.json", "Roles/a.json", "Other/c.json"])
def test_a_file_that_was_only_renamed_is_missing(tmp_path: Path, name: str) -> None:
    root = plant(tmp_path / "out", FILES)
    for each in FILES:
        dated(root / each, AT)
    before = files_as_they_stand(root, LAYOUT)
    (root / name).parent.mkdir(exist_ok=True)
    (root / "Filters/a.json").rename(root / name)
    dated(root / "Roles/b.json", NOW)
    captured = read(root, before)
    assert [item.policy_identifier for item in captured.items] == ["b.json"]
    assert captured.item_count == 2


def test_a_new_link_to_an_old_file_is_missing(tmp_path: Path) -> None:
    root = plant(tmp_path / "out", FILES)
    dated(root / "Filters/a.json", AT)
    before = files_as_they_stand(root, LAYOUT)
    (root / "Filters/c.json").hardlink_to(root / "Filters/a.json")
    dated(root / "Roles/b.json", NOW)
    assert [item.policy_identifier for item in read(root, before).items] == ["b.json"]


def test_a_file_that_was_renamed_and_rewritten_is_of_the_run(tmp_path: Path) -> None:
    root = plant(tmp_path / "out", FILES)
    for each in FILES:
        dated(root / each, AT)
    before = files_as_they_stand(root, LAYOUT)
    (root / "Filters/a.json").rename(root / "Filters/c.json")
    dated(root / "Filters/c.json", NOW)
    assert [item.policy_identifier for item in read(root, before).items] == ["c.json"]


def test_a_new_file_is_of_the_run_and_an_old_one_brought_in_is_not(tmp_path: Path) -> None:
    root = tmp_path / "out"
    before = files_as_they_stand(root, LAYOUT)
    assert before == FilesThatStood()
    plant(root, FILES)
    dated(root / "Filters/a.json", NOW)
    dated(root / "Roles/b.json", EARLIER)
    assert [item.policy_identifier for item in read(root, before).items] == ["a.json"]


def test_the_files_are_listed_and_not_opened(tmp_path: Path) -> None:
    root = plant(tmp_path / "out", FILES)
    os.mkfifo(root / "Filters/pipe.json")
    assert {name for _, name, _ in files_as_they_stand(root, LAYOUT).by_name} == {"a.json", "b.json", "pipe.json"}
