"""Where a reason is confirmed, and where unreadable evidence has its row, as data.

(docs/concepts.md, "Where a reason is confirmed")
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from health.facts import UnreadableEvidence
from health.posture import Reason
from health.report import CONFIRMING_SCREENS

Subject = Reason | UnreadableEvidence
"""What needs attention: a reason, or the evidence that cannot be read."""


class Destination(NamedTuple):
    """Where it leads: a screen by its name, and the block on it that confirms the reason or has the row."""

    screen: str
    block: str


_BLOCKS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.NO_BACKUP_BASIS: "sets",
        Reason.LATEST_BACKUP_STALE: "recency",
        Reason.LATEST_BACKUP_DEGRADED: "families",
        Reason.SCHEDULE_FOLLOW_UP: "schedules",
    }
)

DRILLTHROUGH: Final[Mapping[Reason, Destination]] = MappingProxyType(
    {reason: Destination(CONFIRMING_SCREENS[reason], block) for reason, block in _BLOCKS.items()}
)

_ROWS: Final[Mapping[str, Destination]] = MappingProxyType(
    {
        "backup_sets": Destination("backup_set", "recency"),
        # The evidence names the item and not its set; the list marks that set.
        "backup_items": Destination("backup_sets", "sets"),
        "backup_schedules": Destination("schedules", "schedules"),
    }
)


def destination_of(subject: Subject) -> Destination | None:
    """Where it is confirmed; None for a value of the tenant itself, which only the dashboard shows."""
    return DRILLTHROUGH[subject] if isinstance(subject, Reason) else _ROWS.get(subject.table)
