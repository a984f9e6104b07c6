"""A backup set as cells, the same in every list of sets."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from health.answers import ListedSet, PartInVerdict
from health.quality import BackupQualitySummary
from tui.widgets.row_list import Cell, name_cell
from tui.words.columns import in_the_past_or_future
from tui.words.safe_text import safe_text


class SetCells(NamedTuple):
    """One cell for each column that a list of sets may have."""

    status: Cell
    when: Cell
    part: Cell
    items: Cell
    degraded: Cell
    name: Cell
    source: Cell
    error: Cell


# The basis has the colour of a link, never green: a set can govern and still be bad.
_PART_STYLES = {
    PartInVerdict.BASIS: "follow-up",
    PartInVerdict.UNREADABLE: "unreadable",
    PartInVerdict.NO_VERDICT: "unreadable",
}
_SEEN_FIRST = (PartInVerdict.BASIS, PartInVerdict.FAILED)
_WITH_SOMETHING_KEPT = (PartInVerdict.BASIS, PartInVerdict.OLDER, PartInVerdict.NO_VERDICT)


def listed_set_cells(listed: ListedSet, now: datetime) -> SetCells:
    """One set in words, its age at `now` (UTC). The word marks the basis; the colour only helps."""
    backup_set, quality = listed.backup_set, listed.quality
    style = "text" if listed.part in _SEEN_FIRST else "quiet"
    error = backup_set.error if backup_set is not None else None
    if listed.unreadable is not None:
        error = listed.unreadable.message
    return SetCells(
        Cell(safe_text(listed.status), style),
        Cell(_when(listed, now), style),
        Cell(listed.part.value, _PART_STYLES.get(listed.part, style)),
        Cell("-" if quality is None else f"{quality.items:,}", style),
        Cell("-" if quality is None else _degraded(listed.part, quality), style),
        name_cell(listed.name, style),
        Cell("-" if backup_set is None else safe_text(backup_set.source), style),
        Cell("" if error is None else safe_text(error), style),
    )


def _degraded(part: PartInVerdict, quality: BackupQualitySummary) -> str:
    """How many items are degraded, or "the set" if the set itself is degraded and no item is."""
    if part in _WITH_SOMETHING_KEPT and quality.degraded and not quality.degraded_items:
        return "the set"
    return f"{quality.degraded_items:,}"


def _when(listed: ListedSet, now: datetime) -> str:
    backup_set = listed.backup_set
    if backup_set is None:
        return "?"
    return in_the_past_or_future(backup_set.completed_at or backup_set.started_at or backup_set.created_at, now)
