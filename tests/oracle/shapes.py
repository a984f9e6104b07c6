"""The state space of sets and items, cells that cannot be read, and everything mixed.

(docs/concepts.md, "The basis", "Quality", "Freshness" and "Evidence that cannot be read")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any, TypeVar

from tests.oracle import schedule_shapes
from tests.oracle.cases import (
    CLEAN,
    FIRST_INSTANT,
    LAST_INSTANT,
    LONG_AGO,
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
from tests.oracle.rows import Instant, ItemRow, ScheduleRow, SetRow
from tests.oracle.schedule_shapes import schedule_cases

__all__ = ["any_blueprint", "garbage_blueprints", "item_cases", "schedule_cases", "set_cases", "set_shapes"]

Value = TypeVar("Value")
AnyRow = TypeVar("AnyRow", SetRow, ScheduleRow)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HALF = timedelta(seconds=0.5)

CAPTURE_MODES = ["full", "metadata_only", None, "", "FULL", "partial"]
ASSIGNMENTS = ["captured", "unassigned", None, "failed", "excluded", "", "Captured", "pending"]
ORPHANS = [0, 1, 12]
WARNINGS = [None, "", "hash mismatch"]

ITEMS = [
    ItemRow(
        capture_mode=mode,
        assignments_state=state,
        orphaned_assignments=orphans,
        integrity_warning=warning,
        deleted_at=deleted,
    )
    for mode, state, orphans, warning, deleted in product(
        CAPTURE_MODES, ASSIGNMENTS, ORPHANS, WARNINGS, [None, LONG_AGO]
    )
]
"""Every item shape: the full product."""

DELETED = CLEAN._replace(deleted_at=LONG_AGO)
METADATA = CLEAN._replace(capture_mode="metadata_only")
WARNED = CLEAN._replace(integrity_warning="hash mismatch")
UNASSIGNED = CLEAN._replace(assignments_state="failed")
ORPHANED = CLEAN._replace(orphaned_assignments=12)
UNKNOWN = CLEAN._replace(capture_mode=None)
EVERY_FAMILY = ItemRow(capture_mode="", assignments_state="excluded", orphaned_assignments=1, integrity_warning="")

ITEM_GROUPS: list[tuple[ItemRow, ...]] = [
    *((CLEAN._replace(capture_mode=mode),) for mode in CAPTURE_MODES),
    *((CLEAN._replace(assignments_state=state),) for state in ASSIGNMENTS[1:]),
    *((CLEAN._replace(orphaned_assignments=orphans),) for orphans in ORPHANS[1:]),
    *((CLEAN._replace(integrity_warning=warning),) for warning in WARNINGS[1:]),
    (METADATA._replace(orphaned_assignments=1, integrity_warning=""),),
    (UNKNOWN._replace(assignments_state="pending"),),
    (EVERY_FAMILY,),
    (EVERY_FAMILY, EVERY_FAMILY, CLEAN),
    (EVERY_FAMILY._replace(deleted_at=LONG_AGO),),
    (EVERY_FAMILY._replace(deleted_at=LONG_AGO), CLEAN),
    (METADATA, METADATA._replace(deleted_at=LONG_AGO), CLEAN),
    (METADATA, WARNED, UNASSIGNED, ORPHANED, UNKNOWN, CLEAN),
]
NO_BASIS_WORDS = ["running", "failed", "cancelled", "Completed", "PARTIAL", "completed ", "archived", ""]
"""Statuses that do not make a basis, although they look like it."""

AGES: list[timedelta] = [
    HOUR,
    WINDOW - TICK,
    WINDOW,
    WINDOW + TICK,
    WINDOW + HALF,
    40 * DAY,
    HALF,
    TICK,
    timedelta(0),
    -TICK,
    -HALF,
    TICK - SKEW,
    -SKEW,
    -SKEW - TICK,
    -DAY,
]


def set_shapes(now: datetime) -> list[SetShape]:
    """Backup sets: every column of a set varied around its boundaries, and every kind of items."""
    recent = now - HOUR
    old = now - 3 * DAY
    shapes = []
    for status in ("completed", "partial"):
        for completed_at in [*(now - age for age in AGES), FIRST_INSTANT, LAST_INSTANT]:
            shapes.append(set_shape(completed_at, CLEAN, status=status))
        for completed_at in (now, recent, now + SKEW + TICK):
            shapes.append(set_shape(completed_at, CLEAN, status=status, deleted_at=now))
        for error in ("", "throttled"):
            shapes.append(set_shape(recent, CLEAN, status=status, error=error))
        shapes.append(set_shape(recent, CLEAN, status=status, started_at=recent + TICK))
        shapes.append(set_shape(recent, CLEAN, status=status, created_at=recent - LONGEST - TICK))
    for status in NO_BASIS_WORDS:
        shapes.append(set_shape(now, CLEAN, status=status))
        shapes.append(set_shape(None, CLEAN, status=status, created_at=now))
    for started_at in (FIRST_INSTANT, recent - DAY, recent - TICK, recent, recent + DAY, LAST_INSTANT):
        shapes.append(set_shape(recent, CLEAN, started_at=started_at))
    for created_at in (FIRST_INSTANT, recent - LONGEST, recent + DAY, LAST_INSTANT):
        shapes.append(set_shape(recent, CLEAN, created_at=created_at))
    shapes.append(set_shape(recent, CLEAN, error="x", started_at=recent + DAY, created_at=recent - DAY))
    for declared, items in product([None, 0, 1, 2, 7], [(), (CLEAN,), (CLEAN, CLEAN), (DELETED,), (CLEAN, DELETED)]):
        shapes.append(set_shape(recent, *items, item_count=declared))
    shapes.extend(set_shape(recent, *items) for items in ITEM_GROUPS)
    shapes.extend(set_shape(old, *items) for items in ITEM_GROUPS[1:-3])
    shapes.append(set_shape(old, item_count=3, error="throttled"))
    shapes.append(set_shape(old, EVERY_FAMILY, CLEAN, status="partial", item_count=9))
    shapes.append(set_shape(now + DAY, WARNED, CLEAN))
    return list(dict.fromkeys(shapes))


def set_blueprints(now: datetime = NOW) -> Iterator[Blueprint]:
    """No set, one set, two sets in either order of ids (so that ties are seen both ways); and archived tenants."""
    shapes = set_shapes(now)
    yield Blueprint()
    for shape in shapes:
        yield Blueprint((shape,))
    for pair in product(shapes, shapes):
        yield Blueprint(pair)
    for shape in shapes[:20]:
        yield Blueprint((shape,), archived_at=LONG_AGO)


def set_cases(now: datetime = NOW) -> Iterator[Case]:
    """Tenants with up to two of the set shapes."""
    return numbered(set_blueprints(now))


def item_cases(now: datetime = NOW) -> Iterator[Case]:
    """Tenants whose basis has one item, of every shape; and fixed random groups of up to seven."""
    random = Random(20261123)
    groups = [(item,) for item in ITEMS] + [tuple(random.choices(ITEMS, k=2 + n % 6)) for n in range(800)]
    return numbered(
        Blueprint((set_shape(now - HOUR, *group, item_count=random.choice([None, 3])),)) for group in groups
    )


# --- cells that cannot be read --------------------------------------------------------------------------


def _with(row: AnyRow, column: str, value: Instant) -> AnyRow:
    columns: dict[str, Any] = {column: value}
    return row._replace(**columns)


def garbage_blueprints(garbage: Sequence[Instant]) -> Iterator[Blueprint]:
    """One cell that is not an instant, in each place that a verdict reads and in each that it does not."""
    good, older = set_shape(NOW - HOUR, CLEAN), set_shape(NOW - 3 * HOUR, CLEAN)
    nightly = ScheduleRow(cron="0 8 * * *", created_at=NOW - DAY, last_run_at=NOW - HOUR, last_run_status="ok")
    for value in garbage:
        # Read: the tenant's row, every candidate's completed_at, the basis row, enabled schedules.
        yield Blueprint((good,), (nightly,), created_at=value)
        yield Blueprint((good,), (nightly,), archived_at=value)
        yield Blueprint((), archived_at=value)
        bad = SetShape(good.row._replace(completed_at=value))
        bad_partial = SetShape(bad.row._replace(status="partial", created_at=NOW - 40 * DAY))
        for sets in ((bad,), (bad_partial,), (good, bad), (bad, good), (good, bad_partial), (bad, bad_partial, older)):
            yield Blueprint(sets, (nightly,))
        for column in ("started_at", "created_at"):
            spoiled = SetShape(_with(good.row, column, value))
            yield Blueprint((spoiled,))
            yield Blueprint((older, spoiled), (nightly,))
        for column in ("created_at", "enabled_at", "last_run_at", "next_run_at"):
            schedule = _with(nightly, column, value)
            yield Blueprint((good,), (schedule,))
            yield Blueprint((), (nightly, schedule))
            # Not read: a schedule that is disabled or deleted.
            yield Blueprint((good,), (nightly, schedule._replace(is_enabled=False)))
            yield Blueprint((good,), (schedule._replace(deleted_at=NOW),))
        # Not read: other sets than candidates, other columns of sets that are older than the basis, captured_at.
        for status in ("failed", "running", "Completed"):
            yield Blueprint((SetShape(bad.row._replace(status=status)), good))
            yield Blueprint((SetShape(bad.row._replace(status=status)),))
        yield Blueprint((SetShape(bad.row._replace(deleted_at=NOW)), good))
        for column in ("started_at", "created_at"):
            yield Blueprint((good, SetShape(_with(older.row, column, value))))
        yield Blueprint((set_shape(NOW - HOUR, CLEAN._replace(captured_at=value), METADATA),))
        # Not read: an archived tenant.
        yield Blueprint((good,), archived_at=LONG_AGO, created_at=value)
        yield from _deleted_at_no_instant(value)
    # A candidate without completed_at.
    null = SetShape(good.row._replace(completed_at=None))
    yield from (
        Blueprint((null,)),
        Blueprint((null, good)),
        Blueprint((good, SetShape(null.row._replace(status="partial")))),
    )
    yield from (Blueprint((good,)), Blueprint((older, good), (nightly,)), Blueprint())


def _deleted_at_no_instant(value: Instant) -> Iterator[Blueprint]:
    """We cannot know whether such a row is deleted. That matters if the verdict would differ with it."""
    good, older = set_shape(NOW - HOUR, CLEAN), set_shape(NOW - 3 * HOUR, CLEAN)
    newer = set_shape(NOW, METADATA, status="partial", deleted_at=value)
    failing = ScheduleRow(cron="0 8 * * *", created_at=NOW - DAY, last_run_status="failed", deleted_at=value)
    # Read: rows that would be candidates, items of the basis, enabled schedules.
    yield Blueprint((good, newer))
    yield Blueprint((newer, good), (failing,))
    yield Blueprint((newer,))
    yield Blueprint((SetShape(newer.row._replace(completed_at=value)), good))
    yield Blueprint((good, SetShape(older.row._replace(deleted_at=value))))
    yield Blueprint((good,), (failing,))
    yield Blueprint((), (failing,))
    yield Blueprint((set_shape(NOW - HOUR, CLEAN, METADATA._replace(deleted_at=value)),))
    yield Blueprint((set_shape(NOW - HOUR, CLEAN._replace(deleted_at=value)), older))
    # Not read: sets of other statuses, items of other sets than the basis, schedules that are disabled.
    for status in ("failed", "running", "Completed"):
        yield Blueprint((good, SetShape(newer.row._replace(status=status))))
    spoiled = METADATA._replace(deleted_at=value)
    yield Blueprint((good, set_shape(NOW - 3 * HOUR, CLEAN, spoiled)))
    yield Blueprint((good, set_shape(NOW, CLEAN, spoiled, status="failed")))
    yield Blueprint((good, set_shape(NOW, CLEAN, spoiled, deleted_at=NOW)))
    yield Blueprint((good,), (failing._replace(is_enabled=False),))
    # Not read: an archived tenant.
    yield Blueprint((good, newer), (failing,), archived_at=LONG_AGO)


# --- everything mixed -----------------------------------------------------------------------------------

_STATUSES = ["completed"] * 5 + ["partial"] * 2 + NO_BASIS_WORDS
_GROUPS = [(CLEAN,), (CLEAN,), (CLEAN, CLEAN, DELETED), (), *ITEM_GROUPS]
_SINCE_START = [None, HOUR, timedelta(0), TICK, -TICK, -DAY]
_UNTIL_RECORDED = [timedelta(0), HOUR, -LONGEST, -LONGEST - TICK, -DAY]


class _Digits:
    """Take one choice after the other out of a number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def take(self, values: Sequence[Value]) -> Value:
        self.number, digit = divmod(self.number, len(values))
        return values[digit]


MIXED_SPACE = 2**150
"""More than the product of all choices of `any_blueprint`."""


def _any_set(digits: _Digits, now: datetime) -> SetShape:
    completed_at = now - digits.take(AGES)
    since_start, until_recorded = digits.take(_SINCE_START), digits.take(_UNTIL_RECORDED)
    return set_shape(
        completed_at,
        *digits.take(_GROUPS),
        status=digits.take(_STATUSES),
        started_at=None if since_start is None else completed_at - since_start,
        created_at=completed_at + until_recorded,
        item_count=digits.take([None, 0, 1, 2, 9]),
        error=digits.take([None, None, None, "", "throttled"]),
        deleted_at=digits.take([None, None, None, now]),
    )


def any_blueprint(number: int, now: datetime) -> Blueprint:
    """The tenant with this number, 0 <= number < MIXED_SPACE: up to three sets and two schedules, seldom archived."""
    digits = _Digits(number)
    sets = [_any_set(digits, now) for _ in range(digits.take([1, 0, 1, 2, 2, 3]))]
    schedules = []
    for _ in range(digits.take([0, 1, 1, 2])):
        choice = {key: digits.take(values) for key, values in schedule_shapes.DIMENSIONS.items()}
        schedules.append(schedule_shapes.schedule_of(choice, now))
        if digits.take([True, False]):
            sets.extend(schedule_shapes.basis_beside(choice, now))
    archived_at = digits.take([None] * 9 + [LONG_AGO])
    return Blueprint(tuple(sets), tuple(schedules), archived_at)
