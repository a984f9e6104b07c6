"""The quality of a set: the degradation families and the one quality resolver (docs/concepts.md, "Quality").

A family of items is data: a column and a test on its value. `store/predicates.py` writes the same data as SQL, because
the fleet read takes its counts from indexes. So degradation has only one definition.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from health.facts import BackupItem, BackupSet, ItemTally
from health.policy import HealthPolicy


class IsNoneOf(NamedTuple):
    """The value differs from all the words; `null_counts` says whether null counts too."""

    words: tuple[str, ...]
    null_counts: bool

    def holds(self, value: object) -> bool:
        return self.null_counts if value is None else value not in self.words


class IsWord(NamedTuple):
    """The value is exactly this word."""

    word: str

    def holds(self, value: object) -> bool:
        return value == self.word


class IsAboveZero(NamedTuple):
    """The value, a count, is above zero."""

    def holds(self, value: object) -> bool:
        return isinstance(value, int) and value > 0


class IsPresent(NamedTuple):
    """The value is not null; an empty string is a value."""

    def holds(self, value: object) -> bool:
        return value is not None


class ItemFamily(NamedTuple):
    """A degradation family of items. An item is in it if the test holds for the column's value."""

    name: str
    column: str
    test: IsNoneOf | IsWord | IsAboveZero | IsPresent


UNKNOWN_QUALITY: Final = "unknown_quality"
METADATA_ONLY: Final = "metadata_only"
ASSIGNMENTS_NOT_CAPTURED: Final = "assignments_not_captured"
ORPHANED_ASSIGNMENTS: Final = "orphaned_assignments"
INTEGRITY_WARNING: Final = "integrity_warning"
INCOMPLETE_RUN: Final = "incomplete_run"
EMPTY_SET: Final = "empty_set"
MISSING_ITEMS: Final = "missing_items"
CONTRADICTORY_RUN: Final = "contradictory_run"

ITEM_FAMILIES: Final = (
    ItemFamily(UNKNOWN_QUALITY, "capture_mode", IsNoneOf(("full", "metadata_only"), null_counts=True)),
    ItemFamily(METADATA_ONLY, "capture_mode", IsWord("metadata_only")),
    ItemFamily(ASSIGNMENTS_NOT_CAPTURED, "assignments_state", IsNoneOf(("captured", "unassigned"), null_counts=False)),
    ItemFamily(ORPHANED_ASSIGNMENTS, "orphaned_assignments", IsAboveZero()),
    ItemFamily(INTEGRITY_WARNING, "integrity_warning", IsPresent()),
)
_ITEM_FAMILY_NAMES: Final = tuple(family.name for family in ITEM_FAMILIES)
SET_FAMILIES: Final = (INCOMPLETE_RUN, EMPTY_SET, MISSING_ITEMS, CONTRADICTORY_RUN)
FAMILY_NAMES: Final = (*_ITEM_FAMILY_NAMES, *SET_FAMILIES)


class BackupQualitySummary(NamedTuple):
    """The quality of one set: its items, how many of them are degraded, and each family above zero with its count."""

    items: int
    degraded_items: int
    families: tuple[tuple[str, int], ...]
    assignments_not_recorded: int

    @property
    def degraded(self) -> bool:
        """Whether any family has a count above zero."""
        return bool(self.families)


class BackupQualityResolver:
    """Finds the quality of a set, from a tally that an index gave or from the items themselves."""

    def __init__(self, policy: HealthPolicy) -> None:
        self._longest_run = policy.longest_run

    @staticmethod
    def families_of(item: BackupItem) -> tuple[str, ...]:
        """The families of one item; empty if the item is whole."""
        return tuple(family.name for family in ITEM_FAMILIES if family.test.holds(getattr(item, family.column)))

    def tally(self, items: Iterable[BackupItem]) -> ItemTally:
        """Count items one by one. This is the definition: every index must give the same counts."""
        present = degraded = not_recorded = 0
        counts = dict.fromkeys(_ITEM_FAMILY_NAMES, 0)
        for item in items:
            present += 1
            not_recorded += item.assignments_state is None
            found = self.families_of(item)
            degraded += bool(found)
            for name in found:
                counts[name] += 1
        return ItemTally(present, degraded, not_recorded, tuple(counts.values()))

    def resolve(self, backup_set: BackupSet, tally: ItemTally) -> BackupQualitySummary:
        """The quality of a set. `tally` counts its items that are not deleted."""
        families: tuple[tuple[str, int], ...] = ()
        if tally.degraded_items:
            counted = zip(_ITEM_FAMILY_NAMES, tally.families, strict=True)
            families = tuple([named for named in counted if named[1]])
        if set_families := self._set_families(backup_set, tally.items):
            families += set_families
        return BackupQualitySummary(tally.items, tally.degraded_items, families, tally.assignments_not_recorded)

    def is_degraded(self, backup_set: BackupSet, items: int, degraded_items: int) -> bool:
        """Whether `resolve` would find the set degraded. Two counts are enough: the families' own are not needed."""
        return degraded_items > 0 or bool(self._set_families(backup_set, items))

    def _set_families(self, backup_set: BackupSet, items: int) -> tuple[tuple[str, int], ...]:
        found: list[tuple[str, int]] = []
        if backup_set.status == "partial":
            found.append((INCOMPLETE_RUN, 1))
        if items == 0:
            found.append((EMPTY_SET, 1))
        if backup_set.item_count is not None and backup_set.item_count > items:
            found.append((MISSING_ITEMS, backup_set.item_count - items))
        if self._contradicts_itself(backup_set):
            found.append((CONTRADICTORY_RUN, 1))
        return tuple(found)

    def _contradicts_itself(self, backup_set: BackupSet) -> bool:
        if backup_set.status == "completed" and backup_set.error is not None:
            return True
        completed_at = backup_set.completed_at
        if completed_at is None:
            return False
        if backup_set.started_at is not None and backup_set.started_at > completed_at:
            return True
        return completed_at - backup_set.created_at > self._longest_run
