"""The budgets of starting: from exec to the frame a person waits for, against the smallest possible program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.budgets import Result, ratio
from bench.terminal import Terminal, environment
from bench.timing import Work, compare, own_time

PRODUCT: Final = str(Path(sys.executable).parent / "tenantpilot")
TRIVIAL: Final = (sys.executable, str(Path(__file__).with_name("trivial_app.py")))
SETTINGS: Final = str(Path(__file__).parent.parent / "tenantpilot.toml")
"""A file of settings to read before the first frame."""
NOW_OPTION: Final = ("--now", "2026-11-23T09:00:00Z")

FIRST_FRAME: Final = b"reading the facts"
TRIAGED: Final = b"sorted: triage"


def until(command: tuple[str, ...], text: bytes) -> Work:
    """Start a program and wait for a text; the work gives back the seconds from exec to it (`own_time`)."""

    def start() -> float:
        with Terminal(command) as terminal:
            return terminal.wait_for(text) - terminal.began

    return start


trivial_started: Final = until(TRIVIAL, b"a trivial app")
"""The floor of every start."""


def _run(*command: str) -> Work:
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment())


def measure(url: str, where: str, rounds: int, *, engine_only: bool) -> Iterator[Result]:
    """Every budget of starting on a fleet; with `engine_only` only the budget that reads the fleet."""
    product = (PRODUCT, "--database", url, *NOW_OPTION)
    triaged = compare(until(product, TRIAGED), trivial_started, rounds, own_time)
    yield ratio("exec to the fleet triaged, against a trivial app", where, *triaged, 3)
    if engine_only:
        return
    first = compare(until((*product, "--config", SETTINGS), FIRST_FRAME), trivial_started, rounds, own_time)
    yield ratio("exec to the first frame, against a trivial app", where, *first, 1.8)
    nothing = _run(sys.executable, "-c", "pass")
    for option in ("--help", "--version"):
        compared = compare(_run(PRODUCT, option), nothing, 2 * rounds)
        yield ratio(f"{option}, against python -c pass", "command line", *compared, 6)
