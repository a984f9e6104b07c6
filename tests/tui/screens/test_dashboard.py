"""One tenant: figures, reasons, the healthy check with its limit, and the latest attempts as context."""

from __future__ import annotations

from datetime import timedelta

import pytest

from health.policy import HealthPolicy
from tests.oracle.rows import ItemRow
from tests.tui.screens.driving import Driver, cells, open_app, real_resolver, set_shown, under_cursor
from tests.tui.screens.fleets import (
    DAY,
    DEGRADED_ITEMS,
    HOUR,
    NOW,
    STALE_AT,
    WHOLE,
    Facts,
    small_fleet,
    stored,
    write,
)
from tui.clock import utc_now
from tui.context import Database
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.schedules import SchedulesScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.healthy_check import HealthyCheck
from tui.widgets.needs_attention import AttentionItem
from tui.words.wording import ASSIGNMENTS_LIMIT, HEALTHY_LIMIT, State


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


def strip_of(driver: Driver) -> str:
    """The KPI strip as one line of words."""
    shown = [driver.shown(f"#kpi-{name}") for name in ("posture", "latest", "degraded", "schedules")]
    return " | ".join(" ".join(each.split()) for each in shown)


@pytest.mark.parametrize(
    ("tenant", "figures"),
    [
        ("wingtip", ("? unreadable",)),
        ("contoso", ("✕ absent", "never", "window 24h", "none enabled")),
        ("fabrikam", ("▲ stale", "3d 4h ago", "0/1", "none enabled")),
        ("adventure-works", ("◆ degraded", "2h ago", "4/7")),
        ("northwind", ("◷ follow-up", "5h ago", "0/1", "1 of 1")),
        ("tailspin", ("✓ healthy", "1h ago", "0/1", "none enabled")),
    ],
)
async def test_the_strip_shows_the_figures_of_the_verdict(tenant: str, figures: tuple[str, ...], url: str) -> None:
    async with open_app(url, tenant=f"{tenant}.example") as driver:
        await driver.arrived(DashboardScreen)
        strip = strip_of(driver)
        assert [figure for figure in figures if figure not in strip] == [], strip
        if tenant == "wingtip":
            assert "ago" not in strip
            assert "enabled" not in strip
        assert figures[0] in driver.words()


async def test_in_the_narrowest_window_no_figure_of_the_strip_is_lost(url: str) -> None:
    async with open_app(url, tenant="northwind.example", size=(60, 24)) as driver:
        await driver.arrived(DashboardScreen)
        headings, figures = driver.lines()[2:4]
        assert headings.split()[-1] == "SCHEDULES"
        assert "1 of 1 fo" in figures


async def test_the_healthy_check_stands_alone_and_says_its_limit(url: str) -> None:
    async with open_app(url, tenant="tailspin.example") as driver:
        await driver.arrived(DashboardScreen)
        assert f"{State.HEALTHY.label} {HEALTHY_LIMIT}" in driver.words()
        assert "does not prove that a restore will succeed" in driver.words()
        assert "Needs attention" not in driver.words()
        assert not driver.app.screen.query(AttentionItem)


async def test_the_check_says_where_the_tool_records_no_assignments(sqlite_url: str) -> None:
    facts = Facts()
    unknown = ItemRow(assignments_state=None)
    facts.backup_set(facts.tenant("None"), NOW - HOUR, unknown, unknown)
    facts.backup_set(facts.tenant("Some"), NOW - HOUR, unknown, ItemRow())
    facts.load(sqlite_url)
    for tenant, said in (("none", True), ("some", False)):
        async with open_app(sqlite_url, tenant=f"{tenant}.example") as driver:
            await driver.arrived(DashboardScreen)
            assert HEALTHY_LIMIT in driver.words()
            assert (ASSIGNMENTS_LIMIT in driver.words()) is said


@pytest.mark.parametrize("tenant", ["wingtip", "contoso", "fabrikam", "adventure-works", "northwind"])
async def test_without_confirmation_nothing_looks_calm(tenant: str, url: str) -> None:
    async with open_app(url, tenant=f"{tenant}.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert not dashboard.query_one(HealthyCheck).display
        words = driver.words()
        assert "Needs attention" in words
        assert State.HEALTHY.glyph not in words
        assert "healthy" not in words


async def test_an_unreadable_tenant_names_table_column_and_row(url: str) -> None:
    async with open_app(url, tenant="wingtip.example") as driver:
        await driver.arrived(DashboardScreen)
        await driver.until(
            lambda: "completed_at of row 5 is not an instant: 'no instant'; correct that row" in driver.words()
        )
        # The attempt is shown as unreadable.
        assert cells(driver.app.screen)[0]["IN THE VERDICT"].text == "unreadable"


async def test_the_window_named_is_the_policys(url: str) -> None:
    policy = HealthPolicy(freshness_window=timedelta(hours=26))
    resolver = real_resolver(url)
    resolver.policy = policy
    async with open_app(
        url, tenant="fabrikam.example", policy=policy, database=Database("fleet.db", lambda: resolver)
    ) as driver:
        await driver.arrived(DashboardScreen)
        assert "window 26h" in strip_of(driver)
        assert "completed 3d 4h ago, window 26h" in driver.words()


async def test_the_latest_attempts_are_context_whatever_their_status(sqlite_url: str) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    for number in range(12):
        facts.backup_set(tenant, NOW - DAY * number - HOUR, name=f"nightly {number}")
    facts.backup_set(tenant, None, created_at=NOW - timedelta(minutes=20), status="failed", name="retry")
    facts.backup_set(tenant, None, created_at=NOW - timedelta(minutes=5), status="running", name="again")
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        shown = [(row["NAME"].text, row["IN THE VERDICT"].text, row["WHEN"].text) for row in cells(dashboard)]
        assert shown[:4] == [
            ("again", "still running", "5m ago"),
            ("retry", "failed", "20m ago"),
            ("nightly 0", "basis", "1h ago"),
            ("nightly 1", "older", "1d 1h ago"),
        ]
        assert len(shown) == 8
        # They change nothing: the basis is whole and recent.
        assert dashboard.health is not None
        assert dashboard.health.confirmed
        await driver.press("down", "enter")
        screen = await driver.arrived(BackupSetScreen)
        assert set_shown(screen).name == "retry"
        assert "not the basis: failed" in driver.words()
        await driver.press("escape")
        assert under_cursor(await driver.arrived(DashboardScreen)).name == "retry"


async def test_from_the_items_the_keys_reach_the_attempts_and_back(url: str) -> None:
    async with open_app(url, tenant="fabrikam.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        await driver.press("tab")
        assert driver.app.focused is dashboard.query_one("#attempts")
        await driver.press("shift+tab")
        assert isinstance(driver.app.focused, AttentionItem)
        await driver.press("j")
        assert driver.app.focused is dashboard.query_one("#attempts")


async def test_b_and_s_open_the_sets_and_the_schedules(url: str) -> None:
    async with open_app(url, tenant="northwind.example") as driver:
        for key, kind in (("b", BackupSetsScreen), ("s", SchedulesScreen)):
            await driver.arrived(DashboardScreen)
            await driver.press(key)
            await driver.arrived(kind)
            # It was not opened as a proof, so nothing is marked.
            assert "> Backup sets:" not in driver.words()
            assert "> Schedules:" not in driver.words()
            await driver.press("backspace")


async def test_the_crumbs_say_where_this_is(url: str) -> None:
    async with open_app(url, tenant="northwind.example", size=(120, 24)) as driver:
        await driver.arrived(DashboardScreen)
        assert "TenantPilot > Tenants > Northwind" in driver.lines()[0]
        assert "fleet.db read-only" in driver.lines()[0]
        await driver.press("s")
        await driver.arrived(SchedulesScreen)
        assert "TenantPilot > Tenants > Northwind (northwind.example) > Schedules" in driver.lines()[0]


async def test_a_tenant_archived_meanwhile_is_a_sentence_and_no_fault(url: str) -> None:
    async with open_app(url) as driver:
        await driver.open_tenant("tailspin.example")
        await driver.arrived(DashboardScreen)
        write(url, "UPDATE tenants SET archived_at = ? WHERE name = 'Tailspin'", stored(NOW))
        await driver.press("r")
        await driver.until(lambda: "There is no tenant 'tailspin.example' in the fleet" in driver.words())
        assert "A fault" not in driver.words()
        await driver.press("escape")
        tenants = await driver.arrived(TenantsScreen)
        assert len(cells(tenants)) == 5


async def test_a_verdict_that_gets_worse_takes_the_check_away(url: str) -> None:
    async with open_app(url, tenant="tailspin.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert HEALTHY_LIMIT in driver.words()
        write(url, "UPDATE backup_sets SET completed_at = ? WHERE id = 1", stored(STALE_AT))
        write(url, "UPDATE backup_items SET capture_mode = 'metadata_only' WHERE backup_set_id = 1")
        await driver.press("r")
        await driver.until(lambda: len(dashboard.query(AttentionItem)) == 2)
        await driver.until(lambda: "Needs attention" in driver.words())
        assert HEALTHY_LIMIT not in driver.words()
        assert State.STALE.label in strip_of(driver)
        # It comes back too.
        write(url, "UPDATE backup_sets SET completed_at = ? WHERE id = 1", stored(NOW - HOUR))
        write(url, "UPDATE backup_items SET capture_mode = 'full' WHERE backup_set_id = 1")
        await driver.press("r")
        await driver.until(lambda: HEALTHY_LIMIT in driver.words())
        await driver.until(lambda: not dashboard.query(AttentionItem))


async def test_evidence_that_was_mended_is_not_called_unreadable(url: str) -> None:
    async with open_app(url, tenant="wingtip.example") as driver:
        dashboard = await driver.arrived(DashboardScreen)
        assert "cannot be read" in driver.words()
        write(url, "UPDATE backup_sets SET completed_at = ? WHERE id = 5", stored(NOW - HOUR))
        await driver.press("r")
        await driver.until(lambda: HEALTHY_LIMIT in driver.words())
        await driver.until(lambda: "cannot be read" not in driver.words())
        write(url, "UPDATE backup_sets SET completed_at = 'whenever' WHERE id = 5")
        await driver.press("r")
        await driver.until(lambda: "cannot be read" in driver.words())
        assert dashboard.health is not None
        assert HEALTHY_LIMIT not in driver.words()


async def test_the_figures_of_an_item_follow_a_refresh_under_the_focus(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR, *DEGRADED_ITEMS)
    facts.load(sqlite_url)
    async with open_app(sqlite_url, tenant="contoso.example") as driver:
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: isinstance(driver.app.focused, AttentionItem))
        item = driver.app.focused
        assert "4 of 7 items" in driver.words()
        write(sqlite_url, "UPDATE backup_items SET capture_mode = 'full'")
        await driver.press("r")
        await driver.until(lambda: "1 of 7 items" in driver.words())
        assert driver.app.focused is item
        assert "4 of 7" not in driver.words()


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (HOUR, "Backups are recent; 2 items, 1 fewer than the set before. This does not prove"),
        (3 * DAY, "Latest backup: 2 items, 1 fewer than the set before"),
    ],
)
async def test_a_basis_below_its_reference_says_by_how_much(age: timedelta, said: str, database_url: str) -> None:
    facts = Facts()
    tenant_id = facts.tenant("Smaller")
    for before, items, columns in (
        (2 * DAY, 9, {}),
        (DAY, 3, {}),
        (HOUR, 9, {"source": "tenuvault"}),
        (HOUR, 9, {"deleted_at": NOW}),
        (HOUR, 9, {"status": "failed"}),
        (timedelta(0), 2, {}),
    ):
        facts.backup_set(tenant_id, NOW - age - before, *[WHOLE] * items, **columns)
    async with open_app(facts.load(database_url), tenant="smaller.example", fixed_now=NOW, wall=utc_now) as driver:
        await driver.arrived(DashboardScreen)
        assert said in driver.words()
        assert "complete." not in driver.words()


async def test_of_two_sets_at_one_instant_the_first_is_the_reference(database_url: str) -> None:
    facts = Facts()
    tenant_id = facts.tenant("Twice")
    for items in (5, 3):
        facts.backup_set(tenant_id, NOW - HOUR, *[WHOLE] * items)
    async with open_app(facts.load(database_url), tenant="twice.example", fixed_now=NOW, wall=utc_now) as driver:
        await driver.arrived(DashboardScreen)
        assert "3 items, 2 fewer than the set before." in driver.words()
