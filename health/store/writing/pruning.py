"""Remove old backup sets, or only their captured JSON, without changing any verdict.

Each set is decided by itself, whatever its status; failed and soft-deleted sets too. These are never removed:

- a tenant's basis (docs/concepts.md, "The basis"), archived tenants' too, because an archived one can be taken back;
- the sets with which each source's next set is compared: the last completed one, the last one if that is partial, and
  the last partial one that names missing types, because only its error names them (docs/concepts.md, "Losses");
- a run that may still be under way: it began no longer ago than the longest plausible run;
- any set of a tenant whose evidence cannot be read, and a set whose time cannot be read.

Every verdict is judged before and after, at one instant and in one transaction. If one differs, nothing is removed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, null, update

from health.facts import BASIS_STATUSES
from health.instants import shifted
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge
from health.schedules import RUNNING
from health.sources.door import COMPLETED, PARTIAL
from health.sources.loss_clauses import MISSING
from health.store.opening.errors import StoreConflict
from health.store.opening.statements import Statements
from health.store.reading import distributed_statements
from health.store.reading.fleet_statements import unreadable_candidates
from health.store.reading.predicates import candidate_predicate, happened_expression, no_instant_predicate
from health.store.reading.roster import tenant_id_of
from health.store.reading.snapshot import Snapshot
from health.store.writing.contents import drop_contents_of, drop_unnamed_contents, keep_writers_out
from health.store.writing.tables import backup_items, backup_sets
from health.store.writing.transactions import statements_of

_HELD_AGAINST: Final = (
    f"status = '{COMPLETED}'",
    f"status IN ({', '.join(map(repr, BASIS_STATUSES))})",
    f"status = '{PARTIAL}' AND kept.error LIKE '%{MISSING}%'",
)
"""The kinds of sets with which a source's next set is compared: the last of each (`earlier_sets.sets_before`)."""

_ITEMS_OF_THE_SET: Final = (
    "(SELECT count(*) FROM backup_items AS item"
    " WHERE item.tenant_id = backup_sets.tenant_id AND item.backup_set_id = backup_sets.id)"
)
_JSON_OF_ITEMS: Final = (
    "SELECT item.backup_set_id, kept.digest, item.payload IS NOT NULL OR item.assignments IS NOT NULL"
    " FROM backup_items AS item LEFT JOIN captured_payloads AS kept"
    " ON kept.tenant_id = item.tenant_id AND kept.digest = item.payload_digest WHERE item.tenant_id = :tenant_id"
)
"""Every item of a tenant: its set, its digest if the content is kept, and whether it has JSON in its own row."""


class KeepSince(NamedTuple):
    """Remove sets that happened before an instant (UTC)."""

    instant: datetime


class KeepLast(NamedTuple):
    """Remove sets older than the tenant's last N backups; a failed or deleted one does not count as a backup.

    A tenant that has no more backups than that keeps everything.
    """

    backups: int


class PruneRequest(NamedTuple):
    """What to remove: whole sets, or only the captured JSON of their items; of the named tenants, or of all (None)."""

    keep: KeepSince | KeepLast
    payloads_only: bool = False
    external_ids: Sequence[str] | None = None


class PrunedSet(NamedTuple):
    """A set to remove, or whose captured JSON to remove, with the number of its items concerned."""

    tenant_id: int
    external_id: str
    set_id: int
    items: int


class PrunePlan(NamedTuple):
    """What to remove, by tenant and set; and the external ids of tenants left alone because they cannot be read."""

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


def plan_pruning(statements: Statements, request: PruneRequest, policy: HealthPolicy, now: datetime) -> PrunePlan:
    """What would be removed at `now` (UTC). Raises StoreConflict for a tenant that does not exist."""
    return _plan(statements, request, _verdicts(statements, policy, now), shifted(now, -policy.longest_run))


def prune(connection: Connection, request: PruneRequest, policy: HealthPolicy, now: datetime) -> PrunePlan:
    """Remove what the request says, in the caller's transaction. Returns what was removed.

    Raises StoreConflict for a tenant that does not exist, and if a verdict at `now` (UTC) would change; the caller then
    rolls the transaction back.
    """
    # No set may become a basis while it is removed.
    keep_writers_out(connection)
    statements = statements_of(connection)
    before = _verdicts(statements, policy, now)
    plan = _plan(statements, request, before, shifted(now, -policy.longest_run))
    _carry_out(connection, plan.sets, payloads_only=request.payloads_only)
    tenants = request.external_ids
    drop_unnamed_contents(connection, None if tenants is None else [tenant_id_of(statements, each) for each in tenants])
    after = _verdicts(statements, policy, now)
    if after != before:
        changed = next(health for tenant_id, health in before.items() if after.get(tenant_id) != health)
        raise StoreConflict(
            f"The verdict of the tenant {changed.tenant.external_id!r} would change, so nothing was removed: try again,"
            " and if it happens again, report it as a fault of TenantPilot."
        )
    return plan


def _verdicts(statements: Statements, policy: HealthPolicy, now: datetime) -> dict[int, TenantBackupHealth]:
    return {facts.tenant.id: judge(facts, policy, now) for facts in Snapshot(statements).facts()}


def _plan(
    statements: Statements, request: PruneRequest, verdicts: dict[int, TenantBackupHealth], ended_since: datetime
) -> PrunePlan:
    """A run that began before `ended_since` is over, whatever its status says."""
    unreadable = {tenant_id for tenant_id, health in verdicts.items() if health.unreadable is not None}
    lost = unreadable_candidates(statements.dialect)
    if statements.distributed:
        lost = distributed_statements.unreadable_candidates(narrowed=False)
    unreadable.update(row[0] for row in statements.rows(lost))
    parameters: dict[str, Any] = {"ended_since": ended_since}
    if isinstance(request.keep, KeepSince):
        parameters["kept_from"] = request.keep.instant
    else:
        parameters["place"] = request.keep.backups - 1
    if request.external_ids is not None:
        parameters["tenant_ids"] = [tenant_id_of(statements, external_id) for external_id in request.external_ids]
    found = [PrunedSet._make(row) for row in statements.rows(_sets_that_go(request, statements.dialect), parameters)]
    if request.payloads_only:
        found = _with_json_that_goes(statements, found)
    return PrunePlan(
        sets=tuple(each for each in found if each.tenant_id not in unreadable),
        left_alone=tuple(dict.fromkeys(each.external_id for each in found if each.tenant_id in unreadable)),
    )


def _with_json_that_goes(statements: Statements, sets: Sequence[PrunedSet]) -> list[PrunedSet]:
    """The sets with captured JSON to remove, with the number of items. JSON that a remaining set has too stays."""
    going: dict[int, set[int]] = defaultdict(set)
    for each in sets:
        going[each.tenant_id].add(each.set_id)
    items: Counter[int] = Counter()
    for tenant_id, set_ids in going.items():
        rows = list(statements.rows(_JSON_OF_ITEMS, {"tenant_id": tenant_id}))
        staying = {digest for set_id, digest, _ in rows if set_id not in set_ids}
        items.update(
            set_id
            for set_id, digest, of_its_own in rows
            if set_id in set_ids and (of_its_own or (digest is not None and digest not in staying))
        )
    return [each._replace(items=items[each.set_id]) for each in sets if items[each.set_id]]


# ruff: noqa: S608 - made of our own rules; what comes from outside is a parameter


def _sets_that_go(request: PruneRequest, dialect: str) -> str:
    """Wants `ended_since`, `kept_from` or `place` by what is kept, and `tenant_ids` where tenants are named."""
    distinct = "IS NOT" if dialect == "sqlite" else "IS DISTINCT FROM"
    happened = happened_expression("backup_sets.")
    # Null if a tenant has too few backups; then none is removed.
    by_place = f"({_latest_candidate('completed_at', ':place')})"
    kept_from = ":kept_from" if isinstance(request.keep, KeepSince) else by_place
    kept = [_latest_candidate("id", "0"), *map(_last_of_source, _HELD_AGAINST)]
    conditions = [
        f"{kept_from} > {happened}",
        f"NOT {no_instant_predicate(happened, dialect)}",
        *(f"backup_sets.id {distinct} ({each})" for each in kept),
        f"(backup_sets.status <> '{RUNNING}' OR {happened} < :ended_since)",
    ]
    if request.external_ids is not None:
        conditions.append("backup_sets.tenant_id IN :tenant_ids")
    return (
        f"SELECT backup_sets.tenant_id, tenants.external_id, backup_sets.id, {_ITEMS_OF_THE_SET}"
        " FROM backup_sets JOIN tenants ON tenants.id = backup_sets.tenant_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY tenants.external_id, backup_sets.id"
    )


def _latest_candidate(column: str, place: str) -> str:
    """A column of the tenant's basis, or of the candidate that many places behind it."""
    return (
        f"SELECT candidate.{column} FROM backup_sets AS candidate"
        f" WHERE candidate.tenant_id = backup_sets.tenant_id AND {candidate_predicate('candidate.')}"
        f" ORDER BY candidate.completed_at DESC, candidate.id DESC LIMIT 1 OFFSET {place}"
    )


def _last_of_source(kind: str) -> str:
    """The last set of a kind for the set's tenant and source."""
    return (
        "SELECT kept.id FROM backup_sets AS kept"
        " WHERE kept.tenant_id = backup_sets.tenant_id AND kept.source = backup_sets.source"
        f" AND kept.{kind} AND kept.deleted_at IS NULL"
        " ORDER BY kept.completed_at DESC, kept.id DESC LIMIT 1"
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
        going: dict[int, set[int]] = defaultdict(set)
        for each in sets:
            going[each.tenant_id].add(each.set_id)
        for tenant_id, set_ids in going.items():
            drop_contents_of(connection, tenant_id, set_ids)
        return
    connection.execute(delete(backup_items).where(of_the_set), keys)
    the_set = and_(backup_sets.c.tenant_id == bindparam("of_tenant"), backup_sets.c.id == bindparam("of_set"))
    connection.execute(delete(backup_sets).where(the_set), keys)
