"""The screens as of an instant of the past: sets that were completed by then, and nothing confirmed.

Modules: tui.screens.facts_screen, tui.screens.tenants, tui.screens.schedules, tui.pilot, tui.commands.session.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import click
import pytest

from health.past import PastResolver
from health.store.opening.urls import parse_database_url
from tests.health.making import POLICY
from tests.tui.screens.driving import Driver, cells, open_app
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts
from tui.commands.options import Invocation
from tui.commands.session import session_of
from tui.context import Database
from tui.known_notes import KnownNotes
from tui.place import Place
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen

THEN: Final = NOW - 2 * DAY
LIMIT: Final = "as of 2026-11-21 09:00Z: schedules and deletions unknown, nothing confirmed"


def fleet() -> Facts:
    """One tenant that was whole then and has failed since, with a schedule; and one that had nothing yet."""
    facts = Facts()
    one = facts.tenant("Contoso")
    facts.backup_set(one, THEN - HOUR, name="of then")
    facts.backup_set(one, None, status="failed", error="401", started_at=NOW - DAY, created_at=NOW - DAY, name="later")
    facts.schedule(one, name="nightly")
    other = facts.tenant("Fabrikam")
    facts.backup_set(other, NOW - HOUR)
    return facts


@asynccontextmanager
async def opened(url: str, **context: Any) -> AsyncIterator[Driver]:
    database = Database("fleet.db", lambda: PastResolver(parse_database_url(url), POLICY, THEN))
    async with open_app(url, database=database, fixed_now=THEN, as_of=True, **context) as driver:
        yield driver


async def test_the_fleet_is_that_of_then(sqlite_url: str) -> None:
    async with opened(fleet().load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        rows = {row["TENANT"].text: row["POSTURE"].text for row in cells(tenants)}
        assert rows == {"Contoso": "○ unconfirmed", "Fabrikam": "✕ absent"}
        assert driver.shown("#counts") == "✕ 1 absent  ○ 1 unconfirmed"
        assert LIMIT in driver.words()
        assert "as of 2026-11-21 09:00Z: schedules and deletions" in driver.words()
        # As of then no tenant is healthy, so the key of that posture lists the unconfirmed ones.
        await driver.press("6")
        await driver.until(lambda: [row["TENANT"].text for row in cells(tenants)] == ["Contoso"])
        assert "only unconfirmed" in driver.shown("#shown")


async def test_every_screen_of_a_tenant_is_of_then(sqlite_url: str) -> None:
    async with opened(fleet().load(sqlite_url), tenant="contoso.example") as driver:
        await driver.arrived(DashboardScreen)
        assert LIMIT in driver.words()
        assert "✓" not in driver.text()
        assert "Recent and complete at that time." in driver.words()
        assert "Needs attention" not in driver.words()
        assert "later" not in driver.words()
        assert "not known" in driver.shown("#kpi-schedules")
        await driver.press("s")
        await driver.arrived(SchedulesScreen)
        assert "only what schedules are now is kept, not what they were" in driver.words()
        assert "nightly" not in driver.words()
        await driver.press("escape", "b")
        sets = await driver.arrived(BackupSetsScreen)
        assert [row["NAME"].text for row in cells(sets)] == ["of then"]
        assert LIMIT in driver.words()
        await driver.press("Y")
        assert "--as-of 2026-11-21T09:00:00+00:00" in driver.app.clipboard
        assert "--now" not in driver.app.clipboard


async def test_schedules_of_then_of_an_unreadable_tenant_are_not_known(sqlite_url: str) -> None:
    facts = Facts()
    broken = facts.tenant("Broken")
    facts.backup_set(broken, "31 February", created_at=THEN - HOUR)
    facts.schedule(broken, name="nightly")
    async with opened(facts.load(sqlite_url), tenant="broken.example", screen="schedules") as driver:
        await driver.arrived(SchedulesScreen)
        assert "Schedules: not known" in driver.words()
        assert "no schedule" not in driver.words()
        assert "follow-up" not in driver.shown("#schedules-title")


async def test_a_narrow_window_says_whole_what_is_not_known(sqlite_url: str) -> None:
    async with opened(fleet().load(sqlite_url), size=(60, 20)) as driver:
        await driver.arrived(TenantsScreen)
        assert LIMIT in driver.words()


def test_the_option_reaches_the_screens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    invocation = Invocation(database=f"sqlite:///{tmp_path / 'x.db'}", now=NOW, as_of=THEN)
    context = session_of(invocation).context(invocation)
    assert (context.fixed_now, context.as_of, context.known) == (THEN, True, KnownNotes())
    assert isinstance(context.database.open_resolver(), PastResolver)
    ahead = Invocation(database=invocation.database, now=NOW, as_of=NOW + HOUR)
    with pytest.raises(click.UsageError, match="--as-of is in the future"):
        session_of(ahead).context(ahead)
    with pytest.raises(click.UsageError, match="--stale-within is about the future"):
        session_of(invocation).context(invocation, Place(stale_within=HOUR))
