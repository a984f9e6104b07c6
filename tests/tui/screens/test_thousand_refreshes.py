"""Screens that stay open for days: when all caches are full, hundreds of refreshes leave nothing behind.

Modules: tui.app, tui.screens.facts_screen.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from health.answers import FleetAnswer
from health.posture import TenantBackupHealth
from health.store.opening.errors import StoreUnreachable
from tests.health.making import HOUR, NOW, a_set, a_tenant, judged
from tests.memory import holdings
from tests.tui.screens.driving import Clock, Driver, KnownVerdicts, open_app
from tests.waiting import DEADLINE
from tui.screens.tenants import TenantsScreen

ROUND = 500
ROUNDS = 5
"""Textual's own caches fill up in the first ones, how fast depends on the machine; what is never let go of is kept in
each."""


class Changing(KnownVerdicts):
    """The same verdicts twice, then others, then a failure, again and again."""

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
    """Refresh as at the end of the interval, and wait until the answer is on the screen."""
    clock.forward(timedelta(seconds=30 if number % 2 else -30))
    driver.app._refresh_shown()
    loop = asyncio.get_running_loop()
    end = loop.time() + DEADLINE
    while driver.facts.reading:
        assert loop.time() < end
        await asyncio.sleep(0.001)


async def test_refreshes_leave_nothing_behind() -> None:
    clock = Clock()
    async with open_app(Changing(), clock=clock) as driver:
        await driver.arrived(TenantsScreen)
        kept = []
        for _ in range(ROUNDS):
            before = holdings()
            for number in range(ROUND):
                await refresh(driver, clock, number)
            after = holdings()
            assert after.files == before.files
            kept.append(after.blocks - before.blocks)
            # A kept message or answer would have far more than two objects.
            if kept[-1] < 2 * ROUND:
                return
    raise AssertionError(f"blocks kept in each round: {kept}")
