"""The counts of all states stand on one line, also large ones. Module: tui.widgets.state_counts."""

from __future__ import annotations

import pytest

from tests.tui.widgets.hosting import hosted, lines
from tui.widgets.state_counts import StateCounts
from tui.words.wording import State

FEW = [(State.ABSENT, 3), (State.STALE, 0), (State.HEALTHY, 969)]
MANY = [(state, 100_000) for state in State]


@pytest.mark.parametrize(
    ("width", "plain", "said"),
    [
        (80, False, "✕ 3 absent  ✓ 969 healthy"),
        (80, True, "3 absent  969 healthy"),
        (26, False, "✕ 3 absent ✓ 969 healthy"),
        (24, False, "✕ 3 absent ✓ 969"),
        (12, False, "✕ 3 ✓ 969"),
        (20, True, "3 absent 969 hea"),
        (16, True, "3 abs 969 hea"),
    ],
)
async def test_counts_that_are_too_long_lose_their_words(width: int, plain: bool, said: str) -> None:
    counts = StateCounts(plain=plain)
    async with hosted(counts, size=(width, 3)) as pilot:
        counts.show(FEW)
        await pilot.pause(0)
        assert [line.strip() for line in lines(pilot) if line.strip()] == [said]


@pytest.mark.parametrize("plain", [False, True])
async def test_a_hundred_thousand_in_each_state_fit_into_80_columns(plain: bool) -> None:
    counts = StateCounts(plain=plain)
    async with hosted(counts) as pilot:
        counts.show(MANY[:-1])
        await pilot.pause(0)
        (line,) = (line for line in lines(pilot) if line.strip())
        assert line.count("100,000") == len(MANY) - 1
        counts.show(MANY)
        await pilot.pause(0)
        (line,) = (line for line in lines(pilot) if line.strip())
        assert plain or line.count("100,000") == len(MANY)
