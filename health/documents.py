"""The documents of `diff`, `last-good`, `causes` and `coverage` (docs/documents.md): plain values only."""

from __future__ import annotations

from typing import Any, Final

from health.answers import CausesAnswer, ComparedSet, CoverageAnswer, LastGoodAnswer
from health.causes import Cause, TenantCause
from health.changes import Changes, ItemChange, SoughtCopy
from health.covered_time import TenantCoverage
from health.posture import TenantBackupHealth
from health.report import rfc3339

DIFF_SCHEMA: Final = "tenantpilot.diff/1"
LAST_GOOD_SCHEMA: Final = "tenantpilot.last_good/1"
CAUSES_SCHEMA: Final = "tenantpilot.causes/1"
COVERAGE_SCHEMA: Final = "tenantpilot.coverage/1"


def diff_document(
    health: TenantBackupHealth, before: ComparedSet, after: ComparedSet, changes: Changes
) -> dict[str, Any]:
    """What changed between two sets of a tenant; items that did not change are only counted."""
    return {
        "schema": DIFF_SCHEMA,
        "tenant": health.tenant.external_id,
        "from": _set_entry(before),
        "to": _set_entry(after),
        "totals": changes.totals._asdict(),
        "items": [_change_entry(change) for change in changes.items],
    }


def _set_entry(compared: ComparedSet) -> dict[str, Any]:
    each = compared.backup_set
    return {
        "id": each.id,
        "name": each.name,
        "source": each.source,
        "completed_at": None if each.completed_at is None else rfc3339(each.completed_at),
        "items": compared.items,
    }


def _change_entry(change: ItemChange) -> dict[str, Any]:
    return {
        "policy_type": change.item.policy_type,
        "policy_identifier": change.item.policy_identifier,
        "display_name": change.item.display_name,
        "change": change.change,
        "aspects": list(change.aspects),
    }


def last_good_document(answer: LastGoodAnswer) -> dict[str, Any]:
    """Where each item that the tenant's basis lacks, or has degraded, was last whole."""
    basis = answer.health.basis
    return {
        "schema": LAST_GOOD_SCHEMA,
        "tenant": answer.health.tenant.external_id,
        "basis": None if basis is None else basis.id,
        "items": [_copy_entry(sought) for sought in answer.items],
    }


def _copy_entry(sought: SoughtCopy) -> dict[str, Any]:
    wanted, found = sought
    return {
        "policy_type": wanted.policy_type,
        "policy_identifier": wanted.policy_identifier,
        "display_name": wanted.display_name,
        "families": list(wanted.families),
        "last_good": None
        if found is None
        else {
            "backup_set": found.backup_set,
            "name": found.name,
            "completed_at": rfc3339(found.completed_at),
            "content_kept": found.content_kept,
        },
    }


def causes_document(answer: CausesAnswer) -> dict[str, Any]:
    """Why tenants need attention, grouped by cause."""
    return {
        "schema": CAUSES_SCHEMA,
        "totals": {"tenants": sum(len(cause.tenants) for cause in answer.causes), "causes": len(answer.causes)},
        "causes": [_cause_entry(cause) for cause in answer.causes],
    }


def _cause_entry(cause: Cause) -> dict[str, Any]:
    return {
        "cause": cause.cause,
        "tenants": len(cause.tenants),
        "first_at": None if cause.first_at is None else rfc3339(cause.first_at),
        "examples": [_example_entry(each) for each in cause.examples],
    }


def _example_entry(example: TenantCause) -> dict[str, Any]:
    found = example.backup_set
    return {"tenant": example.health.tenant.external_id, "backup_set": None if found is None else found.id}


def coverage_document(answer: CoverageAnswer) -> dict[str, Any]:
    """How well the tenants of a fleet were covered in a period, in triage order."""
    return {
        "schema": COVERAGE_SCHEMA,
        "from": rfc3339(answer.begin),
        "to": rfc3339(answer.end),
        "tenants": [_coverage_entry(each) for each in answer.tenants],
    }


def _coverage_entry(covered: TenantCoverage) -> dict[str, Any]:
    tenant, time = covered.health.tenant, covered.time
    return {
        "tenant": tenant.external_id,
        "name": tenant.name,
        "protected_seconds": time.protected,
        "degraded_seconds": time.degraded,
        "uncovered_seconds": time.uncovered,
        "unknown_seconds": time.unknown,
    }
