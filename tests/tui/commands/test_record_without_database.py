"""The database or the settings cannot be used: the backup is made all the same, and the user is told."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from health.store.opening.errors import StoreUnreachable
from health.store.writing.transactions import writing
from tests.oracle.loading import sqlite_path
from tests.tui.commands.recorder import ONE_FILE, TWO_FILES, Recorder, text_of
from tests.waiting import until
from tui.commands import notebook, run

NOBODY = "postgresql://nobody@127.0.0.1:1/fleet"


def to_bring_it_in(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """The arguments of the `tenantpilot` command in the last sentence of a run."""
    _, found, rest = done.stderr.decode().rpartition("bring its backup in with '")
    assert found
    return shlex.split(rest.rpartition("'")[0])[1:]


def test_without_a_database_the_backup_is_made_and_the_code_tells(recorder: Recorder) -> None:
    Path(sqlite_path(recorder.url)).rename(recorder.folder / "away.db")
    done = recorder.shell(f"{TWO_FILES}; echo made")
    assert (done.returncode, done.stdout) == (74, b"made\n")
    assert done.stderr.count(b"There is no database") == 2
    failed = recorder.shell("exit 4")
    assert failed.returncode == 4


def test_what_could_not_be_noted_is_imported_as_the_sentence_says(recorder: Recorder) -> None:
    file = Path(sqlite_path(recorder.url))
    file.rename(recorder.folder / "away.db")
    done = recorder.shell(TWO_FILES)
    (recorder.folder / "away.db").rename(file)
    assert recorder.tenantpilot(*to_bring_it_in(done)).returncode == 0
    assert recorder.verdict()["confirmed"]


def test_what_brings_it_in_has_the_options_of_the_run(recorder: Recorder) -> None:
    options = ("--database", "sqlite:///nowhere.db", "--without-payload", "--accept-missing", "Scope Tags")
    words = to_bring_it_in(recorder.shell(TWO_FILES, options=options))
    assert words[:4] == ["import", "intunecd", "out", "--database"]
    assert words[4:-2] == [
        "sqlite:///nowhere.db", "--tenant", "contoso", "--create-tenant", "Contoso",
        "--accept-loss", "Scope Tags", "--without-payload",
    ]  # fmt: skip


def test_a_run_that_wrote_nothing_has_nothing_to_be_brought_in(recorder: Recorder) -> None:
    """An import would treat the files of an earlier run as a backup that was complete just now."""
    assert recorder.shell(TWO_FILES).returncode == 0
    file = Path(sqlite_path(recorder.url))
    file.rename(recorder.folder / "away.db")
    done = recorder.run("true")
    assert done.returncode == 74
    assert b"bring its backup in" not in done.stderr
    assert b"nothing to bring in: out: none of its 2 files was written by this run" in done.stderr


def test_files_of_an_earlier_run_are_not_to_be_brought_in(recorder: Recorder) -> None:
    assert recorder.shell(TWO_FILES).returncode == 0
    file = Path(sqlite_path(recorder.url))
    file.rename(recorder.folder / "away.db")
    done = recorder.shell(f"sleep 0.02; {ONE_FILE}")
    assert (
        b"succeeded; move the 1 file that it did not write to another place, and then bring its backup" in done.stderr
    )


def test_a_database_that_comes_back_in_time_has_the_whole_record(recorder: Recorder) -> None:
    file = Path(sqlite_path(recorder.url))
    file.rename(recorder.folder / "away.db")
    done = recorder.shell(f"{TWO_FILES}; mv away.db {file}", options=("--cron", "30 2 * * *"))
    assert done.returncode == 0
    assert b"cannot be noted" in done.stderr
    (only,) = recorder.sets
    assert only["started_at"] < only["completed_at"] < only["created_at"]
    assert recorder.schedule["last_run_at"] == only["started_at"]
    assert recorder.schedule["next_run_at"] is not None
    assert recorder.verdict()["confirmed"]


def test_settings_that_somebody_broke_stop_no_backup(recorder: Recorder) -> None:
    broken = recorder.folder / "broken.toml"
    broken.write_text("[backup_health\n")
    recorder.env["TENANTPILOT_CONFIG"] = str(broken)
    done = recorder.shell(TWO_FILES)
    assert done.returncode == 74
    assert done.stderr.count(b"broken.toml") == 2


def test_a_database_of_another_name_by_the_end_gets_no_outcome(recorder: Recorder) -> None:
    settings = recorder.folder / "named.toml"
    settings.write_text(f'[databases.eu]\nurl = "{recorder.url}"\n')
    recorder.env["TENANTPILOT_CONFIG"] = str(settings)
    done = recorder.shell(f"{TWO_FILES}; sed -i s/eu/us/ named.toml", options=("--use", "eu"))
    assert done.returncode == 74
    assert b"could not be noted: --use: the settings have no database 'eu'; the nearest is 'us'" in done.stderr
    words = to_bring_it_in(done)
    assert words[words.index("--use") + 1] == "eu"


def test_two_at_once_are_refused_without_a_database_too(recorder: Recorder) -> None:
    file = Path(sqlite_path(recorder.url))
    file.rename(recorder.folder / "away.db")
    first = recorder.begin("sh", "-c", f"touch ready; while [ ! -e go ]; do sleep 0.02; done; {ONE_FILE}")
    until((recorder.folder / "ready").exists, "the first one runs")
    assert recorder.run("true").returncode == 75
    # Also when the database is back and has no note of the first one.
    shutil.move(recorder.folder / "away.db", file)
    assert recorder.run("true").returncode == 75
    (recorder.folder / "go").touch()
    assert text_of(first)[0] == 0
    assert [row["status"] for row in recorder.sets] == ["completed"]


def test_a_signal_ends_the_wait_for_a_silent_database(recorder: Recorder) -> None:
    recorder.env["TENANTPILOT_DATABASE__URL"] = NOBODY
    process = recorder.begin("sh", "-c", f"{TWO_FILES}; echo $$ >pid")
    pid = recorder.folder / "pid"
    # The shell creates the file before it writes the number.
    until(lambda: pid.exists() and pid.read_text().endswith("\n"), "the command runs")
    command = Path("/proc", pid.read_text().strip())
    until(lambda: not command.exists(), "the command is over")
    process.send_signal(signal.SIGTERM)
    code, _, err = text_of(process)
    assert code == 74
    assert "could not be noted" in err


@pytest.mark.parametrize("broken", [1, 2])
def test_a_database_that_fails_once_costs_nothing(
    recorder: Recorder, broken: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """If the note of the start fails, or that of the outcome, the record is whole all the same."""
    calls = 0

    def sometimes(address: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == broken:
            raise StoreUnreachable("The database is restarting.")
        return writing(address, **named)  # type: ignore[arg-type]

    for name, value in recorder.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(recorder.folder)
    monkeypatch.setattr("tui.commands.notebook.writing", sometimes)
    monkeypatch.setattr(notebook, "PAUSES", (0.0,))
    assert run(recorder.words("sh", "-c", TWO_FILES)) == 0
    assert calls in (2, 3)
    assert ("cannot be noted" in capfd.readouterr().err) == (broken == 1)
    assert [row["status"] for row in recorder.sets] == ["completed"]
    assert recorder.schedule["last_run_status"] == "completed"
