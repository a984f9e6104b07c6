"""By Enter from an unreadable tenant to the screen that has the row.

Modules: tui.drillthrough, tui.screens.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.tui.screens.driving import open_app, row_list, under_cursor
from tests.tui.screens.fleets import DAY, HOUR, NOW, WHOLE, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.schedules import SchedulesScreen
from tui.widgets.needs_attention import AttentionItem

ROWS: Final[dict[str, tuple[type[FactsScreen[Any]], str]]] = {
    "backup_sets": (
        BackupSetScreen,
        "> Recency ? unreadable: backup_sets.started_at of row 2 is not an instant",
    ),
    "backup_items": (BackupSetsScreen, "? unreadable: backup_items.deleted_at of row 3 is not an instant"),
    "backup_schedules": (
        SchedulesScreen,
        "? unreadable: backup_schedules.created_at of row 1 is not an instant",
    ),
}


@pytest.mark.parametrize("table", ROWS)
async def test_what_cannot_be_read_leads_to_its_row(table: str, sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Wingtip")
    facts.backup_set(tenant, NOW - DAY)
    facts.backup_set(
        tenant,
        NOW - 2 * HOUR,
        WHOLE,
        WHOLE._replace(deleted_at="soon" if table == "backup_items" else None),
        started_at="soon" if table == "backup_sets" else None,
    )
    facts.backup_set(tenant, None, created_at=NOW - HOUR, status="failed")
    facts.schedule(tenant, name="nightly", created_at="soon" if table == "backup_schedules" else NOW - DAY)
    kind, said = ROWS[table]
    async with open_app(facts.load(sqlite_url), tenant="wingtip.example") as driver:
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem), "an item that has the focus")
        assert "⏎ show the proof" in driver.words()
        # A refresh does not move the focus.
        await driver.press("r")
        await driver.settled()
        assert isinstance(driver.app.focused, AttentionItem)
        await driver.press("enter")
        screen = await driver.arrived(kind)
        assert said in driver.words()
        assert "Superseded" not in driver.words()
        assert "no basis:" not in driver.words()
        if table == "backup_items":
            assert under_cursor(screen).key.set_id == 2
            await driver.press("enter")
            screen = await driver.arrived(BackupSetScreen)
            assert under_cursor(screen).unreadable.row == 3


async def test_a_value_of_the_tenant_itself_leads_nowhere(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Wingtip", archived_at="soon"), NOW - HOUR)
    async with open_app(facts.load(sqlite_url), tenant="wingtip.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert "? unreadable: cannot be read: tenants.archived_at of row 1" in driver.words()
        await driver.until(lambda: driver.app.focused is row_list(dashboard))
        assert "show the proof" not in driver.words()
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
