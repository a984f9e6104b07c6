"""The reading statements of one tenant's screens, the same on SQLite and on PostgreSQL.

Every count comes from an index alone. The statements of a verdict, of the fleet's too, are in `fleet_statements.py`
(docs/reading.md, "One snapshot").
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

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

from health.store.reading import fleet_statements
from health.store.reading.predicates import (
    candidate_predicate,
    degraded_predicate,
    happened_expression,
    no_instant_predicate,
    unreadable_item_predicate,
)
from health.store.writing.tables import Instant, backup_items, backup_sets

_SET_COLUMNS: Final = tuple(backup_sets.c)
_COLUMNS_OF_AN_ITEM: Final = tuple(
    column for column in backup_items.c if column.name not in {"tenant_id", "backup_set_id", "assignments", "payload"}
)


@cache
def of_a_verdict(statement: str) -> TextClause:
    """A statement of `fleet_statements.py` for SQLAlchemy."""
    made = text(statement)
    return (
        made.bindparams(bindparam("external_ids", expanding=True, type_=Text)) if ":external_ids" in statement else made
    )


@cache
def _item_columns(dialect: str) -> tuple[ColumnElement[int], ...]:
    return tuple(literal_column(column, BigInteger) for column in fleet_statements.item_columns(dialect))


@cache
def all_schedules(dialect: str) -> TextClause:
    """Every schedule of one tenant but those that are deleted, by id. Wants the parameter `tenant_id`.

    As text, because the columns are read as a verdict reads them: a flag that is none is nothing for SQLAlchemy.
    """
    statement = (
        f"SELECT {fleet_statements.SCHEDULE_COLUMNS} FROM backup_schedules"  # noqa: S608 - our own rules
        " WHERE backup_schedules.tenant_id = :tenant_id"
        f" AND {no_instant_predicate('backup_schedules.deleted_at', dialect)} ORDER BY backup_schedules.id"
    )
    return text(statement).bindparams(bindparam("tenant_id", type_=BigInteger))


HAPPENED: Final[ColumnElement[Any]] = literal_column(happened_expression("backup_sets."), Instant)


@cache
def sets_page(dialect: str, after_a_key: bool) -> Select[Any]:
    """Sets of one tenant, newest first, with the columns of their items and when they happened.

    Wants the parameters `tenant_id` and `most`, and with `after_a_key` the last row's key, `happened_at` and `set_id`.
    """
    statement = (
        select(*_SET_COLUMNS, *_item_columns(dialect), HAPPENED.label("happened_at"))
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

    With items that cannot be read and two counts, the items present and the degraded ones. Wants the parameters
    `tenant_id`, `begin`, `end` and `most`.
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
    return (
        select(*_SET_COLUMNS, *_item_columns(dialect)[:4])
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
    """One set of one tenant with the columns of its items and when it happened."""
    return select(*_SET_COLUMNS, *_item_columns(dialect), HAPPENED.label("happened_at")).where(
        backup_sets.c.tenant_id == tenant_id, backup_sets.c.id == set_id
    )


def items_of(dialect: str, tenant_id: int, set_id: int) -> Select[Any]:
    """The items of one set but those that are deleted: unreadable ones, degraded ones, then by type and name."""
    table = "backup_items."
    worst_first: TextClause = text(
        f"CASE WHEN {unreadable_item_predicate(dialect, table)} THEN 0"
        f" WHEN {degraded_predicate(table)} THEN 1 ELSE 2 END"
    )
    return (
        select(*_COLUMNS_OF_AN_ITEM)
        .where(
            backup_items.c.tenant_id == tenant_id,
            backup_items.c.backup_set_id == set_id,
            text(no_instant_predicate(f"{table}deleted_at", dialect)),
        )
        .order_by(worst_first, backup_items.c.policy_type, backup_items.c.display_name, backup_items.c.id)
    )


def captured_json(tenant_id: int, set_id: int, item_id: int) -> Select[str, str]:
    """The captured JSON of one item, as text: its assignments and its payload."""
    return select(cast(backup_items.c.assignments, Text), cast(backup_items.c.payload, Text)).where(
        backup_items.c.tenant_id == tenant_id,
        backup_items.c.backup_set_id == set_id,
        backup_items.c.id == item_id,
    )
