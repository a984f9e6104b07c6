"""Arithmetic on instants stays within the years 1 to 9999."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from health.instants import EARLIEST, JUST_BEFORE, LATEST, beyond, shifted
from tests.health.making import DAY, FIRST_INSTANT, HOUR, LAST_INSTANT, NOW, TICK


@pytest.mark.parametrize(
    ("instant", "by", "expected"),
    [
        (NOW, DAY, datetime(2026, 11, 24, 9, tzinfo=NOW.tzinfo)),
        (NOW, -DAY, datetime(2026, 11, 22, 9, tzinfo=NOW.tzinfo)),
        (NOW, timedelta(0), NOW),
        (LAST_INSTANT - TICK, TICK, LAST_INSTANT),
        (LAST_INSTANT, TICK, LAST_INSTANT),
        (LAST_INSTANT, timedelta.max, LAST_INSTANT),
        (FIRST_INSTANT + TICK, -TICK, FIRST_INSTANT),
        (FIRST_INSTANT, -TICK, FIRST_INSTANT),
        (FIRST_INSTANT, timedelta.min, FIRST_INSTANT),
    ],
)
def test_an_instant_is_moved_and_held_within_the_calendar(instant: datetime, by: timedelta, expected: datetime) -> None:
    assert shifted(instant, by) == expected


def test_the_ends_of_the_calendar_and_the_tick_of_its_clock() -> None:
    assert (EARLIEST, LATEST) == (FIRST_INSTANT, LAST_INSTANT)
    assert JUST_BEFORE == -TICK


@pytest.mark.parametrize(
    ("instant", "expected"),
    [(NOW - DAY, -HOUR), (NOW - 23 * HOUR, 0 * HOUR), (NOW - HOUR, 0 * HOUR), (NOW, 0 * HOUR), (NOW + TICK, TICK)],
)
def test_how_far_an_instant_lies_outside_a_stretch_of_time(instant: datetime, expected: timedelta) -> None:
    assert beyond(instant, NOW - 23 * HOUR, NOW) == expected
