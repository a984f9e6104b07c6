"""The budgets of reading and judging a fleet: against hand-written SQL, each other, and ten times the size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

from bench import floor_postgresql, floor_sqlite
from bench.budgets import Result, milliseconds, ratio
from bench.fleet import NOW, FleetShape
from bench.floor_sqlite import FloorFacts
from bench.keeping import Keeper, tenfold
from bench.timing import Compared, Work, compare, quietest
from health import slots
from health.collector import collector_paused
from health.facts import TenantFacts
from health.policy import HealthPolicy
from health.posture import judge
from health.resolver import TenantBackupHealthResolver
from health.store.opening.reading import one_snapshot, open_reading
from health.store.opening.urls import parse_database_url
from health.store.reading.snapshot import Snapshot

POLICY = HealthPolicy()


class Fleet:
    """One fleet with two warm connections: one of the product and one of the bare driver."""

    def __init__(self, keeper: Keeper, engine: str, shape: FleetShape) -> None:
        url = keeper.url(engine, shape)
        self.shape = shape
        self.address = parse_database_url(url)
        self._connection = open_reading(self.address)
        file = self.address.file
        self.floor = floor_postgresql.Floor(url) if file is None else floor_sqlite.Floor(file)

    def read(self) -> list[TenantFacts]:
        """The facts as the product reads them."""
        with one_snapshot(self._connection, self.address) as statements:
            return Snapshot(statements).facts()

    def resolver(self) -> TenantBackupHealthResolver:
        """A resolver that has read nothing yet."""
        return TenantBackupHealthResolver(self.address, POLICY)


def judged(facts: Sequence[TenantFacts]) -> list[Any]:
    """Every verdict, as the resolver makes it; the calendars of slots are emptied first."""
    vars(slots)["_calendar"].cache_clear()
    with collector_paused():
        return [judge(each, POLICY, NOW) for each in facts]


def require_same(facts: Sequence[TenantFacts], floor: FloorFacts) -> None:
    """Stop unless the floor reads what the product reads: tenants, basis rows with every count, schedules."""
    read = {each.tenant.id: each for each in facts}
    counts = {
        tenant_id: (each.basis.id, *each.tally[:-1], *each.tally.families)
        for tenant_id, each in read.items()
        if each.basis is not None and each.tally is not None
    }
    schedules = {schedule.id for each in facts for schedule in each.schedules}
    if (
        set(read) != {row[0] for row in floor.tenants}
        or counts != {row[1]: (row[0], *row[13:]) for row in floor.basis}
        or schedules != {row[0] for row in floor.schedules}
    ):
        raise AssertionError("the floor does not read the same facts as the product")


def measure(
    keeper: Keeper, engine: str, shapes: Sequence[FleetShape], more: FleetShape | None, rounds: int
) -> Iterator[Result]:
    """Every budget of the facts on one engine, for each shape; `more` has ten times the history of the first shape."""
    fleets = [Fleet(keeper, engine, shape) for shape in shapes]
    for fleet in fleets:
        yield from _one_fleet(fleet, engine, rounds)
    if more is not None:
        yield _times(engine, Fleet(keeper, engine, more), fleets[0], "ten times the history", 1.15, rounds)
    for larger, smaller in tenfold(fleets):
        yield _times(engine, larger, smaller, "ten times the tenants", 11, max(3, rounds // 2))


def _one_fleet(fleet: Fleet, engine: str, rounds: int) -> Iterator[Result]:
    where = f"{engine}, {fleet.shape.tenants:,} tenants"
    facts = fleet.read()
    require_same(facts, fleet.floor.read())
    read = compare(fleet.read, fleet.floor.read, rounds)
    yield ratio("facts of the fleet, against the bare driver", where, *read, 1.5)
    verdicts = compare(lambda: judged(facts), fleet.read, rounds)
    # Every fleet begins with 300 calendars. A small fleet pays the same for them, so it has no budget.
    limit = 1 if fleet.shape.tenants >= 10_000 else None
    yield ratio("verdicts, against reading the facts", where, *verdicts, limit)
    yield _causes(fleet, where, rounds)
    yield _one_tenant(fleet, where)
    yield _nothing_changed(fleet, where, rounds)


def _causes(fleet: Fleet, where: str, rounds: int) -> Result:
    """The read of the fleet with its causes, against the read alone."""
    resolver = fleet.resolver()
    verdicts = resolver.fleet(NOW)

    def with_causes() -> None:
        fleet.read()
        resolver.causes(verdicts, NOW)

    compared = compare(with_causes, fleet.read, rounds)
    resolver.close()
    return ratio("facts of the fleet and causes, against the facts", where, *compared, 1.1)


def _one_tenant(fleet: Fleet, where: str) -> Result:
    """One tenant's verdict on a warm connection, a different tenant each time."""
    resolver, numbers = fleet.resolver(), count(1)

    def asked() -> float:
        began = perf_counter()
        resolver.tenants([f"tenant-{next(numbers) % fleet.shape.tenants + 1:06d}.example"], NOW)
        return perf_counter() - began

    # The first 20 do not count: psycopg prepares a statement after it has run five times.
    middle = quietest(lambda: median([asked() for _ in range(200)][20:]))
    resolver.close()
    return Result("one tenant, warm", where, milliseconds(middle), "", middle * 1000, "ms", 3)


def _nothing_changed(fleet: Fleet, where: str, rounds: int) -> Result:
    """A refresh half a minute later, against the first read."""
    resolver, steps = fleet.resolver(), count(1)
    resolver.refreshed_fleet(NOW)

    def first() -> object:
        anew = fleet.resolver()
        try:
            return anew.refreshed_fleet(NOW)
        finally:
            anew.close()

    again = compare(
        lambda: resolver.refreshed_fleet(NOW + next(steps) * timedelta(seconds=30)), first, max(3, rounds // 2)
    )
    resolver.close()
    percent = again.ratio * 100
    measured, floor = milliseconds(again.measured), milliseconds(again.floor)
    return Result("refresh with nothing changed, of the first read", where, measured, floor, percent, "%", 2)


def _times(engine: str, larger: Fleet, smaller: Fleet, words: str, limit: float, rounds: int) -> Result:
    def read_and_judged(fleet: Fleet) -> Work:
        return lambda: judged(fleet.read())

    compared: Compared = compare(read_and_judged(larger), read_and_judged(smaller), rounds)
    where = f"{engine}, {larger.shape.tenants:,} tenants, {larger.shape.history} sets each"
    return ratio(f"facts and verdicts with {words}", where, *compared, limit)
