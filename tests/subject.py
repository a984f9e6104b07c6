"""The product as a function, for tests that compare it with something else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.report import report_head, tenant_entry
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url


def policy_of(seconds: dict[str, int]) -> HealthPolicy:
    """A policy from the durations of a report, in seconds."""
    return HealthPolicy(**{name.removesuffix("_seconds"): timedelta(seconds=value) for name, value in seconds.items()})


def report_document(verdicts: Sequence[TenantBackupHealth], policy: HealthPolicy, now: datetime) -> dict[str, Any]:
    """The report of verdicts in triage order, judged at `now` (UTC), in one piece; the command writes it by tenant."""
    return report_head(verdicts, policy, now) | {"tenants": [tenant_entry(health, now) for health in verdicts]}


def fleet_report(url: str, now: datetime, policy: dict[str, int]) -> dict[str, Any]:
    """The report document of a database at an instant, as another program would parse it."""
    resolver = TenantBackupHealthResolver(parse_database_url(url), policy_of(policy))
    try:
        document = report_document(resolver.fleet(now), resolver.policy, now)
    finally:
        resolver.close()
    parsed: dict[str, Any] = json.loads(json.dumps(document))
    return parsed
