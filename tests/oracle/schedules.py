"""The follow-up conditions of one schedule, sentence by sentence (docs/concepts.md, "Schedules").

Instants are compared through their differences, because a sum with an instant near year 9999 overflows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tests.oracle.rows import Policy, ScheduleRow, SetRow, grace_of, known, longest_run_of, skew_of, window_of

SUCCESS_WORDS = ["success", "succeeded", "completed", "ok"]
TIMEZONE_NAMES = frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def cron_is_accepted(cron: str) -> bool:
    """Whether the library accepts these five fields. Any error of it means no.

    (docs/concepts.md, "Schedules")
    """
    if len(cron.split()) != 5:
        return False
    try:
        CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError):
        return False
    return True


@cache
def first_slot(cron: str, timezone: str, after: datetime) -> datetime | None:
    """The first slot in local time that is after the instant in UTC; None if there is none up to the year 9999.

    (docs/concepts.md, "Schedules")
    """
    try:
        for slot in CronSim(cron, after.astimezone(ZoneInfo(timezone))):
            if slot.astimezone(UTC) > after:
                return slot.astimezone(UTC)
    except (OverflowError, ValueError):
        pass
    return None


def anchor_of(schedule: ScheduleRow) -> datetime:
    """The latest of `created_at`, `enabled_at`, `last_run_at` (docs/concepts.md, "Schedules")."""
    instants = [schedule.created_at, schedule.enabled_at, schedule.last_run_at]
    return max(known(instant) for instant in instants if instant is not None)


def cannot_evaluate(schedule: ScheduleRow, policy: Policy, now: datetime) -> bool:
    """The first condition of the table (docs/concepts.md, "Schedules")."""
    for instant in (schedule.created_at, schedule.enabled_at, schedule.last_run_at):
        if instant is not None and known(instant) - now > skew_of(policy):
            return True
    if schedule.timezone not in TIMEZONE_NAMES:
        return True
    if schedule.cron is None:
        return False
    if not cron_is_accepted(schedule.cron):
        return True
    return first_slot(schedule.cron, schedule.timezone, anchor_of(schedule)) is None


def due_of(schedule: ScheduleRow, policy: Policy) -> datetime | None:
    """`due` of a schedule that can be evaluated (docs/concepts.md, "Schedules")."""
    found = []
    if schedule.next_run_at is not None:
        next_run_at = known(schedule.next_run_at)
        later_than_created = next_run_at > known(schedule.created_at)
        later_than_enabled = schedule.enabled_at is None or next_run_at > known(schedule.enabled_at)
        unserved = schedule.last_run_at is None or next_run_at - known(schedule.last_run_at) > skew_of(policy)
        if later_than_created and later_than_enabled and unserved:
            found.append(next_run_at)
    if schedule.cron is not None:
        after: datetime | None = anchor_of(schedule)
        if schedule.last_run_at is not None:
            try:
                after = max(anchor_of(schedule), known(schedule.last_run_at) + skew_of(policy))
            except OverflowError:
                after = None
        slot = first_slot(schedule.cron, schedule.timezone, after) if after is not None else None
        if slot is not None:
            found.append(slot)
    return min(found) if found else None


def conditions_of(schedule: ScheduleRow, basis: SetRow | None, policy: Policy, now: datetime) -> list[str]:
    """The conditions of one enabled schedule, in the order of the table (docs/concepts.md, "Schedules")."""
    if cannot_evaluate(schedule, policy, now):
        return ["cannot_evaluate"]
    word = None if schedule.last_run_status is None else schedule.last_run_status.lower()
    last_run_at = None if schedule.last_run_at is None else known(schedule.last_run_at)
    anchor = anchor_of(schedule)
    if word == "running":
        since = last_run_at if last_run_at is not None else anchor
        return ["stuck"] if now - since > longest_run_of(policy) else []

    due = due_of(schedule, policy)
    grace = grace_of(policy)
    found = []
    if last_run_at is None and now - (due if due is not None else anchor) > grace:
        found.append("never_ran")
    if last_run_at is not None and due is not None and now - due > grace:
        found.append("overdue")
    if last_run_at is not None and due is None and now - anchor > window_of(policy) + grace:
        found.append("not_planned")
    if (word is not None and word not in SUCCESS_WORDS) or (word is None and last_run_at is not None):
        found.append("last_run_unsuccessful")
    succeeded = word in SUCCESS_WORDS and last_run_at is not None and now - last_run_at > grace
    if succeeded and (basis is None or known(last_run_at) - known(basis.completed_at) > grace):
        found.append("success_without_backup")
    return found
