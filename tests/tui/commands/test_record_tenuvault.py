"""Runs of TenuVault that are recorded: which folder under the root is the run's (docs/record.md, "TenuVault")."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.oracle.loading import sqlite_path
from tests.tui.commands.recorder import Recorder
from tests.tui.commands.test_record_without_database import to_bring_it_in

FIRST: Final = "backup-2026-11-23-021000"
SECOND: Final = "backup-2026-11-24-021000"
BERLIN: Final = "Europe/Berlin"


def writes(folder: str, *, status: str = "Success", zone: str = BERLIN, failed: str = "[]", items: int = 2) -> str:
    """A script that writes a run like the tool: a folder, its items, and last the manifest, in local time."""
    files = "; ".join(f'echo \'{{"displayName":"{n}"}}\' >out/{folder}/Roles/{n}.json' for n in range(items))
    now = f"$(TZ={zone} date '+%F %T')"
    manifest = (
        f'{{\\"StartTime\\":\\"{now}\\",\\"EndTime\\":\\"{now}\\",\\"Status\\":\\"{status}\\",'
        f'\\"ItemCounts\\":{{\\"Roles\\":{items}}},\\"FailedTypes\\":{failed}}}'
    )
    return f'mkdir -p out/{folder}/Roles; {files}; echo "{manifest}" >out/{folder}/metadata.json'


def record(recorder: Recorder, script: str, *options: str, zone: str = BERLIN) -> subprocess.CompletedProcess[bytes]:
    whose = ("--tenant", "contoso", "--create-tenant", "Contoso", "--schedule", "nightly", "--timezone", zone)
    where = ("--source", "tenuvault", "--path", "out", *options)
    return recorder.tenantpilot("record", *whose, *where, "--", "sh", "-c", script)


def last_error(recorder: Recorder) -> str:
    """The error of the newest set. It must have failed and must not be the basis."""
    last = recorder.sets[-1]
    assert (last["status"], last["completed_at"]) == ("failed", None)
    assert recorder.schedule["last_run_status"] == "failed"
    return str(last["error"])


def test_the_folder_that_the_run_made_is_its_set(any_recorder: Recorder) -> None:
    for folder in (FIRST, SECOND):
        done = record(any_recorder, f"{writes(folder)}; echo said")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"said\n", b"")
    first, second = any_recorder.sets
    for row in (first, second):
        assert (row["source"], row["status"], row["error"]) == ("tenuvault", "completed", None)
        assert row["source_ref"].startswith("nightly ")
        assert row["started_at"] < row["completed_at"]
    assert first["completed_at"] < second["started_at"]
    assert len(any_recorder.rows("backup_items")) == 4
    assert any_recorder.schedule["timezone"] == BERLIN
    verdict = any_recorder.verdict()
    assert (verdict["confirmed"], verdict["basis"]["id"]) == (True, int(second["id"]))


def test_a_run_that_makes_no_folder_failed(any_recorder: Recorder) -> None:
    record(any_recorder, writes(FIRST))
    done = record(any_recorder, "echo nothing")
    assert (done.returncode, done.stdout) == (0, b"nothing\n")
    assert "no folder in it was made by this run (there before: 1)" in last_error(any_recorder)
    assert b"made by this run" in done.stderr
    assert any_recorder.verdict()["basis"]["id"] == int(any_recorder.sets[0]["id"])


def test_a_root_without_a_run_is_a_failed_run(recorder: Recorder) -> None:
    record(recorder, "mkdir out")
    assert "no run in it" in last_error(recorder)


def test_an_old_run_without_a_manifest_is_not_this_run(recorder: Recorder) -> None:
    (recorder.folder / "out" / FIRST).mkdir(parents=True)
    record(recorder, "true")
    assert "made by this run" in last_error(recorder)
    assert record(recorder, writes(SECOND)).stderr == b""
    assert recorder.verdict()["confirmed"]


def test_several_new_folders_are_named_and_none_is_taken(recorder: Recorder) -> None:
    done = record(recorder, f"{writes(FIRST)}; {writes(SECOND)}")
    assert done.returncode == 0
    error = last_error(recorder)
    assert FIRST in error
    assert SECOND in error
    assert recorder.rows("backup_items") == []


@pytest.mark.parametrize(
    ("script", "status", "why"),
    [
        (writes(FIRST, failed='[\\"Filters\\"]'), "partial", "Filters"),
        (writes(FIRST, status="Failed"), "failed", "calls itself failed"),
        (writes(FIRST, status="Cancelled"), "cancelled", "calls itself cancelled"),
        (f"{writes(FIRST)}; rm out/{FIRST}/metadata.json", "failed", "no manifest"),
        (f"{writes(FIRST)}; exit 3", "failed", "exit code 3"),
    ],
)
def test_a_run_is_what_its_manifest_says(recorder: Recorder, script: str, status: str, why: str) -> None:
    done = record(recorder, script)
    (only,) = recorder.sets
    assert (only["status"], recorder.schedule["last_run_status"]) == (status, status)
    assert why in only["error"]
    assert why in done.stderr.decode()
    assert (only["completed_at"] is not None) == (status == "partial")


def test_an_older_run_that_the_command_brings_in_is_not_this_runs(recorder: Recorder) -> None:
    old = writes(FIRST).replace(" date ", " date -d yesterday ")
    done = record(recorder, old)
    assert done.returncode == 0
    assert "--timezone" in last_error(recorder)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_the_zone_of_another_machine_is_seen(recorder: Recorder, zone: str) -> None:
    record(recorder, writes(FIRST, zone=zone), zone="UTC")
    assert "--timezone" in last_error(recorder)
    assert record(recorder, writes(SECOND, zone=zone), zone=zone).stderr == b""


def test_items_copied_with_the_times_of_an_older_run_are_missing(recorder: Recorder) -> None:
    record(recorder, f"{writes(FIRST)}; touch -d '1 hour ago' out/{FIRST}/Roles/1.json")
    assert recorder.verdict()["basis"]["families"] == {"missing_items": 1}
    record(recorder, f"{writes(SECOND)}; touch -d '1 hour ago' out/{SECOND}/Roles/*.json")
    assert "none of its 2 files was written by this run" in last_error(recorder)


def test_what_is_lost_makes_it_partial_until_accepted(recorder: Recorder) -> None:
    more = writes(FIRST) + f"; mkdir out/{FIRST}/Filters; cp out/{FIRST}/Roles/0.json out/{FIRST}/Filters"
    record(recorder, more)
    assert b"Filters" in record(recorder, writes(SECOND)).stderr
    assert recorder.schedule["last_run_status"] == "partial"
    third = "backup-2026-11-25-021000"
    assert record(recorder, writes(third), "--accept-loss", "Filters").stderr == b""
    assert recorder.verdict()["confirmed"]


def test_what_could_not_be_noted_is_imported_as_the_sentence_says(recorder: Recorder) -> None:
    file = Path(sqlite_path(recorder.url))
    file.rename(recorder.folder / "away.db")
    done = record(recorder, writes(FIRST))
    (recorder.folder / "away.db").rename(file)
    assert done.returncode == 74
    words = to_bring_it_in(done)
    assert words[-2:] == ["--timezone", BERLIN]
    assert recorder.tenantpilot(*words).returncode == 0
    assert [row["status"] for row in recorder.sets] == ["completed"]
