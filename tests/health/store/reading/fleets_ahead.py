"""A small fleet, sent ahead as the second process sends it, and read from what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from health.facts import TenantFacts
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from health.store.reading.ahead import FleetAhead, send_fleet
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving

MANY: Final = 1_100
"""More tenants than two portions of rows."""


def a_fleet(tenants: int = 4) -> Rows:
    """Tenants with two sets each, the first of them with none; items of several families, schedules, one archived."""
    rows = Rows([], [], [], [])
    for tenant in range(1, tenants + 1):
        archived_at = NOW if tenant == 3 else None
        rows.tenants.append(TenantRow(tenant, f"tenant-{tenant}", f"Tenant \x1b[31m{tenant}", LONG_AGO, archived_at))
        rows.schedules.append(ScheduleRow(tenant, tenant, cron="0 2 * * *", created_at=LONG_AGO))
        rows.schedules.append(ScheduleRow(tenants + tenant, tenant, is_enabled=False, created_at=LONG_AGO))
        for age in (1, 2) if tenant > 1 else ():
            set_id = 2 * tenant + age
            completed_at = NOW - age * HOUR
            rows.sets.append(SetRow(set_id, tenant, completed_at=completed_at, created_at=completed_at))
            rows.items.append(ItemRow(2 * set_id, tenant, set_id, policy_identifier="one"))
            mode = None if tenant % 2 else "metadata_only"
            rows.items.append(ItemRow(2 * set_id + 1, tenant, set_id, policy_identifier="two", capture_mode=mode))
    return rows


def sent(url: str) -> list[bytes]:
    messages: list[bytes] = []
    send_fleet(parse_database_url(url), messages.append, lambda _connection: None)
    return messages


def ahead_of(messages: list[bytes]) -> FleetAhead:
    return FleetAhead((each for each in messages), lambda: None)


def by_id(facts: Any) -> dict[int, TenantFacts]:
    return {each.tenant.id: each for each in facts}


def read_here(url: str) -> dict[int, TenantFacts]:
    with resolving(url) as resolver:
        resolver.refreshed_fleet(NOW)
        return dict(resolver._kept.facts)


@contextmanager
def resolving_ahead(url: str, messages: list[bytes]) -> Iterator[TenantBackupHealthResolver]:
    resolver = TenantBackupHealthResolver(parse_database_url(url), HealthPolicy(), ahead_of(messages))
    try:
        yield resolver
    finally:
        resolver.close()
