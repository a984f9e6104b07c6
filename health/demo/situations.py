"""The situations that the demo fleet shows, and which tenant shows which (docs/concepts.md, "The verdict")."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

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
)
from health.schedules import Condition


class Evidence(Enum):
    """What a tenant's sets say about the time of its basis."""

    RECENT = auto()
    """Runs as planned. The last one is within the window."""
    OLD = auto()
    """Runs until some days ago."""
    AHEAD = auto()
    """The last run's time is in the future, beyond the tolerance."""
    ILLEGIBLE = auto()
    """The last run's completion cannot be read as an instant."""
    ATTEMPTS = auto()
    """Only runs that do not count: failed, cancelled, still running, deleted."""
    NOTHING = auto()
    """A tenant that was added and never backed up."""


class Situation(NamedTuple):
    """One tenant's story: its evidence, the degradation families of its basis, and the condition of a schedule."""

    evidence: Evidence
    families: tuple[str, ...] = ()
    condition: Condition | None = None
    records_assignments: bool = True


HEALTHY: Final = Situation(Evidence.RECENT)
UNREADABLE: Final = Situation(Evidence.ILLEGIBLE)

_ESSENTIAL: Final = (
    HEALTHY,
    Situation(Evidence.NOTHING),
    Situation(Evidence.OLD),
    Situation(Evidence.RECENT, (METADATA_ONLY, ASSIGNMENTS_NOT_CAPTURED)),
    Situation(Evidence.RECENT, (), Condition.OVERDUE),
    UNREADABLE,
    Situation(Evidence.ATTEMPTS, (), Condition.SUCCESS_WITHOUT_BACKUP),
    Situation(Evidence.OLD, (), Condition.LAST_RUN_UNSUCCESSFUL),
    Situation(Evidence.OLD, (INCOMPLETE_RUN, MISSING_ITEMS)),
    Situation(Evidence.OLD, (ORPHANED_ASSIGNMENTS,), Condition.CANNOT_EVALUATE),
    Situation(Evidence.RECENT, (INTEGRITY_WARNING, INCOMPLETE_RUN), Condition.STUCK),
    Situation(Evidence.AHEAD),
    Situation(Evidence.RECENT, (EMPTY_SET,)),
    Situation(Evidence.RECENT, (CONTRADICTORY_RUN,)),
    Situation(Evidence.RECENT, (UNKNOWN_QUALITY,)),
    Situation(Evidence.RECENT, (ORPHANED_ASSIGNMENTS,)),
    Situation(Evidence.RECENT, (), Condition.NEVER_RAN),
    Situation(Evidence.RECENT, (), Condition.NOT_PLANNED),
    Situation(Evidence.OLD, (), Condition.OVERDUE),
    Situation(Evidence.RECENT, records_assignments=False),
)
"""Twenty tenants that show every combination of posture and reasons, every family and every condition at least once."""

_FURTHER: Final = (
    Situation(Evidence.ATTEMPTS),
    Situation(Evidence.NOTHING, (), Condition.NEVER_RAN),
    Situation(Evidence.RECENT, (), Condition.LAST_RUN_UNSUCCESSFUL),
    Situation(Evidence.RECENT, (MISSING_ITEMS,)),
    Situation(Evidence.RECENT, (), Condition.SUCCESS_WITHOUT_BACKUP),
    Situation(Evidence.RECENT, (ASSIGNMENTS_NOT_CAPTURED,)),
    Situation(Evidence.OLD, (METADATA_ONLY, ORPHANED_ASSIGNMENTS, INTEGRITY_WARNING)),
    Situation(Evidence.RECENT, (), Condition.CANNOT_EVALUATE),
    Situation(Evidence.RECENT, (METADATA_ONLY, CONTRADICTORY_RUN), Condition.OVERDUE),
    Situation(Evidence.RECENT, (), Condition.STUCK),
)
SITUATIONS: Final = _ESSENTIAL + _FURTHER
"""The situations of the first tenants, in the order of their ids. All others, up to the next block, are healthy."""

BLOCK: Final = 200
"""How many tenants share one block of situations. In a fleet of this size or more, about 86 in 100 are confirmed."""


def situation_of(index: int) -> Situation:
    """The situation of tenant `index`, from 0: in order in the first block, scattered in every later block.

    Exactly one tenant of a fleet is unreadable. In later blocks, a tenant with an old backup has its place.
    """
    block, place = divmod(index, BLOCK)
    if block:
        # 67 has no common divisor with the block, so each place of the block is still used once.
        place = (place * 67 + block * 31) % BLOCK
    situation = SITUATIONS[place] if place < len(SITUATIONS) else HEALTHY
    return Situation(Evidence.OLD) if block and situation is UNREADABLE else situation
