"""Other public Textual apps, shown beside ours in the same run: installed only when asked, never a dependency."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

from bench.budgets import Result, milliseconds
from bench.keeping import KEPT
from bench.start_up import trivial_started, until
from bench.terminal import Terminal
from bench.timing import compare, own_time

_TAB: Final = b"\t"


class OtherApp(NamedTuple):
    """An app by its name in the registry: what to install, and a text of its first frame that has something in it."""

    name: str
    requirements: tuple[str, ...]
    shows: bytes


OTHER_APPS: Final = (
    # Its newest release draws with an older Textual, which crashes with the newest tree-sitter.
    OtherApp("posting", ("posting", "tree-sitter<0.26"), b"Enter a URL"),
    OtherApp("frogmouth", ("frogmouth",), b"Welcome to Frogmouth"),
)


def measure(rounds: int) -> Iterator[Result]:
    """Each app's start, bytes and idling. They have no limit; our own figures for the same are in the same table."""
    for app in OTHER_APPS:
        program = _installed(app)
        name = f"{app.name} {_version(app)}"
        there = compare(until((program,), app.shows), trivial_started, max(3, rounds // 2), own_time)
        yield _shown(
            f"{name} to its first frame", there.ratio, "x", milliseconds(there.measured), milliseconds(there.floor)
        )
        with Terminal((program,)) as terminal:
            terminal.wait_for(app.shows)
            first = terminal.settle(1.5)
            idle = terminal.listen(10) / 10
            sizes = []
            for _ in range(10):
                terminal.send(_TAB)
                sizes.append(terminal.settle())
        yield _shown(f"{name}, its first screen", first / 1000, "kB")
        yield _shown(f"{name}, a move of the focus", median(sizes) / 1000, "kB")
        yield _shown(f"{name}, idle", idle, "B/s")


def _shown(words: str, figure: float, unit: str, measured: str = "", floor: str = "") -> Result:
    return Result(f"for comparison: {words}", "80x24", measured, floor, figure, unit, None)


def _installed(app: OtherApp) -> str:
    """The app's program, in an environment of its own that is kept beside the fleets."""
    folder = KEPT / "apps" / app.name
    program = folder / "bin" / app.name
    if not program.exists():
        print(f"installing {app.name} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run([*pip, *app.requirements], check=True)
    return str(program)


def _version(app: OtherApp) -> str:
    python = KEPT / "apps" / app.name / "bin" / "python"
    asked = f"import importlib.metadata as said; print(said.version({app.name!r}))"
    return subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout.strip()
