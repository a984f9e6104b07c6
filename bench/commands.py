"""The budgets of the commands that print a whole fleet, each against `check` of the same fleet."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from bench.budgets import Result, ratio
from bench.keeping import Kept, tenfold
from bench.start_up import NOW_OPTION, PRODUCT
from bench.terminal import environment
from bench.timing import Work, compare

_REPORT: Final = "report --format json"
_METRICS: Final = "metrics"
_PEAK_OF_A_CHILD: Final = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def measure(fleets: Sequence[Kept], rounds: int) -> Iterator[Result]:
    """`report --format json` and `metrics`, from exec to exit; and the resident memory of the report."""
    for fleet in fleets:
        check = _run("check", fleet.url)
        for words, limit in ((_REPORT, 1.3), (_METRICS, 1.5)):
            compared = compare(_run(words, fleet.url), check, max(3, rounds // 2) if fleet.is_large else rounds)
            yield ratio(f"{words}, against check", fleet.where, *compared, None if fleet.is_large else limit)
        megabytes = _resident(_REPORT, fleet.url)
        yield Result(f"{_REPORT}, resident memory", fleet.where, "", "", megabytes, "MB", 450)
    for larger, smaller in tenfold(fleets):
        for words in (_REPORT, _METRICS):
            compared = compare(_run(words, larger.url), _run(words, smaller.url), max(3, rounds // 2))
            yield ratio(f"{words} with ten times the tenants", larger.where, *compared, 11)


def _command(words: str, url: str) -> list[str]:
    return [PRODUCT, *words.split(), "--database", url, *NOW_OPTION]


def _run(words: str, url: str) -> Work:
    # No check=True: the exit code of `check` is its verdict.
    return lambda: subprocess.run(_command(words, url), check=False, stdout=subprocess.DEVNULL, env=environment())


def _resident(words: str, url: str) -> float:
    """In megabytes. A new process begins with the peak of its parent, so the parent is a small one, not the bench."""
    command = (sys.executable, "-c", _PEAK_OF_A_CHILD, *_command(words, url))
    shown = subprocess.run(command, check=True, capture_output=True, env=environment())
    return int(shown.stdout) / 1024
