"""Items of a stored set that are missing when the set is imported again: they stay in the set, marked.

(docs/concepts.md, "The same run again")
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from health.sources.captured import CapturedItem
from health.sources.policy_items import warned

GONE: Final = "gone since it was first imported"
ASSIGNMENTS_GONE: Final = f"assignments {GONE}"

_MARK: Final = re.compile(rf"(?:\A|; )(?P<assignments>assignments )?{re.escape(GONE)}(?: \((?P<state>[^()]*)\))?\Z")
_CAPTURED: Final = "captured"
_KEPT_STATES: Final = (_CAPTURED, "unassigned")


def is_gone(integrity_warning: str | None) -> bool:
    """Whether this warning marks the item or its assignments as gone."""
    return _MARK.search(integrity_warning or "") is not None


def with_what_is_gone(items: Iterable[CapturedItem], stored: Iterable[CapturedItem]) -> tuple[CapturedItem, ...]:
    """The new items, plus what is gone of the `stored` ones: whole items and captured assignments."""
    given = {(item.policy_type, item.policy_identifier): item for item in items}
    for old in stored:
        identity = old.policy_type, old.policy_identifier
        new = given.get(identity)
        if new is None:
            given[identity] = _marked(old, GONE)
        elif old.assignments_state == _CAPTURED and new.assignments_state not in _KEPT_STATES:
            # The new state is kept in the mark, for the time when the loss is accepted.
            state = "" if new.assignments_state is None else f" ({new.assignments_state})"
            given[identity] = warned(new, ASSIGNMENTS_GONE + state)._replace(
                assignments_state=old.assignments_state,
                orphaned_assignments=old.orphaned_assignments,
                assignments=old.assignments,
            )
    return tuple(given.values())


def without_what_is_gone(item: CapturedItem) -> CapturedItem | None:
    """A stored item without the mark, as the last import had it; None if that did not have it."""
    mark = _MARK.search(item.integrity_warning or "")
    if mark is None:
        return item
    if not mark["assignments"]:
        return None
    warning = mark.string[: mark.start()]
    return item._replace(
        integrity_warning=warning or None,
        assignments_state=mark["state"],
        orphaned_assignments=0,
        assignments=None,
    )


def _marked(item: CapturedItem, mark: str) -> CapturedItem:
    came_last = _MARK.search(item.integrity_warning or "")
    if came_last is not None and not came_last["assignments"]:
        return item
    return warned(item, mark)
