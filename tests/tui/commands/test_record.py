"""A recorded run, on both engines: the rows that it leaves, and what its caller sees."""

from __future__ import annotations

import shlex
import subprocess
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.tui.commands.recorder import ONE_FILE, TENANTPILOT, TWO_FILES, Recorder


def test_a_run_that_succeeds_is_a_fresh_basis(any_recorder: Recorder) -> None:
    done = any_recorder.shell(f"{TWO_FILES}; echo said; echo warned >&2", options=("--cron", "30 2 * * *"))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"said\n", b"warned\n")
    (only,) = any_recorder.sets
    assert (only["status"], only["item_count"], only["error"]) == ("completed", "2", None)
    assert only["created_at"] == only["started_at"] < only["completed_at"]
    assert only["schedule_id"] == any_recorder.schedule["id"]
    assert any_recorder.schedule["last_run_status"] == "completed"
    assert any_recorder.schedule["last_run_at"] == only["started_at"]
    verdict = any_recorder.verdict()
    assert verdict["confirmed"]
    assert verdict["basis"]["items"] == 2


@pytest.mark.parametrize(
    ("script", "code", "why"),
    [
        (f"{TWO_FILES}; exit 3", 3, "ended with exit code 3"),
        (f"{TWO_FILES}; kill -KILL $$", 137, "killed by SIGKILL"),
        (f"{TWO_FILES}; kill -TERM $$", 143, "killed by SIGTERM"),
        ("true", 0, "this folder cannot be read"),
        ("mkdir -p out/Filters", 0, "no item in it"),
    ],
)
def test_a_run_that_fails_does_not_become_the_basis(any_recorder: Recorder, script: str, code: int, why: str) -> None:
    done = any_recorder.shell(script)
    assert done.returncode == code
    assert done.stdout == b""
    (only,) = any_recorder.sets
    assert only["status"] == "failed"
    assert why in only["error"]
    assert why in done.stderr.decode()
    assert only["completed_at"] is None
    assert any_recorder.rows("backup_items") == []
    assert any_recorder.schedule["last_run_status"] == "failed"
    verdict = any_recorder.verdict()
    assert verdict["reasons"] == ["no_backup_basis", "schedule_follow_up"]
    assert verdict["schedules"]["follow_up"][0]["conditions"] == ["last_run_unsuccessful"]


def test_a_failed_run_leaves_the_basis_where_it_was(recorder: Recorder) -> None:
    recorder.shell(TWO_FILES)
    recorder.shell(f"{TWO_FILES}; exit 1")
    first, second = recorder.sets
    assert (first["status"], second["status"]) == ("completed", "failed")
    assert recorder.verdict()["basis"]["id"] == int(first["id"])


def test_files_that_were_not_written_again_are_missing(any_recorder: Recorder) -> None:
    any_recorder.shell(TWO_FILES)
    done = any_recorder.shell(ONE_FILE)
    assert done.returncode == 0
    assert "1 of 2 files" in done.stderr.decode()
    verdict = any_recorder.verdict()
    assert verdict["basis"]["items"] == 1
    assert verdict["basis"]["families"] == {"missing_items": 1}


def test_a_run_that_writes_none_of_the_files_failed(any_recorder: Recorder) -> None:
    any_recorder.shell(TWO_FILES)
    done = any_recorder.shell("echo nothing new")
    assert (done.returncode, done.stdout) == (0, b"nothing new\n")
    assert "none of its 2 files" in done.stderr.decode()
    assert [row["status"] for row in any_recorder.sets] == ["completed", "failed"]


def test_a_file_brought_in_with_the_time_of_another_run_is_missing(recorder: Recorder) -> None:
    recorder.shell(f"{TWO_FILES}; touch -d '1 hour ago' out/Filters/two.json")
    assert recorder.verdict()["basis"]["families"] == {"missing_items": 1}


def test_a_gone_type_makes_the_set_partial_until_accepted(recorder: Recorder) -> None:
    recorder.shell(f"{TWO_FILES}; mkdir out/Roles; cp out/Filters/one.json out/Roles/")
    done = recorder.shell(f"{TWO_FILES}; rm -rf out/Roles")
    assert done.returncode == 0
    assert "Roles" in done.stderr.decode()
    assert recorder.schedule["last_run_status"] == "partial"
    assert recorder.verdict()["basis"]["families"] == {"incomplete_run": 1}
    done = recorder.shell(TWO_FILES, options=("--accept-missing", "Roles"))
    assert done.stderr == b""
    assert recorder.verdict()["confirmed"]


def test_the_same_files_written_again_are_fresh_evidence(any_recorder: Recorder) -> None:
    for _ in range(2):
        assert any_recorder.shell(TWO_FILES).returncode == 0
    first, second = any_recorder.sets
    assert first["completed_at"] < second["started_at"]
    assert any_recorder.verdict()["basis"]["id"] == int(second["id"])
    nearly_stale = second["completed_at"] + timedelta(hours=24)
    assert any_recorder.verdict(nearly_stale)["posture"] == "healthy"


def test_the_next_slot_is_that_of_the_schedule(any_recorder: Recorder) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    any_recorder.shell(TWO_FILES, options=("--cron", "30 2 * * *", "--timezone", "Europe/Berlin"))
    for _ in range(2):
        planned, ran = any_recorder.schedule["next_run_at"], any_recorder.schedule["last_run_at"]
        assert planned.astimezone(berlin).strftime("%H:%M") == "02:30"
        assert timedelta(0) < planned - ran <= timedelta(hours=25, minutes=5)
        # Without the options, the schedule's own.
        any_recorder.shell(TWO_FILES)
    any_recorder.shell(TWO_FILES, options=("--cron", "15 4 * * *"))
    moved = any_recorder.schedule
    assert (moved["cron"], moved["timezone"]) == ("15 4 * * *", "Europe/Berlin")
    assert moved["next_run_at"].astimezone(berlin).strftime("%H:%M") == "04:15"


def test_silence_after_a_recorded_run_becomes_a_reason(recorder: Recorder) -> None:
    recorder.shell(TWO_FILES, options=("--cron", "30 2 * * *"))
    due = recorder.schedule["next_run_at"]
    assert recorder.verdict(due + timedelta(minutes=60))["schedules"]["follow_up"] == []
    overdue = recorder.verdict(due + timedelta(minutes=60, microseconds=1))["schedules"]["follow_up"]
    assert overdue[0]["conditions"] == ["overdue"]


def test_input_and_output_are_the_commands_own(recorder: Recorder) -> None:
    odd = bytes(range(256)) * 1000
    done = recorder.run("sh", "-c", f"{TWO_FILES}; cat; printf '\\377\\033[2J' >&2", stdin=odd)
    assert (done.returncode, done.stdout, done.stderr) == (0, odd, b"\xff\x1b[2J")


def test_the_commands_own_options_are_left_alone(recorder: Recorder) -> None:
    done = recorder.run("echo", "--database", "--path", "-h", "--", "*", "$HOME")
    assert done.stdout == b"--database --path -h -- * $HOME\n"


def test_a_broken_pipe_inside_the_command_is_as_everywhere(recorder: Recorder) -> None:
    done = recorder.shell(f"{TWO_FILES}; yes | head -n 1")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"y\n", b"")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "2>/dev/full"])
def test_closed_streams_do_not_change_the_exit_code(recorder: Recorder, closed: str) -> None:
    words = shlex.join([TENANTPILOT, *recorder.words("sh", "-c", f"{TWO_FILES}; exit 6")])
    done = subprocess.run(["sh", "-c", f"{words} {closed}"], env=recorder.env, cwd=recorder.folder, check=False)
    assert done.returncode == 6
    assert recorder.sets[0]["error"] == "the command ended with exit code 6"


def test_no_captured_json_is_stored_where_it_may_hold_secrets(recorder: Recorder) -> None:
    recorder.shell(TWO_FILES, options=("--without-payload",))
    assert [row["payload"] for row in recorder.rows("backup_items")] == [None, None]


@pytest.mark.parametrize(("command", "code"), [("no-such-command", 127), (".", 126)])
def test_a_command_that_cannot_be_run_is_a_failed_run(recorder: Recorder, command: str, code: int) -> None:
    done = recorder.run(command)
    assert done.returncode == code
    assert f"the command {command!r}" in done.stderr.decode() or f"no command {command!r}" in done.stderr.decode()
    assert [row["status"] for row in recorder.sets] == ["failed"]


def test_a_schedule_that_somebody_disabled_stays_so(recorder: Recorder) -> None:
    recorder.shell(TWO_FILES)
    recorder.tenantpilot("schedule", "disable", "nightly", "--tenant", "contoso")
    recorder.shell(f"{TWO_FILES}; exit 1")
    assert recorder.schedule["is_enabled"] == "0"
    assert recorder.schedule["last_run_status"] == "failed"


def test_a_record_is_never_dated_back(recorder: Recorder) -> None:
    done = recorder.tenantpilot("--now", "2020-01-01T00:00:00Z", *recorder.words("touch", "ran"))
    assert (done.returncode, done.stdout) == (2, b"")
    assert not Path(recorder.folder, "ran").exists()


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (("--cron", "30 2"), 2, "five fields"),
        (("--cron", "0 0 31 2 *"), 2, "not valid"),
        (("--timezone", "Mars/Olympus"), 2, "IANA"),
        (("--source", "rsync"), 2, "rsync"),
        (("--tenant", "somebody"), 1, "There is no tenant 'somebody'"),
        (("--database", "mysql://db1/fleet"), 2, "not supported"),
        (("--config", "nowhere.toml"), 2, "nowhere.toml"),
    ],
)
def test_a_wrong_command_line_runs_nothing(recorder: Recorder, options: tuple[str, ...], code: int, why: str) -> None:
    done = recorder.run("touch", "ran", new_tenant=(), options=options)
    assert done.returncode == code
    assert why in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert not Path(recorder.folder, "ran").exists()
    assert recorder.sets == []
    assert recorder.rows("backup_schedules") == []


def test_nothing_to_run_is_a_wrong_command_line(recorder: Recorder) -> None:
    done = recorder.run()
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"COMMAND" in done.stderr
