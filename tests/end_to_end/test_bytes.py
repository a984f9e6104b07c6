"""No text from outside acts on the terminal: the whole byte stream of every screen and command, audited by grammar.

Modules: tui.screens, tui.commands, tui.words.safe_text.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end import stream
from tests.end_to_end.conftest import NOW, OpenScreens, Run, url_of
from tests.end_to_end.hostile import ATTACKS, NOT_UTF_8, TARGET, write_hostile_fleet
from tests.end_to_end.terminal import TENANTPILOT, Terminal

HOSTILE_NAME: Final = "fl\x1b[2J\u202e[bold]\x9b.db"
ARGUMENT: Final = "\x1b[2J\u202e[/]\x9b"
PASTED: Final = "\x1b[200~" + "".join(ATTACKS) + "\x1b[201~"
# Attacks that a terminal would obey or a reader would not see. The others attack markup and formats, as plain text.
TO_TERMINALS: Final = [attack for attack in ATTACKS if stream.offences(attack.encode(), line_ends="")]


@pytest.fixture(scope="session")
def hostile_template(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    file = tmp_path_factory.mktemp("hostile") / "fleet.db"
    shutil.copyfile(sqlite_template, file)
    write_hostile_fleet(file)
    return file


@pytest.fixture
def hostile_file(tmp_path: Path, hostile_template: Path) -> Path:
    """The hostile fleet in a file with a hostile name."""
    return Path(shutil.copyfile(hostile_template, tmp_path / HOSTILE_NAME))


@pytest.mark.parametrize(
    "sent",
    [
        b"plain \xe2\x9c\x93 \x1b[1;38;5;245;48;5;234mgrey\x1b[0m\r\n",
        b"\x1b[12H\x1b[80G\x1b[5;21r\x1b[21H\n\x1b[5H\x1bM\x1b[r",
        b"\x1b[?1049h\x1b[?25l\x1b[12;80H\x1b[H\x1b[?2026$p\x1b[>25u\x1b[<u\x1b]22;default\x07",
    ],
)
def test_the_auditor_accepts_the_screens_own_sequences(sent: bytes) -> None:
    assert stream.offences(sent) == []


@pytest.mark.parametrize("attack", [*(each.encode() for each in TO_TERMINALS), NOT_UTF_8])
def test_the_auditor_finds_each_attack(attack: bytes) -> None:
    assert stream.offences(b"\x1b[1mx" + attack + b"x\x1b[0m", line_ends="")


def test_there_are_enough_attacks_on_terminals() -> None:
    assert len(TO_TERMINALS) >= 16


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_every_screen_at_256_colours(
    size: tuple[int, int], hostile_file: Path, open_screens: OpenScreens, tmp_path: Path
) -> None:
    terminal = open_screens(hostile_file, size=size)
    tour(terminal, hostile_file, tmp_path)
    assert stream.offences(terminal.raw) == []
    shown = stream.plain(terminal.text)
    for seen in ("␛[2J␛[HALL", "␛]52;c;", "⟨U+009B⟩", "⟨U+202E⟩", "⟨U+115F⟩", "[@click=app.quit]", "⟨U+FE0F⟩"):
        assert seen in shown
    assert stream.colours(terminal.text)


def test_every_screen_without_colours(
    hostile_file: Path, open_screens: OpenScreens, tmp_path: Path, env: dict[str, str]
) -> None:
    env["NO_COLOR"] = "1"
    terminal = open_screens(hostile_file)
    tour(terminal, hostile_file, tmp_path)
    assert stream.offences(terminal.raw) == []
    assert stream.colours(terminal.text) == []


WAY: Final[tuple[tuple[Sequence[str], tuple[str, ...]], ...]] = (
    ((), ("sorted: triage",)),
    (["end", "home", *"ssssssss", *"pppp", "escape"], ("32 tenants, sorted",)),
    (["y"], ("not copied",)),
    (["d"], ("the settings name no other database",)),
    (["e"], ("EXPORT AS", "markdown")),
    (["down", "down", "enter"], ("saved", "32 tenants, sorted")),
    (["ctrl+s"], (".svg",)),
    ([*"wwww", "c"], ("no earlier visit is recorded",)),
    (["?"], ("WHAT IT DOES",)),
    (["backspace"], ("32 tenants, sorted",)),
    (["ctrl+p"], ("a tenant or an action",)),
    ([*"link", "down", "down", "escape"], ("/ name, id",)),
    (["/", PASTED, "down"], ("0 of 32,",)),
    (["escape"], ("32 tenants, sorted",)),
    (["/", *TARGET], ("1 of 32,",)),
    (["down"], ("> ◆",)),
    (["enter"], ("Latest attempts", "24/24")),
    (["down", "down", "y", "Y", "b"], ("The basis governs",)),
    ([*"jjjj", "end", "y", "home", "enter"], ("Degradation families",)),
    (["tab", "end", "home", *"fffffff", "/", *"link", "escape", "enter"], ("CAPTURED JSON",)),
    (["end", "y", "backspace"], ("Degradation families",)),
    (["backspace"], ("The basis governs",)),
    (["backspace"], ("Latest attempts",)),
    (["s"], ("Schedules: 24",)),
    ([*"j" * 24, "backspace"], ("Latest attempts",)),
    (["backspace"], ("1 of 32,",)),
    (["escape"], ("32 tenants, sorted",)),
    (["home", "enter"], ("? unreadable", "Latest attempts")),
    (["b"], ("unreadable", "Backup sets: 1")),
    (["backspace"], ("Latest attempts",)),
    (["backspace"], ("32 tenants, sorted",)),
    (["down", "enter"], ("? unreadable", "Latest attempts")),
    (["s"], ("? unreadable", "Schedules: 1")),
)
"""Keys, and the words on the screen after their effect."""


def tour(terminal: Terminal, file: Path, tmp_path: Path) -> None:
    """Every screen and the windows over them; then a database that became something else; then the end."""
    for keys, words in WAY:
        for key in keys:
            terminal.press(key)
            # One frame for each key, so that each place on the way is drawn.
            terminal.settles(0.04)
        terminal.sees(*words)
    other = tmp_path / "other"
    other.write_bytes(b"\x1b[2J this is no database \xff" * 100)
    other.replace(file)
    terminal.sees("not a SQLite database", after=["r"])
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_restored


def test_every_command(hostile_file: Path, run: Run) -> None:
    where = ("--database", url_of(hostile_file))
    nowhere = ("--database", f"postgresql://{ARGUMENT}@/x?host=/{ARGUMENT}")
    for arguments in (
        ("report", "--format", "table", "--now", NOW, *where),
        ("report", "--format", "csv", "--now", NOW, *where),
        ("report", "--format", "markdown", "--now", NOW, *where),
        ("check", "--now", NOW, *where),
        ("tenant", "list", *where),
        ("schedule", "list", *where),
        ("config", *where),
        ("report", "--tenant", ARGUMENT, *where),
        ("report", *nowhere),
        ("report", "--now", ARGUMENT),
        ("report", "--config", ARGUMENT),
        ("import", "intunecd", ARGUMENT, *where),
        (ARGUMENT,),
    ):
        done = run(*arguments)
        assert done.stdout or done.stderr
        assert stream.offences(done.stdout, line_ends="\n") == []
        assert stream.offences(done.stderr, line_ends="\n") == []
        assert b"Traceback" not in done.stderr
        assert done.stderr.count(b"\n") <= 1


def test_json_is_ascii_and_a_csv_cell_is_not_a_formula(hostile_file: Path, run: Run) -> None:
    where = ("--now", NOW, "--database", url_of(hostile_file))
    document = run("report", "--format", "json", *where).stdout
    assert document.isascii()
    assert stream.offences(document, line_ends="\n") == []
    table = run("report", "--format", "csv", *where).stdout.decode()
    assert "'=cmd|" in table
    assert not any(
        cell.lstrip('"').startswith(("=", "+", "@")) for line in table.splitlines() for cell in line.split(",")
    )


def test_a_report_on_a_terminal(hostile_file: Path, env: dict[str, str], tmp_path: Path) -> None:
    command = [TENANTPILOT, "report", "--database", url_of(hostile_file), "--now", NOW]
    with Terminal(command, env, size=(120, 40), cwd=tmp_path) as terminal:
        assert terminal.ends() == 0
        assert stream.offences(terminal.raw) == []
        assert "8 unreadable" in terminal.text.replace("unreadable 8", "8 unreadable")


def test_a_name_that_can_be_typed_is_copied(demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("sent to the terminal's clipboard", after=["y"])
    assert len(stream.copied(terminal.text)) == 1
    terminal.sees("clipboard: tenantpilot", after=["Y"])
    assert stream.copied(terminal.text)[1].startswith("tenantpilot --database sqlite:///")
    assert stream.offences(terminal.raw)
    assert stream.offences(terminal.raw, clipboard=True) == []
    assert all(subprocess.list2cmdline([text]).isprintable() for text in stream.copied(terminal.text))
