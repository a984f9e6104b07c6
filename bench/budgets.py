"""Each measurement against its budget, and one table of all (docs/budgets.md, "Budgets")."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from math import isnan
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Result(NamedTuple):
    """One budget on one engine or terminal. `limit` is None if the figure is only shown beside the others.

    `figure` is NaN if this machine cannot measure it; `measured` then says why.
    """

    budget: str
    where: str
    measured: str
    floor: str
    figure: float
    unit: str
    limit: float | None

    @property
    def verdict(self) -> str:
        """`pass`, `MISS`, or nothing if there is no limit."""
        if self.limit is None:
            return ""
        return "pass" if self.figure <= self.limit else "MISS"


def milliseconds(duration: float) -> str:
    """Seconds as milliseconds for people, with two decimals below 100 ms."""
    return f"{duration * 1000:,.{0 if duration >= 0.1 else 2}f} ms"


def ratio(budget: str, where: str, measured: float, floor: float, times: float, limit: float | None) -> Result:
    """A budget for the ratio of two durations in seconds."""
    return Result(budget, where, milliseconds(measured), milliseconds(floor), times, "x", limit)


def noted(results: Iterable[Result]) -> Iterator[Result]:
    """The same results. Prints each at once on standard error too, because a run takes minutes."""
    for each in results:
        print(f"{each.budget} ({each.where}): {_shown(each)} {each.verdict}", file=sys.stderr, flush=True)
        yield each


def _shown(result: Result) -> str:
    """The figure and its unit, or a dash if it could not be measured."""
    if isnan(result.figure):
        return "-"
    return f"{result.figure:,.{2 if result.figure < 100 else 0}f} {result.unit}"


def print_table(results: Iterable[Result]) -> bool:
    """Print every budget; True if all are kept."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("BUDGET", "WHERE"):
        table.add_column(heading, overflow="fold")
    for heading in ("MEASURED", "FLOOR", "FIGURE", "LIMIT"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    missed = False
    for result in results:
        limit = "" if result.limit is None else f"{result.limit:g} {result.unit}"
        shown = (result.measured, result.floor, _shown(result), limit, result.verdict)
        table.add_row(result.budget, result.where, *shown)
        missed = missed or result.verdict == "MISS"
    Console(width=150, highlight=False).print(table)
    return not missed
