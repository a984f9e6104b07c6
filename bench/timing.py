"""Seconds and ratios: each measurement runs in turn with its floor, so that a busy machine slows both."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple, TypeVar

Work = Callable[[], object]
Found = TypeVar("Found")


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


def own_time(work: Work) -> float:
    """For work that measures its own seconds, because it stops a program afterwards and that must not count."""
    moment = work()
    assert isinstance(moment, float)
    return moment


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


def quietest(measure: Callable[[], Found]) -> Found:
    """Measure what has no floor of its own, and again if the machine was not quiet: the quietest attempt counts.

    The same computation before and after each attempt shows how busy the machine was.
    """
    attempts = []
    for _ in range(_ATTEMPTS):
        runs = [seconds(_computed) for _ in range(_SAMPLES)]
        found = measure()
        runs += [seconds(_computed) for _ in range(_SAMPLES)]
        attempts.append((_spread(runs), found))
        if attempts[-1][0] <= _QUIET:
            break
    spread, found = min(attempts, key=lambda attempt: attempt[0])
    _spreads.append(spread)
    return found


def how_quiet() -> str:
    """One sentence on how quiet the machine was while everything was measured."""
    if not _spreads:
        return "No time was measured."
    loud = sum(spread > _QUIET for spread in _spreads)
    return (
        f"The middle half of a floor's runs was spread over {median(_spreads):.0%} of their median as a rule,"
        f" {max(_spreads):.0%} at most. What was not quiet (above {_QUIET:.0%}) was measured again, up to {_ATTEMPTS}"
        f" times; {loud} of {len(_spreads)} measurements of time stayed so."
    )


def _computed() -> int:
    """Some milliseconds of the interpreter's own work."""
    return sum(number * number for number in range(100_000))


def _spread(runs: list[float]) -> float:
    """The spread of the middle half of a floor's runs, as a share of their median."""
    return (percentile(runs, 75) - percentile(runs, 25)) / median(runs)


_QUIET: Final = 0.15
_ATTEMPTS: Final = 3
_SAMPLES: Final = 20
_spreads: list[float] = []


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that this many percent of them do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]
