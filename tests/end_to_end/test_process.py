"""The process in its terminal: signals, a terminal that goes away, shrinks or stalls, the shell, and fast keys.

Modules: tui.commands.screens, tui.terminal.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.conftest import NOW, OpenScreens, url_of
from tests.end_to_end.terminal import KEYS, TENANTPILOT, Terminal

CODES: Final = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 130}
QUITTING_KEYS: Final = {"ctrl+c", "ctrl+z", "lone escape"}


@pytest.mark.parametrize("number", CODES)
def test_a_signal_ends_it_and_the_terminal_is_restored(
    number: signal.Signals, demo_file: Path, open_installed: OpenScreens, log_file: Path
) -> None:
    terminal = open_installed(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.signal(number)
    assert terminal.ends() == CODES[number]
    assert terminal.is_restored
    assert terminal.after_screens == ""
    assert not log_file.exists(), log_file.read_text()


def test_a_signal_while_it_starts(demo_file: Path, open_installed: OpenScreens, log_file: Path) -> None:
    terminal = open_installed(demo_file)
    terminal.until(lambda: "\x1b[?1049h" in terminal.text)
    terminal.signal(signal.SIGTERM)
    assert terminal.ends() == 143
    assert terminal.is_restored
    assert not log_file.exists(), log_file.read_text()


def test_a_demo_that_is_ended_leaves_nothing_behind(
    in_terminal: OpenScreens, env: dict[str, str], tmp_path: Path
) -> None:
    env["TMPDIR"] = str(tmp_path / "temporary")
    Path(env["TMPDIR"]).mkdir()
    terminal = in_terminal([TENANTPILOT, "demo", "--tenants", "5"])
    terminal.sees("5 tenants, sorted")
    assert list(Path(env["TMPDIR"]).iterdir())
    terminal.signal(signal.SIGTERM)
    assert terminal.ends() == 143
    assert not list(Path(env["TMPDIR"]).iterdir())


@pytest.mark.alone
@pytest.mark.parametrize("ignoring", ["", "SIGHUP"])
def test_without_its_terminal_it_is_gone_within_a_second(
    ignoring: str, demo_file: Path, open_installed: OpenScreens
) -> None:
    terminal = open_installed(demo_file, ignoring=ignoring)
    terminal.sees("40 tenants, sorted")
    terminal.hang_up()
    assert terminal.process.wait(1) == 129


def test_a_terminal_that_stalls_does_not_keep_it(demo_file: Path, open_installed: OpenScreens) -> None:
    terminal = open_installed(demo_file, size=(200, 50))
    terminal.sees("40 tenants, sorted")
    # From here on nothing is read, so the pseudo-terminal's buffer is soon full.
    for _ in range(60):
        terminal.press("p", "s")
    terminal.signal(signal.SIGTERM)
    assert terminal.process.wait(10) == 143
    terminal.until(lambda: terminal.is_restored, "the terminal restored")


def test_to_the_shell_and_back(demo_file: Path, in_terminal: OpenScreens, env: dict[str, str]) -> None:
    env["PS1"] = "READY> "
    terminal = in_terminal(["bash", "--norc", "--noprofile", "-i"])
    terminal.sees("READY>")
    started = time.monotonic()
    terminal.press(f"{TENANTPILOT} --database {url_of(demo_file)} --now {NOW}", "enter")
    terminal.sees("40 tenants, sorted", "? help")
    terminal.settles()
    listed = terminal.lines[1:]
    terminal.press("ctrl+z")
    terminal.sees("Stopped")
    assert "40 tenants" not in terminal.screen
    paused = time.monotonic()
    terminal.until(lambda: time.monotonic() - paused > 1.2)
    terminal.press("fg", "enter")
    terminal.sees("40 tenants, sorted", "? help")
    # The whole screen is drawn again, and the age of the facts includes the pause.
    terminal.until(lambda: terminal.lines[1:] == listed, "the same list")
    assert 1 <= facts_age(terminal) <= time.monotonic() - started

    # It is ended while it is suspended and the terminal is the shell's.
    terminal.press("ctrl+z")
    terminal.until(lambda: terminal.screen.count("Stopped") == 2)
    terminal.press("kill %1; while kill -0 %1 2>/dev/null; do :; done; wait %1", "enter")
    # By bash's own notice of the job: later versions forget a job that they have said has ended.
    terminal.sees("Exit 143")
    terminal.press("exit", "enter")
    terminal.ends()
    assert terminal.is_restored


def test_what_waits_for_it_goes_to_the_shell_with_it(
    demo_file: Path, in_terminal: OpenScreens, env: dict[str, str]
) -> None:
    """As `python3 make.py demo` does. `bg` leaves it where it is."""
    env["PS1"] = "READY> "
    terminal = in_terminal(["bash", "--norc", "--noprofile", "-i"])
    terminal.sees("READY>")
    terminal.press(f"sh -c '{TENANTPILOT} --database {url_of(demo_file)} --now {NOW}; echo its end'", "enter")
    terminal.sees("40 tenants", "? help")
    terminal.press("ctrl+z")
    terminal.sees("Stopped")
    terminal.press("bg; echo still here", "enter")
    terminal.until(lambda: "\nstill here" in terminal.screen, "the shell goes on")
    terminal.press("fg", "enter")
    terminal.sees("40 tenants", "? help")
    terminal.press("q")
    terminal.until(lambda: "\nits end\nREADY>" in terminal.screen, "the shell, with the terminal its own")
    terminal.press("exit", "enter")
    assert terminal.ends() == 0


def facts_age(terminal: Terminal) -> int:
    # What was received may end in the middle of a frame.
    terminal.until(lambda: re.search(r"facts (\d+)s old", terminal.screen), "the age of the facts")
    return int(re.findall(r"facts (\d+)s old", terminal.screen)[0])


def test_without_a_shell_ctrl_z_says_so(demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("no shell", after=["ctrl+z"])
    terminal.press("q")
    assert terminal.ends() == 0


def test_standard_input_is_not_a_terminal(demo_file: Path, env: dict[str, str]) -> None:
    points_to_the_report(without_a_terminal(demo_file, env, subprocess.DEVNULL))


def test_standard_error_is_not_a_terminal(demo_file: Path, env: dict[str, str]) -> None:
    master, slave = os.openpty()
    points_to_the_report(without_a_terminal(demo_file, env, slave))
    os.close(slave)
    os.close(master)


def without_a_terminal(file: Path, env: dict[str, str], stdin: int) -> subprocess.CompletedProcess[bytes]:
    command = [TENANTPILOT, "--database", url_of(file)]
    return subprocess.run(command, env=env, stdin=stdin, capture_output=True, check=False, timeout=60)


def points_to_the_report(done: subprocess.CompletedProcess[bytes]) -> None:
    assert done.returncode == 2
    assert done.stdout == b""
    sentence = done.stderr.decode()
    assert sentence.count("\n") == 1
    assert "tenantpilot report" in sentence
    assert "\x1b" not in sentence


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_move_its_cursor(
    term: str, demo_file: Path, open_installed: OpenScreens, env: dict[str, str]
) -> None:
    env["TERM"] = term
    terminal = open_installed(demo_file)
    assert terminal.ends() == 2
    assert terminal.text.count("\n") == 1
    assert "tenantpilot report" in terminal.text
    assert "\x1b" not in terminal.text


def test_too_small_says_so_and_nothing_calm(demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file, size=(10, 5))
    terminal.sees("too small")
    terminal.settles()
    assert not any(word in terminal.text for word in ("healthy", "✓", "tenants", "Contoso"))
    terminal.resize(80, 24)
    terminal.sees("40 tenants, sorted", "✓ 12 healthy", "? help")
    terminal.resize(59, 24)
    terminal.sees("too small")
    terminal.settles()
    assert "healthy" not in terminal.screen
    terminal.resize(60, 12)
    terminal.sees("40 tenants, sorted")


def test_a_storm_of_sizes(demo_file: Path, open_screens: OpenScreens, log_file: Path) -> None:
    dice = random.Random(20261123)
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("Latest attempts", after=["enter"])
    for _ in range(50):
        terminal.resize(dice.randint(1, 220), dice.randint(1, 60))
        terminal.pump(0.01)
    terminal.resize(80, 24)
    terminal.sees("Latest attempts", "esc back", "? help")
    terminal.sees("40 tenants, sorted", "✓ 12 healthy", "? help", after=["backspace"])
    terminal.press("q")
    assert terminal.ends() == 0
    assert not log_file.exists(), log_file.read_text()


def test_two_enters_at_once_open_one_screen(demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("Latest attempts", after=["enter", "enter"])
    terminal.settles()
    terminal.sees("40 tenants, sorted", after=["backspace"])
    terminal.press("q")
    assert terminal.ends() == 0


@pytest.mark.alone
def test_an_arrow_key_that_comes_in_two_packets(demo_file: Path, open_installed: OpenScreens) -> None:
    terminal = open_installed(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees(" of 40,", after=["/", "o", "enter"])
    terminal.until(lambda: marked(terminal) == [0])
    terminal.press("lone escape")
    terminal.received_during(0.2)
    terminal.write(b"[B")
    terminal.until(lambda: marked(terminal) == [1])
    # As Esc alone it would have cleared the filter.
    assert " of 40," in terminal.words
    terminal.sees("40 tenants, sorted", after=["lone escape"])


@pytest.mark.alone
def test_a_key_right_behind_escape_is_not_swallowed(demo_file: Path, open_installed: OpenScreens) -> None:
    terminal = open_installed(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("Latest attempts", after=["enter"])
    terminal.press("s")
    terminal.sees("> Schedules")
    # Back to the dashboard and on to the backup sets, faster than Esc can be distinguished from an arrow key.
    terminal.write(b"\x1b")
    terminal.received_during(0.2)
    terminal.sees("Backup sets:", after=["b"])
    terminal.write(b"\x1b\x1bjj")
    terminal.until(lambda: marked(terminal) == [2])
    terminal.press("q")
    assert terminal.ends() == 0


def marked(terminal: Terminal) -> list[int]:
    """The rows of the list with the cursor's mark."""
    headings = next((place for place, line in enumerate(terminal.lines) if "POSTURE" in line), 0)
    return [place for place, line in enumerate(terminal.lines[headings + 1 :]) if line.startswith(">")]


def test_letters_right_after_the_slash_go_into_the_filter(demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("/ qs/p", "0 of 40,", after=list("/qs/p"))
    terminal.press("ctrl+c")
    assert terminal.ends() == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_keys_faster_than_frames(seed: int, demo_file: Path, open_screens: OpenScreens, log_file: Path) -> None:
    dice = random.Random(seed)
    keys = [*(set(KEYS) - QUITTING_KEYS), *"bsfprnyYgGjk/?", "enter", "enter", "backspace"]
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    for _ in range(60):
        terminal.press(*dice.choices(keys, k=dice.randint(1, 6)))
        terminal.pump(0.01)
    terminal.settles()
    terminal.press("ctrl+c")
    assert terminal.ends() == 0
    assert terminal.is_restored
    assert not log_file.exists(), log_file.read_text()


# The second process, which reads the settings and the fleet while this one starts


def second_of(terminal: Terminal) -> int | None:
    """The pid of the process that a starting program has begun."""
    children = Path(f"/proc/{terminal.process.pid}/task/{terminal.process.pid}/children").read_text().split()
    return int(children[0]) if children else None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_without_its_second_process_it_reads_by_itself(
    number: signal.Signals, demo_file: Path, open_installed: OpenScreens, log_file: Path
) -> None:
    terminal = open_installed(demo_file)
    terminal.until(lambda: second_of(terminal), "the second process")
    second = second_of(terminal)
    assert second is not None
    os.kill(second, number)
    terminal.sees("40 tenants, sorted", "sorted: triage")
    assert second_of(terminal) is None
    terminal.press("q")
    assert terminal.ends() == 0
    assert not log_file.exists(), log_file.read_text()


def test_the_second_process_ends_when_the_fleet_is_there(demo_file: Path, open_installed: OpenScreens) -> None:
    terminal = open_installed(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.until(lambda: second_of(terminal) is None, "no second process")
    terminal.sees("1 of 40", after=["/", *"tailspin", "enter"])


def test_settings_that_cannot_be_used_are_one_sentence(in_terminal: OpenScreens, tmp_path: Path) -> None:
    settings = tmp_path / "own.toml"
    settings.write_text("[ui]\ntheme = 'tenantpilot-drak'\n")
    terminal = in_terminal([TENANTPILOT, "--config", str(settings)])
    assert terminal.ends() == 2
    assert "there is no theme tenantpilot-drak; the nearest is tenantpilot-dark" in " ".join(terminal.text.split())
    settings.write_text("[ui]\nthem = 'nord'\n")
    terminal = in_terminal([TENANTPILOT, "--config", str(settings)])
    assert terminal.ends() == 2
    assert "unknown setting ui.them" in " ".join(terminal.text.split())
    assert "\x1b[?1049h" not in terminal.text
