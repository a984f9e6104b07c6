"""Wall clocks: a local time is one instant, or two, or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from health.sources.local_times import NoLocalTime, instants_of, run_times

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "zone", "instants"),
    [
        ("2026-11-23 02:10:00", "UTC", ["2026-11-23 02:10:00"]),
        ("2026-11-23 02:10:00", "Europe/Berlin", ["2026-11-23 01:10:00"]),
        ("2026-07-23 02:10:00", "Europe/Berlin", ["2026-07-23 00:10:00"]),
        ("2026-07-23 02:10:00", "Asia/Kathmandu", ["2026-07-22 20:25:00"]),
        # Clocks go back at 03:00 and show the hour from 02:00 twice.
        ("2026-10-25 01:59:59", "Europe/Berlin", ["2026-10-24 23:59:59"]),
        ("2026-10-25 02:00:00", "Europe/Berlin", ["2026-10-25 00:00:00", "2026-10-25 01:00:00"]),
        ("2026-10-25 02:59:59", "Europe/Berlin", ["2026-10-25 00:59:59", "2026-10-25 01:59:59"]),
        ("2026-10-25 03:00:00", "Europe/Berlin", ["2026-10-25 02:00:00"]),
        # Lord Howe's clocks move by half an hour.
        ("2026-04-05 01:45:00", "Australia/Lord_Howe", ["2026-04-04 14:45:00", "2026-04-04 15:15:00"]),
        ("2026-03-29 03:00:00", "Europe/Berlin", ["2026-03-29 01:00:00"]),
    ],
)
def test_a_wall_clock_shows_a_time_once_or_twice(shown: str, zone: str, instants: list[str]) -> None:
    assert instants_of(shown, ZoneInfo(zone)) == tuple(map(utc, instants))


@pytest.mark.parametrize("shown", ["2026-03-29 02:00:00", "2026-03-29 02:59:59"])
def test_the_hour_that_is_skipped_was_never_shown(shown: str) -> None:
    with pytest.raises(NoLocalTime, match=f"is {shown}, which the clocks of Europe/Berlin skipped"):
        instants_of(shown, BERLIN)


@pytest.mark.parametrize(
    "text",
    [
        None, 20261123, "", "2026-11-23", "2026-11-23T02:10:00", "2026-11-23 02:10", "2026-11-23 02:10:00Z",
        "2026-11-23 02:10:00.5", " 2026-11-23 02:10:00", "2026-11-23 02:10:00\n", "２026-11-23 02:10:00",
        "2026-02-31 02:10:00", "2026-11-23 24:00:00", "2026-11-23 02:10:60", "0000-01-01 00:00:00",
        "0001-01-01 00:00:00",
    ],
    ids=ascii,
)  # fmt: skip
def test_other_texts_are_not_a_local_time(text: object) -> None:
    with pytest.raises(NoLocalTime, match="is not a local time such as"):
        instants_of(text, BERLIN)


@pytest.mark.parametrize(
    ("start", "end", "lasted", "expected"),
    [
        # It began before the clocks went back and ended in the hour that comes twice. Its duration says in which.
        ("01:50:00", "02:10:00", 20, ("2026-10-24 23:50:00", "2026-10-25 00:10:00")),
        ("01:50:00", "02:10:00", 80, ("2026-10-24 23:50:00", "2026-10-25 01:10:00")),
        ("01:50:00", "02:10:00", 79, ("2026-10-24 23:50:00", "2026-10-25 01:10:00")),
        # Without a duration it is the earlier end, which gives the greater age.
        ("01:50:00", "02:10:00", None, ("2026-10-24 23:50:00", "2026-10-25 00:10:00")),
        # A run does not end before it begins, so these two are on either side.
        ("02:50:00", "02:10:00", None, ("2026-10-25 00:50:00", "2026-10-25 01:10:00")),
        ("02:50:00", "02:10:00", 20, ("2026-10-25 00:50:00", "2026-10-25 01:10:00")),
        # Wholly within the hour that comes twice: both are possible, so it is the earlier one.
        ("02:10:00", "02:30:00", 20, ("2026-10-25 00:10:00", "2026-10-25 00:30:00")),
        # It ended after that hour: the start that fits is taken.
        ("02:50:00", "03:10:00", 20, ("2026-10-25 01:50:00", "2026-10-25 02:10:00")),
        ("02:50:00", "03:10:00", 80, ("2026-10-25 00:50:00", "2026-10-25 02:10:00")),
        # It contradicts itself in every reading, and stays so.
        ("05:00:00", "04:00:00", 20, ("2026-10-25 04:00:00", "2026-10-25 03:00:00")),
    ],
)
def test_a_run_over_the_hour_that_comes_twice(
    start: str, end: str, lasted: int | None, expected: tuple[str, str]
) -> None:
    times = run_times(
        instants_of(f"2026-10-25 {start}", BERLIN),
        instants_of(f"2026-10-25 {end}", BERLIN),
        None if lasted is None else timedelta(minutes=lasted),
    )
    assert times == tuple(map(utc, expected))


def test_only_one_end_is_known() -> None:
    twice = instants_of("2026-10-25 02:30:00", BERLIN)
    assert run_times(twice, (), None) == (utc("2026-10-25 00:30:00"), None)
    assert run_times((), twice, timedelta(hours=1)) == (None, utc("2026-10-25 00:30:00"))
    assert run_times((), (), None) == (None, None)
