"""The first screen says calmly if the role could write, and hides nothing for that.

(docs/reading.md, "Read-only")

Modules: tui.screens.tenants, tui.app.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from health.store.opening.errors import StoreUnreachable
from tests.health.making import LONG_AGO
from tests.oracle.loading import load
from tests.oracle.rows import Rows, SetRow, TenantRow
from tests.tui.screens.driving import Clock, open_app, watched
from tests.tui.screens.fleets import NOW
from tui.clock import utc_now
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen

NOTE = "this role could write: use one that only has SELECT"


def loaded(url: str) -> str:
    """More tenants than there is room for, every other one without a backup."""
    numbers = range(1, 41)
    tenants = [TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO) for number in numbers]
    sets = [SetRow(number, number, completed_at=NOW, created_at=NOW) for number in numbers[::2]]
    load(url, Rows(tenants, sets, [], []))
    return url


@pytest.fixture
def owner(postgres_url: str) -> str:
    return loaded(postgres_url)


@pytest.fixture
def reader(owner: str) -> Iterator[str]:
    """The same database, as a role that has only SELECT."""
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE ROLE only_select LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_select")
    yield owner.replace("postgres:@", "only_select@")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("DROP OWNED BY only_select")
        connection.execute("DROP ROLE only_select")


@pytest.fixture
def clock() -> Clock:
    """The server's own clock, because a difference would add a note."""
    return Clock(utc_now())


async def drawn(url: str, size: tuple[int, int], clock: Clock) -> list[str]:
    """The lines of the first screen."""
    async with open_app(url, size=size, clock=clock) as driver:
        await driver.arrived(TenantsScreen)
        await driver.until(lambda: "facts 0s old" in driver.words())
        await driver.pump()
        return driver.lines()


@pytest.mark.parametrize("size", [(80, 24), (60, 12), (120, 30)])
async def test_the_note_is_one_line_and_all_else_is_as_without_it(
    owner: str, reader: str, size: tuple[int, int], clock: Clock
) -> None:
    without = await drawn(reader, size, clock)
    noted = await drawn(owner, size, clock)
    assert noted[1].strip() == NOTE
    # The last row of the list. Below it are the keys and, if there is room, the details of the row under the cursor.
    del without[-2 if size[1] < 20 else -4]
    assert [noted[0], *noted[2:]] == without


async def test_over_sqlite_there_is_no_note(sqlite_url: str, clock: Clock) -> None:
    assert NOTE not in "".join(await drawn(loaded(sqlite_url), (80, 24), clock))


async def test_it_gives_way_to_what_is_wrong_and_comes_back(owner: str, clock: Clock) -> None:
    resolver = watched(owner)
    async with open_app(resolver, clock=clock) as driver:
        await driver.arrived(TenantsScreen)
        await driver.until(lambda: NOTE in driver.words())
        resolver.failure = StoreUnreachable("fleet@db1 cannot be read: the server closed the connection.")
        await driver.press("r")
        await driver.until(lambda: "the server closed the connection" in driver.words())
        assert NOTE not in driver.words()
        resolver.failure = None
        await driver.press("r")
        await driver.until(lambda: NOTE in driver.words())


async def test_the_other_screens_do_not_say_it_again(owner: str) -> None:
    async with open_app(owner, tenant="tenant-1") as driver:
        await driver.arrived(DashboardScreen)
        assert NOTE not in driver.words()
