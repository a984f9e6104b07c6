"""Pictures of the screens in the states in which they differ. Each was looked at before it was accepted.

The fleet is the demo's at a fixed instant and the clock stands still, so that a picture changes only with the code.

Modules: tui.screens, tui.widgets, tui.terminal.themes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from health.known import KnownEntry
from health.policy import HealthPolicy
from health.posture import Reason
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import DatabaseAddress, parse_database_url
from tests.tui.screens.driving import Clock, Driver
from tui.app import TenantPilotApp
from tui.commands.demo import write_demo
from tui.context import AppContext, Database
from tui.groups import Group, Groups
from tui.known_notes import KnownNotes
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen
from tui.terminal.themes import DARK, LIGHT

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
POLICY = HealthPolicy()
COMPACT, WIDE = (80, 24), (120, 40)

Compare = Callable[..., bool]


@pytest.fixture(scope="session")
def demo_address(tmp_path_factory: pytest.TempPathFactory) -> DatabaseAddress:
    """Forty invented tenants, every state among them, at a fixed instant."""
    address = parse_database_url(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}")
    write_demo(address, NOW, 40, POLICY)
    return address


@pytest.fixture(scope="session")
def empty_address(sqlite_template: Path) -> DatabaseAddress:
    return parse_database_url(f"sqlite:///{sqlite_template}")


def make_app(address: DatabaseAddress, **context: Any) -> TenantPilotApp:
    context.setdefault("boot_clock", lambda: 0.0)
    context.setdefault("database", Database("demo.db", lambda: TenantBackupHealthResolver(address, POLICY)))
    return TenantPilotApp(
        AppContext(
            policy=POLICY,
            refresh=timedelta(0),
            clock=lambda: NOW,
            **context,
        )
    )


async def settled(driver: Driver) -> None:
    """Wait until the screen in front has its answer."""
    if isinstance(driver.app.screen, FactsScreen):
        await driver.settled()


def walked(keys: Sequence[str], to: str = "") -> Callable[[Pilot[None]], Any]:
    """Press keys one by one, each when the screen has the answer to the one before it. All is drawn at the end.

    `to` is the name of a picture, which begins with the name of its screen.
    """

    async def walk(pilot: Pilot[None]) -> None:
        driver = Driver(cast("TenantPilotApp", pilot.app), pilot, Clock(NOW))
        await driver.arrived(TenantsScreen)
        for key in keys:
            await (driver.enter_words(key) if isinstance(key, Words) else driver.press(key))
            await settled(driver)
        await driver.pump()
        shown = type(driver.app.screen).__name__.removesuffix("Screen").casefold()
        assert to.replace("-", "").startswith(shown), (to, shown)

    return walk


class Words(str):
    """What is typed into a filter, among the names of keys."""


def typed(words: str) -> list[str]:
    return ["slash", Words(words), "enter"]


ABSENT, DEGRADED, FOLLOW_UP, HEALTHY = ["2"], ["4"], ["5"], ["6"]
# The tenant with every reason: stale, degraded, and with a schedule that needs follow-up.
STALE = typed("phone company")

WALKS = {
    "tenants": [],
    "tenants-filtered": typed("stale"),
    "tenants-no-match": typed("nobody"),
    "tenants-sorted-by-name": ["s", "s"],
    "tenants-stale-within": ["w", "w", "w"],
    "dashboard-absent": [*ABSENT, "down", "enter"],
    "dashboard-stale-degraded-follow-up": [*STALE, "enter"],
    "dashboard-degraded": [*DEGRADED, "enter"],
    "dashboard-follow-up": [*FOLLOW_UP, "enter"],
    "dashboard-healthy": [*HEALTHY, "enter"],
    "dashboard-unreadable": ["enter"],
    "backup-sets-confirming": [*ABSENT, "enter", "enter"],
    "backup-sets": [*DEGRADED, "enter", "b"],
    "backup-set-stale": [*STALE, "enter", "enter"],
    "backup-set-degraded": [*STALE, "enter", "down", "enter"],
    "backup-set-family-filter": [*DEGRADED, "down", "down", "enter", "enter", "f"],
    "captured-item": [*DEGRADED, "down", "down", "enter", "enter", "tab", "enter"],
    "last-good-copy": [*DEGRADED, "down", "down", "enter", "enter", "tab", "enter", "enter"],
    "schedules-follow-up": [*FOLLOW_UP, "enter", "enter"],
    "changes": [*DEGRADED, "enter", "equals_sign"],
    "item-changes": [*DEGRADED, "enter", "equals_sign", "enter"],
    "causes": ["o"],
    "tenants-of-a-cause": ["o", "enter"],
    "runs": [*FOLLOW_UP, "enter", "enter", "enter"],
    "help": ["question_mark"],
    "choice-of-an-order": ["s"],
    "choice-of-an-export": [*STALE, "enter", "enter", "e"],
}


@pytest.mark.parametrize("name", WALKS)
def test_at_80_columns(snap_compare: Compare, demo_address: DatabaseAddress, name: str) -> None:
    assert snap_compare(make_app(demo_address), terminal_size=COMPACT, run_before=walked(WALKS[name], name))


SHOWN_WIDE = (
    "tenants", "dashboard-stale-degraded-follow-up", "changes", "item-changes", "backup-set-degraded", "last-good-copy",
    "causes", "runs", "schedules-follow-up", "help",
)  # fmt: skip


@pytest.mark.parametrize("name", SHOWN_WIDE)
def test_wide(snap_compare: Compare, demo_address: DatabaseAddress, name: str) -> None:
    assert snap_compare(make_app(demo_address), terminal_size=WIDE, run_before=walked(WALKS[name], name))


def test_light(snap_compare: Compare, demo_address: DatabaseAddress) -> None:
    assert snap_compare(make_app(demo_address, theme=LIGHT), terminal_size=COMPACT, run_before=walked([], "tenants"))


def test_without_colours(snap_compare: Compare, demo_address: DatabaseAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(demo_address)
    assert snap_compare(app, terminal_size=COMPACT, run_before=walked(WALKS["dashboard-degraded"], "dashboard"))


GROUPS = Groups([Group("gold", ("fourth*", "contoso*", "fab*"), "ana"), Group("silver", ("t*",))])
KNOWN = KnownEntry(
    "fourth-coffee.example", Reason.LATEST_BACKUP_STALE, NOW + timedelta(hours=9), "ana", "ticket 4711, new app consent"
)


@pytest.mark.parametrize("size", [COMPACT, WIDE], ids=["80", "120"])
@pytest.mark.parametrize("name", ["tenants", "dashboard"])
def test_known_and_groups(
    snap_compare: Compare, demo_address: DatabaseAddress, name: str, size: tuple[int, int]
) -> None:
    app = make_app(demo_address, known=KnownNotes((KNOWN,)), groups=GROUPS)
    keys = [*typed("fourth coffee"), *(["enter"] if name == "dashboard" else ["escape"])]
    assert snap_compare(app, terminal_size=size, run_before=walked(keys, name))


def eu_and_us(address: DatabaseAddress) -> tuple[Database, Database]:
    """Two names of the one database, the first of them production."""
    eu, us = (
        Database(f"{name}.db", lambda: TenantBackupHealthResolver(address, POLICY), name, name == "eu")
        for name in ("eu", "us")
    )
    return eu, us


@pytest.mark.parametrize("keys", [[], ["d"]], ids=["production", "choice"])
def test_several_databases(snap_compare: Compare, demo_address: DatabaseAddress, keys: list[str]) -> None:
    eu, us = eu_and_us(demo_address)
    app = make_app(demo_address, database=eu, databases=(eu, us))
    assert snap_compare(app, terminal_size=COMPACT, run_before=walked(keys, "choice" if keys else "tenants"))


def test_plain(snap_compare: Compare, demo_address: DatabaseAddress) -> None:
    assert snap_compare(make_app(demo_address, plain=True), terminal_size=COMPACT, run_before=walked([], "tenants"))


def test_facts_too_old_to_confirm(snap_compare: Compare, demo_address: DatabaseAddress) -> None:
    # The first look at the age, when there are no facts yet, and the question.
    seconds = iter([0.0, 0.0])
    app = make_app(demo_address, boot_clock=lambda: next(seconds, 200.0), theme=DARK)
    assert snap_compare(app, terminal_size=COMPACT, run_before=walked(["end"], "tenants"))


def test_no_tenants(snap_compare: Compare, empty_address: DatabaseAddress) -> None:
    assert snap_compare(make_app(empty_address), terminal_size=COMPACT, run_before=walked([], "tenants"))


def test_no_database(snap_compare: Compare) -> None:
    missing = parse_database_url("sqlite:///there-is-no-such-folder/fleet.db")
    assert snap_compare(make_app(missing), terminal_size=COMPACT, run_before=walked([], "tenants"))


def test_too_small(snap_compare: Compare, demo_address: DatabaseAddress) -> None:
    assert snap_compare(make_app(demo_address), terminal_size=(50, 10), run_before=walked([], "tenants"))
