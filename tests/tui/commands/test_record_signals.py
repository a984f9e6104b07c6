"""Signals: passed on to the command once. None of them leaves a run without a noted end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.terminal import Terminal
from tests.tui.commands.recorder import TENANTPILOT, TWO_FILES, Recorder, text_of
from tests.waiting import until

ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

_BELOW_THE_LIBRARYS_OWN: Final = (1 << 31) - 1
"""Signals 1 to 31. The C library uses the two after these itself."""

# Counts its signals until a file tells it to end, so that a signal that comes twice is counted twice.
COUNTING: Final = """
import pathlib, signal, time
got = []
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: got.append(signal.Signals(number).name))
pathlib.Path("ready").touch()
while not (got and pathlib.Path("end").exists()):
    time.sleep(0.01)
print(*got, flush=True)
raise SystemExit(5)
"""


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_reaches_the_command_and_its_answer_counts(recorder: Recorder, number: signal.Signals) -> None:
    process = recorder.begin(sys.executable, "-c", COUNTING)
    until((recorder.folder / "ready").exists, "the command is ready")
    process.send_signal(number)
    (recorder.folder / "end").touch()
    assert text_of(process)[:2] == (5, f"{number.name}\n")
    assert recorder.sets[0]["error"] == "the command ended with exit code 5"


@pytest.mark.parametrize("number", ENDING)
def test_a_command_that_a_signal_ends_is_a_failed_run(recorder: Recorder, number: signal.Signals) -> None:
    process = recorder.begin("sh", "-c", f"{TWO_FILES}; touch ready; exec sleep 60")
    until((recorder.folder / "ready").exists, "the command is ready")
    process.send_signal(number)
    code, out, err = text_of(process)
    assert (code, out) == (128 + number, "")
    assert f"killed by {number.name}" in err
    assert [row["status"] for row in recorder.sets] == ["failed"]
    assert recorder.schedule["last_run_status"] == "failed"


def test_a_command_stopped_that_calls_it_success_has_not_succeeded(recorder: Recorder) -> None:
    script = f"{TWO_FILES}; trap 'exit 0' TERM; touch ready; while :; do sleep 0.05; done"
    process = recorder.begin("sh", "-c", script)
    until((recorder.folder / "ready").exists, "the command is ready")
    process.send_signal(signal.SIGTERM)
    code, _, err = text_of(process)
    assert code == 0
    assert "told to stop by SIGTERM" in err
    assert [row["status"] for row in recorder.sets] == ["failed"]


def test_the_keyboards_interrupt_reaches_the_command_once(recorder: Recorder) -> None:
    words = [TENANTPILOT, *recorder.words(sys.executable, "-c", COUNTING)]
    with Terminal(words, recorder.env, cwd=recorder.folder) as terminal:
        until((recorder.folder / "ready").exists, "the command is ready")
        terminal.press("ctrl+c")
        terminal.settles(0.5)
        (recorder.folder / "end").touch()
        assert terminal.ends() == 5
        assert terminal.text.count("SIGINT") == 1


def test_a_signal_before_the_command_runs_still_ends_it(tmp_path: Path) -> None:
    assert _held("os.kill(os.getpid(), signal.SIGTERM); code = held.run(('sleep', '60')).exit_code", tmp_path) == "143"


def test_a_signal_after_the_command_ended_changes_nothing(tmp_path: Path) -> None:
    assert _held("code = held.run(('true',)).exit_code; os.kill(os.getpid(), signal.SIGTERM)", tmp_path) == "0"


def test_an_exit_code_survives_a_parent_that_ignores_sigchld(tmp_path: Path) -> None:
    script = "code = held.run(('sh', '-c', 'exit 9')).exit_code"
    assert _held(script, tmp_path, before="signal.signal(signal.SIGCHLD, signal.SIG_IGN)") == "9"


def test_the_command_has_the_signals_that_the_recorder_was_given(recorder: Recorder) -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system does not show a process's signals")
    done = recorder.run("grep", "-E", "^Sig(Blk|Ign)", str(status))
    blocked, ignored = (int(mask, 16) & _BELOW_THE_LIBRARYS_OWN for mask in done.stdout.split()[1::2])
    assert (blocked, ignored) == (0, _ignored_here())


def _held(script: str, folder: Path, before: str = "") -> str:
    """Run lines inside HeldSignals in a new process. Returns the `code` that they set."""
    program = f"""
import os, signal
from tui.commands.running import HeldSignals
{before}
with HeldSignals() as held:
    {script}
print(code)
"""
    words = [sys.executable, "-c", program]
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PYTHONPATH": str(Path.cwd())}, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def _ignored_here() -> int:
    """The signals that this process was started to ignore, without those that Python ignores."""
    ignored = {number for number in signal.valid_signals() if signal.getsignal(number) is signal.SIG_IGN}
    return sum(1 << (number - 1) for number in ignored - {signal.SIGPIPE, signal.SIGXFSZ})
