"""A backup set's proof in lines: its recency, and its families with counts (docs/screens.md, "Backup set")."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from health.answers import BackupSetAnswer, ListedSet, PartInVerdict
from health.freshness import Freshness, freshness_of, goes_stale_at
from health.policy import HealthPolicy
from health.quality import ITEM_FAMILIES, BackupQualitySummary
from tui.words.durations import format_span
from tui.words.line import Line
from tui.words.names import name_in_words
from tui.words.wording import FAMILY_WORDS, UNCOUNTED_FAMILIES, ago, counted, window_in_words

_FAMILIES_BELOW_EACH_OTHER: Final = 4


def recency_lines(
    answer: BackupSetAnswer, policy: HealthPolicy, now: datetime, *, asked_for_the_basis: bool = False
) -> list[Line]:
    """When the set was completed, how old it is, the window; then its part in the verdict.

    Without a set: why there is none. This depends on whether the user asked for the basis or for a set by its id.
    """
    listed = answer.listed
    if listed is None:
        return [_why_no_set(answer, asked_for_the_basis=asked_for_the_basis)]
    if listed.unreadable is not None or listed.backup_set is None:
        message = "" if listed.unreadable is None else listed.unreadable.message
        return [Line(f"? unreadable: {message}", "unreadable")]
    return [*_age_lines(listed, policy, now), *_origin_lines(listed)]


def attempt_sentences(listed: ListedSet) -> list[str]:
    """All that one line of the list of sets says: first its error, then its name and where it came from."""
    if listed.unreadable is not None or listed.backup_set is None:
        return [f"? unreadable: {listed.unreadable.message if listed.unreadable else ''}"]
    backup_set = listed.backup_set
    origin = f"{name_in_words(backup_set.name)}, from {backup_set.source} {backup_set.source_ref or ''}".rstrip()
    return [origin] if backup_set.error is None else [_error_in_words(backup_set.error), origin]


def duration_in_words(listed: ListedSet, now: datetime) -> str:
    """How long a run took, or has been running; `-` if its set does not say when it began or ended."""
    backup_set = listed.backup_set
    if backup_set is None or backup_set.started_at is None:
        return "-"
    if backup_set.completed_at is None:
        running = listed.part is PartInVerdict.RUNNING
        return f"for {format_span(now - backup_set.started_at)}" if running else "-"
    return format_span(backup_set.completed_at - backup_set.started_at)


def _error_in_words(error: str) -> str:
    return f"error: {error or '(empty)'}"


def _why_no_set(answer: BackupSetAnswer, *, asked_for_the_basis: bool) -> Line:
    if not asked_for_the_basis:
        return Line("there is no such set", "stale")
    unreadable = answer.health.unreadable
    if unreadable is not None:
        return Line(f"? unreadable: {unreadable.message}", "unreadable")
    return Line("✕ absent: there is no backup basis", "absent")


def _age_lines(listed: ListedSet, policy: HealthPolicy, now: datetime) -> list[Line]:
    assert listed.backup_set is not None
    completed_at = listed.backup_set.completed_at
    window = window_in_words(policy.freshness_window)
    if completed_at is None:
        return [Line(f"never completed: status {listed.backup_set.status or '(empty)'}", "absent")]
    at = Line(f"completed at {completed_at:%Y-%m-%d %H:%M:%S} UTC")
    ahead = completed_at - now
    age = f"completed {format_span(ahead)} in the future" if ahead > timedelta(0) else f"completed {ago(-ahead)}"
    match freshness_of(completed_at, policy, now):
        case Freshness.TOO_OLD:
            over = format_span(now - goes_stale_at(completed_at, policy))
            return [Line(f"▲ stale: {age}, window {window}, exceeded by {over}", "stale"), at]
        case Freshness.IN_THE_FUTURE:
            tolerance = window_in_words(policy.clock_skew)
            return [Line(f"▲ stale: {age}, tolerance {tolerance}: its age cannot be trusted", "stale"), at]
        case Freshness.FRESH if listed.part is PartInVerdict.BASIS:
            left = format_span(goes_stale_at(completed_at, policy) - now)
            return [Line(f"{age}, window {window}, goes stale in {left}"), at]
        case Freshness.FRESH:
            # This set does not govern. "Goes stale in" would sound as if it did.
            return [Line(f"{age}, window {window}"), at]


def _origin_lines(listed: ListedSet) -> list[Line]:
    backup_set = listed.backup_set
    assert backup_set is not None
    lines = [
        Line(f"{name_in_words(backup_set.name)}: {backup_set.status}, {_part_in_words(listed.part)}"),
        Line(f"from {backup_set.source} {backup_set.source_ref or ''}".rstrip(), "quiet"),
    ]
    if backup_set.error is not None:
        lines.append(Line(_error_in_words(backup_set.error), "degraded"))
    return lines


def _part_in_words(part: PartInVerdict) -> str:
    match part:
        case PartInVerdict.BASIS:
            return "the basis: it governs"
        case PartInVerdict.NO_VERDICT:
            return "perhaps the basis: the tenant is unreadable"
        case _:
            return f"not the basis: {part.value}"


def family_lines(answer: BackupSetAnswer) -> list[Line]:
    """How many items are degraded, then each family above zero with its count."""
    quality = None if answer.listed is None else answer.listed.quality
    if quality is None:
        return [Line("not known", "quiet")]
    lines = [_items_line(quality)]
    words = [
        f"◆ {FAMILY_WORDS[name]}{'' if name in UNCOUNTED_FAMILIES else f': {count:,}'}"
        for name, count in quality.families
    ]
    # Many families share lines in pairs, so that the block has room for all of them.
    abreast = 1 if len(words) <= _FAMILIES_BELOW_EACH_OTHER else 2
    rows = (words[first : first + abreast] for first in range(0, len(words), abreast))
    lines.extend(Line(", ".join(row), "degraded") for row in rows)
    if quality.assignments_not_recorded:
        whose = counted(quality.assignments_not_recorded, "item")
        lines.append(Line(f"assignments not recorded by the tool: {whose}", "quiet"))
    return lines


def _items_line(quality: BackupQualitySummary) -> Line:
    if not quality.degraded:
        return Line(f"{counted(quality.items, 'item')}, none degraded, in no family")
    names = {name for name, _ in quality.families}
    in_sets = "" if names & {family.name for family in ITEM_FAMILIES} else "; the set itself is degraded"
    return Line(f"{quality.degraded_items:,} of {quality.items:,} items degraded{in_sets}", "degraded")
