"""What changed between two sets, in words, for the command `diff` and the screens (docs/documents.md, "The diff")."""

from __future__ import annotations

from typing import NamedTuple

from health.answers import ChangesAnswer, ComparedSet
from health.changes import Changes
from tui.words.durations import format_minute
from tui.words.names import name_in_words
from tui.words.wording import counted


class ItemOfSet(NamedTuple):
    """An item in one of the two sets that are compared."""

    set_id: int
    set_name: str
    item_id: int


def change_in_words(change: str) -> str:
    """How an item changed: `gone`, `changed`, `not comparable` or `added`."""
    return change.replace("_", " ")


def totals_in_words(changes: Changes) -> str:
    """The number of items per change: `2 gone, 1 changed, 0 added, 111 unchanged`."""
    totals = changes.totals
    unknown = (f"{totals.not_comparable:,} not comparable",) if totals.not_comparable else ()
    known = f"{totals.gone:,} gone, {totals.changed:,} changed", *unknown
    return ", ".join((*known, f"{totals.added:,} added, {totals.unchanged:,} unchanged"))


def set_in_words(compared: ComparedSet) -> str:
    """One of the two sets: its name, id, source, when it was completed, and how many items it has."""
    each = compared.backup_set
    completed = "never completed" if each.completed_at is None else f"completed {format_minute(each.completed_at)}"
    return f"{name_in_words(each.name)} ({each.id}, {each.source}), {completed}, {counted(compared.items, 'item')}"


def why_nothing_is_compared(answer: ChangesAnswer, before: int | None, after: int | None, otherwise: str) -> str:
    """Why there is nothing to compare. `before` and `after` are the set ids that the user asked for, or None.

    `otherwise` says how to name another set if a set has no reference set.
    """
    lost = answer.unreadable or (answer.health.unreadable if after is None else None)
    if lost is not None:
        return f"Nothing to compare: {lost.message}; correct that row."
    tenant = f"tenant {answer.health.tenant.external_id!r}"
    missing = after if answer.after is None else before
    if missing is not None:
        return f"Nothing to compare: {tenant} has no set {missing}; see its dashboard for the ids of its sets."
    if answer.after is None:
        return f"Nothing to compare: {tenant} has no backup basis."
    which = "its latest backup" if after is None else f"set {after}"
    return (
        f"Nothing to compare: {tenant} has no completed set of source {answer.after.backup_set.source!r} before"
        f" {which}; {otherwise}."
    )
