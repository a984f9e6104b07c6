"""The screens over a PostgreSQL link that freezes: the last facts stay, with age and cause, until it is back.

Modules: tui.reader, tui.screens, health.store.opening.deadline.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from health.store.opening.deadline import DeadlineConnection
from tests.link import Link, link_to
from tests.tui.screens.driving import listed, looks_calm, open_app
from tests.tui.screens.fleets import HOUR, NOW, Facts
from tui.clock import utc_now
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.words.wording import State

pytestmark = pytest.mark.alone

SHORT = 0.6


@pytest.fixture
def link(postgres_url: str) -> Iterator[Link]:
    facts = Facts()
    for number in range(1, 4):
        facts.backup_set(facts.tenant(f"Tenant {number}"), NOW - number * HOUR)
    facts.load(postgres_url)
    with link_to(postgres_url) as found:
        yield found


async def test_a_frozen_link_keeps_the_facts_confirms_nothing_and_recovers(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(link.url, fixed_now=NOW, wall=utc_now) as driver:
        tenants = await driver.arrived(TenantsScreen)
        before = listed(tenants)
        link.freeze()
        with monkeypatch.context() as patched:
            patched.setattr(DeadlineConnection, "patience", SHORT)
            driver.clock.forward(timedelta(seconds=91))
            await driver.press("r")
            await driver.until(lambda: f"cannot be read: no answer within {SHORT} seconds" in driver.words())
        assert listed(tenants) == before
        await driver.until(lambda: "facts 1m old" in driver.words())
        await driver.until(lambda: tenants.unconfirmed)
        await driver.pump()
        assert not looks_calm(driver)
        link.thaw()
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: State.HEALTHY.label in driver.words())
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is tenants and "no answer" not in driver.words())
        assert [health.tenant for health in listed(tenants)] == [health.tenant for health in before]
        assert all(health.confirmed for health in listed(tenants))
