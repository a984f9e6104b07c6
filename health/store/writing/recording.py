"""One run of a schedule's command, noted as it happens (docs/record.md, "What is noted").

The start writes a `running` set and sets the schedule to `running`; the outcome updates both. The schedule's status is
the lock between two runs, also on different machines. It holds no longer than the longest plausible run, so that a
machine that went down does not block later runs for ever. What one machine knows in addition (`OnThisMachine`) lets its
next run begin sooner.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select, update

from health.facts import BackupSchedule
from health.instants import shifted
from health.policy import HealthPolicy
from health.schedules import RUNNING, anchor_of
from health.slots import CannotPlan, slots_of
from health.sources.captured import CapturedSchedule, CapturedSet
from health.store.opening.errors import StoreConflict
from health.store.reading.rows import RowReader, UnreadableRow
from health.store.writing.roster import have_tenant
from health.store.writing.sets import schedule_id_of, tenant_id_of, write_schedule, write_set
from health.store.writing.tables import backup_schedules, backup_sets, tenants

NO_WORD: Final = "the run ended without a word: its recorder was killed, or the machine went down"
"""The error of a set that was still `running` when the schedule's next run began."""


class RecordedRun(NamedTuple):
    """One run of a tenant's schedule, with its command line's options; `started_at` is in UTC.

    `cron` and `timezone` are stored with the schedule; None keeps its values (for a new schedule: no cron, `UTC`). If
    the tenant is missing, it is added with the name `new_tenant`. With `is_a_set` the run itself is a backup set.
    Without it, only a failed run is a set: otherwise its evidence is in separate sets, or is imported in another way.
    """

    external_id: str
    schedule: str
    source: str
    started_at: datetime
    cron: str | None = None
    timezone: str | None = None
    new_tenant: str | None = None
    is_a_set: bool = True

    @property
    def reference(self) -> str:
        """The source reference of the run's set: the schedule and the start. Two runs of a schedule never share it."""
        return f"{self.schedule} {self.started_at.isoformat().replace('+00:00', 'Z')}"

    def as_set(self, status: str, error: str | None = None) -> CapturedSet:
        """The run's set without items: `running`, or `failed` with the reason why."""
        return CapturedSet(
            external_id=self.external_id,
            name=self.schedule,
            source=self.source,
            source_ref=self.reference,
            status=status,
            items=(),
            error=error,
            started_at=self.started_at,
            schedule=self.schedule,
        )

    def wrote(self, captured: CapturedSet) -> CapturedSet:
        """The run's set with what a source read from the command's files."""
        return self.as_set(captured.status, captured.error)._replace(
            items=captured.items,
            item_count=captured.item_count,
            completed_at=captured.completed_at,
            source_tenant=captured.source_tenant,
        )


def start_in(reference: str) -> datetime | None:
    """The start of the run that a reference names; None if it names none."""
    try:
        start = datetime.fromisoformat(reference.rpartition(" ")[2])
    except ValueError:
        return None
    return start if start.tzinfo is not None else None


class OnThisMachine(NamedTuple):
    """What this machine knows about runs of the schedule, and the database does not.

    `alive_since`: another run is alive here, and started then. `over`: the run with this reference was recorded here
    and has ended, whatever the database says.
    """

    alive_since: datetime | None = None
    over: str | None = None


class RunUnderWay(StoreConflict):
    """Another run of the schedule has not ended."""


class RunGivenUp(StoreConflict):
    """A later run has assumed that this one was dead. The files in its folder may now be of both."""


def require_no_other_run(
    run: RecordedRun, running_since: datetime | None, here: OnThisMachine, policy: HealthPolicy
) -> None:
    """Raise RunUnderWay if, as far as we know, another run of the schedule has not ended.

    `running_since` is the start of the run that is running by the schedule (None: no run, or the database cannot be
    asked; then only this machine's knowledge counts). A run counts for as long as the longest plausible run. After that
    the schedule is `stuck` (docs/concepts.md, "Schedules"), and a backup that hangs must not prevent every later one.
    """
    since = here.alive_since if running_since is None else running_since
    if since is None or run._replace(started_at=since).reference == here.over:
        return
    if -policy.clock_skew <= run.started_at - since <= policy.longest_run:
        until = shifted(since, policy.longest_run)
        raise RunUnderWay(
            f"A run of the schedule {run.schedule!r} of {run.external_id!r} is under way since {since:%F %T} UTC, so"
            f" nothing was started. If that run is gone, the next one after {until:%F %T} UTC takes over."
        )


def note_start(connection: Connection, run: RecordedRun, policy: HealthPolicy, here: OnThisMachine) -> int:
    """Note that a run has begun, and add its tenant and schedule if they are missing.

    Returns the number of earlier runs without a recorded end: their sets are now `failed`. Raises RunUnderWay, and
    StoreConflict if the tenant is missing and has no name to add it with; then the caller must roll back.
    """
    tenant_id, schedule_id = _schedule_of(connection, run)
    schedule = _as_it_stands(connection, tenant_id, schedule_id)
    require_no_other_run(run, _running_since(schedule), here, policy)
    given_up = connection.execute(
        update(backup_sets)
        .where(
            backup_sets.c.tenant_id == tenant_id,
            backup_sets.c.schedule_id == schedule_id,
            backup_sets.c.source == run.source,
            backup_sets.c.status == RUNNING,
        )
        .values(status="failed", error=NO_WORD)
    )
    if run.is_a_set:
        write_set(connection, run.as_set(RUNNING), run.started_at)
    _set(connection, tenant_id, schedule_id, {"last_run_at": run.started_at, "last_run_status": RUNNING})
    return given_up.rowcount


def note_outcome(
    connection: Connection, run: RecordedRun, captured: CapturedSet, policy: HealthPolicy, now: datetime
) -> None:
    """Note the outcome of a run at `now` (UTC): its set, the schedule's last run and its next slot.

    The set replaces the running one; if the start could not be noted, it is new. The schedule's status is the set's.
    Noting the same outcome again changes nothing, because after a lost answer it is not known whether it was noted.
    Raises RunGivenUp if a later run has assumed that this one was dead: then its outcome comes too late.
    """
    tenant_id, schedule_id = _schedule_of(connection, run)
    noted = connection.execute(
        select(backup_sets.c.status, backup_sets.c.error).where(
            backup_sets.c.tenant_id == tenant_id,
            backup_sets.c.source == run.source,
            backup_sets.c.source_ref == run.reference,
        )
    ).one_or_none()
    if noted is not None and noted.status != RUNNING and tuple(noted) != (captured.status, captured.error):
        raise RunGivenUp(f"The run {run.reference!r} was given up for dead by a later one, so it counts as failed.")
    write_set(connection, captured, now)
    _note_end(connection, run, (tenant_id, schedule_id), captured.status, policy, now)


def plan_run(connection: Connection, run: RecordedRun) -> None:
    """Add or update the run's tenant and schedule, by its command line. Raises StoreConflict as `note_start` does."""
    _schedule_of(connection, run)


def stored_status(connection: Connection, captured: CapturedSet) -> str:
    """The stored status of a set. It may differ from its writer's."""
    query = (
        select(backup_sets.c.status)
        .join(tenants, tenants.c.id == backup_sets.c.tenant_id)
        .where(
            tenants.c.external_id == captured.external_id,
            backup_sets.c.source == captured.source,
            backup_sets.c.source_ref == captured.source_ref,
        )
    )
    return str(connection.execute(query).scalar_one())


def note_end(
    connection: Connection, run: RecordedRun, status: str, error: str | None, policy: HealthPolicy, now: datetime
) -> None:
    """Note the outcome of a run that is not a set itself, at `now` (UTC), with the schedule's next slot.

    With an `error` a `failed` set is written. Noting the same again changes nothing.
    """
    ids = _schedule_of(connection, run)
    if error is not None:
        write_set(connection, run.as_set("failed", error), now)
    _note_end(connection, run, ids, status, policy, now)


def _note_end(
    connection: Connection, run: RecordedRun, ids: tuple[int, int], status: str, policy: HealthPolicy, now: datetime
) -> None:
    tenant_id, schedule_id = ids
    schedule = _as_it_stands(connection, tenant_id, schedule_id)
    values: dict[str, Any] = {"last_run_at": run.started_at, "last_run_status": status}
    if schedule is not None:
        last_run_at = schedule.last_run_at
        if last_run_at is not None and run.started_at < last_run_at <= shifted(now, policy.clock_skew):
            # Our start could not be noted, and a later run was noted in the meantime: the schedule keeps that one.
            return
        slot = _next_slot(schedule, max(now, shifted(run.started_at, policy.clock_skew)))
        if slot is not None:
            values["next_run_at"] = slot
    _set(connection, tenant_id, schedule_id, values)


def _schedule_of(connection: Connection, run: RecordedRun) -> tuple[int, int]:
    """The ids of the run's tenant and schedule. Both are added if missing, and the schedule gets the run's plan.

    The tenant's row stays locked until the transaction ends: if two runs start at once, one sees the other.
    """
    have_tenant(connection, run.external_id, run.new_tenant, run.started_at)
    tenant_id = tenant_id_of(connection, run.external_id)
    connection.execute(select(tenants.c.id).where(tenants.c.id == tenant_id).with_for_update(key_share=True))
    schedule_id = schedule_id_of(connection, tenant_id, run.schedule)
    if schedule_id is None:
        new = CapturedSchedule(run.external_id, run.schedule, cron=run.cron, timezone=run.timezone or "UTC")
        return tenant_id, write_schedule(connection, new, run.started_at)
    given = {"cron": run.cron, "timezone": run.timezone}
    planned = {name: value for name, value in given.items() if value is not None}
    if planned:
        _set(connection, tenant_id, schedule_id, planned)
    return tenant_id, schedule_id


def _as_it_stands(connection: Connection, tenant_id: int, schedule_id: int) -> BackupSchedule | None:
    """The schedule; None if one of its instants cannot be read: this must not prevent runs."""
    columns = backup_schedules.c
    query = select(backup_schedules).where(columns.tenant_id == tenant_id, columns.id == schedule_id)
    try:
        return RowReader(connection.dialect.name).schedule(connection.execute(query).one())
    except UnreadableRow:
        return None


def _running_since(schedule: BackupSchedule | None) -> datetime | None:
    """Since when a schedule is running, by the same rule as `stuck`; None if it is not running."""
    if schedule is None or (schedule.last_run_status or "").lower() != RUNNING:
        return None
    return schedule.last_run_at or anchor_of(schedule)


def _next_slot(schedule: BackupSchedule, after: datetime) -> datetime | None:
    """The schedule's first slot after an instant; None if its cron has none. The verdict then says why."""
    try:
        slots = slots_of(schedule.cron, schedule.timezone)
        return None if slots is None else slots.first_after(after)
    except CannotPlan:
        return None


def _set(connection: Connection, tenant_id: int, schedule_id: int, values: dict[str, Any]) -> None:
    columns = backup_schedules.c
    connection.execute(
        update(backup_schedules).where(columns.tenant_id == tenant_id, columns.id == schedule_id).values(values)
    )
