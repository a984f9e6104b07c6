"""The history of one demo tenant until `now`: the schedules and runs that its situation needs as evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from health.demo.rhythms import LONGEST_DEMO_RUN, NIGHTLY, calm_hours
from health.demo.rows import ScheduleRow
from health.demo.schedules import (
    Run,
    Scene,
    failed_runs,
    in_trouble,
    kept_run,
    out_of_use,
    running_well,
    started_after,
    switched_off,
    weekly,
)
from health.demo.situations import Evidence, Situation
from health.schedules import Condition

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_BY_HAND: Final = "manual"
_MOST_SCHEDULES: Final = 3
_FORBIDDEN: Final = "2 of 14 policy types could not be read: 403 Forbidden"


class History(NamedTuple):
    """A tenant's schedules, by id, and its runs, oldest start first."""

    schedules: tuple[ScheduleRow, ...]
    runs: tuple[Run, ...]


def history_of(scene: Scene, situation: Situation) -> History:
    """The schedules and runs that put the tenant into the situation at `scene.now`."""
    schedules, runs = _PASTS[situation.evidence](scene, situation.condition)
    if situation.evidence is not Evidence.NOTHING:
        schedules.extend(out_of_use(scene)[: _MOST_SCHEDULES - len(schedules)])
    return History(tuple(schedules), _one_after_the_other(runs))


_Past = tuple[list[ScheduleRow], list[Run]]


def _one_after_the_other(runs: list[Run]) -> tuple[Run, ...]:
    """The runs by start. No two start in the same second, because some tools name a backup by that second."""
    placed: list[Run] = []
    for run in sorted(runs, key=lambda run: run.started_at):
        if placed and run.started_at <= placed[-1].started_at:
            placed.append(run._replace(started_at=placed[-1].started_at + timedelta(seconds=1)))
        else:
            placed.append(run)
    return tuple(placed)


def _recent(scene: Scene, condition: Condition | None) -> _Past:
    """Runs as planned until now. A condition is on a second schedule, so that it does not affect the basis."""
    rng, beats = scene.rng, scene.rhythms.calm(scene.timezone)
    schedules: list[ScheduleRow] = []
    if not beats or condition is Condition.SUCCESS_WITHOUT_BACKUP or rng.random() < 0.1:
        runs = _without_a_schedule(scene, condition)
    else:
        beat = scene.rhythms.usual(rng, beats)
        row = running_well(scene, beat)
        schedules.append(row)
        slots = beat.slots(scene.runs_every(beat.rhythm.every), scene.now)[:-1]
        starts = [started_after(scene, slot) for slot in slots] + [row.last_run_at or beat.latest]
        runs = _ups_and_downs(scene, [kept_run(scene, row.name, row.id, start) for start in starts])
    newest = runs[-1]
    if condition is not None:
        trouble = in_trouble(scene, condition, newest, only=None)
        schedules.append(trouble.schedule)
        runs.extend(trouble.runs)
    elif schedules and rng.random() < 0.15:
        second = weekly(scene)
        schedules.append(second.schedule)
        runs.extend(second.runs)
    return schedules, runs + _since(scene, newest)


def _without_a_schedule(scene: Scene, condition: Condition | None) -> list[Run]:
    """Runs of a pipeline that is not registered as a schedule. The latest stays fresh for some hours."""
    window = scene.policy.freshness_window
    age = scene.span(window * 0.1, min(window - calm_hours(scene.policy), window * 0.6))
    if condition is Condition.SUCCESS_WITHOUT_BACKUP:
        # Old enough that a later run can be more than the grace after it and more than the grace before now.
        age = timedelta(seconds=window * 0.55 // timedelta(seconds=1))
    every = scene.rng.choice((8, 12, 12)) * _HOUR
    return _ups_and_downs(scene, _every_so_often(scene, "pipeline", scene.now - age, every))


def _every_so_often(scene: Scene, name: str, ended_at: datetime, every: timedelta) -> list[Run]:
    """Runs without a schedule, oldest first. The last one ended at `ended_at`."""
    newest_start = ended_at - scene.span(3 * _MINUTE, LONGEST_DEMO_RUN)
    starts = [newest_start - back * every + scene.seconds(0, 90) for back in range(scene.runs_every(every), 0, -1)]
    runs = [kept_run(scene, name, None, start) for start in starts]
    return [*runs, Run(name, None, "completed", newest_start, ended_at)]


def _ups_and_downs(scene: Scene, runs: list[Run]) -> list[Run]:
    """The same runs, but a few of the older ones failed or partial. The newest run is not changed."""
    for place, run in enumerate(runs[:-1]):
        luck = scene.rng.random()
        if luck < 0.03:
            runs[place] = failed_runs(scene, run.name, run.schedule_id, [run.started_at])[0]
        elif luck < 0.05:
            runs[place] = run._replace(status="partial", error=_FORBIDDEN)
        elif luck < 0.06:
            runs[place] = run._replace(status="cancelled", completed_at=None)
    return _bad_days(scene, runs)


def _bad_days(scene: Scene, runs: list[Run]) -> list[Run]:
    """The same runs, but for two of five tenants all runs of some past days failed, were partial or never started."""
    luck = scene.rng.random()
    if luck >= 0.4:
        return runs
    *older, newest = runs
    begin = older[0].started_at + scene.span(timedelta(0), (newest.started_at - older[0].started_at) * 0.9)
    end = min(begin + scene.span(_DAY, 4 * _DAY), newest.started_at - _DAY)
    before = [run for run in older if run.started_at < begin]
    within = [run for run in older if begin <= run.started_at < end]
    after = [run for run in older if run.started_at >= max(begin, end)]
    if luck < 0.16:
        within = failed_runs(scene, newest.name, newest.schedule_id, [run.started_at for run in within])
    elif luck < 0.28:
        within = [run._replace(status="partial", error=_FORBIDDEN) for run in within if run.completed_at is not None]
    else:
        within = []
    return [*before, *within, *after, newest]


def _since(scene: Scene, newest: Run) -> list[Run]:
    """Attempts by hand after the newest run, for some tenants. They are context, never a basis."""
    assert newest.completed_at is not None
    gap, luck = scene.now - newest.completed_at, scene.rng.random()
    if gap < 20 * _MINUTE or luck >= 0.16:
        return []
    started_at = newest.completed_at + scene.span(gap * 0.2, gap * 0.7)
    if luck < 0.06:
        return failed_runs(scene, _BY_HAND, None, [started_at])
    if luck < 0.09:
        return [Run(_BY_HAND, None, "cancelled", started_at)]
    if luck < 0.13:
        return [Run(_BY_HAND, None, "running", scene.now - scene.span(_MINUTE, 15 * _MINUTE))]
    ended_at = started_at + scene.span(_MINUTE, gap * 0.1)
    deleted_at = ended_at + scene.span(_MINUTE, gap * 0.1)
    return [Run(_BY_HAND, None, "completed", started_at, ended_at, deleted_at=deleted_at)]


def _old(scene: Scene, condition: Condition | None) -> _Past:
    """Runs until some days ago, and a schedule that is disabled or in trouble."""
    rng, policy = scene.rng, scene.policy
    beat = scene.rhythms.usual(rng, scene.rhythms.beats(scene.timezone))
    # Older than the window and the grace by more than a night, so that a schedule has missed a slot by now.
    age = max(policy.freshness_window, 25 * _HOUR) + policy.schedule_grace + 3 * _HOUR + scene.span(_HOUR, 6 * _DAY)
    if condition is None and rng.random() < 0.4:
        age += scene.span(6 * _DAY, 16 * _DAY)
    starts = [started_after(scene, slot) for slot in beat.slots(scene.runs_every(beat.rhythm.every), scene.now - age)]
    last_kept = kept_run(scene, beat.rhythm.name, None, starts[-1])
    attempts: tuple[Run, ...] = ()
    if condition is None:
        schedule = switched_off(scene, beat, last_kept.started_at, "success")
    else:
        schedule, attempts = in_trouble(scene, condition, last_kept, beat)
    runs = [kept_run(scene, schedule.name, schedule.id, start) for start in starts[:-1]]
    runs.append(last_kept._replace(schedule_id=schedule.id))
    return [schedule], _ups_and_downs(scene, runs) + list(attempts)


def _ahead(scene: Scene, condition: Condition | None) -> _Past:
    """Runs on a machine whose clock is some hours ahead. Its schedule is not registered."""
    ended_at = scene.now + scene.policy.clock_skew + scene.span(5 * _HOUR, 9 * _HOUR)
    return [], _every_so_often(scene, "twice a day", ended_at, 12 * _HOUR)


def _attempts(scene: Scene, condition: Condition | None) -> _Past:
    """Nights in which nothing was kept, a good set that was deleted, and now another attempt by hand."""
    beat = scene.rhythms.beat(scene.rng.choice(NIGHTLY), scene.timezone)
    starts = [started_after(scene, slot) for slot in beat.slots(scene.rng.randint(8, 14), scene.now)]
    runs: list[Run] = []
    if condition is None:
        schedule = switched_off(scene, beat, starts[-2], "failed")
    else:
        schedule, attempts = in_trouble(scene, condition, None, beat)
        runs.extend(attempts)
    first = kept_run(scene, schedule.name, schedule.id, starts[0])
    assert first.completed_at is not None
    runs.append(first._replace(deleted_at=first.completed_at + scene.span(8 * _HOUR, 30 * _HOUR)))
    runs.append(Run(schedule.name, schedule.id, "cancelled", starts[1]))
    runs.extend(failed_runs(scene, schedule.name, schedule.id, starts[2:-1]))
    runs.append(Run(_BY_HAND, None, "running", scene.now - scene.span(_MINUTE, 20 * _MINUTE)))
    return [schedule], runs


def _nothing(scene: Scene, condition: Condition | None) -> _Past:
    """No runs, and at most a schedule in trouble."""
    if condition is None:
        return [], []
    trouble = in_trouble(scene, condition, None, scene.rhythms.beat(scene.rng.choice(NIGHTLY), scene.timezone))
    return [trouble.schedule], list(trouble.runs)


_PASTS: Final[dict[Evidence, Callable[[Scene, Condition | None], _Past]]] = {
    Evidence.RECENT: _recent,
    Evidence.OLD: _old,
    Evidence.AHEAD: _ahead,
    Evidence.ILLEGIBLE: _recent,
    Evidence.ATTEMPTS: _attempts,
    Evidence.NOTHING: _nothing,
}
