"""Every choice for every column of a schedule, on both sides of every boundary (docs/concepts.md, "Schedules")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from random import Random
from typing import Any

from tests.oracle.cases import (
    CLEAN,
    FIRST_INSTANT,
    GRACE,
    LAST_INSTANT,
    LONGEST,
    NOW,
    SKEW,
    TICK,
    WINDOW,
    Blueprint,
    Case,
    SetShape,
    numbered,
    set_shape,
)
from tests.oracle.rows import ScheduleRow

When = tuple[str, timedelta] | datetime | None
"""An instant: at a distance from `now`, `created`, `enabled` or `last` (null if that is null), absolute, or null."""

Choice = Mapping[str, Any]
"""One value for each key of DIMENSIONS."""

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def _around(base: str, *distances: timedelta) -> list[When]:
    """Each distance and one microsecond to either side of it."""
    return [(base, distance + side) for distance in distances for side in (-TICK, timedelta(0), TICK)]


_PAST_BOUNDARIES = _around("now", -(WINDOW + GRACE), -LONGEST, -(GRACE + SKEW), -GRACE)
_FUTURE_BOUNDARY: list[When] = [("now", SKEW), ("now", SKEW + TICK)]

# At NOW the slots of 08:00 UTC (09:00 in Berlin, 19:00 on Lord Howe) are exactly one grace ago.
GOOD_CRONS = ["0 8 * * *", "0 9 * * *", "0 19 * * *", "*/5 * * * *", "30 7 * * MON", "0 12 1 * *"]
BAD_CRONS = ["", " ", "@daily", "0 0 31 2 *", "0 0 */31 * MON#5", "0 0 8 * * *", "* * * *", "61 * * * *", "every night"]
BAD_TIMEZONES = ["", "Mars/Olympus", "utc", "Europe/Berlin ", "/etc/localtime", "../UTC", "+02:00"]
SUCCESSES = ["success", "Succeeded", "COMPLETED", "oK"]
NOT_SUCCESSES = ["failed", "", "Cancelled", "partial", " ok", "okay", "running late"]

DIMENSIONS: dict[str, Sequence[Any]] = {
    "is_enabled": [True, True, True, False],
    "deleted_at": [None, None, None, ("now", -HOUR)],
    "created_at": [("now", -40 * DAY)] * 8
    + [FIRST_INSTANT]
    + _PAST_BOUNDARIES
    + [("now", timedelta(0))]
    + _FUTURE_BOUNDARY,
    "enabled_at": [None] * 8 + [("now", -60 * DAY)] + _PAST_BOUNDARIES + _FUTURE_BOUNDARY,
    "last_run_at": [None] * 5 + [("now", -2 * HOUR)] * 3 + [("now", -30 * DAY)] + _PAST_BOUNDARIES + _FUTURE_BOUNDARY,
    "next_run_at": [None] * 6
    + _around("now", -GRACE)
    + _around("last", SKEW)
    + _around("created", timedelta(0))
    + _around("enabled", timedelta(0))
    + [("now", -30 * DAY), ("now", HOUR), ("now", 40 * DAY), FIRST_INSTANT, LAST_INSTANT],
    "cron": [None] * 6 + GOOD_CRONS * 3 + BAD_CRONS,
    "timezone": ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York"] * 6 + BAD_TIMEZONES,
    "last_run_status": [None] * 3 + SUCCESSES * 3 + ["running", "RUNNING"] + NOT_SUCCESSES,
    # The only set of the tenant: when it completed, its status, and whether it is deleted.
    "basis": [None]
    + [(when, "completed", False) for when in _around("last", -GRACE)]
    + [
        (("last", timedelta(0)), "partial", False),
        (("now", -HOUR), "completed", False),
        (("now", -HOUR), "completed", True),
        (("now", -HOUR), "failed", False),
        (("now", -40 * DAY), "completed", False),
        (("now", DAY), "completed", False),
    ],
}

SPACE = 1
for _values in DIMENSIONS.values():
    SPACE *= len(_values)

_RAN: Choice = {
    "is_enabled": True,
    "deleted_at": None,
    "created_at": ("now", -40 * DAY),
    "enabled_at": None,
    "last_run_at": ("now", -2 * HOUR),
    "next_run_at": None,
    "cron": "0 8 * * *",
    "timezone": "UTC",
    "last_run_status": "success",
    "basis": (("now", -HOUR), "completed", False),
}
BASELINES: list[Choice] = [
    _RAN,
    {**_RAN, "cron": None, "next_run_at": ("now", HOUR)},
    {**_RAN, "last_run_at": None, "last_run_status": None, "created_at": ("now", -GRACE)},
    {**_RAN, "last_run_status": "running", "timezone": "Europe/Berlin"},
]


def _resolve(when: When, instants: Mapping[str, datetime | None]) -> datetime | None:
    if not isinstance(when, tuple):
        return when
    base = instants[when[0]]
    if base is None:
        return None
    try:
        return base + when[1]
    except OverflowError:
        return base


def schedule_of(choice: Choice, now: datetime) -> ScheduleRow:
    """The schedule of these choices, seen from `now`."""
    instants: dict[str, datetime | None] = {"now": now}
    for column, name in (("created_at", "created"), ("enabled_at", "enabled"), ("last_run_at", "last")):
        instants[name] = _resolve(choice[column], instants)
    return ScheduleRow(
        is_enabled=choice["is_enabled"],
        cron=choice["cron"],
        timezone=choice["timezone"],
        last_run_at=instants["last"],
        last_run_status=choice["last_run_status"],
        next_run_at=_resolve(choice["next_run_at"], instants),
        created_at=instants["created"],
        enabled_at=instants["enabled"],
        deleted_at=_resolve(choice["deleted_at"], instants),
    )


def basis_beside(choice: Choice, now: datetime) -> tuple[SetShape, ...]:
    """The set of the choice's `basis`. If its distance is from a run that never was, it counts from `now`."""
    if choice["basis"] is None:
        return ()
    when, status, deleted = choice["basis"]
    completed_at = _resolve(when, {"now": now, "last": _resolve(choice["last_run_at"], {"now": now}) or now})
    return (set_shape(completed_at, CLEAN, status=status, deleted_at=now if deleted else None),)


def chosen(number: int) -> Choice:
    """The choice with this number, 0 <= number < SPACE: one digit a dimension."""
    choice = {}
    for key, values in DIMENSIONS.items():
        number, digit = divmod(number, len(values))
        choice[key] = values[digit]
    return choice


def _pairwise(baseline: Choice) -> Iterator[Choice]:
    """The baseline with every combination of values of any two dimensions."""
    for one, other in combinations(DIMENSIONS, 2):
        for first, second in product(dict.fromkeys(DIMENSIONS[one]), dict.fromkeys(DIMENSIONS[other])):
            yield {**baseline, one: first, other: second}


def _success_without_backup() -> Iterator[Choice]:
    """The full product around `success_without_backup`."""
    last_runs = [None, *_around("now", -GRACE), ("now", -2 * HOUR), ("now", -30 * DAY), ("now", timedelta(0))]
    words = [None, *SUCCESSES, "running", "failed"]
    for last, word, basis, cron in product(last_runs, words, DIMENSIONS["basis"], [None, "*/5 * * * *"]):
        yield {**_RAN, "last_run_at": last, "last_run_status": word, "basis": basis, "cron": cron}


def schedule_blueprints(now: datetime = NOW, *, sample: int = 6500, pairs: int = 1800) -> list[Blueprint]:
    """Single schedules: pairwise around baselines, `success_without_backup`, a sample of the product; then pairs."""
    around = list(_success_without_backup())
    random = Random(20261123)
    sampled = [chosen(random.randrange(SPACE)) for _ in range(sample)]
    choices = [*(choice for baseline in BASELINES for choice in _pairwise(baseline)), *around, *sampled]
    singles = [Blueprint(basis_beside(choice, now), (schedule_of(choice, now),)) for choice in choices]
    mates = around + sampled
    doubles = []
    for _ in range(pairs):
        one, other = random.choice(around), random.choice(mates)
        both = (schedule_of(one, now), schedule_of(other, now))
        doubles.append(Blueprint(basis_beside(one, now), both))
    return list(dict.fromkeys(singles + doubles))


def schedule_cases(now: datetime = NOW) -> Iterator[Case]:
    """Tenants with one or two schedules, beside a basis or none."""
    return numbered(schedule_blueprints(now))


# --- clocks that change -----------------------------------------------------------------------------------

CLOCK_CHANGES: list[tuple[str, datetime]] = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
]
"""A zone and the instant at which its clocks change."""

_CLOCK_CRONS = [
    "30 2 * * *",
    "0 2 * * *",
    "45 1 * * *",
    "30 1,2 * * *",
    "15 2,3 * * *",
    "*/15 1-2 * * *",
    "*/30 * * * *",
    "0 * * * *",
]


def clock_change_blueprints(zone: str, change: datetime) -> list[Blueprint]:
    """Schedules whose anchor lies around a change of clocks, never run or run."""
    found = []
    quarters = [change + timedelta(minutes=15) * step for step in range(-9, 10)]
    anchors = sorted(
        {*quarters, change - TICK, change + TICK, change - HOUR - TICK, change - DAY, change - DAY + HOUR / 2}
    )
    for cron, anchor, ran in product(_CLOCK_CRONS, anchors, (False, True)):
        schedule = ScheduleRow(cron=cron, timezone=zone, created_at=anchor)
        if ran:
            schedule = schedule._replace(created_at=change - 9 * DAY, last_run_at=anchor, last_run_status="ok")
        found.append(Blueprint((set_shape(anchor, CLEAN),), (schedule,)))
    return found


def clock_change_nows(change: datetime) -> list[datetime]:
    """Instants at which the verdicts of `clock_change_blueprints` turn, a microsecond after a slot plus grace."""
    steps = [timedelta(minutes=15) * step for step in (-6, -3, -2, -1, 0, 1, 2, 3, 4, 6)]
    return [change + step + GRACE + TICK for step in steps] + [change + DAY + GRACE, change + DAY + 3 * HOUR]
