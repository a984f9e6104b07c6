"""Under the list stands what 80 columns cut off the row under the cursor: the tenant, the reasons, a run's error.

Modules: tui.widgets.cursor_detail, tui.screens.
"""

from __future__ import annotations

from tests.tui.screens.driving import Driver, open_app, row_list
from tests.tui.screens.fleets import DEGRADED_ITEMS, HOUR, NOW, STALE_AT, Facts
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.words.wording import why

ERROR = "403 Forbidden: DeviceManagementConfiguration.Read.All is not granted to app 4f1c"
ALIKE = "Consolidated Messenger"


def under_the_list(driver: Driver, lines: int) -> str:
    """The lines between the list and the keys."""
    return " ".join(" ".join(driver.lines()[-1 - lines : -1]).split())


def alike() -> Facts:
    facts = Facts()
    for place in ("North", "South"):
        tenant = facts.tenant(f"{ALIKE} {place}", f"cm-{place.casefold()}.example")
        facts.backup_set(tenant, STALE_AT, *DEGRADED_ITEMS)
        facts.schedule(tenant, name="every night", last_run_status="failed", last_run_at=NOW - HOUR)
    return facts


async def test_names_that_begin_alike_are_told_apart_in_full(sqlite_url: str) -> None:
    async with open_app(alike().load(sqlite_url)) as driver:
        screen = await driver.arrived(TenantsScreen)
        for place in ("North", "South"):
            health = row_list(screen).current
            assert health is not None
            reasons = why(health, driver.app.context.policy, NOW)
            assert len(reasons) > 60
            assert under_the_list(driver, 2) == f"{health.tenant.name} ({health.tenant.external_id}): {reasons}"
            assert f"{place} (cm-{place.casefold()}.example)" in driver.words()
            await driver.press("down")
        # It follows the filter and the cursor. Under a list without rows there is nothing.
        await driver.press("slash")
        await driver.enter_words("north")
        assert f"{ALIKE} North" in under_the_list(driver, 2)
        await driver.enter_words("x")
        assert under_the_list(driver, 3) == ""


async def test_a_low_window_is_for_the_rows(sqlite_url: str) -> None:
    async with open_app(alike().load(sqlite_url), size=(80, 19)) as driver:
        await driver.arrived(TenantsScreen)
        assert "cm-north.example" not in driver.words()
        await driver.resize(80, 20)
        await driver.until(lambda: "cm-north.example" in driver.words())


async def test_the_error_of_a_failed_run_is_read_at_80_columns(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - 3 * HOUR, source_ref="c0ffee")
    facts.backup_set(tenant, None, created_at=NOW - HOUR, status="failed", error=ERROR, source_ref="f00d")
    facts.backup_set(tenant, None, created_at=NOW - 2 * HOUR, status="failed", started_at="soon")
    async with open_app(facts.load(sqlite_url), tenant="contoso.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        row_list(dashboard).focus()
        # The one that cannot be read comes first.
        assert under_the_list(driver, 1) == "? unreadable: backup_sets.started_at of row 3 is not an instant: 'soon'"
        await driver.press("down")
        assert under_the_list(driver, 1).startswith("error: 403 Forbidden: DeviceManagementConfiguration.Read.All")
        assert under_the_list(driver, 1).endswith("…")
        await driver.press("down")
        assert under_the_list(driver, 1) == "run 1, from intunecd c0ffee"
        await driver.press("b")
        await driver.arrived(BackupSetsScreen)
        await driver.press("down")
        assert under_the_list(driver, 2) == f"error: {ERROR}"
        await driver.press("down")
        assert under_the_list(driver, 2) == "run 1, from intunecd c0ffee"
