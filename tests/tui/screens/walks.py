"""Walks by keys to every screen that is a place, with one tenant that has something to show on each of them."""

from __future__ import annotations

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
    for key in keys.split():
        await driver.press(key)
        if isinstance(driver.app.screen, FactsScreen):
            await driver.settled()
