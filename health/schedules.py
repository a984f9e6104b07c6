"""The follow-up conditions of one schedule (docs/concepts.md, "Schedules"). A schedule never proves a backup."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from health.facts import BackupSchedule
from health.instants import JUST_BEFORE, LATEST, shifted
from health.policy import HealthPolicy
from health.slots import CannotPlan, slots_of

SUCCESS_WORDS: Final = frozenset({"success", "succeeded", "completed", "ok"})
RUNNING: Final = "running"


class Condition(StrEnum):
    """Why a schedule needs follow-up. Conditions are listed in this order."""

    CANNOT_EVALUATE = "cannot_evaluate"
    STUCK = "stuck"
    NEVER_RAN = "never_ran"
    OVERDUE = "overdue"
    NOT_PLANNED = "not_planned"
    LAST_RUN_UNSUCCESSFUL = "last_run_unsuccessful"
    SUCCESS_WITHOUT_BACKUP = "success_without_backup"


class ScheduleAssessment(NamedTuple):
    """One enabled schedule, judged: its conditions, when its next run is due, and why it cannot be evaluated.

    A schedule is late counted from `waiting_since`: its due instant, else its anchor; in a run, the start of the run.
    `holds_until` is the last instant at which the conditions are still the same, if no fact changes.
    """

    schedule: BackupSchedule
    conditions: tuple[Condition, ...]
    due: datetime | None
    waiting_since: datetime
    problem: str | None
    holds_until: datetime


def anchor_of(schedule: BackupSchedule) -> datetime:
    """The latest instant at which the schedule is known to have been in order: created, enabled or run."""
    anchor = schedule.created_at
    if schedule.enabled_at is not None and schedule.enabled_at > anchor:
        anchor = schedule.enabled_at
    if schedule.last_run_at is not None and schedule.last_run_at > anchor:
        anchor = schedule.last_run_at
    return anchor


def assess(
    schedule: BackupSchedule, basis_completed_at: datetime | None, policy: HealthPolicy, now: datetime
) -> ScheduleAssessment:
    """Judge one schedule that is enabled and not deleted. Its tenant's basis was completed then (None: no basis)."""
    anchor = anchor_of(schedule)
    if anchor - now > policy.clock_skew:
        until = shifted(shifted(anchor, -policy.clock_skew), JUST_BEFORE)
        return _cannot_evaluate(schedule, anchor, "it was created, enabled or run in the future", until)
    try:
        due = _due(schedule, anchor, policy)
    except CannotPlan as problem:
        return _cannot_evaluate(schedule, anchor, str(problem), LATEST)
    word = None if schedule.last_run_status is None else schedule.last_run_status.lower()
    found: tuple[Condition, ...] = ()
    holds_until = LATEST
    for condition, since, limit in _clocks(schedule, word, anchor, due, basis_completed_at, policy):
        if now - since > limit:
            found += (condition,)
        else:
            holds_until = min(holds_until, shifted(since, limit))
    if _last_run_unsuccessful(schedule, word):
        found += (Condition.LAST_RUN_UNSUCCESSFUL,)
    waiting_since = (schedule.last_run_at or anchor) if word == RUNNING and found else due or anchor
    return ScheduleAssessment(schedule, found, due, waiting_since, None, holds_until)


def _cannot_evaluate(
    schedule: BackupSchedule, anchor: datetime, problem: str, holds_until: datetime
) -> ScheduleAssessment:
    return ScheduleAssessment(schedule, (Condition.CANNOT_EVALUATE,), None, anchor, problem, holds_until)


def _due(schedule: BackupSchedule, anchor: datetime, policy: HealthPolicy) -> datetime | None:
    """When the next run is due: the planned run or the first slot not served, if that is earlier (None: neither).

    If a tool moves `next_run_at` forward, a missed run is still seen, because the slot after the anchor still counts.
    """
    last_run_at, planned = schedule.last_run_at, schedule.next_run_at
    slots = slots_of(schedule.cron, schedule.timezone)
    slot = None
    if slots is not None:
        served = anchor if last_run_at is None else max(anchor, shifted(last_run_at, policy.clock_skew))
        slot = slots.first_after(served)
    if planned is None or not _still_to_come(planned, schedule, policy):
        return slot
    return planned if slot is None or planned < slot else slot


def _still_to_come(planned: datetime, schedule: BackupSchedule, policy: HealthPolicy) -> bool:
    if planned <= schedule.created_at or (schedule.enabled_at is not None and planned <= schedule.enabled_at):
        return False
    return schedule.last_run_at is None or planned - schedule.last_run_at > policy.clock_skew


def _clocks(
    schedule: BackupSchedule,
    word: str | None,
    anchor: datetime,
    due: datetime | None,
    basis_completed_at: datetime | None,
    policy: HealthPolicy,
) -> list[tuple[Condition, datetime, timedelta]]:
    """The conditions that start by time alone: each holds as soon as `now` is more than its limit after its instant."""
    last_run_at, grace = schedule.last_run_at, policy.schedule_grace
    if word == RUNNING:
        return [(Condition.STUCK, last_run_at or anchor, policy.longest_run)]
    if last_run_at is None:
        return [(Condition.NEVER_RAN, due or anchor, grace)]
    if due is not None:
        clocks = [(Condition.OVERDUE, due, grace)]
    else:
        clocks = [(Condition.NOT_PLANNED, anchor, policy.freshness_window + grace)]
    if word in SUCCESS_WORDS and (basis_completed_at is None or last_run_at - basis_completed_at > grace):
        clocks.append((Condition.SUCCESS_WITHOUT_BACKUP, last_run_at, grace))
    return clocks


def _last_run_unsuccessful(schedule: BackupSchedule, word: str | None) -> bool:
    """Whether the status is another word than success or running, or is missing although there was a run."""
    if word is None:
        return schedule.last_run_at is not None
    return word != RUNNING and word not in SUCCESS_WORDS
