"""One verdict, one object: all that shows a tenant's health shows the resolver's verdict, as the report does.

Modules: tui.screens, tui.widgets, health.report.
"""

from __future__ import annotations

import json

import pytest

from health.posture import TenantBackupHealth
from health.report import tenant_entry
from tests.oracle.rows import DEFAULT_POLICY
from tests.subject import fleet_report
from tests.tui.screens.driving import Driver, listed, open_app, watched
from tests.tui.screens.fleets import COMBINATIONS, NOW, UNREADABLE, Combination, add_set, every_combination
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.widgets.dashboard_kpis import DashboardKpis
from tui.widgets.healthy_check import HealthyCheck
from tui.widgets.needs_attention import NeedsAttention
from tui.words.wording import HEALTHY_LIMIT, reason_sentence, state_of


def row_of(driver: Driver, external_id: str) -> TenantBackupHealth:
    """A tenant's row in the list of the first screen, in front or behind."""
    tenants = next(screen for screen in driver.app.screen_stack if isinstance(screen, TenantsScreen))
    return next(health for health in listed(tenants) if health.tenant.external_id == external_id)


def widgets_of(dashboard: DashboardScreen) -> list[DashboardKpis | NeedsAttention | HealthyCheck]:
    return [dashboard.query_one(DashboardKpis), dashboard.query_one(NeedsAttention), dashboard.query_one(HealthyCheck)]


@pytest.mark.parametrize("combination", [*COMBINATIONS, UNREADABLE], ids=lambda each: each.name)
async def test_tenant_dashboard_truth_alignment(combination: Combination, sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    async with open_app(url) as driver:
        await driver.open_tenant(combination.external_id)
        dashboard = await driver.arrived(DashboardScreen)
        health = row_of(driver, combination.external_id)

        assert (health.posture, health.reasons) == (combination.posture, combination.reasons)
        assert dashboard.health is health
        assert [widget.health for widget in widgets_of(dashboard)] == [health] * 3
        assert all(widget.health is health for widget in widgets_of(dashboard))

        report = fleet_report(url, NOW, DEFAULT_POLICY)
        entry = next(each for each in report["tenants"] if each["tenant"] == combination.external_id)
        assert json.loads(json.dumps(tenant_entry(health, NOW))) == entry

        words = driver.words()
        assert state_of(health).label in words
        assert (HEALTHY_LIMIT in words) == entry["confirmed"]
        sentences = [reason_sentence(health, reason, driver.app.context.policy, NOW) for reason in health.reasons]
        assert [words.count(sentence) for sentence in sentences] == [1] * len(entry["reasons"])
        if health.unreadable is not None:
            assert entry["error"]["message"] in words


async def test_a_changed_verdict_is_the_same_object_everywhere_again(sqlite_url: str) -> None:
    url = every_combination().load(sqlite_url)
    async with open_app(url) as driver:
        await driver.open_tenant("stale.example")
        dashboard = await driver.arrived(DashboardScreen)
        before = dashboard.health
        add_set(url, 900, 3, NOW)
        await driver.press("r")
        await driver.until(lambda: dashboard.health is not before)
        health = row_of(driver, "stale.example")
        assert health.confirmed
        assert all(widget.health is health for widget in widgets_of(dashboard))
        await driver.press("r")
        await driver.settled()
        assert dashboard.health is health
        assert row_of(driver, "stale.example") is health


async def test_the_dashboard_shows_a_fleet_read_behind_it_next(sqlite_url: str) -> None:
    resolver = watched(every_combination().load(sqlite_url))
    async with open_app(resolver) as driver:
        await driver.open_tenant("degraded-late.example")
        dashboard = await driver.arrived(DashboardScreen)
        await driver.press("escape")
        await driver.arrived(TenantsScreen)
        # The list is asked for again and left before its answer.
        held = resolver.hold_back("refreshed_fleet")
        await driver.press("r")
        await driver.press("enter")
        held.let_go()
        dashboard = await driver.arrived(DashboardScreen)
        assert dashboard.health is row_of(driver, "degraded-late.example")
