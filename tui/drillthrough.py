"""From a reason to the screen that confirms it, as data (`design.md` 4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from health.posture import Reason
from health.report import CONFIRMING_SCREENS


class Destination(NamedTuple):
    """Where a reason leads: a screen by its name, and the block on it that confirms the reason."""

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
