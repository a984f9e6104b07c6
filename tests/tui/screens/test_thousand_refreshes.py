"""The screens left open for days: once all caches are full, hundreds of refreshes leave nothing behind."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from health.details import FleetAnswer
from health.posture import TenantBackupHealth
from health.store.errors import StoreUnreachable
from tests.health.making import HOUR, NOW, a_set, a_tenant, judged
from tests.memory import holdings
from tests.tui.screens.driving import Clock, Driver, KnownVerdicts, open_app
from tests.waiting import DEADLINE
from tui.screens.tenants import TenantsScreen

WARM, LAST = 800, 1300
"""Textual's own caches are full by the first of them."""


class Changing(KnownVerdicts):
    """The same verdicts twice, others, and a failure, over and over."""

    def __init__(self) -> None:
        self._fleets = [fleet(completed_at) for completed_at in (NOW - HOUR, NOW - 30 * HOUR)]
        self._asked = 0
        super().__init__(self._fleets[0])

    def refreshed_fleet(self, now: datetime) -> FleetAnswer:
        self._asked += 1
        if self._asked % 4 == 3:
            raise StoreUnreachable("fleet@db1 cannot be read: the server closed the connection.")
        self.verdicts = self._fleets[self._asked % 4 == 0]
        return FleetAnswer(now, self.verdicts)


def fleet(completed_at: datetime) -> tuple[TenantBackupHealth, ...]:
    return tuple(
        judged(a_set(completed_at), tenant=a_tenant(id=n, external_id=f"tenant-{n}", name=f"Tenant {n}"))
        for n in range(20)
    )


async def refresh(driver: Driver, clock: Clock, number: int) -> None:
    """As when the interval is over, until the answer is on the screen."""
    clock.forward(timedelta(seconds=30 if number % 2 else -30))
    driver.app._refresh_shown()
    loop = asyncio.get_running_loop()
    end = loop.time() + DEADLINE
    while driver.facts.reading:
        assert loop.time() < end
        await asyncio.sleep(0.001)


async def test_after_a_thousand_refreshes_no_more_is_held_than_before() -> None:
    clock = Clock()
    async with open_app(Changing(), clock=clock) as driver:
        await driver.arrived(TenantsScreen)
        before = holdings()
        for number in range(1, LAST + 1):
            await refresh(driver, clock, number)
            if number == WARM:
                before = holdings()
        after = holdings()
    # A message or an answer that is kept has far more than two objects.
    assert after.blocks - before.blocks < 2 * (LAST - WARM)
    assert after.files == before.files
