"""Findings about the fleet's backups: their tenants, their sources and their content (docs/doctor.md, "The fleet")."""

from __future__ import annotations

from typing import Final

from health.coverage import period_before
from health.doctor.facts import FleetFacts
from health.doctor.finding import Finding, Trouble
from health.freshness import Freshness

_A_HABIT: Final = 3
"""From this many sets on, we expect a source to continue."""


def no_tenant(fleet: FleetFacts) -> Finding | None:
    """The fleet has no tenant to judge."""
    return None if fleet.verdicts else Finding(Trouble.NO_TENANT)


def archived_backed_up(fleet: FleetFacts) -> Finding | None:
    """Archived tenants whose backups continue: no verdict looks at them."""
    names = {
        each.external_id for each in fleet.runs if each.archived_at is not None and each.last_at > each.archived_at
    }
    return Finding(Trouble.ARCHIVED_BACKED_UP, tuple(sorted(names))) if names else None


def equal_content(fleet: FleetFacts) -> Finding | None:
    """Tenants whose bases have exactly the same content: one of them may have the other's backup."""
    groups = tuple(fleet.alike)
    names = tuple(each for group in groups for each in group)
    return Finding(Trouble.EQUAL_CONTENT, names, groups=groups) if groups else None


def silent_source(fleet: FleetFacts) -> Finding | None:
    """Tenants that one source keeps fresh, while another regular source has written nothing for a whole window."""
    silent: dict[int, str] = {}
    bases = {
        health.tenant.id: health.basis
        for health in fleet.verdicts
        if health.freshness is Freshness.FRESH and health.basis is not None
    }
    for runs in fleet.runs:
        basis = bases.get(runs.tenant_id)
        late = fleet.now - runs.last_at > fleet.policy.freshness_window
        if basis is not None and runs.source != basis.source and runs.sets >= _A_HABIT and late:
            silent[runs.tenant_id] = runs.external_id
    return Finding(Trouble.SILENT_SOURCE, tuple(sorted(silent.values()))) if silent else None


def history_too_short(fleet: FleetFacts) -> Finding | None:
    """Tenants older than the period of the coverage, whose kept sets begin only inside that period."""
    begin = period_before(fleet.now)
    names = tuple(
        health.tenant.external_id
        for health in fleet.verdicts
        if health.tenant.created_at is not None
        and health.tenant.created_at <= begin
        and (first := fleet.first_sets.get(health.tenant.id)) is not None
        and first > begin
    )
    days = (fleet.now - begin).days
    return Finding(Trouble.HISTORY_TOO_SHORT, names, {"days": days}) if names else None
