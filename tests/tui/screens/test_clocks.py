"""A database whose clock differs from ours by more than the tolerance: the first screen says so, calmly.

(docs/reading.md, "How old the facts are")

Modules: tui.screens.facts_screen, tui.clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import pytest

from tests.tui.screens.driving import POLICY, Clock, Driver, looks_calm, open_app, watched
from tests.tui.screens.fleets import NOW, Facts
from tui.screens.tenants import TenantsScreen
from tui.words.wording import State

MINUTE = timedelta(minutes=1)


@pytest.fixture
def server_now(postgres_url: str) -> datetime:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0].astimezone(UTC)
    return now


def loaded(url: str) -> str:
    facts = Facts()
    facts.tenant("Contoso")
    return facts.load(url)


async def note(driver: Driver) -> str:
    """The line under the header, once there are facts."""
    await driver.arrived(TenantsScreen)
    await driver.pump()
    return driver.shown(".note")


HALF: Final = timedelta(seconds=30)
"""More than the duration of a test, in which the server's clock goes on and ours does not."""


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (-20 * MINUTE - HALF, "the database's clock is 20m ahead of this machine's"),
        (20 * MINUTE + HALF, "the database's clock is 20m behind this machine's"),
        (HALF - POLICY.clock_skew, ""),
        (POLICY.clock_skew - HALF, ""),
    ],
)
@pytest.mark.parametrize("fixed", [False, True], ids=["by the clock", "with --now"])
async def test_a_difference_past_the_tolerance_is_said(
    ours: timedelta, words: str, fixed: bool, postgres_url: str, server_now: datetime
) -> None:
    at = server_now - 900 * MINUTE if fixed else None
    async with open_app(loaded(postgres_url), clock=Clock(server_now + ours), fixed_now=at) as driver:
        said = await note(driver)
        assert words in said
        assert ("clock" in said) == bool(words)


async def test_a_slow_answer_does_not_count_as_a_difference(postgres_url: str, server_now: datetime) -> None:
    """A laptop slept between the question and the answer: the server's clock was read somewhere in between."""
    resolver = watched(loaded(postgres_url))
    held = resolver.hold_back("refreshed_fleet")
    async with open_app(resolver, clock=Clock(server_now - 300 * MINUTE)) as driver:
        await driver.until(held.reached.is_set)
        driver.clock.forward(300 * MINUTE + HALF)
        held.let_go()
        assert "clock" not in await note(driver)


async def test_a_file_has_no_clock(sqlite_url: str, server_now: datetime) -> None:
    async with open_app(loaded(sqlite_url), clock=Clock(server_now + 900 * MINUTE)) as driver:
        assert await note(driver) == ""


async def test_a_clock_set_back_makes_no_facts_younger_or_calmer(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - MINUTE)
    async with open_app(facts.load(sqlite_url)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert looks_calm(driver)
        driver.clock.now -= 24 * 60 * MINUTE
        driver.clock.boot += 91
        await driver.until(lambda: tenants.unconfirmed)
        await driver.until(lambda: "facts 1m old" in driver.words())
        await driver.pump()
        assert not looks_calm(driver)
        # Read again, the backup is in the future of that clock, so its age cannot be known.
        await driver.press("r")
        await driver.settled()
        await driver.until(lambda: State.STALE.label in driver.words())
        assert "in 23h 59m latest backup lies in the" in driver.words()
        assert not looks_calm(driver)
