"""Tenants and their schedules, managed by hand (`tenantpilot tenant` and `tenantpilot schedule`)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from health.sources.captured import CapturedSchedule, CapturedTenant
from health.store.opening.errors import StoreConflict
from health.store.writing.sets import insert_tenant, schedule_id_of, tenant_id_of, write_schedule, write_tenant
from health.store.writing.tables import backup_schedules, tenants


def add_tenant(connection: Connection, external_id: str, name: str, now: datetime) -> None:
    """Add a tenant. Raises StoreConflict if the external id is in use."""
    if tenant_exists(connection, external_id):
        raise StoreConflict(f"There is a tenant {external_id!r} already: see 'tenantpilot tenant list'.")
    write_tenant(connection, CapturedTenant(external_id, name), now)


def tenant_exists(connection: Connection, external_id: str) -> bool:
    """Whether a tenant has this external id, archived or not."""
    query = select(tenants.c.id).where(tenants.c.external_id == external_id)
    return connection.execute(query).scalar_one_or_none() is not None


def have_tenant(connection: Connection, external_id: str, new_name: str | None, now: datetime) -> None:
    """Add the tenant with a new name if it does not exist. Raises StoreConflict if no name is given."""
    if new_name is not None and not tenant_exists(connection, external_id):
        # In PostgreSQL another run may be adding it at this moment; then we use that one.
        with suppress(IntegrityError), connection.begin_nested():
            insert_tenant(connection, CapturedTenant(external_id, new_name), now)
    tenant_id_of(connection, external_id)


def rename_tenant(connection: Connection, external_id: str, name: str) -> None:
    """Give a tenant another name. Raises StoreConflict if there is no such tenant."""
    tenant_id = tenant_id_of(connection, external_id)
    connection.execute(update(tenants).where(tenants.c.id == tenant_id).values(name=name))


def archive_tenant(connection: Connection, external_id: str, archived_at: datetime | None) -> None:
    """Archive a tenant at an instant, or make it active again (None). Raises StoreConflict."""
    tenant_id = tenant_id_of(connection, external_id)
    connection.execute(update(tenants).where(tenants.c.id == tenant_id).values(archived_at=archived_at))


def archived_tenants(connection: Connection) -> frozenset[str]:
    """The external ids of the archived tenants. Their new sets are stored and not judged."""
    query = select(tenants.c.external_id).where(tenants.c.archived_at.is_not(None))
    return frozenset(connection.execute(query).scalars())


def add_schedule(connection: Connection, schedule: CapturedSchedule, now: datetime) -> None:
    """Add a schedule to a tenant. Raises StoreConflict if the tenant is missing or has a schedule of this name."""
    tenant_id = tenant_id_of(connection, schedule.external_id)
    if schedule_id_of(connection, tenant_id, schedule.name) is not None:
        raise StoreConflict(f"The tenant {schedule.external_id!r} has a schedule {schedule.name!r} already.")
    write_schedule(connection, schedule, now)


def enable_schedule(connection: Connection, external_id: str, name: str, enabled_at: datetime) -> None:
    """Enable a schedule. Missing runs count from this instant on. Raises StoreConflict."""
    _set_enabled(connection, external_id, name, {"is_enabled": True, "enabled_at": enabled_at})


def disable_schedule(connection: Connection, external_id: str, name: str) -> None:
    """Disable a schedule. It is not judged any more. Raises StoreConflict."""
    _set_enabled(connection, external_id, name, {"is_enabled": False})


def _set_enabled(connection: Connection, external_id: str, name: str, values: dict[str, Any]) -> None:
    tenant_id = tenant_id_of(connection, external_id)
    schedule_id = schedule_id_of(connection, tenant_id, name)
    if schedule_id is None:
        raise StoreConflict(f"The tenant {external_id!r} has no schedule {name!r}: see 'tenantpilot schedule list'.")
    connection.execute(
        update(backup_schedules)
        .where(
            backup_schedules.c.tenant_id == tenant_id,
            backup_schedules.c.id == schedule_id,
            backup_schedules.c.is_enabled.is_not(values["is_enabled"]),
        )
        .values(values)
    )
