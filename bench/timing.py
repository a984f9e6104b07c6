"""Seconds and ratios: each measurement runs in turn with its floor, so that a busy machine slows both."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

Work = Callable[[], object]


class Compared(NamedTuple):
    """Medians in seconds, and the median of the ratios of each run to the floor's run beside it."""

    measured: float
    floor: float
    ratio: float


def seconds(work: Work) -> float:
    """How long one run takes; garbage of what ran before is collected first and not counted."""
    gc.collect()
    began = perf_counter()
    work()
    return perf_counter() - began


def compare(measured: Work, floor: Work, rounds: int, timed: Callable[[Work], float] = seconds) -> Compared:
    """Run the two in turn, after one run of each that does not count; what was not quiet is measured again.

    The floor does the same work each time: how far its runs are apart says what else the machine was doing.
    """
    timed(floor), timed(measured)
    attempts = []
    for _ in range(_ATTEMPTS):
        pairs = [(timed(measured), timed(floor)) for _ in range(rounds)]
        attempts.append((_spread([pair[1] for pair in pairs]), pairs))
        if attempts[-1][0] <= _QUIET:
            break
    spread, pairs = min(attempts, key=lambda attempt: attempt[0])
    _spreads.append(spread)
    return Compared(
        median(pair[0] for pair in pairs),
        median(pair[1] for pair in pairs),
        median(pair[0] / pair[1] for pair in pairs),
    )


def how_quiet() -> str:
    """One sentence on how quiet the machine was while everything was compared."""
    if not _spreads:
        return "Nothing was timed against a floor."
    loud = sum(spread > _QUIET for spread in _spreads)
    return (
        f"From the first quarter to the third a floor's runs were {median(_spreads):.0%} apart as a rule,"
        f" {max(_spreads):.0%} at most; {loud} of {len(_spreads)} comparisons were not quiet, {_ATTEMPTS} times."
    )


def _spread(runs: list[float]) -> float:
    """From the first quarter to the third of a floor's runs, as a share of their median."""
    return (percentile(runs, 75) - percentile(runs, 25)) / median(runs)


_QUIET: Final = 0.15
_ATTEMPTS: Final = 3
_spreads: list[float] = []


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that this many percent of them do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]
