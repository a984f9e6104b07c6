"""The budgets of the questions about one tenant's sets: its changes, and its last good copies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Final

from sqlalchemy import insert

from bench.budgets import Result, milliseconds
from bench.fleet import NOW
from bench.timing import quietest, seconds
from health.changes import SETS_SEARCHED
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import DatabaseAddress, parse_database_url
from health.store.writing.loading import settle
from health.store.writing.tables import backup_items, backup_sets, tenants
from health.store.writing.transactions import transaction

_ITEMS: Final = 500
_DEGRADED: Final = 20
_NAME: Final = "contoso.example"
_APART: Final = timedelta(hours=8)


def measure(engine: str, url: str, rounds: int) -> Iterator[Result]:
    """Both budgets on one engine, in an empty database. No set has a good copy, so every set is searched."""
    address = parse_database_url(url)
    _load(address)
    resolver = TenantBackupHealthResolver(address, HealthPolicy())
    where = f"{engine}, {_ITEMS} items against {_ITEMS}"
    yield _warm("one tenant's changes, warm", where, lambda: resolver.changes(_NAME, NOW), rounds)
    where = f"{engine}, {_DEGRADED} items over {SETS_SEARCHED} sets"
    yield _warm("last good copies, warm", where, lambda: resolver.last_good(_NAME, NOW), rounds)
    resolver.close()


def _warm(budget: str, where: str, ask: Callable[[], object], rounds: int) -> Result:
    ask()
    middle = quietest(lambda: median(seconds(ask) for _ in range(3 * rounds)))
    return Result(budget, where, milliseconds(middle), "", middle * 1000, "ms", 20)


def _load(address: DatabaseAddress) -> None:
    """One tenant with one set more than a search reads. In each, the first items are degraded, one in 100 changed."""
    created = NOW - timedelta(days=400)
    with transaction(address) as connection:
        connection.execute(insert(tenants).values(id=1, external_id=_NAME, name="Contoso", created_at=created))
        for number in range(1, SETS_SEARCHED + 2):
            completed = NOW - (SETS_SEARCHED + 2 - number) * _APART
            backup_set = {"id": number, "tenant_id": 1, "name": "nightly", "source": "intunecd", "status": "completed"}
            connection.execute(insert(backup_sets).values(**backup_set, completed_at=completed, created_at=completed))
            connection.execute(
                insert(backup_items),
                [
                    {
                        "id": number * 1000 + place,
                        "tenant_id": 1,
                        "backup_set_id": number,
                        "policy_type": "Settings Catalog",
                        "policy_identifier": f"policy-{place:04}.json",
                        "display_name": f"Policy {place}",
                        "capture_mode": "metadata_only" if place < _DEGRADED else "full",
                        "assignments_state": "captured",
                        "orphaned_assignments": 0,
                        "payload_digest": f"sha256:{place}-{0 if place % 100 else number}",
                        "assignments": json.dumps([{"id": str(place), "target": {"groupId": "pilot"}}]),
                    }
                    for place in range(_ITEMS)
                ],
            )
        settle(connection)
