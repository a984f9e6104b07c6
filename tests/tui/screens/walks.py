"""Walks by keys to every screen that is a place, with one tenant that has something to show on each of them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver
from tests.tui.screens.fleets import DAY, HOUR, METADATA, NOW, Facts
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen

WALKS = {
    "tenants": ("", "p p p p", "s s", "w w", "slash c o enter", "o enter"),
    "dashboard": ("enter", "4 enter", "slash c o enter enter"),
    "backup_sets": ("enter b", "enter b j j"),
    "backup_set": ("enter b j enter", "enter b j j enter", "enter b j enter f f f", "enter b j enter slash 1 enter"),
    "schedules": ("enter s",),
    "runs": ("enter s enter", "enter s enter j"),
    "changes": ("enter equals_sign", "enter equals_sign j", "enter b j j m k equals_sign", "enter b j j equals_sign"),
    "item_changes": ("enter equals_sign enter", "enter equals_sign enter v", "enter b j enter enter equals_sign"),
    "captured_item": ("enter b j enter enter", "enter b j j enter j enter"),
    "last_good_copy": ("enter b j enter enter enter", "enter b j enter j j enter"),
    "causes": ("o",),
}
"""For each screen's name, some walks by keys to it, from the fleet with the cursor on the only tenant."""


class Stop(NamedTuple):
    """The end of a walk that another one begins with."""

    name: str
    walk: str
    keys: str
    """Those that lead here from the stop before."""


def walks_past(names: Container[str]) -> list[list[Stop]]:
    """All walks to these screens, each once, in few: one that begins another is a stop of that other.

    Always in the same order: each worker of a run finds the tests by itself.
    """
    ends = {keys: name for name, walks in WALKS.items() if name in names for keys in walks}
    found = []
    for walk_to in sorted(ends, key=lambda keys: len(keys.split()), reverse=True):
        steps, stops, before = walk_to.split(), [], 0
        for count in range(len(steps) + 1) if walk_to in ends else ():
            if (begun := " ".join(steps[:count])) in ends:
                stops.append(Stop(ends.pop(begun), begun, " ".join(steps[before:count])))
                before = count
        if stops:
            found.append(stops)
    return found


def last_walk(stops: list[Stop]) -> str:
    """The walk past all of them, as the name of a test."""
    return stops[-1].walk


@contextmanager
def every_stop() -> Iterator[Callable[[Stop], AbstractContextManager[None]]]:
    """A failure at one stop does not hide those at later ones: all are raised at the end, each with its stop's name."""
    failures: list[AssertionError] = []

    @contextmanager
    def at(stop: Stop) -> Iterator[None]:
        try:
            yield
        except AssertionError as failure:
            failure.add_note(f"on {stop.name} after: {stop.walk or 'no key'}")
            failures.append(failure)

    yield at
    if failures:
        raise ExceptionGroup("on the way", failures)


def walked_fleet() -> Facts:
    """Contoso, degraded and overdue, with a failed run before its basis."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    whole = [ItemRow(display_name=f"Policy {number}", payload=f'{{"n": {number}}}') for number in range(3)]
    schedule = facts.overdue_schedule(tenant)
    facts.backup_set(tenant, NOW - 3 * DAY, *whole, schedule_id=schedule, source_ref="run-1")
    facts.backup_set(tenant, NOW - 2 * DAY, *whole, schedule_id=schedule, source_ref="run-2")
    degraded = METADATA._replace(display_name="Policy 0", payload='{"n": 7, "digits": 1.10}')
    warned = whole[1]._replace(integrity_warning="the file was cut off")
    facts.backup_set(tenant, NOW - HOUR, degraded, warned, schedule_id=schedule, source_ref="run-3")
    facts.backup_set(tenant, None, created_at=NOW - HOUR / 2, status="failed", error="AADSTS7000222: expired")
    return facts


async def walk(driver: Driver, keys: str) -> None:
    """Press keys on the fleet, each when the screen that the last one opened has its answer."""
    await driver.arrived(TenantsScreen)
    await walk_on(driver, keys)


async def walk_on(driver: Driver, keys: str) -> None:
    """Press further keys, each when the screen that the last one opened has its answer."""
    for key in keys.split():
        await driver.press(key)
        if isinstance(driver.app.screen, FactsScreen):
            await driver.settled()
