"""Under the list stands what 80 columns cut off the row under the cursor: the tenant, the reasons, a run's error.

Modules: tui.widgets.cursor_detail, tui.screens.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import OPENED, Driver, cells, open_app, row_list
from tests.tui.screens.fleets import DEGRADED_ITEMS, HOUR, NOW, STALE_AT, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.changes import ChangesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.words.wording import why

ERROR = "403 Forbidden: DeviceManagementConfiguration.Read.All is not granted to app 4f1c"
ALIKE = "Consolidated Messenger"


@pytest.mark.parametrize(("name", "kind"), OPENED)
async def test_no_heading_is_cut(name: str | None, kind: type[FactsScreen[Any]], sqlite_url: str) -> None:
    tenant = None if name is None else "cm-north.example"
    async with open_app(alike().load(sqlite_url), tenant=tenant, screen=name) as driver:
        rows = row_list(await driver.arrived(kind))
        for width in (60, 65, 66, 71, 72, 80, 99, 100, 109, 110, 119, 120, 200):
            shown = zip(rows._columns, rows._widths(width), strict=True)
            assert [(column.heading, room) for column, room in shown if 0 < room < len(column.heading)] == []


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


async def test_names_that_begin_alike_are_shown_in_full(sqlite_url: str) -> None:
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


def cut_everywhere() -> Facts:
    """A tenant whose schedule, items and changes have values that no column of 80 has room for."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.schedule(
        tenant,
        name="conditional access of every region",
        cron="0 2 * * *",
        timezone="America/Argentina/Buenos_Aires",
        last_run_at=NOW - 50 * HOUR,
        last_run_status="failed for want of a licence",
        next_run_at=None,
    )
    whole = ItemRow(policy_type="deviceConfiguration", display_name="WIN - C - Wi-Fi Corporate of the plants")
    facts.backup_set(tenant, NOW - 3 * HOUR, whole, whole)
    facts.backup_set(tenant, NOW - HOUR, whole._replace(capture_mode="metadata_only", orphaned_assignments=2))
    return facts


async def test_a_schedules_detail_has_whole_what_80_columns_cut(sqlite_url: str) -> None:
    async with open_app(cut_everywhere().load(sqlite_url), tenant="contoso.example", screen="schedules") as driver:
        screen = await driver.arrived(SchedulesScreen)
        below = under_the_list(driver, 6)
        (row,) = cells(screen)
        (shown,) = [line for line in driver.lines() if line.startswith("> ")]
        for heading in ("SCHEDULE", "LAST RUN", "FOLLOW-UP"):
            assert row[heading].text not in shown, heading
            assert row[heading].text.removeprefix("◷ ") in below, heading
        assert "every day (0 2 * * *), time zone America/Argentina/Buenos_Aires" in below
        assert f"next run {row['NEXT RUN'].text}" in below
        # In a low window too: a condition is the proof of its reason.
        await driver.resize(80, 19)
        await driver.until(lambda: row["FOLLOW-UP"].text.removeprefix("◷ ") in under_the_list(driver, 4))


async def test_an_items_detail_has_whole_what_80_columns_cut(sqlite_url: str) -> None:
    what = "WIN - C - Wi-Fi Corporate of the plants, deviceConfiguration"
    whole = "last whole 3h ago in run 1, content not kept"
    async with open_app(cut_everywhere().load(sqlite_url), tenant="contoso.example", screen="backup_set") as driver:
        await driver.arrived(BackupSetScreen)
        assert under_the_list(driver, 2) == f"{what}: ◆ metadata only, orphaned assignments; {whole}"
        # The one that is gone since the set before.
        await driver.press("down")
        assert under_the_list(driver, 2) == f"{what}: gone since the set before; {whole}"
        await driver.press("slash")
        await driver.enter_words("zzz")
        assert "last whole" not in driver.words()


async def test_a_sets_rows_need_the_lines_of_a_window_that_is_not_tall(sqlite_url: str) -> None:
    url = cut_everywhere().load(sqlite_url)
    async with open_app(url, tenant="contoso.example", screen="backup_set", size=(80, 23)) as driver:
        await driver.arrived(BackupSetScreen)
        assert "last whole 3h ago" not in driver.words()
        await driver.resize(80, 24)
        await driver.until(lambda: "last whole 3h ago" in driver.words())


async def test_a_changed_items_detail_has_its_whole_identity(sqlite_url: str) -> None:
    async with open_app(cut_everywhere().load(sqlite_url), tenant="contoso.example", screen="changes") as driver:
        await driver.arrived(ChangesScreen)
        name = "WIN - C - Wi-Fi Corporate of the plants"
        assert under_the_list(driver, 3) == f"gone {name}, deviceConfiguration / policy-1"
        await driver.press("down")
        because = "changed: quality, assignments; ◆ metadata only, orphaned assignments"
        below = under_the_list(driver, 3)
        assert below.endswith(f"{name}, deviceConfiguration / policy-0")
        assert sorted(below.removesuffix(f" {name}, deviceConfiguration / policy-0")) == sorted(because)
