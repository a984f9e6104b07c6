"""`python -m tests.soak`: the screens for a long time, with a writer beside them, faults beneath them and random keys.

Every step is followed by a look: what the screen says is what a report says of the same facts at the same instant, and
nothing is calm that is not confirmed or whose facts are too old. The seed says all that happens; a failure prints it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from health.policy import HealthPolicy
from health.report import tenant_entry
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise
from tests.faulty_drivers import CAUSE, Faults, Mode, faulty_drivers
from tests.soak.writer import Writer
from tests.subject import report_document
from tests.tui.screens.driving import Clock, Driver, looks_calm, open_app
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen
from tui.words.wording import HEALTHY_LIMIT

_TENANTS: Final = 12
_REFRESH: Final = timedelta(seconds=30)
_LIMIT: Final = timedelta(seconds=90)
_KEYS: Final = (
    *("down",) * 4,
    *("up", "G", "g", "pagedown", "tab", "escape", "escape", "escape", "backspace"),
    *("enter",) * 6,
    *("b", "s", "p", "f", "n", "w", "r", "r", "y", "Y", "question_mark"),
)
_TIMES: Final = (1, 5, 29, 30, 31, 60, 89, 91, 600, 3600, 6 * 3600, 26 * 3600)
_LABELS: Final = {"absent": "✕ absent", "stale": "▲ stale", "degraded": "◆ degraded", None: "? unreadable"}
_REMEMBERED: Final = 15


class SoakFailed(AssertionError):
    """The screens showed something wrong."""


class Soak:
    """One run of one seed over one database."""

    def __init__(self, url: str, seed: int) -> None:
        self._url = url
        self._chance = Random(seed)
        self._clock = Clock()
        self._began = self._clock.boot
        self._writer = Writer(url, self._chance, lambda: self._clock.now)
        self._done: list[str] = []
        self.steps = 0

    @property
    def passed(self) -> timedelta:
        """How much time has passed by the run's own clock."""
        return timedelta(seconds=self._clock.boot - self._began)

    async def run(self, goes_on: Callable[[int], bool]) -> None:
        """Take steps while `goes_on` of their number is true. Raises SoakFailed with the last steps."""
        self._writer.begin(_TENANTS)
        with faulty_drivers() as faults:
            async with open_app(self._url, clock=self._clock, size=(100, 40)) as driver:
                await driver.arrived(TenantsScreen)
                # Only now, so that this run asks and not the app's own timer.
                driver.app.context = driver.app.context._replace(refresh=_REFRESH)
                while goes_on(self.steps):
                    self.steps += 1
                    try:
                        await self._step(driver, faults)
                    except AssertionError as error:
                        raise SoakFailed(
                            f"{error}\nafter step {self.steps}: {', '.join(self._done)}\n{driver.text()}"
                        ) from error

    async def _step(self, driver: Driver, faults: Faults) -> None:
        what = self._chance.choices((self._press, self._write, self._let_time_pass), (5, 3, 2))[0]
        if self._chance.random() < 0.15:
            number, mode = self._chance.randint(1, 25), self._chance.choice((Mode.ONCE, Mode.FOR_GOOD))
            self._note(f"call {number} fails {mode.value}:")
            # The writer must not fail.
            what = self._press if what == self._write else what
            with faults.at(number, mode):
                await what(driver)
                await self._settled(driver)
            if driver.facts.asking.problem and not is_gone(driver):
                demand(CAUSE in driver.words(), "a failure without its cause")
        else:
            await what(driver)
            await self._settled(driver)
        self._look_for_calm(driver)
        if self._chance.random() < 0.5:
            await self._compare(driver)

    def _note(self, what: str) -> None:
        self._done = [*self._done[1 - _REMEMBERED :], what]

    # Steps

    async def _press(self, driver: Driver) -> None:
        keys = [self._chance.choice(_KEYS) for _ in range(self._chance.choice((1, 1, 1, 2, 4)))]
        self._note("+".join(keys))
        await driver.press_at_once(*keys)

    async def _write(self, driver: Driver) -> None:
        """Write in another thread while the screen in front refreshes."""
        name, write = self._writer.next_write()
        self._note(name)
        thread = threading.Thread(target=write)
        thread.start()
        driver.facts.load()
        while thread.is_alive():
            await driver.pump()

    async def _let_time_pass(self, driver: Driver) -> None:
        seconds = self._chance.choice(_TIMES)
        self._note(f"{seconds} s")
        self._clock.forward(timedelta(seconds=seconds))
        if self._chance.random() < 0.2:
            # The wall clock is set; the other clock does not change.
            self._clock.now -= timedelta(seconds=self._chance.choice(_TIMES))
            self._note("clock set back")
        if self._chance.random() < 0.7:
            driver.app._refresh_shown()

    async def _settled(self, driver: Driver) -> None:
        """Until a screen with facts, or with the reason why there are none, is in front; its age is that of now."""
        await driver.pump()
        while not isinstance(driver.app.screen, FactsScreen):
            await driver.press_at_once("escape")
        await driver.settled()
        driver.facts.tick()
        await driver.pump()

    # Checks

    def _look_for_calm(self, driver: Driver) -> None:
        """Fail if something looks calm without facts, or with facts past the limit."""
        screen = driver.facts
        if screen.asking.answered_at is None or self._clock.boot - screen.asking.answered_at > _LIMIT.total_seconds():
            demand(not looks_calm(driver), "calm without facts that are new enough")

    async def _compare(self, driver: Driver) -> None:
        """Refresh without a writer, and compare the screen with a report."""
        screen = driver.facts
        screen.load()
        await self._settled(driver)
        if screen.asking.problem:
            demand(is_gone(driver), "not recovered")
            return
        expected = entries(self._url, screen.facts.now)
        if isinstance(screen, TenantsScreen):
            self._compare_fleet(driver, screen, expected)
        elif hasattr(screen.facts, "health"):
            self._compare_tenant(driver, screen.facts.health, expected, screen.facts.now)

    def _compare_fleet(self, driver: Driver, screen: TenantsScreen, expected: dict[str, Any]) -> None:
        view = screen.facts
        found = {health.tenant.external_id: tenant_entry(health, view.now) for health in view.answer.verdicts}
        demand(list(found) == list(expected), "another order than the report's")
        demand(found == expected, "another verdict than the report's")
        confirmed = sum(entry["confirmed"] for entry in expected.values())
        demand((f"✓ {confirmed} healthy" in driver.words()) == (confirmed > 0), "another count of healthy tenants")
        listed = screen.query_one("#tenants").region
        lines = driver.lines()[listed.y : listed.bottom]
        for entry in expected.values():
            # A name begins with its unique part.
            name = entry["name"][: len("Tenant 000")]
            drawn = [line for line in lines if name in line]
            demand(all(label(entry) in line for line in drawn), f"another state of {name}")

    def _compare_tenant(self, driver: Driver, health: Any, expected: dict[str, Any], now: datetime) -> None:
        entry = expected[health.tenant.external_id]
        demand(tenant_entry(health, now) == entry, "another verdict than the report's")
        if not entry["confirmed"]:
            demand(HEALTHY_LIMIT not in driver.words(), "a healthy check of what is not confirmed")
        if type(driver.facts).__name__ == "DashboardScreen":
            demand(label(entry) in driver.words(), "another state on the dashboard")
            demand((HEALTHY_LIMIT in driver.words()) == entry["confirmed"], "no healthy check of what is confirmed")


def demand(holds: bool, otherwise: str) -> None:
    """Raise SoakFailed unless it holds."""
    if not holds:
        raise SoakFailed(otherwise)


def is_gone(driver: Driver) -> bool:
    """Whether the screen is over a tenant that has been archived meanwhile."""
    return "There is no tenant" in driver.words()


def label(entry: dict[str, Any]) -> str:
    """The glyph and the word of a report's entry (docs/screens.md, "States"), whose facts are new."""
    if entry["posture"] == "healthy":
        return "✓ healthy" if entry["confirmed"] else "◷ follow-up"
    return _LABELS[entry["posture"]]


def entries(url: str, now: datetime) -> dict[str, Any]:
    """The entries of a separate report, by tenant."""
    resolver = TenantBackupHealthResolver(parse_database_url(url), HealthPolicy())
    try:
        document = report_document(resolver.fleet(now), resolver.policy, now)
    finally:
        resolver.close()
    return {entry["tenant"]: entry for entry in document["tenants"]}


def soak(folder: Path, seed: int, goes_on: Callable[[int], bool]) -> timedelta:
    """One run over a new database in a folder. Returns how much time passed by its clock. Raises SoakFailed."""
    file = folder / f"soak-{seed}.db"
    url = f"sqlite:///{file}"
    initialise(parse_database_url(url))
    run = Soak(url, seed)
    asyncio.run(run.run(goes_on))
    return run.passed
