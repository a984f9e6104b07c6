"""Schedules from the settings: keep them as written there, and note their runs (docs/sync.md)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, update

from health.sources.captured import CapturedSchedule
from health.store.writing.sets import schedule_id_of, tenant_id_of, write_schedule
from health.store.writing.tables import backup_schedules


def keep_schedule(connection: Connection, schedule: CapturedSchedule, now: datetime) -> None:
    """Add a tenant's schedule, or update its cron and time zone. It stays enabled or disabled.

    Raises StoreConflict if there is no such tenant.
    """
    tenant_id = tenant_id_of(connection, schedule.external_id)
    known = schedule_id_of(connection, tenant_id, schedule.name)
    if known is None:
        write_schedule(connection, schedule, now)
        return
    plan = {"cron": schedule.cron, "timezone": schedule.timezone}
    differs = or_(*(backup_schedules.c[name].is_distinct_from(value) for name, value in plan.items()))
    connection.execute(
        update(backup_schedules)
        .where(backup_schedules.c.tenant_id == tenant_id, backup_schedules.c.id == known, differs)
        .values(plan)
    )


def note_last_run(connection: Connection, external_id: str, name: str, started_at: datetime, status: str) -> None:
    """Note a run of a tenant's schedule if it is not earlier than the last one. `started_at` is in UTC.

    Raises StoreConflict if there is no such tenant.
    """
    tenant_id = tenant_id_of(connection, external_id)
    last_run_at = backup_schedules.c.last_run_at
    connection.execute(
        update(backup_schedules)
        .where(
            backup_schedules.c.tenant_id == tenant_id,
            backup_schedules.c.id == schedule_id_of(connection, tenant_id, name),
            or_(last_run_at.is_(None), last_run_at <= started_at),
        )
        .values(last_run_at=started_at, last_run_status=status)
    )
