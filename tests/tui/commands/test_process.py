"""The command as a process: its imports, its output, and how it ends when something breaks.

Modules: tui.commands, tui.words.failures.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.health.store.bare import bare
from tests.oracle.loading import load
from tests.tui.commands.console import AT, a_fleet
from tui import __version__

PROGRAM = "import sys; from tui.commands import main; main()"
HEAVY = ("textual", "rich", "sqlalchemy", "psycopg", "alembic", "pydantic", "pydantic_settings", "yaml")


def tenantpilot(
    *words: str, code: str = PROGRAM, environ: dict[str, str] | None = None, **streams: object
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a new process."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", code, *words],
        check=False,
        timeout=60,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        **streams,
    )


@pytest.fixture
def url(sqlite_url: str) -> str:
    load(sqlite_url, a_fleet(*["stale"] * 40, "absent"))
    return sqlite_url


# Imports


def test_help_version_and_a_wrong_line_import_nothing_heavy() -> None:
    code = (
        "import sys; from tui.commands import run;"
        " [run(words.split()) for words in sys.argv[1:]];"
        f" print('heavy:', [name for name in {(*HEAVY, 'cronsim')!r} if name in sys.modules])"
    )
    done = tenantpilot("--help", "-h", "--version", "-V", "xyzzy", "--bogus", code=code)
    assert done.stdout.count(b"Usage: ") == 2
    assert done.stdout.splitlines()[-1] == b"heavy: []"


@pytest.mark.parametrize("command", ["report", "check", "metrics"])
def test_help_of_a_judging_command_imports_no_settings_or_database(command: str) -> None:
    """A shell makes the same imports to complete options, at every key."""
    code = (
        "import sys; from tui.commands import run;"
        " run([sys.argv[1], '--help']);"
        f" print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = tenantpilot(command, code=code)
    assert done.stdout.count(b"Usage: ") == 1
    assert done.stdout.splitlines()[-1] == b"heavy: []"


def test_the_first_frame_waits_for_no_settings_and_no_database() -> None:
    """The second process imports them, while this one imports Textual."""
    late = ("pydantic", "sqlalchemy", "psycopg", "alembic", "yaml")
    modules = "tui.app, tui.commands.screens, tui.terminal.process, health.resolver, health.store.reading.ahead"
    code = f"import sys, {modules}; print([name for name in {late!r} if name in sys.modules])"
    assert tenantpilot(code=code).stdout.strip() == b"[]"


def test_a_report_imports_neither_textual_nor_alembic(url: str) -> None:
    code = (
        "import sys; from tui.commands import run; run(sys.argv[1:]);"
        " print('heavy:', [name for name in ('textual', 'alembic', 'yaml') if name in sys.modules])"
    )
    done = tenantpilot("report", "--format", "csv", "--database", url, code=code)
    assert done.stdout.splitlines()[-1] == b"heavy: []"


def test_the_version() -> None:
    done = tenantpilot("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"tenantpilot {__version__}\n".encode(), b"")


def test_help_names_every_command_and_every_command_has_help() -> None:
    done = tenantpilot("--help")
    assert (done.returncode, done.stderr) == (0, b"")
    from tui.commands import SUBCOMMANDS

    for name in SUBCOMMANDS:
        assert f"\n  {name} ".encode() in done.stdout
    code = (
        "from tui.commands import SUBCOMMANDS, run; print([name for name in SUBCOMMANDS if run([name, '--help']) != 0])"
    )
    assert tenantpilot(code=code).stdout.splitlines()[-1] == b"[]"


# The installed command


def test_the_console_command_is_this_one(url: str) -> None:
    script = Path(sys.executable).with_name("tenantpilot")
    if not script.exists():
        pytest.skip("the checkout is not installed here")
    done = subprocess.run([script, "check", *AT, "--database", url], capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stdout.startswith(b"TENANTPILOT CRITICAL - 41 tenants, 1 absent (Absent 41), 40 stale (")


# Where output goes


@pytest.mark.parametrize("form", ["json", "table"])
def test_a_reader_that_goes_away_is_not_a_fault(url: str, form: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = tenantpilot("report", *AT, "--format", form, "--database", url, stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_report_piped_into_head(url: str) -> None:
    command = f"{sys.executable} -c '{PROGRAM}' report --format csv --database {url} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    assert done.stdout.startswith(b"tenant,name,posture")


def test_a_check_without_a_reader_does_not_exit_with_0(url: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = tenantpilot("check", *AT, "--database", url, stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode in (2, 3)
    assert b"Traceback" not in done.stderr


def unprinted(why: str) -> bytes:
    said = f"Standard output does not take the answer ({why}): give the command somewhere to print to."
    return f"tenantpilot: {said}\n".encode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize(("command", "code"), [("report", 1), ("check", 3)])
def test_output_that_cannot_be_written_is_an_error(url: str, command: str, code: int) -> None:
    with Path("/dev/full").open("w") as full:
        done = tenantpilot(command, *AT, "--database", url, stdout=full)
    assert done.returncode == code
    assert done.stderr == unprinted("No space left on device")


@pytest.mark.parametrize(
    ("command", "code", "closed", "said"),
    [
        ("report", 1, ">&-", unprinted("it is closed")),
        ("check", 3, ">&- 2>&-", b""),
        ("check --bogus", 3, "2>&-", b""),
    ],
)
def test_closed_streams_are_not_a_fault(url: str, command: str, code: int, closed: str, said: bytes) -> None:
    """It is not our fault, but not a success either, because the answer was lost."""
    line = f"{sys.executable} -c '{PROGRAM}' {command} {' '.join(AT)} --database {url} {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=False, timeout=60)
    assert done.returncode == code
    assert done.stderr == said


@pytest.mark.parametrize("form", ["json", "table"])
def test_a_terminal_without_unicode_still_gets_its_report(url: str, form: str) -> None:
    with bare(url) as store:
        store.execute("UPDATE tenants SET name = 'Ω ' || name")
    done = tenantpilot("report", "--format", form, *AT, "--database", url, environ={"PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u03a9 Stale 1" in done.stdout


# How it ends


def test_an_interruption_is_130_and_a_word() -> None:
    code = (
        "import tui.commands as c\ndef stop(*_, **__): raise KeyboardInterrupt\nc.cli.main = stop\nc.main(['report'])\n"
    )
    done = tenantpilot(code=code)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"tenantpilot: Interrupted.\n")


@pytest.mark.parametrize(("command", "exit_code"), [("report", 70), ("check", 3)])
def test_a_fault_of_ours_is_one_sentence_and_a_log_without_values(
    url: str, tmp_path: Path, command: str, exit_code: int
) -> None:
    secret = "pa55-w0rd"
    code = (
        "import tui.commands.report, tui.commands as c\n"
        f"def broken(*_): local = {secret!r}; raise RuntimeError(local)\n"
        "tui.commands.report.verdicts_of = broken\n"
        "c.main()\n"
    )
    state = tmp_path / "state"
    done = tenantpilot(command, "--database", url, code=code, environ={"XDG_STATE_HOME": str(state)})
    (log,) = state.rglob("*.log")
    assert done.returncode == exit_code
    expected = f"A fault in TenantPilot (RuntimeError); the details are in {log}.\n"
    assert done.stdout.decode() == (f"TENANTPILOT UNKNOWN - {expected}" if command == "check" else "")
    assert done.stderr.decode() == f"tenantpilot: {expected}"
    assert log.stat().st_mode & 0o777 == 0o600
    assert "RuntimeError at " in log.read_text()
    assert secret not in log.read_text()


@pytest.mark.parametrize("home", ["", "relative", None])
def test_a_user_without_a_home_has_no_files_and_the_same_verdicts(url: str, tmp_path: Path, home: str | None) -> None:
    """As in a container that runs under a number without a name."""
    change = "" if home is None else f"os.environ['HOME'] = {home!r}"
    code = (
        "import os, pwd\n"
        "pwd.getpwuid = lambda number: {}[number]\n"
        "for name in 'HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'TENANTPILOT_CONFIG':\n"
        "    os.environ.pop(name, None)\n"
        f"{change}\n"
        f"{PROGRAM}"
    )
    for words, exit_code in (("check", *AT, "--database", url), 2), (("config", "--database", url), 0):
        done = tenantpilot(*words, code=code, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (exit_code, b""), words
    done = tenantpilot("report", code=code, cwd=tmp_path)
    assert (done.returncode, done.stderr.count(b"\n")) == (3, 1)
    assert b" /nonexistent/.local/share/tenantpilot/fleet.db" in done.stderr


def test_a_fault_that_cannot_be_logged_is_still_one_sentence(url: str, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    code = (
        "import tui.commands.report, tui.commands as c\n"
        "def broken(*_): raise RuntimeError\n"
        "tui.commands.report.verdicts_of = broken\n"
        "c.main()\n"
    )
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = tenantpilot("report", "--database", url, code=code, environ=environ)
    assert done.returncode == 70
    assert done.stderr == (b"tenantpilot: A fault in TenantPilot (RuntimeError); it could not be written to the log.\n")
