"""The door: what a source has read is looked at here, and nowhere else, before the store writes it.

Every source passes it, whichever command has it read (docs/import-folders.md, "The door").
"""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from health.facts import BASIS_STATUSES
from health.sources.captured import CapturedSet
from health.sources.missing_types import missing_types_error, missing_types_in, stands_for_folder


class Reference(NamedTuple):
    """What a set is held against: the policy types with files in the tenant's last completed set of the source."""

    types: frozenset[str] = frozenset()


class Door:
    """One import's door. `accepted` are the policy types that the user says are gone for good."""

    def __init__(self, accepted: Set[str] = frozenset()) -> None:
        self._accepted = frozenset(accepted)
        self._missing: set[str] = set()

    def admit(self, captured: CapturedSet, reference: Reference) -> CapturedSet:
        """The set as it may be written: `partial`, with an error that says why, where it is less than its reference."""
        if captured.status not in BASIS_STATUSES:
            return captured
        missing = reference.types - types_in(captured)
        self._missing |= missing
        return lacking(captured, missing - self._accepted)

    def judges_again(self, stored: CapturedSet) -> bool:
        """Whether a stored set has to pass once more: it lacks a type that is accepted now."""
        return not self._accepted.isdisjoint(missing_types_in(stored.error))

    @property
    def accepted_for_nothing(self) -> list[str]:
        """The accepted types that no set lacked: misspelt, perhaps, or accepted by an earlier import already."""
        return sorted(self._accepted - self._missing)


def types_in(captured: CapturedSet) -> frozenset[str]:
    """The policy types that have files in a set. A folder that could not be entered shows none."""
    return frozenset(
        item.policy_type
        for item in captured.items
        if not stands_for_folder(item.policy_type, item.policy_identifier, item.capture_mode)
    )


def lacking(captured: CapturedSet, types: Set[str]) -> CapturedSet:
    """The set, `partial` and with an error that names them, if there are types of which it should have files."""
    if not types:
        return captured
    error = "; ".join(filter(None, (captured.error, missing_types_error(types))))
    return captured._replace(status="partial", error=error)


def is_made_of(stored: CapturedSet, given: CapturedSet) -> bool:
    """Whether a stored set is the one that its source gives, but for what the door has made of it."""
    return stored == lacking(given, missing_types_in(stored.error))
