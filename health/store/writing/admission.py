"""Compare a new set with the stored ones and pass it through the door, in the transaction that writes it.

(docs/concepts.md, "Losses")
"""

from __future__ import annotations

from collections.abc import Collection, Set
from typing import Any

from sqlalchemy import Connection, Row

from health.facts import BASIS_STATUSES
from health.losses import Identity
from health.sources.captured import CapturedItem, CapturedSet
from health.sources.door import COMPLETED, PARTIAL, Door, Reference
from health.sources.gone_items import with_what_is_gone
from health.sources.loss_clauses import clauses_after, clauses_in
from health.store.writing.earlier_sets import Place, StoredItems, items_of, sets_before, stored_set
from health.store.writing.sets import stored_items, tenant_id_of, would_change
from health.store.writing.whose import require_whose


def admit(connection: Connection, captured: CapturedSet, door: Door, behind: Collection[str] = ()) -> CapturedSet:
    """The set as the door admits it, to be written in the same transaction.

    Raises StoreConflict, and RefusedInput if the set is another tenant's.

    `behind` are the source references of stored sets that the same input moves behind this one.
    """
    tenant_id = tenant_id_of(connection, captured.external_id)
    require_whose(connection, tenant_id, captured, door.accepts)
    if door.as_given or captured.status != COMPLETED or captured.completed_at is None:
        return captured
    stored = stored_set(connection, tenant_id, captured)
    if stored is None or stored.status not in BASIS_STATUSES:
        place = Place(tenant_id, captured.source, captured.completed_at, None if stored is None else stored.id)
        return door.admit(captured, Reference(*sets_before(connection, place, behind)))
    return _Again(connection, tenant_id, captured, stored).admitted(door, behind)


class _Again:
    """A set that is imported again: it is stored already."""

    def __init__(
        self, connection: Connection, tenant_id: int, captured: CapturedSet, stored: Row[Any, Any, Any, Any]
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._captured = captured
        self._stored = stored
        self._items: StoredItems = items_of(connection, tenant_id, stored.id)
        is_partial = stored.status == PARTIAL
        self._has_a_loss = is_partial and bool(clauses_after(captured.error, stored.error))
        self._missing = clauses_in(stored.error).missing if is_partial else frozenset()

    def admitted(self, door: Door, behind: Collection[str]) -> CapturedSet:
        """The set to write. If its source gives the same facts as last time, it does not change."""
        captured, stored = self._captured, self._stored
        if self._has_a_loss and not door.accepted:
            as_stored = self._as_stored()
            if not would_change(self._connection, as_stored):
                return as_stored
        if stored.status == COMPLETED or self._items.gone:
            return self._against_itself(door)
        assert captured.completed_at is not None
        place = Place(self._tenant_id, captured.source, captured.completed_at, stored.id)
        items, missing = sets_before(self._connection, place, behind)
        return door.admit(captured, Reference(items, missing | self._missing, self._items.deleted))

    def _as_stored(self) -> CapturedSet:
        """The stored set, if the source gives the same facts as last time; with the later changes."""
        items = self._with_what_is_gone(self._items.gone)
        return self._captured._replace(status=self._stored.status, error=self._stored.error, items=items)

    def _with_what_is_gone(self, identities: Set[Identity]) -> tuple[CapturedItem, ...]:
        """The items and the gone stored ones; without their JSON if the source gives none any more."""
        items = self._captured.items
        stored = stored_items(self._connection, self._tenant_id, self._stored.id, identities)
        if items and not any(item.payload is not None or item.assignments is not None for item in items):
            stored = [item._replace(payload=None, assignments=None) for item in stored]
        return with_what_is_gone(items, stored)

    def _against_itself(self, door: Door) -> CapturedSet:
        """Compared with its stored version. Gone items stay if they are a loss that is not accepted."""
        states = self._items.states
        reference = Reference((states,), self._missing, self._items.deleted)
        admitted = door.admit(self._captured, reference)
        if admitted.status == COMPLETED:
            return admitted
        kept = {identity for identity in states if identity[0] not in door.accepted}
        return admitted._replace(items=self._with_what_is_gone(kept))
