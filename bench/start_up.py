"""The budgets of starting: from exec to the frame a person waits for, against the smallest possible program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench.budgets import Result, milliseconds, ratio
from bench.keeping import Kept, tenfold
from bench.terminal import Terminal, environment
from bench.timing import Work, compare, own_time, quietest

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


def measure(fleets: Sequence[Kept], rounds: int, *, engine_only: bool) -> Iterator[Result]:
    """Every budget of starting on each fleet; with `engine_only` only the budgets that read the fleet."""
    for fleet in fleets:
        limit, times = (None, max(3, rounds // 2)) if fleet.is_large else (3, rounds)
        triaged = compare(until(_product(fleet), TRIAGED), trivial_started, times, own_time)
        yield ratio("exec to the fleet triaged, against a trivial app", fleet.where, *triaged, limit)
        if fleet.is_large:
            yield _how_far(fleet, times)
    for larger, smaller in tenfold(fleets):
        of_both = until(_product(larger), TRIAGED), until(_product(smaller), TRIAGED)
        triaged = compare(*of_both, max(3, rounds // 2), own_time)
        yield ratio("exec to the fleet triaged with ten times the tenants", larger.where, *triaged, 11)
    if engine_only:
        return
    product, where = _product(fleets[0]), fleets[0].where
    first = compare(until((*product, "--config", SETTINGS), FIRST_FRAME), trivial_started, rounds, own_time)
    yield ratio("exec to the first frame, against a trivial app", where, *first, 1.8)
    nothing = _run(sys.executable, "-c", "pass")
    for option in ("--help", "--version"):
        compared = compare(_run(PRODUCT, option), nothing, 2 * rounds)
        yield ratio(f"{option}, against python -c pass", "command line", *compared, 6)


def _product(fleet: Kept) -> tuple[str, ...]:
    return (PRODUCT, "--database", fleet.url, *NOW_OPTION)


def _how_far(fleet: Kept, rounds: int) -> Result:
    """From the first frame until the screen shows how many tenants of the fleet are read."""

    def started() -> float:
        with Terminal(_product(fleet)) as terminal:
            first = terminal.wait_for(FIRST_FRAME)
            return terminal.wait_for(f"of {fleet.shape.tenants:,} tenants".encode()) - first

    middle = quietest(lambda: median(started() for _ in range(rounds)))
    budget = "first frame to the progress of the first read"
    return Result(budget, fleet.where, milliseconds(middle), "", middle, "s", 1.5)
