"""A verdict in words, with its figures. Every screen, table and note takes its words from here.

Names and status words in these sentences come from outside: pass a sentence through `safe_text` to show it
(docs/screens.md, "States").
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from cronsim import CronSim

from health.facts import BackupItem
from health.freshness import Freshness
from health.policy import HealthPolicy
from health.posture import Posture, Reason, TenantBackupHealth
from health.quality import (
    ASSIGNMENTS_NOT_CAPTURED,
    CONTRADICTORY_RUN,
    EMPTY_SET,
    INCOMPLETE_RUN,
    INTEGRITY_WARNING,
    METADATA_ONLY,
    MISSING_ITEMS,
    ORPHANED_ASSIGNMENTS,
    UNKNOWN_QUALITY,
    BackupQualityResolver,
    BackupQualitySummary,
)
from health.schedules import Condition, ScheduleAssessment
from tui.words.durations import format_span
from tui.words.names import IN_A_SENTENCE, name_in_words

_LIMIT: Final = "This does not prove that a restore will succeed."
HEALTHY_LIMIT: Final = f"Backups are recent and complete. {_LIMIT}"

MARKED: Final = "[marked]"
"""Stands beside a row that the user has marked."""
ASSIGNMENTS_LIMIT: Final = "The tool does not record whether any of these items is assigned."


def fewer_items(health: TenantBackupHealth, reference_items: int | None) -> str | None:
    """How many fewer items the basis has than its reference set: `41 items, 2 fewer than the set before`; else None."""
    if health.quality is None or reference_items is None or health.quality.items >= reference_items:
        return None
    items = health.quality.items
    return f"{counted(items, 'item')}, {reference_items - items:,} fewer than the set before"


def healthy_limit(health: TenantBackupHealth, reference_items: int | None) -> str:
    """What the healthy check confirms and what not. "Complete" only if the reference set did not have more items."""
    fewer = fewer_items(health, reference_items)
    return HEALTHY_LIMIT if fewer is None else f"Backups are recent; {fewer}. {_LIMIT}"


class State(Enum):
    """A tenant's state as shown: a glyph, a word, and the theme's colour with the name of the state."""

    UNREADABLE = ("?", "unreadable")
    ABSENT = ("✕", "absent")
    STALE = ("▲", "stale")
    DEGRADED = ("◆", "degraded")
    FOLLOW_UP = ("◷", "follow-up")
    HEALTHY = ("✓", "healthy")
    UNCONFIRMED = ("○", "unconfirmed")

    def __init__(self, glyph: str, word: str) -> None:
        self.glyph = glyph
        self.word = word

    @property
    def label(self) -> str:
        """Glyph and word, which are always shown together."""
        return f"{self.glyph} {self.word}"


STATE_MEANINGS: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.UNREADABLE: "a value that the verdict needs is damaged",
        State.ABSENT: "there is no backup to recover from",
        State.STALE: "the latest backup is too old, or lies in the future",
        State.DEGRADED: "items of the latest backup are missing or damaged",
        State.FOLLOW_UP: "the backup is sound; a schedule needs somebody to look",
        State.HEALTHY: "confirmed: recent and whole, and every schedule runs",
        State.UNCONFIRMED: "was confirmed; the facts are now too old to say so",
    }
)
"""When a state is shown, for the help."""

_OF_POSTURE: Final[Mapping[Posture, State]] = MappingProxyType(
    {Posture.ABSENT: State.ABSENT, Posture.STALE: State.STALE, Posture.DEGRADED: State.DEGRADED}
)


def state_of(health: TenantBackupHealth, *, facts_too_old: bool = False) -> State:
    """The state to show for a verdict. A confirmed tenant is unconfirmed if the facts are now too old.

    (docs/concepts.md, "Evidence that cannot be read")
    """
    if health.posture is None:
        return State.UNREADABLE
    if health.posture is not Posture.HEALTHY:
        return _OF_POSTURE[health.posture]
    if not health.confirmed:
        return State.FOLLOW_UP if health.reasons else State.UNCONFIRMED
    return State.UNCONFIRMED if facts_too_old else State.HEALTHY


NOT_KNOWN_OF_THEN: Final = "schedules and deletions of that time are not known"
"""Why nothing is confirmed of an instant of the past."""


REASON_WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.NO_BACKUP_BASIS: "no backup basis",
        Reason.LATEST_BACKUP_STALE: "latest backup is stale",
        Reason.LATEST_BACKUP_DEGRADED: "latest backup is degraded",
        Reason.SCHEDULE_FOLLOW_UP: "schedule needs follow-up",
    }
)

FAMILY_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        UNKNOWN_QUALITY: "unknown quality",
        METADATA_ONLY: "metadata only",
        ASSIGNMENTS_NOT_CAPTURED: "assignments not captured",
        ORPHANED_ASSIGNMENTS: "orphaned assignments",
        INTEGRITY_WARNING: "integrity warning",
        INCOMPLETE_RUN: "incomplete run",
        EMPTY_SET: "empty set",
        MISSING_ITEMS: "missing items",
        CONTRADICTORY_RUN: "contradictory run",
    }
)
UNCOUNTED_FAMILIES: Final = frozenset({INCOMPLETE_RUN, EMPTY_SET, CONTRADICTORY_RUN})
_NOUNS: Final[Mapping[str, str]] = MappingProxyType(
    {INTEGRITY_WARNING: "integrity warning", MISSING_ITEMS: "missing item"}
)
"""Families counted as things ("3 missing items"). The words of the other families describe items."""


def families_in_words(quality: BackupQualitySummary) -> str:
    """Every family above zero with its count: `9 metadata only, incomplete run`."""
    return _in_words(quality.families)


@lru_cache(maxsize=4096)
def _in_words(families: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(_family_in_words(name, count) for name, count in families)


def _family_in_words(name: str, count: int) -> str:
    if name in UNCOUNTED_FAMILIES:
        return FAMILY_WORDS[name]
    return counted(count, _NOUNS[name]) if name in _NOUNS else f"{count:,} {FAMILY_WORDS[name]}"


def reason_sentence(health: TenantBackupHealth, reason: Reason, policy: HealthPolicy, now: datetime) -> str:
    """One reason as a full sentence with its figures: what, how much, against which limit."""
    match reason:
        case Reason.NO_BACKUP_BASIS:
            return "No backup basis: no completed backup set to start a recovery from"
        case Reason.LATEST_BACKUP_STALE:
            return f"Latest backup is stale: {age_in_words(health, policy, now)}"
        case Reason.LATEST_BACKUP_DEGRADED:
            return f"Latest backup is degraded: {_degradation_in_words(health)}"
        case Reason.SCHEDULE_FOLLOW_UP:
            return _follow_ups_sentence(health, policy, now)


def short_reason(health: TenantBackupHealth, reason: Reason, policy: HealthPolicy, now: datetime) -> str:
    """One reason as a clause for a column of a list."""
    match reason:
        case Reason.LATEST_BACKUP_DEGRADED if health.quality is not None:
            return families_in_words(health.quality)
        case Reason.SCHEDULE_FOLLOW_UP:
            first = health.follow_ups[0]
            words = condition_in_words(first, first.conditions[0], policy, now, with_limit=False)
            more = len(health.follow_ups) - 1
            return f"{name_in_words(first.schedule.name, IN_A_SENTENCE)}: {words}" + (
                f" (+{more} more)" if more else ""
            )
        case Reason.LATEST_BACKUP_STALE if health.freshness is Freshness.IN_THE_FUTURE:
            return "latest backup lies in the future"
        case _:
            return REASON_WORDS[reason]


def why(health: TenantBackupHealth, policy: HealthPolicy, now: datetime) -> str:
    """Every reason as a clause, the primary one first; for an unreadable tenant, what cannot be read."""
    if health.unreadable is not None:
        return f"cannot be read: {health.unreadable.message}; correct that row"
    return "; ".join(short_reason(health, reason, policy, now) for reason in health.reasons)


def age_in_words(health: TenantBackupHealth, policy: HealthPolicy, now: datetime) -> str:
    """The age of the basis against the window: `completed 3d 4h ago, window 1d`."""
    if health.basis is None or health.basis.completed_at is None:
        return "never completed"
    age = now - health.basis.completed_at
    if health.freshness is Freshness.IN_THE_FUTURE:
        tolerance = format_span(policy.clock_skew)
        return f"completed {format_span(-age)} in the future, tolerance {tolerance}: its age cannot be trusted"
    return f"completed {ago(age)}, window {window_in_words(policy.freshness_window)}"


def ago(age: timedelta) -> str:
    """An age in words; below one second it is `just now`."""
    return "just now" if age < timedelta(seconds=1) else f"{format_span(age)} ago"


def window_in_words(duration: timedelta) -> str:
    """A limit in the way people set it: hours stay hours up to two days (`24h`)."""
    hours, rest = divmod(duration, timedelta(hours=1))
    return f"{hours}h" if not rest and 0 < hours <= 48 else format_span(duration)


def clocks_in_words(ahead: timedelta) -> str:
    """How a database's clock differs: `the database's clock is 6m ahead of this machine's`."""
    where = "ahead of" if ahead > timedelta(0) else "behind"
    return f"the database's clock is {format_span(abs(ahead))} {where} this machine's"


def counted(number: int, noun: str) -> str:
    """A number with its noun, plural if it is not one: `1 tenant`, `1,000 tenants`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def part_in_words(listed: int, there: int, noun: str) -> str:
    """How many of all things a list has: `1 of 2 items`; empty if it has all."""
    return f"{listed:,} of {counted(there, noun)}" if listed < there else ""


def _degradation_in_words(health: TenantBackupHealth) -> str:
    quality = health.quality
    assert quality is not None
    counted = f"{quality.degraded_items} of {quality.items} items; " if quality.degraded_items else ""
    return counted + families_in_words(quality)


def _follow_ups_sentence(health: TenantBackupHealth, policy: HealthPolicy, now: datetime) -> str:
    each = (
        f"{name_in_words(assessment.schedule.name, IN_A_SENTENCE)}: {conditions_in_words(assessment, policy, now)}"
        for assessment in health.follow_ups
    )
    count = len(health.follow_ups)
    subject = "Schedule needs follow-up" if count == 1 else f"{count} schedules need follow-up"
    return f"{subject}: {'; '.join(each)}"


def conditions_in_words(assessment: ScheduleAssessment, policy: HealthPolicy, now: datetime) -> str:
    """Every condition of one schedule with its figures."""
    return ", ".join(condition_in_words(assessment, condition, policy, now) for condition in assessment.conditions)


def condition_in_words(
    assessment: ScheduleAssessment,
    condition: Condition,
    policy: HealthPolicy,
    now: datetime,
    *,
    with_limit: bool = True,
) -> str:
    """One condition as words with figures: `overdue by 3h 10m, grace 1h`."""
    schedule = assessment.schedule
    late = format_span(now - assessment.waiting_since)
    last_run = "never" if schedule.last_run_at is None else ago(now - schedule.last_run_at)
    grace = f" (grace {window_in_words(policy.schedule_grace)})" if with_limit else ""
    match condition:
        case Condition.CANNOT_EVALUATE:
            return f"cannot be evaluated: {assessment.problem}"
        case Condition.STUCK:
            limit = f" (longest run {window_in_words(policy.longest_run)})" if with_limit else ""
            return f"stuck: running for {late}{limit}"
        case Condition.NEVER_RAN:
            return f"never ran, waiting for {late}{grace}"
        case Condition.OVERDUE:
            return f"overdue by {late}{grace}"
        case Condition.NOT_PLANNED:
            return f"no next run planned, last run {last_run}"
        case Condition.LAST_RUN_UNSUCCESSFUL if schedule.last_run_status is None:
            return f"last run {last_run} without a status"
        case Condition.LAST_RUN_UNSUCCESSFUL:
            return f"last run {schedule.last_run_status or '(empty status)'}"
        case Condition.SUCCESS_WITHOUT_BACKUP:
            return f"success reported {last_run}, but no backup set completed since{grace}"


def pause_in_words(pause: timedelta, policy: HealthPolicy) -> str:
    """A warning that the planned runs are too far apart for the freshness window."""
    apart, window = window_in_words(pause), window_in_words(policy.freshness_window)
    return (
        f"! Runs are planned up to {apart} apart and the window is {window}:"
        " the latest backup goes stale in between, even if every run succeeds."
    )


def item_degradations(item: BackupItem) -> list[str]:
    """Why an item is degraded: each of its families, with the value that is the reason."""
    values = {
        UNKNOWN_QUALITY: f"capture mode {_quoted(item.capture_mode)}",
        METADATA_ONLY: "its settings were not captured",
        ASSIGNMENTS_NOT_CAPTURED: f"assignments state {_quoted(item.assignments_state)}",
        ORPHANED_ASSIGNMENTS: f"{item.orphaned_assignments} assigned to groups that no longer resolve",
        INTEGRITY_WARNING: item.integrity_warning or "(empty)",
    }
    return [f"{FAMILY_WORDS[name]}: {values[name]}" for name in BackupQualityResolver.families_of(item)]


def _quoted(word: str | None) -> str:
    return "not recorded" if word is None else f"{word!r}"


def cron_in_words(cron: str | None) -> str:
    """A cron expression and what it says: `At 02:30 every day (30 2 * * *)`; only the expression if it is invalid."""
    if cron is None:
        return "no cron"
    try:
        return f"{CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)).explain()} ({cron})"
    except Exception:  # the library may raise anything on hostile input: show the expression as it is
        return f"({cron})"
