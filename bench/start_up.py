"""The budgets of starting: from exec to the frame a person waits for, against the smallest possible program."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.budgets import Result, milliseconds, ratio
from bench.terminal import Terminal, environment
from bench.timing import Work, compare

PRODUCT: Final = str(Path(sys.executable).parent / "tenantpilot")
TRIVIAL: Final = (sys.executable, str(Path(__file__).with_name("trivial_app.py")))
NOW_OPTION: Final = ("--now", "2026-11-23T09:00:00Z")

FIRST_FRAME: Final = b"reading the facts"
TRIAGED: Final = b"sorted: triage"

OTHER_APP: Final = "hike"
"""Another public Textual app, shown beside ours if it is on the PATH (`pipx install hike`); it is optional."""
_OTHER_APP_SHOWS: Final = b"Bookmarks"


def _no_timing(work: Work) -> float:
    """For work that measures its own seconds, because it stops a program afterwards and that must not count."""
    moment = work()
    assert isinstance(moment, float)
    return moment


def _until(command: tuple[str, ...], text: bytes) -> Work:
    def start() -> float:
        with Terminal(command) as terminal:
            return terminal.wait_for(text) - terminal.began

    return start


def _run(*command: str) -> Work:
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment())


def measure(url: str, where: str, rounds: int, *, engine_only: bool) -> Iterator[Result]:
    """Every budget of starting on a fleet; with `engine_only` only the budget that reads the fleet."""
    trivial = _until(TRIVIAL, b"a trivial app")
    product = (PRODUCT, "--database", url, *NOW_OPTION)
    triaged = compare(_until(product, TRIAGED), trivial, rounds, _no_timing)
    yield ratio("exec to the fleet triaged, against a trivial app", where, *triaged, 3)
    if engine_only:
        return
    first = compare(_until(product, FIRST_FRAME), trivial, rounds, _no_timing)
    yield ratio("exec to the first frame, against a trivial app", where, *first, 1.8)
    nothing = _run(sys.executable, "-c", "pass")
    for option in ("--help", "--version"):
        compared = compare(_run(PRODUCT, option), nothing, 2 * rounds)
        yield ratio(f"{option}, against python -c pass", "command line", *compared, 6)
    if (other := shutil.which(OTHER_APP)) is not None:
        there = compare(_until((other,), _OTHER_APP_SHOWS), trivial, max(3, rounds // 2), _no_timing)
        measured, floor = milliseconds(there.measured), milliseconds(there.floor)
        words = f"for comparison: {OTHER_APP} to its first frame"
        yield Result(words, "80x24", measured, floor, there.ratio, "x", None)
