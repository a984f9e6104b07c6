"""Two runs of one schedule, and runs whose recorder was killed: on one machine, and on two."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.preloaded import Started
from tests.tui.commands.recorder import TWO_FILES, Recorder, text_of
from tests.waiting import until

UNTIL_TOLD: Final = f"touch ready.$$; while [ ! -e go ]; do sleep 0.02; done; {TWO_FILES}"
LONGEST_RUN: Final = timedelta(hours=6)


def begun(recorder: Recorder) -> Started:
    """A run whose command has started and waits for the file `go`."""
    process = recorder.begin("sh", "-c", UNTIL_TOLD)
    until(lambda: list(recorder.folder.glob("ready.*")), "the command runs")
    return process


def gone(recorder: Recorder) -> None:
    """A run whose machine went down in the middle: only its notes are left."""
    process = begun(recorder)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    for ready in recorder.folder.glob("ready.*"):
        ready.unlink()


def elsewhere(recorder: Recorder) -> Recorder:
    """Another machine with the same database."""
    return Recorder(recorder.folder, recorder.url, machine="elsewhere")


def test_the_second_of_two_is_refused_and_nothing_is_run(any_recorder: Recorder) -> None:
    for second_machine in (any_recorder, elsewhere(any_recorder)):
        first = begun(any_recorder)
        second = second_machine.run("touch", "ran")
        assert (second.returncode, second.stdout) == (75, b"")
        assert b"is under way since" in second.stderr
        assert second.stderr.count(b"\n") == 1
        assert not Path(any_recorder.folder, "ran").exists()
        assert any_recorder.is_running()
        Path(any_recorder.folder, "go").touch()
        assert text_of(first) == (0, "", "")
        assert any_recorder.schedule["last_run_status"] == "completed"
        for left in (*any_recorder.folder.glob("ready.*"), any_recorder.folder / "go"):
            left.unlink()
    assert [row["status"] for row in any_recorder.sets] == ["completed", "completed"]


def test_of_several_that_start_at_one_moment_one_runs(any_recorder: Recorder) -> None:
    any_recorder.shell(TWO_FILES)
    machines = [Recorder(any_recorder.folder, any_recorder.url, f"machine-{number}") for number in range(4)]
    processes = [machine.begin("sh", "-c", UNTIL_TOLD) for machine in machines]
    until(lambda: sum(process.poll() is not None for process in processes) == 3, "all but one are refused")
    Path(any_recorder.folder, "go").touch()
    assert sorted(text_of(process)[0] for process in processes) == [0, 75, 75, 75]
    assert len(list(any_recorder.folder.glob("ready.*"))) == 1
    assert [row["status"] for row in any_recorder.sets] == ["completed", "completed"]


def test_another_schedule_of_the_tenant_may_run_at_the_same_time(recorder: Recorder) -> None:
    first = begun(recorder)
    assert recorder.shell(TWO_FILES, schedule="hourly").returncode == 0
    Path(recorder.folder, "go").touch()
    assert text_of(first)[0] == 0
    assert [row["name"] for row in recorder.sets if row["status"] == "completed"] == ["nightly", "hourly"]


def test_a_run_whose_machine_went_down_is_seen_as_stuck(any_recorder: Recorder) -> None:
    gone(any_recorder)
    (left,) = any_recorder.sets
    assert (left["status"], left["completed_at"]) == ("running", None)
    limit = left["started_at"] + LONGEST_RUN
    assert any_recorder.verdict(limit)["schedules"]["follow_up"] == []
    late = any_recorder.verdict(limit + timedelta(microseconds=1))
    assert late["schedules"]["follow_up"][0]["conditions"] == ["stuck"]
    assert late["reasons"] == ["no_backup_basis", "schedule_follow_up"]


def test_the_next_run_on_the_same_machine_goes_ahead_at_once(any_recorder: Recorder) -> None:
    gone(any_recorder)
    done = any_recorder.shell(TWO_FILES)
    assert done.returncode == 0
    assert b"ended without an outcome" in done.stderr
    first, second = any_recorder.sets
    assert (first["status"], second["status"]) == ("failed", "completed")
    assert "without a word" in first["error"]
    assert any_recorder.verdict()["confirmed"]


def test_another_machine_waits_for_the_longest_plausible_run(any_recorder: Recorder) -> None:
    gone(any_recorder)
    other = elsewhere(any_recorder)
    assert other.shell(TWO_FILES).returncode == 75
    other.env["TENANTPILOT_BACKUP_HEALTH__LONGEST_RUN"] = "1s"
    until(lambda: other.shell(TWO_FILES).returncode == 0, "a later run takes over")
    assert [row["status"] for row in any_recorder.sets] == ["failed", "completed"]


def test_a_command_that_outlives_its_recorder_is_still_under_way(recorder: Recorder) -> None:
    first = begun(recorder)
    (ready,) = recorder.folder.glob("ready.*")
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert recorder.run("true").returncode == 75
    os.kill(int(ready.suffix[1:]), signal.SIGKILL)
    # A killed process frees its lock when it has ended, not at the signal.
    until(lambda: recorder.shell(TWO_FILES).returncode == 0, "a later run once the command is gone")
    first.communicate()


def test_a_process_that_a_command_leaves_blocks_no_later_run(recorder: Recorder) -> None:
    done = recorder.shell(f"{TWO_FILES}; sleep 20 >/dev/null 2>&1 </dev/null &")
    assert done.returncode == 0
    assert recorder.shell(TWO_FILES).returncode == 0


def test_a_run_given_up_for_dead_does_not_overwrite_its_successor(recorder: Recorder) -> None:
    recorder.env["TENANTPILOT_BACKUP_HEALTH__LONGEST_RUN"] = "1s"
    slow = begun(recorder)
    started_at = recorder.schedule["last_run_at"]
    until(lambda: recorder.shell(TWO_FILES).returncode == 0, "a later run takes over")
    Path(recorder.folder, "go").touch()
    code, _, err = text_of(slow)
    assert code == 74
    assert "given up for dead" in err
    assert "bring its backup in" not in err  # its folder may hold files of both runs
    assert recorder.schedule["last_run_at"] > started_at
    assert recorder.schedule["last_run_status"] == "completed"
    assert [row["status"] for row in recorder.sets] == ["failed", "completed"]


def test_a_machine_that_cannot_keep_a_lock_says_so_and_runs(recorder: Recorder) -> None:
    recorder.env["XDG_STATE_HOME"] = "/dev/null"
    done = recorder.shell(TWO_FILES)
    assert done.returncode == 0
    assert b"No lock can be kept" in done.stderr
    first = begun(recorder)
    assert recorder.run("true").returncode == 75
    Path(recorder.folder, "go").touch()
    assert text_of(first)[0] == 0
