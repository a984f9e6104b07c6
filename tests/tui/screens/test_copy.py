"""`y` copies the id or name under the cursor, `Y` the command line that opens the same place.

Modules: tui.app, tui.terminal.clipboard.
"""

from __future__ import annotations

import shlex
from datetime import timedelta

import pytest

from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, open_app
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts, small_fleet
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.captured_item import CapturedItemScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen

NASTY = 'it\'s; rm -rf "$HOME" `x` --now'
"""An external id that a shell would misread."""


async def copied(driver: Driver, key: str) -> str:
    """What the key puts on the clipboard."""
    driver.app.copy_to_clipboard("nothing yet")
    await driver.press(key)
    return driver.app.clipboard


async def arguments(driver: Driver) -> list[str]:
    """The arguments of the copied command, as a shell passes them on."""
    words = shlex.split(await copied(driver, "Y"))
    assert words[0] == "tenantpilot"
    return words[1:]


async def test_every_screen_copies_the_cursors_row_and_the_way_back(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - 2 * DAY, name="weekly")
    facts.backup_set(tenant, NOW - HOUR, ItemRow(display_name="Policy A"), name="nightly")
    facts.schedule(tenant, name="every night")
    facts.load(sqlite_url)
    here = ["--tenant", "contoso.example"]
    async with open_app(sqlite_url) as driver:
        await driver.arrived(TenantsScreen)
        assert await copied(driver, "y") == "contoso.example"
        assert await arguments(driver) == []
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        assert await copied(driver, "y") == "contoso.example"
        assert await arguments(driver) == here
        await driver.press("s")
        await driver.arrived(SchedulesScreen)
        assert await copied(driver, "y") == "every night"
        assert await arguments(driver) == [*here, "--screen", "schedules", "--schedule", "1"]
        await driver.press("escape", "b")
        await driver.arrived(BackupSetsScreen)
        assert await copied(driver, "y") == "nightly"
        assert await arguments(driver) == [*here, "--screen", "backup_sets", "--set", "2"]
        item = ["--item", f"{ItemRow().policy_type}/policy-0", "--set", "2"]
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        assert await copied(driver, "y") == "policy-0"
        assert await arguments(driver) == [*here, "--screen", "backup_set", *item]
        await driver.press("enter")
        await driver.arrived(CapturedItemScreen)
        assert await copied(driver, "y") == "policy-0"
        assert await arguments(driver) == [*here, "--screen", "captured_item", *item]


async def test_the_command_names_the_database_and_its_instant(sqlite_url: str) -> None:
    command = ("tenantpilot", "--database", "sqlite:////a b/fleet.db")
    now = NOW + timedelta(hours=1)
    url = small_fleet().load(sqlite_url)
    async with open_app(url, command=command, fixed_now=now, tenant="contoso.example") as driver:
        await driver.arrived(DashboardScreen)
        assert await arguments(driver) == [*command[1:], "--now", now.isoformat(), "--tenant", "contoso.example"]


async def test_a_nasty_id_reaches_a_shell_as_one_word(sqlite_url: str) -> None:
    facts = Facts()
    facts.tenant("Contoso", NASTY)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        assert await copied(driver, "y") == NASTY
        await driver.until(lambda: "sent to the terminal's clipboard: it's; rm -rf" in driver.words())
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        assert await arguments(driver) == ["--tenant", NASTY]


@pytest.mark.parametrize("hidden", ["\n", "\r", "\x1b]52;c;eA==\x07", "\x9b31m", "\u202e", "\u200b"])
async def test_invisible_characters_are_not_copied_into_a_command(hidden: str, sqlite_url: str) -> None:
    facts = Facts()
    facts.tenant("Contoso", f"contoso{hidden}rm -rf .")
    facts.load(sqlite_url)
    async with open_app(sqlite_url, toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        assert await copied(driver, "y") == "nothing yet"
        await driver.until(lambda: "not copied" in driver.words())
        assert hidden not in driver.text().replace("\n", "")
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        assert await copied(driver, "Y") == "nothing yet"


async def test_there_may_be_nothing_to_copy_or_too_much(sqlite_url: str) -> None:
    async with open_app(sqlite_url, toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        assert await copied(driver, "y") == "nothing yet"
        await driver.until(lambda: "nothing to copy here" in driver.words())
    facts = Facts()
    facts.tenant("Contoso", "x" * 80_000)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        assert await copied(driver, "y") == "nothing yet"
        await driver.until(lambda: "too long" in driver.words())
