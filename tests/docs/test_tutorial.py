"""`docs/tutorial.md`, followed step by step: in one shell, in a real terminal, in an empty home.

A block of `sh` is typed. The `text` after it is its output, except times and spans; without such a block there is no
output. `tenantpilot` alone opens the screens. The next blocks are what they show, after the keys to press.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import DOCS, Block, blocks, sequence
from tests.end_to_end.conftest import environment
from tests.end_to_end.stream import plain
from tests.end_to_end.terminal import Terminal

PAGE: Final = "tutorial.md"
SCREENS: Final = "tenantpilot\n"
THROUGH: Final = "\x1e"
"""The line that the shell prints after a block."""

HOME: Final = "/home/ana"
"""The home in the page's examples."""

KEYS: Final = {"⏎": "enter", "esc": "escape"}
_BAR: Final = re.compile(r"Sources +\[[#-]*\] +\d+%( +[\d:d ]+)?")
"""Progress that is overwritten, because the page shows only what stays."""
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)")
_SPAN: Final = re.compile(r"\b(in )?\d+[dhms]( \d+[hms])?( ago| old)?\b|just now")


def settled(text: str) -> str:
    """The words of a text without its line breaks. Parts that differ between two walks are made equal."""
    return " ".join(_SPAN.sub("<span>", _INSTANT.sub("<instant>", text)).split())


class Walk:
    """A reader at a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.type("stty -echo; PS1= PS2=")

    def type(self, script: str) -> str:
        """Type a block and wait until it has ended. Returns its output."""
        return plain(self._through(self._typed(script)))

    def looks_at(self, screens: Sequence[Block]) -> None:
        """Open the screens, press the page's keys, check each shown screen, and quit."""
        start = self._typed(SCREENS)
        for screen in screens:
            _, _, keys = screen.before.rpartition("Press ")
            self._terminal.press(*(KEYS.get(key, key) for key in re.findall(r"`(\S+)`", keys)))
            self._terminal.until(partial(self._shows, screen.text.splitlines()), screen.text)
        self._terminal.press("q")
        self._through(start)

    def _typed(self, script: str) -> int:
        # In one group, so that a program started by it reads none of its lines.
        start = len(self._terminal.text)
        self._terminal.write(f"{{ {script.rstrip()}\n}}; printf '\\036'\n".encode())
        return start

    def _through(self, start: int) -> str:
        self._terminal.until(lambda: THROUGH in self._terminal.text[start:], "the end of the block")
        return self._terminal.text[start:].partition(THROUGH)[0]

    def _shows(self, lines: list[str]) -> bool:
        """Whether the screen has these lines in this order. The page marks the ones that it leaves out."""
        on_screen = map(settled, self._terminal.lines)
        return all(settled(line) in on_screen for line in lines)


def steps() -> Iterator[tuple[str, list[Block]]]:
    """Each typed block, and its output on the page."""
    shown = [block for block in sequence(PAGE) if block.language in ("sh", "text")]
    starts = [number for number, block in enumerate(shown) if block.language == "sh"]
    for start, end in zip(starts, [*starts[1:], len(shown)], strict=True):
        yield shown[start].text, shown[start + 1 : end]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def login(home: Path) -> dict[str, str]:
    """The environment of a login there, after the page's installation, without settings."""
    env = environment(home) | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    del env["TENANTPILOT_CONFIG"]
    return env


@pytest.fixture
def walk(home: Path, login: dict[str, str]) -> Iterator[Walk]:
    with Terminal(["sh"], login, cwd=home) as terminal:
        yield Walk(terminal)


def test_the_whole_page(walk: Walk, home: Path, login: dict[str, str]) -> None:
    (install, _), *rest = steps()
    assert install.startswith("python3 make.py demo\n")
    for script, shown in rest:
        if script == SCREENS:
            walk.looks_at(shown)
        else:
            came = _BAR.sub("", walk.type(script).replace(str(home), HOME))
            assert settled(came) == settled("".join(block.text for block in shown)), script
    _the_crontab_runs(home, login)


def _the_crontab_runs(home: Path, login: dict[str, str]) -> None:
    """Every line of the crontab, as cron starts it: in the home, by `sh`, with the page's path."""
    (crontab,) = blocks(PAGE, "crontab")
    path, *lines = crontab.splitlines()
    assert path.startswith("PATH=")
    assert "%" not in crontab
    for line, prints in zip(lines, ("", "backups: 2 tenants: ", "TENANTPILOT CRITICAL"), strict=True):
        command = line.split(None, 5)[5]
        ran = subprocess.run(["sh", "-c", command], cwd=home, env=login, capture_output=True, text=True, timeout=60)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.startswith(prints)
        assert bool(ran.stdout) == bool(prints)


def test_the_settings_at_the_end_are_valid(home: Path, login: dict[str, str]) -> None:
    (toml,) = blocks(PAGE, "toml")
    file = home / ".config" / "tenantpilot" / "tenantpilot.toml"
    assert "~/" + str(file.relative_to(home)) in (DOCS / PAGE).read_text(encoding="utf-8")
    file.parent.mkdir(parents=True)
    file.write_text(toml)
    said = subprocess.run(["tenantpilot", "config"], env=login, cwd=home, capture_output=True, text=True, check=True)
    assert re.search(rf"^backup_health\.freshness_window +26h +file {re.escape(str(file))}$", said.stdout, re.MULTILINE)
