"""The reading statements of one tenant's screens, the same on SQLite and on PostgreSQL (`design.md` 6).

Every count comes from an index alone. The statements of a verdict, of the fleet's too, are in `fleet_statements.py`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    TextClause,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
    tuple_,
)

from health.store import fleet_statements
from health.store.predicates import candidate_predicate, degraded_predicate, happened_expression, present_predicate
from health.store.schema import Instant, backup_items, backup_schedules, backup_sets

SET_COLUMNS = tuple(backup_sets.c)
ITEM_COLUMNS = tuple(
    column
    for column in backup_items.c
    if column.name not in {"tenant_id", "backup_set_id", "deleted_at", "assignments", "payload"}
)


@cache
def of_a_verdict(statement: str) -> TextClause:
    """A statement of `fleet_statements.py` for SQLAlchemy."""
    made = text(statement)
    return (
        made.bindparams(bindparam("external_ids", expanding=True, type_=Text)) if ":external_ids" in statement else made
    )


@cache
def _tally_columns(dialect: str) -> tuple[ColumnElement[int], ...]:
    return tuple(literal_column(count, BigInteger) for count in fleet_statements.tally_columns(dialect))


def all_schedules(tenant_id: int) -> Select[Any]:
    """Every schedule of one tenant that is not deleted, by id."""
    return (
        select(*backup_schedules.c)
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
        select(*SET_COLUMNS, *_tally_columns(dialect), HAPPENED.label("happened_at"))
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
    present, degraded, *_ = _tally_columns(dialect)
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
    return select(*SET_COLUMNS, *_tally_columns(dialect), HAPPENED.label("happened_at")).where(
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
