"""The product's resolver over a database of a test, with the policy of the contract, for a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url


@contextmanager
def resolving(url: str) -> Iterator[TenantBackupHealthResolver]:
    resolver = TenantBackupHealthResolver(parse_database_url(url), HealthPolicy())
    try:
        yield resolver
    finally:
        resolver.close()
