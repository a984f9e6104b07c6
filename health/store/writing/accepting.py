"""Accept the losses of a stored set (docs/concepts.md, "What happens then")."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, delete, select, update

from health.facts import BASIS_STATUSES
from health.losses import EVERYTHING, Identity, ItemStates, losses
from health.policy import LossRule
from health.sources.captured import CapturedItem
from health.sources.door import COMPLETED, PARTIAL
from health.sources.gone_items import without_what_is_gone
from health.sources.loss_clauses import LossClauses, clauses_in
from health.store.opening.errors import StoreConflict
from health.store.reading.rows import instant_parser
from health.store.writing.earlier_sets import Place, items_of, sets_before
from health.store.writing.sets import stored_items, tenant_id_of
from health.store.writing.tables import backup_items, backup_schedules, backup_sets


class AcceptedLoss(NamedTuple):
    """The set whose losses were accepted, by id and name; `left` are its other losses, in words."""

    set_id: int
    name: str
    left: str | None
    accepted_for_nothing: tuple[str, ...]


def accept_losses(connection: Connection, external_id: str, types: Set[str], rule: LossRule) -> AcceptedLoss:
    """Accept the losses of these types (`*`: all) in a tenant's newest completed or partial set.

    If no other loss is left, the set becomes `completed`. Raises StoreConflict if there is no such tenant, set or loss,
    and if its tool itself called the set partial.
    """
    tenant_id = tenant_id_of(connection, external_id)
    the_set = _newest(connection, tenant_id)
    if the_set is None:
        raise StoreConflict(f"The tenant {external_id!r} has no completed or partial set, so there is no loss in one.")
    called = f"The newest set of {external_id!r}, {the_set.name!r},"
    if the_set.status == COMPLETED:
        raise StoreConflict(f"{called} is completed: it has no loss to accept.")
    clauses = clauses_in(the_set.error)
    if not clauses:
        raise StoreConflict(f"{called} was called partial by its own tool: that is not a loss and cannot be accepted.")
    if not _has_lost(connection, tenant_id, the_set, clauses):
        raise StoreConflict(
            f"{called} has no loss to accept: no earlier set that is stored had more. Its own tool called it partial:"
            f" {the_set.error}."
        )
    if EVERYTHING not in types and not types & clauses.types:
        raise StoreConflict(f"{called} has no loss of {' or '.join(map(repr, sorted(types)))}: {the_set.error}.")
    left = _left(connection, tenant_id, the_set, clauses, types, rule)
    _let_go(connection, tenant_id, the_set, types)
    values = {"error": left.error, "status": PARTIAL if left else COMPLETED}
    connection.execute(_of_the_set(update(backup_sets), backup_sets.c.id, tenant_id, the_set.id).values(values))
    if not left:
        _tell_the_schedule(connection, tenant_id, the_set)
    named = clauses.types | {EVERYTHING}
    return AcceptedLoss(the_set.id, the_set.name, left._replace(own=None).error, tuple(sorted(types - named)))


def _newest(connection: Connection, tenant_id: int) -> Row[Any] | None:
    """The set that is the tenant's basis."""
    return connection.execute(
        select(backup_sets)
        .where(
            backup_sets.c.tenant_id == tenant_id,
            backup_sets.c.status.in_(BASIS_STATUSES),
            backup_sets.c.deleted_at.is_(None),
        )
        .order_by(backup_sets.c.completed_at.desc(), backup_sets.c.id.desc())
        .limit(1)
    ).one_or_none()


def _has_lost(connection: Connection, tenant_id: int, the_set: Row[Any], clauses: LossClauses) -> bool:
    """Whether an earlier set had more of a type in the clauses: a tool may use the same words for what it left out."""
    if clauses.missing:
        return True
    now, earlier = _compared(connection, tenant_id, the_set)
    any_type = any(loss.policy_type is None for loss in clauses.losses)
    return any(
        identity not in now or (state == "captured" and now[identity] != "captured")
        for states in earlier
        for identity, state in states.items()
        if any_type or identity[0] in clauses.types
    )


def _left(
    connection: Connection, tenant_id: int, the_set: Row[Any], clauses: LossClauses, types: Set[str], rule: LossRule
) -> LossClauses:
    """The remaining clauses. All types together are counted again, without the types accepted now or before."""
    left = clauses.without(types)
    if EVERYTHING in types or all(loss.policy_type is not None for loss in left.losses):
        return left
    now, earlier = _compared(connection, tenant_id, the_set)
    if not earlier:
        return left
    # A type with a loss that the error does not name was accepted before.
    lost = {loss.policy_type for loss in losses(now, earlier, rule) if loss.policy_type is not None}
    together = losses(now, earlier, rule, types | (lost - clauses.types))
    named = tuple(loss for loss in left.losses if loss.policy_type is not None)
    return left._replace(losses=(*named, *(loss for loss in together if loss.policy_type is None)))


def _compared(connection: Connection, tenant_id: int, the_set: Row[Any]) -> tuple[ItemStates, tuple[ItemStates, ...]]:
    """The items of the last import, and those that they are compared with."""
    stored = items_of(connection, tenant_id, the_set.id)
    now: dict[Identity, str | None] = dict(stored.states)
    if not stored.gone:
        parse = instant_parser(connection.dialect.name)
        place = Place(tenant_id, the_set.source, parse(the_set.completed_at), the_set.id)
        return now, sets_before(connection, place).items
    for item, as_it_came in _marked(connection, tenant_id, the_set.id, stored.gone):
        identity = item.policy_type, item.policy_identifier
        if as_it_came is None:
            now.pop(identity, None)
        elif identity in now:
            now[identity] = as_it_came.assignments_state
    return now, (stored.states,)


def _let_go(connection: Connection, tenant_id: int, the_set: Row[Any], types: Set[str]) -> None:
    """Remove the gone items of these types from the set."""
    gone = items_of(connection, tenant_id, the_set.id).gone
    accepted = {identity for identity in gone if EVERYTHING in types or identity[0] in types}
    for item, as_it_came in _marked(connection, tenant_id, the_set.id, accepted):
        the_item = and_(
            backup_items.c.policy_type == item.policy_type, backup_items.c.policy_identifier == item.policy_identifier
        )
        of_the_set = backup_items.c.backup_set_id
        if as_it_came is None:
            connection.execute(_of_the_set(delete(backup_items), of_the_set, tenant_id, the_set.id).where(the_item))
            continue
        values = {
            name: getattr(as_it_came, name)
            for name in ("integrity_warning", "assignments_state", "orphaned_assignments", "assignments")
        }
        statement = _of_the_set(update(backup_items), of_the_set, tenant_id, the_set.id).where(the_item)
        connection.execute(statement.values(values))


def _marked(
    connection: Connection, tenant_id: int, set_id: int, identities: Set[Identity]
) -> Iterable[tuple[CapturedItem, CapturedItem | None]]:
    """The items marked as gone, each with its state in the last import."""
    for item in stored_items(connection, tenant_id, set_id, identities):
        yield item, without_what_is_gone(item)


def _tell_the_schedule(connection: Connection, tenant_id: int, the_set: Row[Any]) -> None:
    """Update the schedule's last status, if this set is still the schedule's last run."""
    columns = backup_schedules.c
    connection.execute(
        update(backup_schedules)
        .where(
            columns.tenant_id == tenant_id,
            columns.id == the_set.schedule_id,
            columns.last_run_at == the_set.started_at,
            columns.last_run_status == PARTIAL,
        )
        .values(last_run_status=COMPLETED)
    )


def _of_the_set(statement: Any, column: Any, tenant_id: int, set_id: int) -> Any:
    return statement.where(column.table.c.tenant_id == tenant_id, column == set_id)
