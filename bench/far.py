"""The budgets of a database far away: round trips and bytes, counted by a proxy. Time is not measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from time import sleep
from typing import Final

import psycopg

from bench.budgets import Result
from bench.fleet import NOW
from bench.proxy import Counted, CountingProxy, proxy_to
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url

_TENANT: Final = "tenant-000002.example"
_SETTLED_SECONDS: Final = 0.1
_OF_A_SCREEN: Final[dict[str, Callable[[TenantBackupHealthResolver], object]]] = {
    "dashboard": lambda resolver: resolver.dashboard(_TENANT, NOW),
    "backup sets": lambda resolver: resolver.backup_sets(_TENANT, NOW),
    "a backup set": lambda resolver: resolver.backup_set(_TENANT, None, NOW),
    "schedules": lambda resolver: resolver.schedules(_TENANT, NOW),
    "runs": lambda resolver: resolver.runs(_TENANT, 2, NOW),
    "last good copies": lambda resolver: resolver.last_good(_TENANT, NOW),
}


def measure(url: str, where: str) -> Iterator[Result]:
    """Every budget of a long link, on a fleet in PostgreSQL. Renames one tenant, and gives it its old name back."""
    with proxy_to(url) as proxy:
        resolver = TenantBackupHealthResolver(parse_database_url(proxy.url), HealthPolicy())
        opened = _counted(proxy, lambda: resolver.missing_tenants(["nobody.example"]))
        # The bench's server has neither TLS nor a password; these would cost three more.
        yield _trips("a connection set up, and its first question", where, opened, 3 + 1 + 1)
        first = _counted(proxy, lambda: resolver.refreshed_fleet(NOW))
        yield _trips("check, on an open connection", where, first, 2)
        for name, ask in _OF_A_SCREEN.items():
            yield _trips(f"a screen's question: {name}", where, _counted(proxy, lambda ask=ask: ask(resolver)), 1)  # type: ignore[misc]
        minutes = count(1)

        def refresh() -> object:
            return resolver.refreshed_fleet(NOW + timedelta(seconds=30 * next(minutes)))

        yield _trips("a refresh with nothing changed", where, _counted(proxy, refresh), 1)
        with psycopg.connect(url, autocommit=True) as writer:
            writer.execute("UPDATE tenants SET name = name || ' renamed' WHERE id = 777")
            # The first refresh after a change has no digests to compare with, so it reads everything and the digests.
            refresh()
            writer.execute("UPDATE tenants SET name = replace(name, ' renamed', '') WHERE id = 777")
            changed = _counted(proxy, refresh)
        yield _trips("a refresh with one tenant changed", where, changed, 3)
        percent = 100 * (changed.sent + changed.received) / (first.sent + first.received)
        yield Result(
            "a refresh with one tenant changed, of the first read's bytes",
            where,
            f"{changed.received / 1000:,.0f} kB",
            f"{first.received / 1000:,.0f} kB",
            percent,
            "%",
            2,
        )
        resolver.close()


def _counted(proxy: CountingProxy, ask: Callable[[], object]) -> Counted:
    before = proxy.counted
    ask()
    sleep(_SETTLED_SECONDS)  # the proxy counts in another thread
    return proxy.counted.since(before)


def _trips(what: str, where: str, counted: Counted, limit: int) -> Result:
    return Result(f"round trips: {what}", where, "", "", counted.round_trips, "", limit)
