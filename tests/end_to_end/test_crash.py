"""After a fault: one safe sentence, an exit code and a private log, but no traceback and no secret.

Modules: tui.commands, tui.words.failures, tui.words.fault_log.
"""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.end_to_end.conftest import NOW, OpenScreens
from tests.end_to_end.terminal import Terminal

SECRET: Final = "sentinel-4d1c-password"

# Breaks one place of the app, with the secret in a local variable and in the message, and runs the command as it is.
BROKEN: Final = """
import asyncio, os, sys, threading

def broken(self, *arguments, **named):
    url = os.environ["TENANTPILOT_DATABASE__URL"]
    raise ZeroDivisionError(f"cannot draw {{url}}")

{place}  # a name that is gone would be made here, and nothing broken
{place} = broken
from tui.commands import main
main(["--now", "{now}"])
"""
PLACES: Final = {
    "while it draws": "import tui.screens.tenants as at; at.TenantsScreen._cells",
    "while it starts": "import tui.screens.tenants as at; at.TenantsScreen.body",
    "in the app itself": "import tui.app as at; at.TenantPilotApp.on_ready",
    "at a tick of the clock": "import tui.screens.facts_screen as at; at.FactsScreen.tick",
    "when a screen opens": "import tui.screens.dashboard as at; at.DashboardScreen.body",
    "when a key is pressed": "import tui.widgets.row_list as at; at.RowList.action_choose",
    "while styles are read": "import textual.css.stylesheet as at; at.Stylesheet.add_source",
    "in the terminal's input": "import textual._xterm_parser as at; at.XTermParser._sequence_to_key_events",
}
# A fault of the reader costs an answer and not the app.
SURVIVED: Final = {
    "in the resolver": "import health.resolver as at; at.TenantBackupHealthResolver.refreshed_fleet",
    "when the database is opened": "import health.store.opening.postgresql as at; at.connected",
}
AFTER_THE_FIRST_READ: Final = "import health.store.reading.held_connection as at; at.open_reading"


@pytest.fixture
def secret_url(postgres_url: str, env: dict[str, str]) -> str:
    """A database of one tenant. Its URL has a password, which this server does not need."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("INSERT INTO tenants (external_id, name, created_at) VALUES ('one', 'One', now())")
    env["TENANTPILOT_DATABASE__URL"] = postgres_url.replace("postgres:@", f"postgres:{SECRET}@")
    assert SECRET in env["TENANTPILOT_DATABASE__URL"]
    return env["TENANTPILOT_DATABASE__URL"]


def start(in_terminal: OpenScreens, place: str, tmp_path: Path) -> Terminal:
    script = tmp_path / "broken.py"
    script.write_text(BROKEN.format(place=place, now=NOW))
    return in_terminal([sys.executable, str(script)], size=(200, 50))


def keeps_the_secret(terminal: Terminal, log_file: Path, command_line: str) -> None:
    """Fail if the secret is in the terminal's bytes, in the log, or in the list of processes."""
    for text in (terminal.text, log_file.read_text(), command_line):
        assert SECRET not in text
        assert "Traceback" not in text
    assert "cannot draw" not in log_file.read_text()
    assert "ZeroDivisionError" in log_file.read_text()
    assert "broken.py" in log_file.read_text()
    for path, mode in ((log_file, 0o600), (log_file.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def command_line(terminal: Terminal) -> str:
    return Path(f"/proc/{terminal.process.pid}/cmdline").read_text()


@pytest.mark.usefixtures("secret_url")
@pytest.mark.parametrize("place", PLACES)
def test_a_fault_ends_it_with_one_sentence(
    place: str, in_terminal: OpenScreens, log_file: Path, tmp_path: Path
) -> None:
    terminal = start(in_terminal, PLACES[place], tmp_path)
    listed = command_line(terminal)
    terminal.until(lambda: "One" in terminal.screen or terminal.process.poll() is not None, "a tenant, or its end")
    if terminal.process.poll() is None:
        terminal.press("enter")
    assert terminal.ends() == 70
    sentence = terminal.after_screens or terminal.text
    assert sentence.startswith("tenantpilot: A fault in TenantPilot (ZeroDivisionError)")
    assert sentence.count("\n") == 1
    assert str(log_file) in sentence
    assert terminal.is_restored
    keeps_the_secret(terminal, log_file, listed)


@pytest.mark.usefixtures("secret_url")
@pytest.mark.parametrize("place", SURVIVED)
def test_a_fault_of_the_reader_is_reported_and_survived(
    place: str, in_terminal: OpenScreens, log_file: Path, tmp_path: Path
) -> None:
    terminal = start(in_terminal, SURVIVED[place], tmp_path)
    listed = command_line(terminal)
    terminal.sees("A fault in TenantPilot (ZeroDivisionError)", "no facts")
    assert "healthy" not in terminal.screen
    terminal.press("q")
    assert terminal.ends() == 0
    keeps_the_secret(terminal, log_file, listed)


@pytest.mark.usefixtures("secret_url")
def test_a_fault_after_the_first_answer_keeps_it_with_the_cause(
    in_terminal: OpenScreens, log_file: Path, tmp_path: Path
) -> None:
    terminal = start(in_terminal, AFTER_THE_FIRST_READ, tmp_path)
    listed = command_line(terminal)
    terminal.sees("One", "1 tenant")
    terminal.sees("A fault in TenantPilot (ZeroDivisionError)", "One", after=["r"])
    terminal.press("q")
    assert terminal.ends() == 0
    keeps_the_secret(terminal, log_file, listed)


def test_a_log_that_is_a_link_is_not_followed(
    demo_file: Path, in_terminal: OpenScreens, env: dict[str, str], log_file: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    log_file.parent.mkdir(parents=True)
    log_file.symlink_to(victim)
    env["TENANTPILOT_DATABASE__URL"] = f"sqlite:///{demo_file}"
    terminal = start(in_terminal, PLACES["while it draws"], tmp_path)
    assert terminal.ends() == 70
    assert "could not be written to the log" in terminal.after_screens
    assert victim.read_text() == "mine\n"


def test_a_password_on_the_command_line_is_refused(open_installed: OpenScreens) -> None:
    terminal = open_installed(f"postgresql://postgres:{SECRET}@db1/fleet")
    assert terminal.ends() == 2
    assert SECRET not in terminal.text
    assert "every user of this machine can see" in terminal.words


@pytest.mark.usefixtures("secret_url")
def test_no_screen_and_no_command_shows_the_password(in_terminal: OpenScreens, env: dict[str, str]) -> None:
    program = shutil.which("tenantpilot", path=str(Path(sys.executable).parent))
    assert program is not None
    shown = in_terminal([program, "config"])
    shown.ends()
    env["TENANTPILOT_DATABASE__URL"] += "&sslmode=none"
    refused = in_terminal([program, "report"])
    assert refused.ends() != 0
    screens = in_terminal([program], size=(200, 50))
    screens.sees("no facts")
    screens.sees("sent to the terminal's clipboard", after=["Y"])
    screens.press("q")
    screens.ends()
    for terminal in (shown, refused, screens):
        assert SECRET not in terminal.text
    assert "postgres:***@" in shown.text
