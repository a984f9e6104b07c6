"""What a set is compared with: the stored sets of its source before it, and its own stored version.

(docs/concepts.md, "What is compared")
"""

from __future__ import annotations

from collections.abc import Collection, Set
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from health.facts import BASIS_STATUSES
from health.losses import Identity, ItemStates, counts_for_losses
from health.sources.captured import CapturedSet
from health.sources.door import COMPLETED, PARTIAL
from health.sources.gone_items import is_gone
from health.sources.loss_clauses import MISSING, clauses_in
from health.store.writing.tables import backup_items, backup_sets


class Place(NamedTuple):
    """The position of a set among its tenant's: its source, its completion (UTC), and its id.

    A set that is not stored yet has no id: it comes after every stored set with the same completion.
    """

    tenant_id: int
    source: str
    completed_at: datetime
    set_id: int | None = None


class StoredItems(NamedTuple):
    """The items of a stored set: those that count, those that somebody deleted, and those marked as gone."""

    states: ItemStates
    deleted: frozenset[Identity]
    gone: frozenset[Identity]


class EarlierSets(NamedTuple):
    """The items of the sets to compare with, the reference set's first; `missing` is as in `Reference`."""

    items: tuple[ItemStates, ...]
    missing: frozenset[str]


def stored_set(connection: Connection, tenant_id: int, captured: CapturedSet) -> Row[Any, Any, Any, Any] | None:
    """Id, status, error and time of completion (as stored) of the set of the same source and reference."""
    columns = (backup_sets.c.id, backup_sets.c.status, backup_sets.c.error, backup_sets.c.completed_at)
    return connection.execute(
        select(*columns).where(
            backup_sets.c.tenant_id == tenant_id,
            backup_sets.c.source == captured.source,
            backup_sets.c.source_ref == captured.source_ref,
        )
    ).one_or_none()


def items_of(connection: Connection, tenant_id: int, set_id: int) -> StoredItems:
    """The items of a stored set, without their content."""
    columns = (
        backup_items.c.policy_type,
        backup_items.c.policy_identifier,
        backup_items.c.assignments_state,
        backup_items.c.integrity_warning,
        backup_items.c.deleted_at,
    )
    states: dict[Identity, str | None] = {}
    deleted: set[Identity] = set()
    gone: set[Identity] = set()
    of_the_set = and_(backup_items.c.tenant_id == tenant_id, backup_items.c.backup_set_id == set_id)
    for policy_type, identifier, state, warning, deleted_at in connection.execute(
        select(*columns).where(of_the_set)
    ).fetchall():
        identity = policy_type, identifier
        if deleted_at is not None:
            deleted.add(identity)
        elif is_gone(warning):
            gone.add(identity)
        if counts_for_losses(warning, deleted=deleted_at is not None):
            states[identity] = state
    return StoredItems(states, frozenset(deleted), frozenset(gone))


def sets_before(connection: Connection, place: Place, without: Collection[str] = ()) -> EarlierSets:
    """The sets to compare with at this position: the reference set, and the newest set if that is partial.

    `without` are the source references of stored sets that will move after it.
    """
    newest = reference = connection.execute(_before(place, BASIS_STATUSES, without).limit(1)).one_or_none()
    if newest is not None and newest.status != COMPLETED:
        reference = connection.execute(_before(place, (COMPLETED,), without).limit(1)).one_or_none()
    against = [] if reference is None else [reference]
    missing: Set[str] = frozenset()
    if newest is not None and newest.status == PARTIAL:
        against.append(newest)
        missing = _noted_as_missing(connection, place, reference, without)
    items = tuple(items_of(connection, place.tenant_id, each.id).states for each in against)
    return EarlierSets(items, frozenset(missing))


def _noted_as_missing(
    connection: Connection, place: Place, reference: Row[Any] | None, without: Collection[str]
) -> frozenset[str]:
    """The types that the newest partial set since the reference set names in an earlier version's clause."""
    query = _before(place, (PARTIAL,), without).where(backup_sets.c.error.contains(MISSING, autoescape=True))
    if reference is not None:
        at = backup_sets.c.completed_at
        since = reference.completed_at
        query = query.where(or_(at > since, and_(at == since, backup_sets.c.id > reference.id)))
    noted = connection.execute(query.limit(1)).one_or_none()
    return frozenset() if noted is None else clauses_in(noted.error).missing


def _before(place: Place, statuses: Collection[str], without: Collection[str]) -> Select[Any]:
    at = backup_sets.c.completed_at
    earlier: ColumnElement[bool] = at <= place.completed_at
    if place.set_id is not None:
        earlier = or_(at < place.completed_at, and_(at == place.completed_at, backup_sets.c.id < place.set_id))
    conditions = [
        backup_sets.c.tenant_id == place.tenant_id,
        backup_sets.c.source == place.source,
        backup_sets.c.status.in_(statuses),
        backup_sets.c.deleted_at.is_(None),
        earlier,
    ]
    if without:
        named = backup_sets.c.source_ref
        conditions.append(or_(named.is_(None), named.not_in(without)))
    columns = (backup_sets.c.id, backup_sets.c.status, backup_sets.c.error, at)
    return select(*columns).where(*conditions).order_by(at.desc(), backup_sets.c.id.desc())
