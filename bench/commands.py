"""The budgets of the commands that print a whole fleet, each against `check` of the same fleet."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

from bench.budgets import Result, ratio
from bench.start_up import NOW_OPTION, PRODUCT
from bench.terminal import environment
from bench.timing import Work, compare


def measure(url: str, where: str, rounds: int) -> Iterator[Result]:
    """`report --format json` and `metrics`, from exec to exit; and the resident memory of the report."""
    check = _run("check", url)
    for words, limit in (("report --format json", 1.3), ("metrics", 1.5)):
        compared = compare(_run(words, url), check, rounds)
        yield ratio(f"{words}, against check", where, *compared, limit)
    megabytes = _resident("report --format json", url)
    yield Result("report --format json, resident memory", where, "", "", megabytes, "MB", 450)


def _command(words: str, url: str) -> list[str]:
    return [PRODUCT, *words.split(), "--database", url, *NOW_OPTION]


def _run(words: str, url: str) -> Work:
    # No check=True: the exit code of `check` is its verdict.
    return lambda: subprocess.run(_command(words, url), check=False, stdout=subprocess.DEVNULL, env=environment())


def _resident(words: str, url: str) -> float:
    process = subprocess.Popen(_command(words, url), stdout=subprocess.DEVNULL, env=environment())
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_maxrss / 1024
