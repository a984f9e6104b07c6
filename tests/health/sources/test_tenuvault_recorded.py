"""Which run of TenuVault under a root is that of `record` (docs/record.md, "TenuVault")."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from health.policy import HealthPolicy
from health.sources.captured import CapturedSet, RefusedInput
from health.sources.declaration import Asked
from health.sources.run_files import FilesThatStood, RunOfFolder, folders_as_they_stand
from health.sources.tenuvault import DECLARED
from tests.health.sources.tenuvault_runs import FOLDER, plant_run

ENDED = datetime(2026, 11, 23, 1, 14, 30, tzinfo=UTC)
SKEW = HealthPolicy().clock_skew
SECOND = timedelta(seconds=1)


def recorded(root: Path, since: datetime, now: datetime, stood: FilesThatStood | None = None) -> CapturedSet:
    """The only set of a run that wrote since an instant and ended at `now`, on a machine in Berlin."""
    for file in root.glob("*/*/*"):
        os.utime(file, (since.timestamp(), since.timestamp()))
    run = RunOfFolder(since, stood or FilesThatStood())
    options = DECLARED.options_in(ZoneInfo("Europe/Berlin"))
    (found,) = DECLARED.found(
        Asked(root, "contoso", now, HealthPolicy(), completed_at=now, options=options, run=run)
    ).sets
    return found.read(with_payload=True)


@pytest.mark.parametrize(
    ("since", "now", "is_taken"),
    [
        (ENDED, ENDED, True),
        (ENDED + SECOND, ENDED + SECOND, False),
        (ENDED - 2 * SKEW, ENDED - SKEW, True),
        (ENDED - 2 * SKEW, ENDED - SKEW - SECOND, False),
    ],
)
def test_it_ended_within_the_run(tmp_path: Path, since: datetime, now: datetime, is_taken: bool) -> None:
    plant_run(tmp_path)
    if not is_taken:
        with pytest.raises(RefusedInput, match="it says that it ended at 2026-11-23 02:14:30"):
            recorded(tmp_path, since, now)
        return
    captured = recorded(tmp_path, since, now)
    assert (captured.status, captured.completed_at, len(captured.items)) == ("completed", now, 2)


@pytest.mark.parametrize("hour", [0, 1])
def test_a_time_that_clocks_show_twice_may_be_either(tmp_path: Path, hour: int) -> None:
    plant_run(tmp_path, "backup-2026-10-25-021000", StartTime="2026-10-25 02:10:00", EndTime="2026-10-25 02:14:30")
    ended = datetime(2026, 10, 25, hour, 14, 30, tzinfo=UTC)
    assert recorded(tmp_path, ended - SKEW, ended).completed_at == ended
    with pytest.raises(RefusedInput):
        recorded(tmp_path, ended + timedelta(hours=2), ended + timedelta(hours=2))


def test_a_folder_from_before_is_another_run(tmp_path: Path) -> None:
    plant_run(tmp_path)
    stood = folders_as_they_stand(tmp_path)
    with pytest.raises(RefusedInput, match="no folder in it was made by this run"):
        recorded(tmp_path, ENDED, ENDED, stood)
    assert FOLDER in stood.folders


def test_a_root_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert folders_as_they_stand(tmp_path / "none") == FilesThatStood()
