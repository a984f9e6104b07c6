"""Seconds and ratios: each measurement runs in turn with its floor, so that a busy machine slows both."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

Work = Callable[[], object]


class Compared(NamedTuple):
    """Medians in seconds, and the median ratio of each run to the floor's run beside it."""

    measured: float
    floor: float
    ratio: float


def seconds(work: Work) -> float:
    """How many seconds one run takes. Collects the garbage of earlier runs first, outside the measured time."""
    gc.collect()
    began = perf_counter()
    work()
    return perf_counter() - began


def compare(measured: Work, floor: Work, rounds: int, timed: Callable[[Work], float] = seconds) -> Compared:
    """Run the two in turn, after one run of each that does not count. Measure again if the machine was not quiet.

    The floor does the same work each time, so the spread of its runs shows how busy the machine was.
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
        f"The middle half of a floor's runs was spread over {median(_spreads):.0%} of their median as a rule,"
        f" {max(_spreads):.0%} at most; {loud} of {len(_spreads)} comparisons were not quiet in {_ATTEMPTS} attempts."
    )


def _spread(runs: list[float]) -> float:
    """The spread of the middle half of a floor's runs, as a share of their median."""
    return (percentile(runs, 75) - percentile(runs, 25)) / median(runs)


_QUIET: Final = 0.15
_ATTEMPTS: Final = 3
_spreads: list[float] = []


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that this many percent of them do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]
