"""Each call of the driver fails in turn under the screens: they show the old facts and the cause, or all new ones.

`tests/health/test_fail_the_nth.py` shows that the resolver never gives a part of an answer.

Modules: tui.reader, tui.screens.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.faulty_drivers import CAUSE, Faults, Mode, faulty_drivers
from tests.health.store.bare import bare
from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import listed, looks_calm, open_app
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.captured_item import CapturedItemScreen
from tui.screens.causes import CausesScreen
from tui.screens.changes import ChangesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.item_changes import ItemChangesScreen
from tui.screens.last_good_copy import LastGoodCopyScreen
from tui.screens.runs import RunsScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.words.wording import HEALTHY_LIMIT

ROOT = Path(__file__).parent.parent.parent
SECOND = timedelta(seconds=1)
TENANTS = 4
ONE = "tenant-1.example"


def loaded(url: str) -> str:
    facts = Facts()
    for number in range(1, TENANTS + 1):
        facts.backup_set(facts.tenant(f"Tenant {number}"), NOW - number * HOUR)
    return facts.load(url)


@pytest.fixture
def faults() -> Iterator[Faults]:
    with faulty_drivers() as found:
        yield found


async def test_a_refresh(database_url: str, faults: Faults) -> None:
    """Before each, another program writes: the first tenant gets another name."""
    url = loaded(database_url)
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        failures = 0
        with bare(url) as other:
            for number in count(1):
                before = [health.tenant.name for health in listed(tenants)]
                renamed = [name.replace(before[0], f"Renamed {number}") for name in before]
                other.execute("UPDATE tenants SET name = ? WHERE name = ?", (renamed[0], before[0]))
                with faults.at(number, Mode.ONCE):
                    await driver.press("r")
                    await driver.settled()
                shown = [health.tenant.name for health in listed(tenants)]
                if not faults.failed:
                    break
                failures += bool(tenants.asking.problem)
                assert shown == (before if tenants.asking.problem else renamed)
                assert (CAUSE in driver.words()) == bool(tenants.asking.problem)
                await driver.press("r")
                await driver.settled()
                assert CAUSE not in driver.words()
                assert [health.tenant.name for health in listed(tenants)] == renamed
        assert shown == renamed
        assert failures >= 5


async def test_a_drill_down(sqlite_url: str, faults: Faults) -> None:
    async with open_app(loaded(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        failures = 0
        for number in count(1):
            with faults.at(number, Mode.ONCE):
                await driver.press("enter")
                dashboard = await driver.arrived(DashboardScreen)
            if dashboard.asking.problem:
                failures += 1
                assert CAUSE in driver.words()
                # If the answer is slow, the list's verdict is shown with the age of its facts, but never the check.
                assert HEALTHY_LIMIT not in driver.words()
                if dashboard.health is None:
                    assert "no facts" in driver.words()
                    assert not looks_calm(driver)
            else:
                await driver.until(lambda: HEALTHY_LIMIT in driver.words())
            if not faults.failed:
                break
            await driver.press("escape")
            await driver.arrived(TenantsScreen)
            assert len(listed(tenants)) == TENANTS
        assert failures >= 5


def with_all_questions(url: str) -> str:
    """A tenant with a failed run, an item that was whole and is damaged now, and a changed item."""
    facts = Facts()
    tenant = facts.tenant("Tenant 1")
    schedule = facts.schedule(tenant, name="nightly", last_run_status="failed")
    for age, mode in ((DAY, "full"), (HOUR, "metadata_only")):
        item = ItemRow(capture_mode=mode, display_name="Damaged", payload=f'{{"a": "{mode}"}}')
        facts.backup_set(tenant, NOW - age, item, schedule_id=schedule, name=f"run {mode}")
    failed_at = NOW - HOUR / 2
    facts.backup_set(tenant, None, status="failed", error="401", created_at=failed_at, schedule_id=schedule)
    return facts.load(url)


@pytest.mark.parametrize(
    ("place", "behind", "kind", "key"),
    [
        ({}, TenantsScreen, CausesScreen, "o"),
        ({"tenant": ONE}, DashboardScreen, ChangesScreen, "equals_sign"),
        ({"tenant": ONE, "screen": "changes"}, ChangesScreen, ItemChangesScreen, "enter"),
        ({"tenant": ONE, "screen": "schedules"}, SchedulesScreen, RunsScreen, "enter"),
        ({"tenant": ONE, "screen": "backup_sets"}, BackupSetsScreen, BackupSetScreen, "enter"),
    ],
)
async def test_the_questions_beside_a_verdict(
    place: dict[str, Any], behind: type[Any], kind: type[Any], key: str, sqlite_url: str, faults: Faults
) -> None:
    """Causes, changes, an item's changes, runs, and the last good copies of the basis."""
    async with open_app(with_all_questions(sqlite_url), **place) as driver:
        await driver.arrived(behind)
        failures = 0
        for number in count(1):
            with faults.at(number, Mode.ONCE):
                await driver.press(key)
                screen = await driver.arrived(kind)
            if screen.asking.problem:
                failures += 1
                assert CAUSE in driver.words()
                assert "no facts" in driver.words()
                assert not any(words in driver.words() for words in ("unchanged", "nothing differs", "last whole"))
                assert not looks_calm(driver)
            if not faults.failed:
                break
            await driver.press("escape")
            await driver.arrived(behind)
        assert screen.answer is not None
        assert failures >= 3


async def test_a_last_good_copy(sqlite_url: str, faults: Faults) -> None:
    async with open_app(with_all_questions(sqlite_url), tenant=ONE, screen="backup_set") as driver:
        await driver.arrived(BackupSetScreen)
        assert "1d ago in run full" in driver.words()
        await driver.press("enter")
        await driver.arrived(CapturedItemScreen)
        failures = 0
        for number in count(1):
            with faults.at(number, Mode.ONCE):
                await driver.press("enter")
                screen = await driver.arrived(LastGoodCopyScreen)
            failures += bool(screen.asking.problem)
            assert (CAUSE in driver.words()) == bool(screen.asking.problem)
            if not faults.failed:
                break
            await driver.press("escape")
            await driver.arrived(CapturedItemScreen)
        assert '"full"' in driver.text()
        assert failures >= 3


async def test_no_failure_confirms_past_the_limit(sqlite_url: str, faults: Faults) -> None:
    """While every call fails, a confirmation stays for 90 seconds, and not a second longer."""
    async with open_app(loaded(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert looks_calm(driver)
        with faults.at(1, Mode.FOR_GOOD):
            for _ in range(4):
                driver.clock.forward(30 * SECOND)
                await driver.press("r")
                await driver.settled()
                assert CAUSE in driver.words()
                assert len(listed(tenants)) == TENANTS
            await driver.until(lambda: tenants.unconfirmed)
            await driver.pump()
            assert not looks_calm(driver)
        await driver.press("r")
        await driver.settled()
        await driver.until(lambda: looks_calm(driver))


_EVERY_CALL_OF_A_COMMAND = """
import sys
from itertools import count
from tests.faulty_drivers import Mode, faulty_drivers
from tui.commands import run
with faulty_drivers() as faults:
    for number in count(1):
        with faults.at(number, Mode.ONCE):
            code = run(["report", "--database", sys.argv[1]])
        if not faults.failed:
            break
        # 0 where all was read and only letting go of it failed.
        assert code in (0, 3), (number, code)
assert number > 10
"""


def test_a_command_says_one_sentence_and_prints_nothing_else(sqlite_url: str) -> None:
    """In a new process, so that no test has changed its logging."""
    command = [sys.executable, "-c", _EVERY_CALL_OF_A_COMMAND, loaded(sqlite_url)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    file = Path(sqlite_url).name
    assert set(done.stderr.splitlines()) == {f"tenantpilot: {file} cannot be read: {CAUSE}."}
