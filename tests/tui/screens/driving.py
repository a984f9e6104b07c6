"""Drives the app by keys. Waits for a result within a bound, and never for a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

from textual import events
from textual.css.query import NoMatches
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static

from health.answers import CausesAnswer, DashboardAnswer, FleetAnswer, ListedSet, OwnTime
from health.facts import BackupSet
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, triage_key
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from tests.tui.screens.fleets import NOW
from tests.tui.screens.watched_resolver import WatchedResolver
from tui.app import TenantPilotApp
from tui.context import AppContext, Database
from tui.place import OPENINGS, Place
from tui.routes import ROUTES
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.row_list import Cell, RowList
from tui.words.wording import HEALTHY_LIMIT, State

POLICY: Final = HealthPolicy()
OPENED: Final[list[tuple[str | None, type[FactsScreen[Any]]]]] = [
    (None, TenantsScreen),
    *(
        (route.name, cast("type[FactsScreen[Any]]", route.screen_class()))
        for route in ROUTES
        if route.name in OPENINGS and not OPENINGS[route.name].item and not OPENINGS[route.name].schedule
    ),
]
"""The first screen, and every screen that needs only a tenant, by their names on the command line."""
_PATIENCE: Final = 30.0
_BREATH: Final = 0.015
"""The seconds to wait at most, and those between two looks, in which the reader thread can run."""
_ROUNDS: Final = 4
_STANDS: Final = 3600.0
"""Seconds that a toast stands."""

SomeScreen = TypeVar("SomeScreen", bound=Screen[Any])


class Clock:
    """The wall clock and the clock that also runs in suspend, both set by a test."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.boot = 1000.0

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by
        self.boot += by.total_seconds()


class Driver:
    """The app, driven by a test's keys."""

    def __init__(self, app: TenantPilotApp, pilot: Pilot[None], clock: Clock) -> None:
        self.app = app
        self.pilot = pilot
        self.clock = clock

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the one before it has had its effect."""
        for key in keys:
            await self.press_at_once(key)

    async def press_at_once(self, *keys: str) -> None:
        """Press keys that arrive in one packet: none waits for the effect of the one before it."""
        for key in keys:
            self.app.post_message(events.Key(key, " " if key == "space" else key if len(key) == 1 else None))
        await self.keys_done()

    async def keys_done(self) -> None:
        """Wait until every pressed key has had its effect."""
        await self.pump()
        await self.until(lambda: not self.app.keys.are_under_way, "the end of the keys")
        await self.pump()

    async def enter_words(self, words: str) -> None:
        """Type words into the focused filter, in one packet."""
        for character in words:
            self.app.post_message(events.Key("space" if character == " " else character, character))
        screen: Any = self.app.screen
        field = screen.query_one(Input)
        await self.until(lambda: field.value.endswith(words) and screen.words == field.value, words)
        await self.pump()

    async def pump(self) -> None:
        """Process all messages, and those that they cause, and draw the changes.

        `pilot.pause` waits for every widget, which gives the reader's thread its turn, too: that a loop has nothing to
        do does not mean that no answer is on its way.
        """
        for _ in range(_ROUNDS):
            await self.pilot.pause(0)

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Process messages until the condition holds. Fails if it never does."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE
        while loop.time() < end:
            with suppress(NoMatches):
                if holds():
                    return
            await self.pilot.pause(_BREATH)
        raise AssertionError(f"never came: {what or 'the condition'}; on the screen:\n{self.text()}")

    async def settled(self) -> None:
        """Wait until the shown screen has an answer to its latest question."""
        await self.until(
            lambda: not self.facts.reading and (self.facts.answer or self.facts.asking.problem), "an answer"
        )
        await self.pilot.pause()

    async def arrived(self, kind: type[SomeScreen]) -> SomeScreen:
        """Wait until a screen of this kind is shown, with its facts."""
        await self.until(lambda: type(self.app.screen) is kind, kind.__name__)
        if issubclass(kind, FactsScreen):
            await self.settled()
        return cast("SomeScreen", self.app.screen)

    async def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        await self.pilot.resize_terminal(columns, lines)

    async def open_tenant(self, external_id: str) -> None:
        """Move the cursor of the first screen to a tenant by keys and open it."""
        tenants = await self.arrived(TenantsScreen)
        place = [health.tenant.external_id for health in listed(tenants)].index(external_id)
        await self.press_at_once("home", *["down"] * place)
        await self.until(lambda: row_list(tenants).cursor == place)
        await self.press("enter")

    # What is seen

    @property
    def facts(self) -> FactsScreen[Any]:
        """The shown screen, which must be one of facts."""
        screen = self.app.screen
        assert isinstance(screen, FactsScreen), screen
        return screen

    def lines(self) -> list[str]:
        """The lines of the terminal as they are drawn now."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        """The lines without blanks at their ends."""
        return "\n".join(line.rstrip() for line in self.lines())

    def words(self) -> str:
        """All words on the terminal, in one line with single blanks, so that wrapping does not matter."""
        return " ".join(self.text().split())

    def shown(self, selector: str) -> str:
        """The whole text of one widget, also if it does not fit."""
        return str(self.app.screen.query_one(selector, Static).content)


def looks_calm(driver: Driver) -> bool:
    """Whether anything on the terminal says that all is well."""
    words = driver.words()
    return State.HEALTHY.glyph in words or State.HEALTHY.word in words or HEALTHY_LIMIT in words


def row_list(screen: Screen[Any]) -> RowList:
    """The list of a screen."""
    return screen.query_one(RowList)


def under_cursor(screen: Screen[Any]) -> Any:
    """The row that the cursor of a screen's list is on."""
    row = row_list(screen).current
    assert row is not None
    return row


def cells(screen: Screen[Any]) -> list[dict[str, Cell]]:
    """The cells of a screen's list, row by row, by the headings of their columns, also those that do not fit."""
    rows = row_list(screen)
    headings = [column.heading for column in rows._columns]
    return [dict(zip(headings, rows._cells(row), strict=True)) for row in rows.rows]


def listed(tenants: TenantsScreen) -> list[TenantBackupHealth]:
    """The listed verdicts of the first screen, in its order."""
    return list(row_list(tenants).rows)


def set_shown(screen: BackupSetScreen) -> ListedSet:
    """The set of a screen that shows one set."""
    listed_set = screen.facts.listed
    assert listed_set is not None
    return listed_set


def basis_shown(screen: BackupSetsScreen) -> BackupSet:
    """The basis that a screen's list of sets was read with."""
    basis = screen.facts.health.basis
    assert basis is not None
    return basis


class KnownVerdicts:
    """A resolver without a database: a test made its verdicts. Its tenants have no attempts."""

    def __init__(self, verdicts: Sequence[TenantBackupHealth]) -> None:
        self.verdicts = verdicts

    def refreshed_fleet(self, now: datetime) -> FleetAnswer:
        return FleetAnswer(now, tuple(sorted(self.verdicts, key=triage_key)))

    def connected_to(self) -> str | None:
        return None

    def own_time(self) -> OwnTime:
        return OwnTime()

    def role_could_write(self) -> bool:
        return False

    def causes(self, verdicts: Sequence[TenantBackupHealth], now: datetime) -> CausesAnswer:
        return CausesAnswer((), now)

    def connect(self) -> None:
        pass

    def dashboard(self, external_id: str, now: datetime) -> DashboardAnswer:
        health = next(each for each in self.verdicts if each.tenant.external_id == external_id)
        return DashboardAnswer(health, (), None, now)

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


def real_resolver(url: str) -> TenantBackupHealthResolver:
    """The product's resolver over a database of a test."""
    return TenantBackupHealthResolver(parse_database_url(url), POLICY)


def watched(url: str) -> WatchedResolver:
    """The product's resolver over a database of a test, watched."""
    return WatchedResolver(real_resolver(url))


@asynccontextmanager
async def open_app(
    facts: str | WatchedResolver | KnownVerdicts,
    *,
    size: tuple[int, int] = (80, 24),
    clock: Clock | None = None,
    toasts: bool = False,
    wall: Callable[[], datetime] | None = None,
    **context: Any,
) -> AsyncIterator[Driver]:
    """The app over a database (by its URL) or a test's resolver, at NOW, without automatic refreshes.

    The other arguments make the place. `wall` is the machine's clock, for tests in which it must agree with a server's.
    """
    time = clock or Clock()
    resolver = real_resolver(facts) if isinstance(facts, str) else facts
    given: dict[str, Any] = {
        "database": Database("fleet.db", lambda: cast("TenantBackupHealthResolver", resolver)),
        "policy": POLICY,
        "refresh": timedelta(0),
        "clock": wall or (lambda: time.now),
        "boot_clock": lambda: time.boot,
    }
    said = {name: context.pop(name) for name in Place._fields if name in context}
    app = TenantPilotApp(AppContext(**(given | {"place": Place(**said)} | context)))
    # A toast stands for seconds of the machine's clock: one that is busy may look at it later.
    toast = app.notify
    app.notify = lambda message, **given: toast(message, **(given | {"timeout": _STANDS}))  # type: ignore[method-assign]
    try:
        async with app.run_test(size=size, notifications=toasts) as pilot:
            yield Driver(app, pilot, time)
    finally:
        app.reader.stop()
