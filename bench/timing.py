"""Seconds and ratios: each measurement runs in turn with its floor, so that a busy machine slows both."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple

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
    """Run the two in turn, after one run of each that does not count."""
    timed(floor), timed(measured)
    pairs = [(timed(measured), timed(floor)) for _ in range(rounds)]
    return Compared(
        median(pair[0] for pair in pairs),
        median(pair[1] for pair in pairs),
        median(pair[0] / pair[1] for pair in pairs),
    )


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that this many percent of them do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]
