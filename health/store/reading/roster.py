"""Tenants and schedules for the lists on the command line, archived tenants included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from health.store.opening.errors import StoreConflict
from health.store.opening.statements import Row, Statements

_TENANTS: Final = "SELECT external_id, name, created_at, archived_at FROM tenants ORDER BY external_id"
_SCHEDULES: Final = (
    "SELECT tenants.external_id, backup_schedules.name, backup_schedules.is_enabled, backup_schedules.cron,"
    " backup_schedules.timezone, backup_schedules.last_run_at, backup_schedules.last_run_status"
    " FROM backup_schedules JOIN tenants ON tenants.id = backup_schedules.tenant_id"
    " WHERE backup_schedules.deleted_at IS NULL{narrowed}"
    " ORDER BY tenants.external_id, backup_schedules.name, backup_schedules.id"
)


def list_tenants(statements: Statements) -> Sequence[Row]:
    """Rows of external id, name, created_at and archived_at (as stored), by external id."""
    return statements.rows(_TENANTS)


def list_schedules(statements: Statements, external_id: str | None) -> Sequence[Row]:
    """Rows of tenant, name, enabled, cron, zone, last run and status of the schedules that are not deleted."""
    if external_id is None:
        rows = statements.rows(_SCHEDULES.format(narrowed=""))
    else:
        narrowed = _SCHEDULES.format(narrowed=" AND backup_schedules.tenant_id = :tenant_id")
        rows = statements.rows(narrowed, {"tenant_id": tenant_id_of(statements, external_id)})
    # SQLite has no flags but 0 and 1.
    return [(*row[:2], bool(row[2]) if row[2] in (0, 1) else row[2], *row[3:]) for row in rows]


def tenant_id_of(statements: Statements, external_id: str) -> int:
    """The id of a tenant. Raises StoreConflict if there is none."""
    found = statements.rows("SELECT id FROM tenants WHERE external_id = :external_id", {"external_id": external_id})
    if not found:
        raise no_such_tenant(external_id)
    return int(found[0][0])


def no_such_tenant(external_id: str) -> StoreConflict:
    """The error for an external id that no tenant has."""
    return StoreConflict(f"There is no tenant {external_id!r}: add it with 'tenantpilot tenant add', or name another.")
