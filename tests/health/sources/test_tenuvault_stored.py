"""Which runs of TenuVault are not read again: stored ones whose files have not changed since."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from health.sources.captured import CapturedSet, StoredSet
from health.sources.door import Door
from health.sources.tenuvault import Run
from tests.health.sources.reading import admitted
from tests.health.sources.tenuvault_runs import plant_run, runs_in
from tests.health.sources.trees import plant

START = datetime(2026, 11, 23, 1, 10, tzinfo=UTC)


def stored_as(captured: CapturedSet, created_at: datetime) -> StoredSet:
    return StoredSet(captured._replace(items=()), len(captured.items), holds_json=True, created_at=created_at)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def a_moment_later() -> datetime:
    return at(time.time_ns() / 1e9) + timedelta(seconds=1)


def is_stored(run: Run, stored: StoredSet | None, *, with_payload: bool = True) -> bool:
    return run.is_stored(stored, with_payload=with_payload, now=a_moment_later() + timedelta(days=1))


def test_a_run_is_skipped_only_while_all_is_as_stored(tmp_path: Path) -> None:
    plant_run(tmp_path)
    (run,) = runs_in(tmp_path)
    stored = stored_as(run.read(), a_moment_later())
    assert is_stored(run, stored)
    assert not is_stored(run, None)
    assert not is_stored(run, stored, with_payload=False)
    assert not is_stored(run, stored._replace(holds_json=False))
    assert not is_stored(run, stored._replace(items=1))
    assert not is_stored(run, stored._replace(frame=stored.frame._replace(status="failed")))
    assert not is_stored(run, stored._replace(frame=stored.frame._replace(completed_at=START)))
    assert not run.is_stored(stored, with_payload=True, now=stored.created_at - timedelta(microseconds=1))


@pytest.mark.parametrize(
    "what",
    [
        "rewritten",
        "rewritten and dated back",
        "replaced",
        "renamed",
        "added",
        "removed",
        "its folder renamed",
        "its folder swapped",
        "the run's folder swapped",
    ],
)
def test_a_run_whose_files_changed_is_read_again(tmp_path: Path, what: str) -> None:
    staged = plant_run(tmp_path / "staged")
    folder = plant_run(tmp_path)
    path = folder / "DeviceConfigurations/Wi-Fi.json"
    changed_before = max(each.stat().st_ctime_ns for each in (folder, path.parent, path))
    (run,) = runs_in(tmp_path)
    # Stored as early as possible: every later change of a file has a later time than this.
    stored = stored_as(run.read(), at(changed_before / 1e9) + timedelta(milliseconds=21))
    assert is_stored(run, stored)
    while at(time.time_ns() / 1e9) <= stored.created_at:
        time.sleep(0.001)
    if what == "rewritten":
        path.write_text(path.read_text().replace("Wi-Fi", "Wi-Fu"))
    elif what == "rewritten and dated back":
        path.write_text(path.read_text().replace("Wi-Fi", "Wi-Fu"))
        os.utime(path, ns=(0, 0))
    elif what == "replaced":
        (tmp_path / "other.json").write_bytes(path.read_bytes())
        os.utime(tmp_path / "other.json", ns=(0, 0))
        (tmp_path / "other.json").replace(path)
    elif what == "renamed":
        path.rename(path.with_name("Wi-Fu.json"))
    elif what == "its folder renamed":
        path.parent.rename(folder / "DeviceConfigurationz")
    elif what == "its folder swapped":
        path.parent.rename(tmp_path / "old")
        (staged / "DeviceConfigurations").rename(path.parent)
    elif what == "the run's folder swapped":
        folder.rename(tmp_path / "old")
        staged.rename(folder)
    elif what == "added":
        plant(folder, {"DeviceConfigurations/x.json": "{}"})
    else:
        path.unlink()
    assert not is_stored(run, stored)


def test_a_run_with_a_link_in_it_is_always_read(tmp_path: Path) -> None:
    folder = plant_run(tmp_path)
    (folder / "Roles").symlink_to("DeviceConfigurations")
    (run,) = runs_in(tmp_path)
    assert not is_stored(run, stored_as(run.read(), a_moment_later()))


def test_skipping_a_run_opens_no_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_run(tmp_path)
    (run,) = runs_in(tmp_path)
    stored = stored_as(run.read(), a_moment_later())
    really_open = os.open

    def no_file(path: str | os.PathLike[str], flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        assert not os.fspath(path).endswith(".json")
        return really_open(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", no_file)
    assert is_stored(run, stored)


def test_a_run_lacking_types_is_skipped_when_stored_as_such(tmp_path: Path) -> None:
    plant_run(tmp_path)
    (run,) = runs_in(tmp_path)
    stored = stored_as(admitted(run.read(), {"Roles"}), a_moment_later())
    assert stored.frame.status == "partial"
    assert is_stored(run, stored)
    assert not is_stored(run, stored._replace(frame=stored.frame._replace(error="another word")))
    assert Door({"Roles"}).judges_again(stored.frame)
    assert not Door().judges_again(stored.frame)
