"""Old backup sets out of the store, or only their captured JSON, without any verdict becoming another one.

What goes is decided set by set, whatever became of it: failed and soft-deleted ones too. What never goes, however old:

- a tenant's basis (docs/concepts.md, "The basis"), archived tenants' too, because an archived one can be taken back;
- the last completed set of each source, against which the next import is held to tell which types went missing, and a
  partial one after it, the last: of a completed set that an import has replaced, its error alone knows the types;
- a run that may still be under way: one that began no longer ago than the longest plausible run;
- anything of a tenant whose evidence cannot be read, and a set whose time cannot: nobody can say what they are worth.

Every verdict is judged before and after, at one instant and in one transaction; if one differs, nothing was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    text,
    update,
)

from health.facts import BASIS_STATUSES
from health.instants import shifted
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge
from health.schedules import RUNNING
from health.store.opening import drivers
from health.store.opening.errors import StoreConflict
from health.store.reading.fleet_statements import unreadable_candidates
from health.store.reading.predicates import candidate_predicate, happened_expression, no_instant_predicate
from health.store.reading.snapshot import Snapshot
from health.store.reading.statements import HAPPENED, of_a_verdict
from health.store.writing.sets import tenant_id_of
from health.store.writing.stored_sets import ITEM_HOLDS_JSON
from health.store.writing.tables import Instant, backup_items, backup_sets, tenants


class KeepSince(NamedTuple):
    """Sets that happened before an instant (UTC) go."""

    instant: datetime


class KeepLast(NamedTuple):
    """Sets that happened before the last so many backups of their tenant go; a failed or deleted one is no backup.

    A tenant that has no more backups than that keeps everything.
    """

    backups: int


class PruneRequest(NamedTuple):
    """What is to go: whole sets, or only the captured JSON of their items; of the tenants named, or of all (None)."""

    keep: KeepSince | KeepLast
    payloads_only: bool = False
    external_ids: Sequence[str] | None = None


class PrunedSet(NamedTuple):
    """A set that goes, or loses its captured JSON, with how many of its items do."""

    tenant_id: int
    external_id: str
    set_id: int
    items: int


class PrunePlan(NamedTuple):
    """What goes, by tenant and set; and the external ids of tenants that are left alone, as they cannot be read."""

    sets: tuple[PrunedSet, ...]
    left_alone: tuple[str, ...]

    def by_tenant(self) -> list[tuple[str, int, int]]:
        """Each tenant that loses something, by external id, with how many sets and items."""
        sets: Counter[str] = Counter()
        items: Counter[str] = Counter()
        for each in self.sets:
            sets[each.external_id] += 1
            items[each.external_id] += each.items
        return [(external_id, count, items[external_id]) for external_id, count in sets.items()]


def plan_pruning(connection: Connection, request: PruneRequest, policy: HealthPolicy, now: datetime) -> PrunePlan:
    """What would go at `now` (UTC). Raises StoreConflict for a tenant that is not there."""
    return _plan(connection, request, _verdicts(connection, policy, now), shifted(now, -policy.longest_run))


def prune(connection: Connection, request: PruneRequest, policy: HealthPolicy, now: datetime) -> PrunePlan:
    """Remove what the request says, within the caller's transaction; gives back what went.

    Raises StoreConflict, for the transaction to be rolled back, for a tenant that is not there, and where a verdict at
    `now` (UTC) would be another one than before.
    """
    if connection.dialect.name == "postgresql":
        # As SQLite does by itself: nobody else writes sets meanwhile, so that what is no basis does not become one.
        connection.execute(text(f"SET LOCAL lock_timeout = '{drivers.LOCK_SECONDS * 1000:.0f}ms'"))
        connection.execute(text("LOCK TABLE backup_sets IN SHARE ROW EXCLUSIVE MODE"))
    before = _verdicts(connection, policy, now)
    plan = _plan(connection, request, before, shifted(now, -policy.longest_run))
    _carry_out(connection, plan.sets, payloads_only=request.payloads_only)
    after = _verdicts(connection, policy, now)
    if after != before:
        changed = next(health for tenant_id, health in before.items() if after.get(tenant_id) != health)
        raise StoreConflict(
            f"The verdict of the tenant {changed.tenant.external_id!r} would be another one than before, so nothing was"
            " removed: try again, and if it happens again, report it as a fault of TenantPilot."
        )
    return plan


def _verdicts(connection: Connection, policy: HealthPolicy, now: datetime) -> dict[int, TenantBackupHealth]:
    return {facts.tenant.id: judge(facts, policy, now) for facts in Snapshot(connection).facts()}


def _plan(
    connection: Connection, request: PruneRequest, verdicts: dict[int, TenantBackupHealth], ended_since: datetime
) -> PrunePlan:
    """A run that began before `ended_since` is over, whatever its status says."""
    dialect = connection.dialect.name
    unreadable = {tenant_id for tenant_id, health in verdicts.items() if health.unreadable is not None}
    unreadable.update(row.tenant_id for row in connection.execute(of_a_verdict(unreadable_candidates(dialect))))
    statement = _sets_that_go(request, dialect).where(
        or_(backup_sets.c.status != RUNNING, literal(ended_since, Instant) > HAPPENED)
    )
    if request.external_ids is not None:
        wanted = [tenant_id_of(connection, external_id) for external_id in request.external_ids]
        statement = statement.where(backup_sets.c.tenant_id.in_(wanted))
    found = [PrunedSet._make(row) for row in connection.execute(statement)]
    return PrunePlan(
        sets=tuple(each for each in found if each.tenant_id not in unreadable),
        left_alone=tuple(dict.fromkeys(each.external_id for each in found if each.tenant_id in unreadable)),
    )


def _sets_that_go(request: PruneRequest, dialect: str) -> Select[tuple[int, str, int, int]]:
    items = _items_that_go(payloads_only=request.payloads_only)
    statement = (
        select(backup_sets.c.tenant_id, tenants.c.external_id, backup_sets.c.id, items)
        .join(tenants, tenants.c.id == backup_sets.c.tenant_id)
        .where(
            _kept_from(request.keep) > HAPPENED,
            text(f"NOT {no_instant_predicate(happened_expression('backup_sets.'), dialect)}"),
            backup_sets.c.id.is_distinct_from(_latest_candidate("id")),
            *(backup_sets.c.id.is_distinct_from(_last_of_source(words)) for words in (("completed",), BASIS_STATUSES)),
        )
        .order_by(tenants.c.external_id, backup_sets.c.id)
    )
    return statement.where(items > 0) if request.payloads_only else statement


def _items_that_go(*, payloads_only: bool) -> ColumnElement[int]:
    counted = select(func.count()).where(
        backup_items.c.tenant_id == backup_sets.c.tenant_id, backup_items.c.backup_set_id == backup_sets.c.id
    )
    if payloads_only:
        counted = counted.where(ITEM_HOLDS_JSON)
    return counted.correlate(backup_sets).scalar_subquery()


def _kept_from(keep: KeepSince | KeepLast) -> ColumnElement[Any]:
    """The instant before which sets go; null, and so none goes, where a tenant has too few backups."""
    if isinstance(keep, KeepSince):
        return literal(keep.instant, Instant)
    return _latest_candidate("completed_at", place=keep.backups - 1)


def _latest_candidate(column: str, place: int = 0) -> ColumnElement[Any]:
    """A column of the set's tenant's basis, or of the candidate so many places behind it."""
    candidate = backup_sets.alias("candidate")
    return (
        select(candidate.c[column])
        .where(candidate.c.tenant_id == backup_sets.c.tenant_id, text(candidate_predicate("candidate.")))
        .order_by(candidate.c.completed_at.desc(), candidate.c.id.desc())
        .limit(1)
        .offset(place)
        .correlate(backup_sets)
        .scalar_subquery()
    )


def _last_of_source(statuses: Sequence[str]) -> ColumnElement[int]:
    """A set that `earlier_sets.types_of_last_completed_set` looks at for the set's tenant and source."""
    kept = backup_sets.alias("kept")
    return (
        select(kept.c.id)
        .where(
            kept.c.tenant_id == backup_sets.c.tenant_id,
            kept.c.source == backup_sets.c.source,
            kept.c.status.in_(statuses),
            kept.c.deleted_at.is_(None),
        )
        .order_by(kept.c.completed_at.desc(), kept.c.id.desc())
        .limit(1)
        .correlate(backup_sets)
        .scalar_subquery()
    )


def _carry_out(connection: Connection, sets: Sequence[PrunedSet], *, payloads_only: bool) -> None:
    keys = [{"of_tenant": each.tenant_id, "of_set": each.set_id} for each in sets]
    if not keys:
        return
    of_the_set = and_(
        backup_items.c.tenant_id == bindparam("of_tenant"), backup_items.c.backup_set_id == bindparam("of_set")
    )
    if payloads_only:
        connection.execute(update(backup_items).where(of_the_set).values(payload=null(), assignments=null()), keys)
        return
    connection.execute(delete(backup_items).where(of_the_set), keys)
    the_set = and_(backup_sets.c.tenant_id == bindparam("of_tenant"), backup_sets.c.id == bindparam("of_set"))
    connection.execute(delete(backup_sets).where(the_set), keys)
