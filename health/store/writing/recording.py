"""One run of a schedule's command, noted as it happens (docs/record.md, "What is noted").

The start leaves a `running` set and a schedule that is `running`; the outcome turns both into what the run was worth,
in place. The schedule's word is the lock between two runs: it is there whatever machine either of them is on, and it
holds no longer than the longest plausible run, so that a machine that went down blocks no later run for ever. What one
machine knows besides (`OnThisMachine`) lets its next run begin sooner.
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
    """One run of a tenant's schedule, and what its command line says; `started_at` is in UTC.

    `cron` and `timezone` become the schedule's; None leaves what it has (a new one: no cron, `UTC`). `new_tenant` is
    the name to add the tenant under where it is missing. With `is_a_set` the run itself is a backup set; without, only
    one that failed: its evidence is in sets of their own, or comes by another way.
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
        """The source reference of the run's set: the schedule and the start, which no other run of it can have."""
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
        """The run's set with what a source read from what the command wrote."""
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
    """What a machine knows of its own runs of the schedule, and the database cannot.

    `alive_since`: another one lives here, started then. `over`: the run of this reference was recorded here and has
    ended, whatever the database says.
    """

    alive_since: datetime | None = None
    over: str | None = None


class RunUnderWay(StoreConflict):
    """Another run of the schedule has not ended."""


class RunGivenUp(StoreConflict):
    """A later run has taken this one for dead, and whatever is in its folder now may be of both."""


def require_no_other_run(
    run: RecordedRun, running_since: datetime | None, here: OnThisMachine, policy: HealthPolicy
) -> None:
    """Raise RunUnderWay where another run of the schedule has not ended, as far as anybody can tell.

    `running_since` is when the run began that the schedule says is running (None: it says nothing, or nobody can be
    asked; then this machine's word counts). A run counts for as long as the longest plausible one: past that the
    schedule is `stuck` (docs/concepts.md, "Schedules"), and a backup that hangs must not keep every later one
    from being made.
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
    """Note that a run has begun, with its tenant and schedule where they are missing.

    Gives back how many earlier runs had no recorded end: their sets are `failed` now. Raises RunUnderWay, and
    StoreConflict where there is no such tenant and no name to add it under; then nothing may be kept.
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
    """Note what became of a run at `now` (UTC): its set, the schedule's last run and its next slot.

    The set takes the place of the running one; where the start could not be noted, it is new. The schedule's status is
    the set's. The same outcome once more changes nothing: an answer that is lost leaves open whether it was noted.
    Raises RunGivenUp where a later run has taken this one for dead: its word is too late then.
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
    """Have the run's tenant and schedule there, as its command line says. Raises StoreConflict as `note_start` does."""
    _schedule_of(connection, run)


def stored_status(connection: Connection, captured: CapturedSet) -> str:
    """The status that a set has as it is stored, which need not be the one that its writer gave it."""
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
    """Note what became of a run that is no set itself at `now` (UTC), with the schedule's next slot.

    With an `error` a `failed` set of it is written. The same once more changes nothing.
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
            # Our start could not be noted, and meanwhile a later run was: the schedule tells of that one.
            return
        slot = _next_slot(schedule, max(now, shifted(run.started_at, policy.clock_skew)))
        if slot is not None:
            values["next_run_at"] = slot
    _set(connection, tenant_id, schedule_id, values)


def _schedule_of(connection: Connection, run: RecordedRun) -> tuple[int, int]:
    """The ids of the run's tenant and schedule, both there from now on, and the schedule planned as the run says.

    The tenant's row stays locked until the transaction ends: of two runs that start at once, one sees the other.
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
    """The schedule; None where one of its instants cannot be read: that must not keep runs from beginning."""
    columns = backup_schedules.c
    query = select(backup_schedules).where(columns.tenant_id == tenant_id, columns.id == schedule_id)
    try:
        return RowReader(connection.dialect.name).schedule(connection.execute(query).one())
    except UnreadableRow:
        return None


def _running_since(schedule: BackupSchedule | None) -> datetime | None:
    """Since when a schedule says that it is running, by the same count as `stuck`; None if it does not."""
    if schedule is None or (schedule.last_run_status or "").lower() != RUNNING:
        return None
    return schedule.last_run_at or anchor_of(schedule)


def _next_slot(schedule: BackupSchedule, after: datetime) -> datetime | None:
    """The schedule's first slot after an instant; None where its cron has none, for the judge to say why."""
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
