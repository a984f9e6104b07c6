"""The door: the one place where a set from a source is checked before the store writes it.

Every source and every importing command uses it (docs/import-folders.md, "The door").
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final, NamedTuple

from health.losses import EVERYTHING, Identity, ItemStates, counts_for_losses, losses
from health.policy import LossRule
from health.sources.captured import NOT_DELETED, CapturedSet
from health.sources.declaration import NOTHING_ACCEPTED, Acceptances
from health.sources.loss_clauses import LossClauses, clauses_after, clauses_in

COMPLETED: Final = "completed"
PARTIAL: Final = "partial"


class Reference(NamedTuple):
    """What a set is compared with: the items of earlier sets, the reference set's first.

    `missing` are types that an earlier version noted as gone. `deleted` are items of the set that somebody deleted.
    """

    earlier: tuple[ItemStates, ...] = ()
    missing: frozenset[str] = frozenset()
    deleted: frozenset[Identity] = frozenset()


class LostSet(NamedTuple):
    """A set that became `partial` by a loss, without its items, and the types by whose acceptance it is not."""

    captured: CapturedSet
    clauses: str
    to_accept: tuple[str, ...]


class Door:
    """The door of one import. `accepted` are the policy types whose loss the user accepts; `*` stands for all.

    `accepts` is what else the user accepts. `as_given`: whatever was lost, a set keeps the status that its source says.
    """

    def __init__(
        self,
        accepted: Set[str] = frozenset(),
        rule: LossRule | None = None,
        accepts: Acceptances = NOTHING_ACCEPTED,
        *,
        as_given: bool = False,
    ) -> None:
        self.accepted = frozenset(accepted)
        self.accepts = accepts
        self.as_given = as_given
        self._rule = rule or LossRule()
        self._lost: set[str] = set()
        self._partial: dict[tuple[str, str, str], LostSet] = {}

    def admit(self, captured: CapturedSet, reference: Reference) -> CapturedSet:
        """The set to write: with a loss it is `partial`, and its error says why."""
        if captured.status != COMPLETED:
            return captured
        now = states_in(captured, reference.deleted)
        types = {policy_type for policy_type, _ in now}
        self._note(now, reference, types)
        found = losses(now, reference.earlier, self._rule, self.accepted)
        lost = {loss.policy_type for loss in found}
        missing = frozenset() if EVERYTHING in self.accepted else reference.missing - types - self.accepted - lost
        clauses = LossClauses(captured.error, missing, found)
        identity = captured.external_id, captured.source, captured.source_ref
        # A transaction that is tried again asks again.
        self._partial.pop(identity, None)
        if not clauses:
            return captured
        named = clauses.types
        enough = named and not losses(now, reference.earlier, self._rule, self.accepted | named)
        partial = captured._replace(status=PARTIAL, error=clauses.error)
        said = clauses._replace(own=None).error or ""
        self._partial[identity] = LostSet(
            partial._replace(items=()), said, tuple(sorted(named)) if enough else (EVERYTHING,)
        )
        return partial

    def _note(self, now: ItemStates, reference: Reference, types: Set[str]) -> None:
        """Note which of the accepted types had a loss."""
        if self.accepted:
            found = losses(now, reference.earlier, self._rule)
            self._lost |= {loss.policy_type for loss in found if loss.policy_type is not None}
            self._lost |= reference.missing - types
            if found or self._lost:
                self._lost.add(EVERYTHING)

    @property
    def with_a_loss(self) -> tuple[LostSet, ...]:
        """The sets that became `partial` here, in the order in which they came."""
        return tuple(self._partial.values())

    @property
    def accepted_for_nothing(self) -> list[str]:
        """The accepted types without any loss: perhaps misspelt, or accepted by an earlier import."""
        return sorted(self.accepted - self._lost)

    def judges_again(self, stored: CapturedSet) -> bool:
        """Whether a stored set must be checked again: it has a loss, and this import accepts losses."""
        return bool(self.accepted) and has_a_loss(stored.status, stored.error)


def states_in(captured: CapturedSet, deleted: Set[Identity] = frozenset()) -> dict[Identity, str | None]:
    """The items that count in a set, with their assignments states. `deleted` items stay deleted unless it says not."""
    states: dict[Identity, str | None] = {}
    for item in captured.items:
        identity = item.policy_type, item.policy_identifier
        says_nothing = item.deleted_at is None and identity in deleted
        is_deleted = says_nothing or (item.deleted_at is not None and item.deleted_at is not NOT_DELETED)
        if counts_for_losses(item.integrity_warning, deleted=is_deleted):
            states[identity] = item.assignments_state
    return states


def has_a_loss(status: str, error: str | None) -> bool:
    """Whether a stored set is `partial` because of a loss, and not because its tool said so."""
    return status == PARTIAL and bool(clauses_in(error))


def is_made_of(stored: CapturedSet, given: CapturedSet) -> bool:
    """Whether a stored set equals what its source gives, apart from the door's changes."""
    if stored == given:
        return True
    if (stored.status, given.status) != (PARTIAL, COMPLETED) or not clauses_after(given.error, stored.error):
        return False
    return stored._replace(status=given.status, error=given.error) == given
