"""The keys that narrow the fleet: by posture at once, and to the next tenant that is not confirmed.

(docs/screens.md, "Tenants")

Modules: tui.screens.tenants.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.tui.screens.driving import Clock, open_app, row_list, under_cursor
from tests.tui.screens.fleets import HOUR, NOW, Facts, small_fleet
from tui.place import POSTURES, Order
from tui.screens.tenants import TenantsScreen

WORST_FIRST = ("Wingtip", "Contoso", "Fabrikam", "Adventure Works", "Northwind", "Tailspin")


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


def names(tenants: TenantsScreen) -> list[str]:
    return [health.tenant.name for health in row_list(tenants).rows]


async def test_a_digit_filters_by_posture_and_0_clears_it(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        for number, (posture, name) in enumerate(zip(POSTURES, WORST_FIRST, strict=True), start=1):
            await driver.press(str(number))
            assert names(tenants) == [name]
            assert f"only {posture}" in driver.shown("#shown")
        await driver.press("7")
        assert names(tenants) == []
        await driver.press("0")
        assert names(tenants) == list(WORST_FIRST)


async def test_the_space_bar_marks_several_postures(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("p", "down", "down", "space", "space", "enter")
        assert names(tenants) == ["Contoso", "Fabrikam"]
        assert "2 of 6, only absent or stale, " in driver.shown("#shown")
        await driver.press("Y")
        assert driver.app.clipboard == "tenantpilot --posture absent,stale"
        # They are marked when the list opens again: Enter changes nothing, and the space bar takes one away.
        await driver.press("p")
        assert driver.text().count("[marked]") == 2
        await driver.press("enter")
        assert names(tenants) == ["Contoso", "Fabrikam"]
        await driver.press("p", "space", "enter")
        assert names(tenants) == ["Fabrikam"]
        # One that is listed alone has no mark: Enter takes the one under the cursor.
        await driver.press("p", "down", "enter")
        assert names(tenants) == ["Adventure Works"]
        await driver.press("p", "space", "p")
        assert names(tenants) == ["Tailspin"]
        await driver.press("p", "space", "up", "up", "space", "home", "enter")
        assert names(tenants) == list(WORST_FIRST)
        await driver.press("p", "down", "space", "home", "space", "enter")
        assert names(tenants) == ["Wingtip"]


async def test_7_lists_what_was_confirmed_once_the_facts_are_too_old(url: str) -> None:
    clock = Clock()
    async with open_app(url, clock=clock) as driver:
        tenants = await driver.arrived(TenantsScreen)
        clock.forward(timedelta(seconds=91))
        await driver.until(lambda: tenants.unconfirmed)
        await driver.press("7")
        assert names(tenants) == ["Tailspin"]
        await driver.press("Y")
        assert driver.app.clipboard == "tenantpilot --posture healthy"


async def test_n_goes_to_the_next_that_is_not_confirmed_and_round(sqlite_url: str) -> None:
    facts = Facts()
    for number, fresh in enumerate((True, False, True, True, False)):
        facts.backup_set(facts.tenant(f"T{number}"), NOW - HOUR * (1 if fresh else 100))
    async with open_app(facts.load(sqlite_url), sort="name", toasts=True) as driver:
        tenants = await driver.arrived(TenantsScreen)
        for name in ("T1", "T4", "T1"):
            await driver.press("n")
            assert under_cursor(tenants).tenant.name == name
        await driver.press("6", "n")
        assert names(tenants) == ["T0", "T2", "T3"]
        assert "every tenant listed is confirmed" in driver.words()


@pytest.mark.parametrize("key", ["n", "K"])
async def test_a_key_for_a_tenant_says_if_none_is_listed(key: str, url: str) -> None:
    async with open_app(url, toasts=True) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("7", key)
        assert names(tenants) == []
        await driver.until(lambda: "no tenant is listed" in driver.words())
        assert "every tenant listed is confirmed" not in driver.words()


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("schedule_follow_up", ["Northwind"]),
        ("no_backup_basis", ["Contoso"]),
        ("metadata_only", ["Adventure Works"]),
        ("overdue nightly", ["Northwind"]),
        ("healthy", ["Tailspin"]),
        ("-healthy -stale", ["Wingtip", "Contoso", "Adventure Works", "Northwind"]),
    ],
)
async def test_the_filter_finds_the_words_of_why_and_of_the_report(words: str, left: list[str], url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("slash")
        await driver.enter_words(words)
        assert names(tenants) == left


async def test_s_and_p_open_lists_and_the_same_key_takes_the_next(url: str) -> None:
    async with open_app(url) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.press("s", "j", "j", "enter")
        assert f"sorted: {Order.AGE.value}" in driver.shown("#shown")
        await driver.press("s", "s")
        assert f"sorted: {Order.GOES_STALE.value}" in driver.shown("#shown")
        await driver.press("s", "s")
        assert f"sorted: {Order.TRIAGE.value}" in driver.shown("#shown")
        await driver.press("s", "j", "escape")
        assert f"sorted: {Order.TRIAGE.value}" in driver.shown("#shown")
        await driver.press("p", "j", "j", "enter")
        assert names(tenants) == ["Contoso"]
        await driver.press("p", "p")
        assert names(tenants) == ["Fabrikam"]
        await driver.press("p", "home", "enter")
        assert names(tenants) == list(WORST_FIRST)
