"""The schedules of one demo tenant: some run well, some need follow-up, and some are out of use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from health.demo.rhythms import LONGEST_DEMO_RUN, NIGHTLY, Beat, Rhythm, Rhythms
from health.demo.rows import ScheduleRow
from health.policy import HealthPolicy
from health.schedules import Condition

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class Scene(NamedTuple):
    """The setting of one tenant's story: the instant, the rules, the tenant, and where ids come from.

    `history` is about how long a schedule has already run.
    """

    now: datetime
    policy: HealthPolicy
    rhythms: Rhythms
    rng: Random
    tenant_id: int
    tenant_created_at: datetime
    timezone: str
    schedule_ids: Iterator[int]
    history: timedelta

    def seconds(self, least: int, most: int) -> timedelta:
        """A duration in whole seconds, from `least` to `most`, both included."""
        return timedelta(seconds=self.rng.randint(least, most))

    def span(self, least: timedelta, most: timedelta) -> timedelta:
        """A duration from `least` to `most`, in whole seconds."""
        return self.seconds(int(least.total_seconds()), int(most.total_seconds()))

    def runs_every(self, every: timedelta) -> int:
        """How many runs, this far apart, the history has; at least eight."""
        return max(8, self.span(self.history * 0.95, self.history * 1.1) // every)


class Run(NamedTuple):
    """One run of a tool, which becomes one set. `completed_at` is None if nothing was kept."""

    name: str
    schedule_id: int | None
    status: str
    started_at: datetime
    completed_at: datetime | None = None
    error: str | None = None
    deleted_at: datetime | None = None


class ScheduleWithRuns(NamedTuple):
    """A schedule and its runs."""

    schedule: ScheduleRow
    runs: tuple[Run, ...] = ()


_SECOND_NAMES: Final = ("scripts and apps", "conditional access", "compliance export")
_FAILURES: Final = (
    "AADSTS7000222: the provided client secret keys are expired",
    "Graph request throttled: 429 after 5 retries",
    "403 Forbidden: DeviceManagementConfiguration.Read.All is not granted",
    "the pipeline agent went offline",
)


def failed_runs(scene: Scene, name: str, schedule_id: int | None, starts: Sequence[datetime]) -> list[Run]:
    """Runs that kept nothing, all for the same reason."""
    error = scene.rng.choice(_FAILURES)
    return [Run(name, schedule_id, "failed", start, None, error) for start in starts]


def kept_run(scene: Scene, name: str, schedule_id: int | None, started_at: datetime) -> Run:
    """A run that ended well, some minutes after its start."""
    ended_at = started_at + scene.span(timedelta(minutes=3), LONGEST_DEMO_RUN)
    return Run(name, schedule_id, "completed", started_at, ended_at)


def started_after(scene: Scene, slot: datetime) -> datetime:
    """When a run planned for `slot` started: some seconds later, but never after now."""
    return min(slot + scene.seconds(2, 55), scene.now)


def schedule_row(
    scene: Scene,
    name: str,
    cron: str | None,
    timezone: str,
    last_run_at: datetime | None,
    last_run_status: str | None,
    next_run_at: datetime | None = None,
) -> ScheduleRow:
    """An enabled schedule, about as old as the tenant."""
    created_at = scene.tenant_created_at + scene.span(_HOUR, 5 * _DAY)
    enabled_at = created_at + scene.span(_HOUR, 3 * _DAY) if scene.rng.random() < 0.3 else None
    return ScheduleRow(
        next(scene.schedule_ids),
        scene.tenant_id,
        name,
        True,
        cron,
        timezone,
        last_run_at,
        last_run_status,
        next_run_at,
        created_at,
        enabled_at,
        None,
    )


def running_well(scene: Scene, beat: Beat) -> ScheduleRow:
    """A schedule whose latest slot was served. The tool may have announced its next run."""
    status = scene.rng.choice(("success", "success", "Succeeded", "completed", "OK"))
    announced = beat.following if scene.rng.random() < 0.6 else None
    return schedule_row(
        scene,
        beat.rhythm.name,
        beat.rhythm.cron,
        beat.timezone,
        started_after(scene, beat.latest),
        status,
        announced,
    )


def switched_off(scene: Scene, beat: Beat, last_run_at: datetime, last_run_status: str) -> ScheduleRow:
    """A disabled schedule: it is neither evidence nor a reason."""
    row = schedule_row(scene, beat.rhythm.name, beat.rhythm.cron, beat.timezone, last_run_at, last_run_status)
    return row._replace(is_enabled=False)


def out_of_use(scene: Scene) -> list[ScheduleRow]:
    """Up to two schedules that must not be judged: disabled after a failure, or deleted while overdue."""
    rows = []
    if scene.rng.random() < 0.12:
        last = scene.now - scene.span(20 * _DAY, 60 * _DAY)
        row = schedule_row(scene, "before the migration", "0 3 * * *", "UTC", last, "failed")
        rows.append(row._replace(is_enabled=False))
    if scene.rng.random() < 0.06:
        last = scene.now - scene.span(15 * _DAY, 40 * _DAY)
        row = schedule_row(scene, "trial", "*/30 * * * *", scene.timezone, last, "success")
        rows.append(row._replace(deleted_at=last + 2 * _DAY))
    return rows


def weekly(scene: Scene) -> ScheduleWithRuns:
    """A weekly schedule in order, beside the daily one, and its run some days ago, which kept a set."""
    weekday = (scene.now - 3 * _DAY).isoweekday() % 7
    beat = scene.rhythms.beat(Rhythm("weekly full", f"30 5 * * {weekday}", 7 * _DAY), scene.timezone)
    row = running_well(scene, beat)
    assert row.last_run_at is not None
    return ScheduleWithRuns(row, (kept_run(scene, row.name, row.id, row.last_run_at),))


def in_trouble(scene: Scene, condition: Condition, last_kept: Run | None, only: Beat | None) -> ScheduleWithRuns:
    """A schedule for which this condition, and no other, holds at `now`.

    `last_kept` is the tenant's latest run that kept something (None: no such run). `only` is the beat of the tenant's
    only schedule, whose last run was `last_kept`. If `only` is None, the schedule is a second one with its own runs,
    and those that kept something are older than `last_kept`.
    """
    if only is not None:
        return _TROUBLES[condition](scene, only.rhythm.name, only, last_kept, last_kept)
    beat = scene.rhythms.beat(scene.rng.choice(NIGHTLY), scene.timezone)
    return _TROUBLES[condition](scene, scene.rng.choice(_SECOND_NAMES), beat, None, last_kept)


def _cannot_evaluate(scene: Scene, name: str, beat: Beat, own: Run | None, last_kept: Run | None) -> ScheduleWithRuns:
    cron, timezone = scene.rng.choice(
        (("0 2 * *", "UTC"), ("0 25 * * *", scene.timezone), (beat.rhythm.cron, "W. Europe Standard Time"))
    )
    last = own.started_at if own else scene.now - scene.span(26 * _HOUR, 60 * _HOUR)
    return ScheduleWithRuns(schedule_row(scene, name, cron, timezone, last, "success"))


def _stuck(scene: Scene, name: str, beat: Beat, own: Run | None, last_kept: Run | None) -> ScheduleWithRuns:
    last = started_after(scene, beat.slots(1, scene.now - scene.policy.longest_run - _HOUR)[-1])
    row = schedule_row(scene, name, beat.rhythm.cron, beat.timezone, last, "running")
    return ScheduleWithRuns(row, (Run(name, row.id, "running", last),))


def _never_ran(scene: Scene, name: str, beat: Beat, own: Run | None, last_kept: Run | None) -> ScheduleWithRuns:
    # Its first slot came within a day and two hours, even if the clocks changed.
    created_at = scene.now - scene.policy.schedule_grace - 26 * _HOUR - scene.span(_HOUR, 20 * _HOUR)
    row = schedule_row(scene, name, beat.rhythm.cron, beat.timezone, None, None)
    return ScheduleWithRuns(row._replace(created_at=created_at, enabled_at=None))


def _overdue(scene: Scene, name: str, beat: Beat, own: Run | None, last_kept: Run | None) -> ScheduleWithRuns:
    # The tool still announces the next slot. That must not hide the missed one.
    if own is not None:
        last = own.started_at
        return ScheduleWithRuns(
            schedule_row(scene, name, beat.rhythm.cron, beat.timezone, last, "success", beat.following)
        )
    missed_by = scene.policy.schedule_grace + 27 * _HOUR
    last = started_after(scene, beat.slots(1, scene.now - missed_by)[-1])
    row = schedule_row(scene, name, beat.rhythm.cron, beat.timezone, last, "success", beat.following)
    return ScheduleWithRuns(row, (kept_run(scene, name, row.id, last),))


def _not_planned(scene: Scene, name: str, beat: Beat, own: Run | None, last_kept: Run | None) -> ScheduleWithRuns:
    policy = scene.policy
    last = scene.now - policy.freshness_window - policy.schedule_grace - scene.span(20 * _HOUR, 3 * _DAY)
    row = schedule_row(scene, name, None, "UTC", last, "success")
    return ScheduleWithRuns(row, (kept_run(scene, name, row.id, last),))


def _unsuccessful(scene: Scene, name: str, beat: Beat, own: Run | None, last_kept: Run | None) -> ScheduleWithRuns:
    since = scene.now - 2 * _DAY if own is None else own.started_at
    slots = beat.slots((scene.now - since) // beat.rhythm.every + 2, scene.now)
    starts = [started_after(scene, slot) for slot in slots if slot > since]
    last = starts[-1] if starts else started_after(scene, beat.latest)
    word = scene.rng.choice(("failed", "Failed", "error", "timed out"))
    row = schedule_row(scene, name, beat.rhythm.cron, beat.timezone, last, word, beat.following)
    return ScheduleWithRuns(row, tuple(failed_runs(scene, name, row.id, starts)))


def _success_without_backup(
    scene: Scene, name: str, beat: Beat, own: Run | None, last_kept: Run | None
) -> ScheduleWithRuns:
    # Half-way between the basis and now is furthest from both, so it is the best chance for more than the grace.
    last = scene.now - scene.policy.schedule_grace - 2 * _HOUR
    if last_kept is not None and last_kept.completed_at is not None:
        last = scene.now - timedelta(seconds=(scene.now - last_kept.completed_at) // timedelta(seconds=2))
    planned = scene.now + scene.span(6 * _HOUR, 10 * _HOUR)
    return ScheduleWithRuns(schedule_row(scene, name, None, "UTC", last, "Succeeded", planned))


_TROUBLES: Final = {
    Condition.CANNOT_EVALUATE: _cannot_evaluate,
    Condition.STUCK: _stuck,
    Condition.NEVER_RAN: _never_ran,
    Condition.OVERDUE: _overdue,
    Condition.NOT_PLANNED: _not_planned,
    Condition.LAST_RUN_UNSUCCESSFUL: _unsuccessful,
    Condition.SUCCESS_WITHOUT_BACKUP: _success_without_backup,
}
