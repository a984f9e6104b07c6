"""The reading statements, the same on SQLite and on PostgreSQL (`design.md` 6).

Each costs per tenant, not per history: the basis is a LIMIT 1 on an index, and every count comes from an index alone.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.sql.expression import TextClause

from health.quality import ITEM_FAMILIES
from health.store.predicates import (
    candidate_predicate,
    degraded_predicate,
    family_predicate,
    happened_expression,
    no_instant_predicate,
    not_recorded_predicate,
    present_predicate,
)
from health.store.schema import Instant, backup_items, backup_schedules, backup_sets, tenants

TENANT_COLUMNS = (tenants.c.id, tenants.c.external_id, tenants.c.name, tenants.c.created_at, tenants.c.archived_at)
SET_COLUMNS = tuple(backup_sets.c)
SCHEDULE_COLUMNS = tuple(backup_schedules.c)
ITEM_COLUMNS = tuple(
    column
    for column in backup_items.c
    if column.name not in {"tenant_id", "backup_set_id", "deleted_at", "assignments", "payload"}
)


def _judged(dialect: str) -> ColumnElement[bool]:
    """Tenants that are not archived, or whose archiving cannot be read: those are never left out in silence."""
    unreadable = text(no_instant_predicate("tenants.archived_at", dialect))
    return or_(tenants.c.archived_at.is_(None), unreadable)


def _narrowed(statement: Select[Any], narrowed: bool) -> Select[Any]:
    asked_for = tenants.c.external_id.in_(bindparam("external_ids", expanding=True))
    return statement.where(asked_for) if narrowed else statement


# The statements of a verdict and of a dashboard are made once: making them would cost more than answering them.
# Where `narrowed` is true, they want the parameter `external_ids`.


@cache
def judged_tenants(dialect: str, narrowed: bool) -> Select[Any]:
    """The tenants to judge: the fleet, or those of the external ids given that are not archived."""
    return _narrowed(select(*TENANT_COLUMNS).where(_judged(dialect)), narrowed)


@cache
def basis_sets(dialect: str, narrowed: bool) -> Select[Any]:
    """One row a tenant that has a basis: the set's columns, then its counts in the order of `ItemTally`."""
    latest = _latest_sets(dialect, narrowed)
    joined = latest.join(
        backup_sets, and_(backup_sets.c.tenant_id == latest.c.tenant_id, backup_sets.c.id == latest.c.set_id)
    )
    return select(*SET_COLUMNS, *tally_columns(dialect)).select_from(joined)


def _latest_sets(dialect: str, narrowed: bool) -> CTE:
    candidate = backup_sets.alias("candidate")
    latest = (
        select(candidate.c.id)
        .where(candidate.c.tenant_id == tenants.c.id, text(candidate_predicate("candidate.")))
        .order_by(candidate.c.completed_at.desc(), candidate.c.id.desc())
        .limit(literal_column("1"))
        .correlate(tenants)
        .scalar_subquery()
    )
    statement = select(tenants.c.id.label("tenant_id"), latest.label("set_id")).where(_judged(dialect))
    # Materialized, or either engine computes the LIMIT 1 more than once a tenant.
    return _narrowed(statement, narrowed).cte("latest").prefix_with("MATERIALIZED")


@cache
def tally_columns(dialect: str) -> tuple[ColumnElement[int], ...]:
    """Counts of the items of a row of `backup_sets`, in the order of `ItemTally`, each from its own partial index."""
    counts = (
        ("present", present_predicate("item.")),
        ("degraded", f"{present_predicate('item.')} AND {degraded_predicate('item.')}"),
        ("not_recorded", f"{present_predicate('item.')} AND {not_recorded_predicate('item.')}"),
        *(
            (family.name, f"{present_predicate('item.')} AND {family_predicate(family, 'item.')}")
            for family in ITEM_FAMILIES
        ),
    )
    return tuple(_count(dialect, f"ix_backup_items_{name}", predicate) for name, predicate in counts)


def _count(dialect: str, index: str, predicate: str) -> ColumnElement[int]:
    # Of indexes with the same statistics SQLite may take the one over all degraded items, and then reads each of them.
    named = f" INDEXED BY {index}" if dialect == "sqlite" else ""
    return literal_column(
        f"(SELECT count(*) FROM backup_items AS item{named} WHERE item.tenant_id = backup_sets.tenant_id"  # noqa: S608
        f" AND item.backup_set_id = backup_sets.id AND {predicate})",
        BigInteger,
    )


@cache
def unreadable_candidates(dialect: str) -> TextClause:
    """Sets that may be a basis but whose place among the others nobody can know; an index holds just these.

    Of all tenants, whichever are asked for: those of one would be looked for in its whole history.
    """
    # SQLite keeps no statistics of an index that is empty, as this one should be, and would rather read every set.
    named = " INDEXED BY ix_backup_sets_no_instant" if dialect == "sqlite" else ""
    return text(
        f"SELECT tenant_id, id, completed_at FROM backup_sets{named}"  # noqa: S608 - from our own rules
        f" WHERE {candidate_predicate()} AND {no_instant_predicate('completed_at', dialect)} ORDER BY tenant_id, id"
    )


@cache
def enabled_schedules(dialect: str, narrowed: bool) -> Select[Any]:
    """The enabled schedules of the tenants to judge, by tenant and id."""
    statement = (
        select(*SCHEDULE_COLUMNS)
        .join(tenants, tenants.c.id == backup_schedules.c.tenant_id)
        .where(_judged(dialect), backup_schedules.c.is_enabled.is_(True), backup_schedules.c.deleted_at.is_(None))
        .order_by(backup_schedules.c.tenant_id, backup_schedules.c.id)
    )
    return _narrowed(statement, narrowed)


def all_schedules(tenant_id: int) -> Select[Any]:
    """Every schedule of one tenant that is not deleted, by id."""
    return (
        select(*SCHEDULE_COLUMNS)
        .where(backup_schedules.c.tenant_id == tenant_id, backup_schedules.c.deleted_at.is_(None))
        .order_by(backup_schedules.c.id)
    )


HAPPENED: ColumnElement[Any] = literal_column(happened_expression("backup_sets."), Instant)


@cache
def sets_page(dialect: str, after_a_key: bool) -> Select[Any]:
    """Sets of one tenant, newest first, with when they happened and their counts.

    Wants the parameters `tenant_id` and `most`, and with `after_a_key` the last row's key, `happened_at` and `set_id`.
    """
    statement = (
        select(*SET_COLUMNS, *tally_columns(dialect), HAPPENED.label("happened_at"))
        .where(backup_sets.c.tenant_id == bindparam("tenant_id", type_=BigInteger))
        .order_by(HAPPENED.desc(), backup_sets.c.id.desc())
        .limit(bindparam("most", type_=BigInteger))
    )
    if after_a_key:
        last = tuple_(bindparam("happened_at", type_=Instant), bindparam("set_id", type_=BigInteger))
        statement = statement.where(tuple_(HAPPENED, backup_sets.c.id) < last)
    return statement


@cache
def past_sets(dialect: str) -> Select[Any]:
    """Sets of one tenant that were its basis once, newest first: those of a period and the one before.

    With two counts, the items present and the degraded ones. Wants the parameters `tenant_id`, `begin`, `end`, `most`.
    """
    tenant_id = bindparam("tenant_id", type_=BigInteger)
    begin, end = bindparam("begin", type_=Instant), bindparam("end", type_=Instant)
    before = backup_sets.alias("before")
    before_the_period = (
        select(before.c.completed_at)
        .where(before.c.tenant_id == tenant_id, text(candidate_predicate("before.")), before.c.completed_at <= begin)
        .order_by(before.c.completed_at.desc(), before.c.id.desc())
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    present, degraded, *_ = tally_columns(dialect)
    return (
        select(*SET_COLUMNS, present, degraded)
        .where(
            backup_sets.c.tenant_id == tenant_id,
            text(candidate_predicate("backup_sets.")),
            backup_sets.c.completed_at >= func.coalesce(before_the_period, begin),
            backup_sets.c.completed_at <= end,
        )
        .order_by(backup_sets.c.completed_at.desc(), backup_sets.c.id.desc())
        .limit(bindparam("most", type_=BigInteger))
    )


def one_set(dialect: str, tenant_id: int, set_id: int) -> Select[Any]:
    """One set of one tenant with its counts and when it happened."""
    return select(*SET_COLUMNS, *tally_columns(dialect), HAPPENED.label("happened_at")).where(
        backup_sets.c.tenant_id == tenant_id, backup_sets.c.id == set_id
    )


def items_of(tenant_id: int, set_id: int) -> Select[Any]:
    """The items of one set that are not deleted, degraded ones first, then by type and name."""
    degraded: TextClause = text(f"CASE WHEN {degraded_predicate('backup_items.')} THEN 0 ELSE 1 END")
    return (
        select(*ITEM_COLUMNS)
        .where(
            backup_items.c.tenant_id == tenant_id,
            backup_items.c.backup_set_id == set_id,
            text(present_predicate("backup_items.")),
        )
        .order_by(degraded, backup_items.c.policy_type, backup_items.c.display_name, backup_items.c.id)
    )


def captured_json(tenant_id: int, set_id: int, item_id: int) -> Select[str, str]:
    """The captured JSON of one item, as text: its assignments and its payload."""
    return select(cast(backup_items.c.assignments, Text), cast(backup_items.c.payload, Text)).where(
        backup_items.c.tenant_id == tenant_id,
        backup_items.c.backup_set_id == set_id,
        backup_items.c.id == item_id,
    )
