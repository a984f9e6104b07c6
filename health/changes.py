"""Compare two sets of a tenant, item by item, and list the items of a basis that need a last good copy.

Nothing here judges: quality is given by the families of `quality.py`, and a copy never makes a verdict calmer
(docs/documents.md, "The diff" and "Last good copies").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple

from health.contents import same_content
from health.facts import BackupItem
from health.quality import ITEM_FAMILIES, BackupQualityResolver

Identity = tuple[str, str]
"""The identity of an object in two sets: policy type and policy identifier."""

SETS_SEARCHED: Final = 120
"""The number of sets before the basis in which a last good copy is searched."""


class Change(StrEnum):
    """How an item changed, in the order in which changes are listed."""

    GONE = "gone"
    CHANGED = "changed"
    NOT_COMPARABLE = "not_comparable"
    """Its content was not kept on both sides, and nothing else differs: whether it changed cannot be known."""
    ADDED = "added"


class Aspect(StrEnum):
    """The aspects in which an item can change."""

    CONTENT = "content"
    ASSIGNMENTS = "assignments"
    QUALITY = "quality"


class CapturedItem(NamedTuple):
    """An item that is not deleted, for the comparison: with its assignments (JSON), without its content."""

    item: BackupItem
    assignments: str | None

    @property
    def identity(self) -> Identity:
        """Policy type and policy identifier."""
        return self.item.policy_type, self.item.policy_identifier


class ItemChange(NamedTuple):
    """One item that differs between the sets. `aspects` is empty unless it is `CHANGED`."""

    change: Change
    aspects: tuple[Aspect, ...]
    before: CapturedItem | None
    after: CapturedItem | None

    @property
    def item(self) -> BackupItem:
        """The item on the newer side; if it is gone, on the older side."""
        captured = self.after or self.before
        assert captured is not None
        return captured.item


class ChangeTotals(NamedTuple):
    """The number of items for each kind of change."""

    added: int
    gone: int
    changed: int
    unchanged: int
    not_comparable: int


class Changes(NamedTuple):
    """Two sets compared: gone, changed, not comparable, added; within that by type and identifier."""

    totals: ChangeTotals
    items: tuple[ItemChange, ...]


class WantedCopy(NamedTuple):
    """An item to look for a last good copy of. `families` are those it is in now; none if it is gone."""

    policy_type: str
    policy_identifier: str
    display_name: str
    families: tuple[str, ...]


class LastGoodCopy(NamedTuple):
    """Where an item was last whole: in the newest earlier set that has it in no family.

    `content_kept` says whether its captured JSON is still there. `status`, `source` and `source_ref` are that set's.
    """

    backup_set: int
    name: str
    completed_at: datetime
    item: int
    content_kept: bool
    status: str | None = None
    source: str | None = None
    source_ref: str | None = None


class SoughtCopy(NamedTuple):
    """An item that a basis lacks, or has degraded, with its last good copy; None: not in the sets searched."""

    wanted: WantedCopy
    last_good: LastGoodCopy | None


def with_a_digest_on_one_side(before: Iterable[CapturedItem], after: Iterable[CapturedItem]) -> list[int]:
    """The ids of the items whose digest decides nothing, because the same item of the other set has none.

    Their content is compared by value, as that of two items without a digest.
    """
    earlier = {each.identity: each.item for each in before}
    wanted: list[int] = []
    for each in after:
        other = earlier.get(each.identity)
        if other is not None and (each.item.payload_digest is None) is not (other.payload_digest is None):
            wanted.append(other.id if each.item.payload_digest is None else each.item.id)
    return wanted


def compared(
    before: Iterable[CapturedItem],
    after: Iterable[CapturedItem],
    contents: Mapping[int, str] | None = None,
    the_same: int = 0,
) -> Changes:
    """Compare two sets by their items; `the_same` is how many more they have that are known to be the same in both.

    `contents` has the JSON of items in both sets, one of them without a digest, by the item's id; if it was kept.
    """
    earlier, later = ({each.identity: each for each in items} for items in (before, after))
    found: list[ItemChange] = []
    for identity in earlier.keys() | later.keys():
        one, other = earlier.get(identity), later.get(identity)
        change = _change(one, other, contents or {})
        if change is not None:
            found.append(change)
    counts = dict.fromkeys(Change, 0)
    for each in found:
        counts[each.change] += 1
    totals = ChangeTotals(
        added=counts[Change.ADDED],
        gone=counts[Change.GONE],
        changed=counts[Change.CHANGED],
        unchanged=len(earlier.keys() | later.keys()) - len(found) + the_same,
        not_comparable=counts[Change.NOT_COMPARABLE],
    )
    return Changes(totals, tuple(sorted(found, key=_in_order)))


def wanted_copies(basis: Iterable[BackupItem], reference: Iterable[BackupItem]) -> tuple[WantedCopy, ...]:
    """The degraded items of a basis and those that only its reference set has, by type and identifier."""
    wanted: list[WantedCopy] = []
    present: set[Identity] = set()
    for item in basis:
        present.add((item.policy_type, item.policy_identifier))
        if families := BackupQualityResolver.families_of(item):
            wanted.append(_wanted(item, families))
    wanted += (_wanted(item, ()) for item in reference if (item.policy_type, item.policy_identifier) not in present)
    return tuple(sorted(wanted))


def _wanted(item: BackupItem, families: tuple[str, ...]) -> WantedCopy:
    return WantedCopy(item.policy_type, item.policy_identifier, item.display_name, families)


_PLACES: Final = {change: place for place, change in enumerate(Change)}


def _in_order(change: ItemChange) -> tuple[int, str, str]:
    return _PLACES[change.change], change.item.policy_type, change.item.policy_identifier


def _change(before: CapturedItem | None, after: CapturedItem | None, contents: Mapping[int, str]) -> ItemChange | None:
    """How one item changed; None if it did not."""
    if before is None or after is None:
        return ItemChange(Change.ADDED if before is None else Change.GONE, (), before, after)
    content_differs = _content_differs(before, after, contents)
    aspects: list[Aspect] = []
    if content_differs:
        aspects.append(Aspect.CONTENT)
    if _assignments_differ(before, after):
        aspects.append(Aspect.ASSIGNMENTS)
    if _quality_differs(before.item, after.item):
        aspects.append(Aspect.QUALITY)
    if aspects:
        return ItemChange(Change.CHANGED, tuple(aspects), before, after)
    return ItemChange(Change.NOT_COMPARABLE, (), before, after) if content_differs is None else None


def _content_differs(before: CapturedItem, after: CapturedItem, contents: Mapping[int, str]) -> bool | None:
    """Whether the content changed; None if it cannot be known. Two digests decide it, even without stored content."""
    if before.item.payload_digest is not None and after.item.payload_digest is not None:
        return before.item.payload_digest != after.item.payload_digest
    one, other = contents.get(before.item.id), contents.get(after.item.id)
    return None if one is None or other is None else not same_content(one, other)


def _assignments_differ(before: CapturedItem, after: CapturedItem) -> bool:
    if before.item.assignments_state != after.item.assignments_state:
        return True
    if before.item.orphaned_assignments != after.item.orphaned_assignments:
        return True
    if before.assignments is None or after.assignments is None:
        return before.assignments is not after.assignments
    return not same_content(before.assignments, after.assignments)


# The columns that families look at. Where they are equal, the families are; finding the families takes much longer.
_columns_of_families: Final = attrgetter(*dict.fromkeys(family.column for family in ITEM_FAMILIES))


def _quality_differs(before: BackupItem, after: BackupItem) -> bool:
    if _columns_of_families(before) == _columns_of_families(after):
        return False
    return BackupQualityResolver.families_of(before) != BackupQualityResolver.families_of(after)
