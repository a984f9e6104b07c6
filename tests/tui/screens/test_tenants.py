"""The first screen: the fleet in triage order; filter, sort and walk by keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from textual.widgets import Input

from health.posture import Reason, TenantBackupHealth
from tests.health.making import a_good_schedule, a_set, a_tenant, judged
from tests.oracle.rows import DEFAULT_POLICY
from tests.subject import fleet_report
from tests.tui.screens.driving import Driver, KnownVerdicts, listed, open_app, row_list, under_cursor
from tests.tui.screens.fleets import (
    DAY,
    HOUR,
    NOW,
    STALE_AT,
    add_set,
    every_combination,
    small_fleet,
    stored,
    write,
)
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.words.wording import REASON_WORDS, State, state_of


def names(tenants: TenantsScreen) -> list[str]:
    return [health.tenant.name for health in listed(tenants)]


async def opened(driver: Driver) -> TenantsScreen:
    return await driver.arrived(TenantsScreen)


async def filter_by(driver: Driver, words: str) -> None:
    """Empty the filter, type into it, and go back to the list."""
    await driver.press("slash")
    driver.app.screen.query_one(Input).value = ""
    await driver.enter_words(words)
    assert driver.app.screen.query_one(Input).value == words
    await driver.press("enter")


# The list


async def test_the_list_is_in_the_order_of_the_report(sqlite_url: str) -> None:
    facts = every_combination()
    for number, name in enumerate(("zebra", "Zebra", "straße", "STRASSE", "Ångström")):
        facts.backup_set(facts.tenant(name, f"{9 - number}.example"), NOW - HOUR)
    url = facts.load(sqlite_url)
    async with open_app(url) as driver:
        tenants = await opened(driver)
        report = fleet_report(url, NOW, DEFAULT_POLICY)
        assert [health.tenant.external_id for health in listed(tenants)] == [
            entry["tenant"] for entry in report["tenants"]
        ]


async def test_every_row_shows_its_state_its_name_and_why(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url), size=(160, 24)) as driver:
        tenants = await opened(driver)
        for health in listed(tenants):
            line = next(line for line in driver.lines() if health.tenant.name in line)
            assert state_of(health).label in line
        text = driver.words()
        assert "3d 4h ago" in text
        assert "4/7" in text
        assert "3 metadata only, 1 assignments not captured" in text
        assert "nightly: overdue by 1d 7h" in text
        assert "no backup basis" in text
        assert "backup_sets.completed_at of row 5 is not an instant" in text


async def test_the_counts_are_the_reports_under_every_filter(sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    async with open_app(url) as driver:
        tenants = await opened(driver)
        totals = fleet_report(url, NOW, DEFAULT_POLICY)["totals"]
        counts = driver.shown("#counts")
        for state, count in {
            State.UNREADABLE: totals["unreadable"],
            State.ABSENT: totals["absent"],
            State.STALE: totals["stale"],
            State.DEGRADED: totals["degraded"],
            State.FOLLOW_UP: totals["healthy"] - totals["confirmed"],
            State.HEALTHY: totals["confirmed"],
        }.items():
            assert f"{state.glyph} {count} {state.word}" in counts
        await filter_by(driver, "stale")
        assert driver.shown("#counts") == counts
        assert f"{len(listed(tenants))} of 11" in driver.shown("#shown")
        assert f"{len(listed(tenants))} of 11" in driver.words()
        await driver.press("p", "p", "p", "p")
        assert driver.shown("#counts") == counts


@pytest.mark.parametrize("keys", ["/example", "/t", "/a", "3", "4"])
async def test_a_filter_that_drops_the_row_begins_at_its_worst_row(keys: str, sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await opened(driver)
        await driver.press("end")
        last = row_list(tenants).current
        await driver.press(*("slash" if key == "/" else key for key in keys))
        rows = row_list(tenants)
        assert rows.current is (last if last in rows.rows else rows.rows[0])


async def test_a_refresh_that_drops_the_row_under_the_cursor_stays_near_it(sqlite_url: str) -> None:
    url = small_fleet().load(sqlite_url)
    async with open_app(url) as driver:
        tenants = await opened(driver)
        await driver.press("j", "j")
        gone = listed(tenants)[2]
        write(url, "UPDATE tenants SET archived_at = ? WHERE id = ?", stored(NOW), gone.tenant.id)
        await driver.press("r")
        await driver.until(lambda: len(listed(tenants)) == 5)
        assert row_list(tenants).cursor == 2


async def test_the_whole_fleet_is_not_called_a_part_of_it(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        await opened(driver)
        assert " of " not in driver.shown("#shown")
        assert "6" in driver.shown("#shown")


async def test_an_empty_fleet_says_what_to_run(sqlite_url: str) -> None:
    async with open_app(sqlite_url) as driver:
        await opened(driver)
        assert "no tenants yet" in driver.words()
        assert "tenantpilot import" in driver.words()
        assert State.HEALTHY.label not in driver.words()
        await driver.press("enter", "down", "G", "y")
        assert isinstance(driver.app.screen, TenantsScreen)


async def test_enter_opens_the_tenant_under_the_cursor(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await opened(driver)
        await driver.press("j", "j")
        wanted = listed(tenants)[2]
        await driver.press("enter")
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.health is wanted
        assert wanted.tenant.name in driver.words()
        await driver.press("escape")
        assert row_list(await opened(driver)).current is wanted


# Filters and sorting


async def test_the_filter_finds_names_ids_postures_and_reasons(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await opened(driver)
        whole = set(names(tenants))
        for words, found in (
            ("fabri", {"Fabrikam"}),
            ("FABRIKAM.EXAMPLE", {"Fabrikam"}),
            ("works adventure", {"Adventure Works"}),
            ("absent", {"Contoso"}),
            ("unreadable", {"Wingtip"}),
            ("follow-up", {"Northwind"}),
            # Healthy means confirmed, and no tenant with a follow-up is.
            ("healthy", {"Tailspin"}),
            ("healthy follow-up", set()),
            ("schedule_follow_up", {"Northwind"}),
            ("none", set()),
            (REASON_WORDS[Reason.LATEST_BACKUP_STALE], {"Fabrikam"}),
            (REASON_WORDS[Reason.LATEST_BACKUP_DEGRADED], {"Adventure Works"}),
            (REASON_WORDS[Reason.NO_BACKUP_BASIS], {"Contoso"}),
            (REASON_WORDS[Reason.SCHEDULE_FOLLOW_UP].upper(), {"Northwind"}),
            ("example", whole),
            ("xyzzy", set()),
        ):
            await filter_by(driver, words)
            assert set(names(tenants)) == found, words
        assert "no tenant matches" in driver.words()


async def test_the_filter_works_while_typing_in_triage_order(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await opened(driver)
        whole = names(tenants)
        await driver.press("slash")
        for typed in ("w", "wi", "win"):
            await driver.enter_words(typed[-1])
            assert names(tenants) == [name for name in whole if typed in f"{name} {name}.example".casefold()], typed
        await driver.press("backspace", "backspace")
        assert len(names(tenants)) > 1
        # While the user types, the keys of the list are letters.
        await driver.enter_words("qsp")
        assert tenants.words == "wqsp"
        assert (tenants.states, tenants.order.value) == ((), "triage")


async def test_escape_clears_the_filter_and_the_posture_and_never_quits(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        tenants = await opened(driver)
        await driver.press("slash")
        await driver.enter_words("conto")
        assert names(tenants) == ["Contoso"]
        await driver.press("escape")
        assert (len(listed(tenants)), tenants.words) == (6, "")
        assert driver.app.focused is row_list(tenants)

        await filter_by(driver, "conto")
        await driver.press("p", "p")
        assert names(tenants) == []
        await driver.press("escape")
        assert (len(listed(tenants)), tenants.words, tenants.states) == (6, "", ())

        await driver.press("escape", "escape", "backspace")
        assert driver.app.is_running
        assert driver.app.screen_stack == [tenants]


async def test_p_goes_through_every_posture_and_comes_back(sqlite_url: str) -> None:
    async with open_app(every_combination().load(sqlite_url)) as driver:
        tenants = await opened(driver)
        whole = names(tenants)
        seen: list[str] = []
        for state in (each for each in State if each is not State.UNCONFIRMED):
            await driver.press("p", "p")
            assert {state_of(health) for health in listed(tenants)} == {state}
            assert f"{len(listed(tenants))} of 11" in driver.shown("#shown")
            assert state.word in driver.shown("#shown")
            seen += names(tenants)
        assert seen == whole
        await driver.press("p", "p")
        assert names(tenants) == whole


async def test_w_asks_what_goes_stale_before_a_shift_ends(sqlite_url: str) -> None:
    facts = small_fleet()
    for hours in (3, 4, 7, 11):
        facts.backup_set(facts.tenant(f"in {hours}h"), NOW - DAY + hours * HOUR)
    async with open_app(facts.load(sqlite_url), size=(160, 24)) as driver:
        tenants = await opened(driver)
        whole = names(tenants)
        for within, found in (("4h", ["in 3h"]), ("8h", ["in 3h", "in 4h", "in 7h"]), ("12h", ["in 3h", "in 4h"])):
            await driver.press("w")
            assert names(tenants)[: len(found)] == found
            assert f"{len(listed(tenants))} of 10, stale within {within}" in driver.shown("#shown")
            assert "goes stale in 3h" in driver.words()
        assert names(tenants) == ["in 3h", "in 4h", "in 7h", "in 11h"]
        await driver.press("w")
        assert names(tenants) == whole
        await driver.press("w", "escape")
        assert names(tenants) == whole


async def test_s_goes_through_every_order_and_comes_back(sqlite_url: str) -> None:
    facts = small_fleet()
    facts.backup_set(facts.tenant("zeta"), NOW + 2 * DAY, created_at=NOW)
    async with open_app(facts.load(sqlite_url)) as driver:
        tenants = await opened(driver)
        triage = names(tenants)

        def completed(health: TenantBackupHealth) -> Any:
            return health.basis.completed_at if health.basis else None

        await driver.press("s", "s")
        assert "sorted: name" in driver.words()
        assert names(tenants) == sorted(triage, key=str.casefold)
        await driver.press("s", "s")
        assert "sorted: age" in driver.words()
        ages = [completed(health) for health in listed(tenants)]
        assert ages[:2] == [None, None]
        assert ages[2:] == sorted(ages[2:])
        await driver.press("s", "s")
        assert "sorted: goes stale" in driver.words()
        # First the tenants that may be stale already: without a basis, or with one in the future.
        ends = [completed(health) for health in listed(tenants)]
        assert sorted(ends[:3], key=str) == [NOW + 2 * DAY, None, None]
        assert ends[3:] == sorted(ends[3:])
        assert ends[3] == STALE_AT
        await driver.press("s", "s")
        assert names(tenants) == triage


# Refresh


async def test_a_refresh_keeps_cursor_and_filter_though_rows_move(sqlite_url: str) -> None:
    url = small_fleet().load(sqlite_url)
    async with open_app(url) as driver:
        tenants = await opened(driver)
        await filter_by(driver, "example")
        await driver.press("s", "s", "s", "s", "s", "s", "s", "s")
        # Fabrikam is stale, gets a good backup and sinks to the end. The cursor stays on Contoso.
        while under_cursor(tenants).tenant.name != "Fabrikam":
            await driver.press("down")
        before = names(tenants).index("Fabrikam")
        add_set(url, 900, 4, NOW)
        write(url, "UPDATE tenants SET archived_at = ? WHERE name = 'Contoso'", "2026-11-01 00:00:00.000000")
        await driver.press("r")
        await driver.until(lambda: "Contoso" not in names(tenants))
        assert under_cursor(tenants).tenant.name == "Fabrikam"
        assert names(tenants).index("Fabrikam") != before
        assert tenants.words == "example"
        line = next(line for line in driver.lines() if "Fabrikam" in line)
        assert line.startswith(">")
        assert State.HEALTHY.label in line


async def test_a_tenant_that_is_gone_leaves_the_cursor_near_where_it_was(sqlite_url: str) -> None:
    url = small_fleet().load(sqlite_url)
    async with open_app(url) as driver:
        tenants = await opened(driver)
        await driver.press("end")
        gone = under_cursor(tenants).tenant
        write(url, "UPDATE tenants SET archived_at = ? WHERE id = ?", "2026-11-01 00:00:00.000000", gone.id)
        await driver.press("r")
        await driver.until(lambda: len(listed(tenants)) == 5)
        assert row_list(tenants).cursor == 4


# Ten thousand


@pytest.fixture(scope="module")
def ten_thousand() -> list[TenantBackupHealth]:
    def verdict(number: int) -> TenantBackupHealth:
        age = timedelta(minutes=number % 3000)
        tenant = a_tenant(id=number, external_id=f"t{number:05}.example", name=f"Tenant {number:05}")
        return judged(a_set(NOW - age, tenant_id=number), a_good_schedule(tenant_id=number), tenant=tenant)

    return [verdict(number) for number in range(1, 10_001)]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tenants whose cells were made, with one entry for each time."""
    made: list[int] = []
    cells: Callable[..., Any] = TenantsScreen._cells

    def counted(self: TenantsScreen, health: TenantBackupHealth) -> Any:
        made.append(health.tenant.id)
        return cells(self, health)

    monkeypatch.setattr(TenantsScreen, "_cells", counted)
    return made


async def test_of_ten_thousand_rows_only_those_in_view_are_drawn(
    ten_thousand: list[TenantBackupHealth], drawn: list[int]
) -> None:
    async with open_app(KnownVerdicts(ten_thousand)) as driver:
        tenants = await opened(driver)
        rows = row_list(tenants)
        assert len(rows.rows) == 10_000
        in_view = {health.tenant.id for health in rows.rows[:24]}
        assert drawn
        assert set(drawn) <= in_view

        drawn.clear()
        await driver.press("down")
        assert len(drawn) <= 4
        drawn.clear()
        await driver.press("end")
        assert set(drawn) <= {health.tenant.id for health in rows.rows[-24:]}
        drawn.clear()
        await driver.press("slash", "9", "9")
        assert 0 < len(set(drawn)) <= 3 * 24
        assert " of 10,000" in driver.shown("#shown")


async def test_the_keys_of_the_list_move_as_people_expect(ten_thousand: list[TenantBackupHealth]) -> None:
    async with open_app(KnownVerdicts(ten_thousand)) as driver:
        rows = row_list(await opened(driver))
        last, page = 9_999, rows.size.height - 1
        for key, place in (
            ("k", 0),
            ("j", 1),
            ("down", 2),
            ("up", 1),
            ("k", 0),
            ("G", last),
            ("j", last),
            ("g", 0),
            ("end", last),
            ("home", 0),
            ("pagedown", page),
            ("ctrl+d", 2 * page),
            ("pageup", page),
            ("ctrl+u", 0),
            ("pageup", 0),
        ):
            await driver.press(key)
            assert rows.cursor == place, key
            mark = f"> {state_of(under_cursor(driver.app.screen)).glyph}"
            assert any(line.startswith(mark) for line in driver.lines()), key
