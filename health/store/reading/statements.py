"""The reading statements of one tenant's screens, as text (docs/reading.md, "One snapshot").

Every count comes from an index alone, and each table has a condition on the tenant's id, so that a distributed
PostgreSQL asks one node. The statements of a verdict, also of the fleet's, are in `fleet_statements.py`. Each text is
made once, because making it costs more than its answer.
"""

from __future__ import annotations

from functools import cache

from health.store.columns import BACKUP_SCHEDULES, BACKUP_SETS, ITEMS_READ
from health.store.reading.fleet_statements import item_columns
from health.store.reading.predicates import (
    candidate_predicate,
    degraded_predicate,
    happened_expression,
    no_instant_predicate,
    unreadable_item_predicate,
)

# ruff: noqa: S608 - made of our own rules; what comes from outside is a parameter

_HAPPENED = happened_expression("backup_sets.")


@cache
def all_schedules(dialect: str) -> str:
    """Every schedule of one tenant that is not deleted, by id. It needs the parameter `tenant_id`."""
    return (
        f"SELECT {BACKUP_SCHEDULES.selected} FROM backup_schedules"
        " WHERE backup_schedules.tenant_id = :tenant_id"
        f" AND {no_instant_predicate('backup_schedules.deleted_at', dialect)} ORDER BY backup_schedules.id"
    )


@cache
def sets_page(dialect: str, after_a_key: bool, of_a_schedule: bool = False) -> str:
    """Sets of one tenant, newest first, with their item columns and when they happened.

    It needs the parameters `tenant_id` and `most`; with `after_a_key` also the last row's key, `happened_at` and
    `set_id`; with `of_a_schedule`, for the runs of one schedule, also `schedule_id`.
    """
    of_it = " AND backup_sets.schedule_id = :schedule_id" if of_a_schedule else ""
    last = "CAST(:happened_at AS timestamptz)" if dialect == "postgresql" else ":happened_at"
    older = f" AND ({_HAPPENED}, backup_sets.id) < ({last}, :set_id)" if after_a_key else ""
    return (
        f"SELECT {_set_columns(dialect)}, {_HAPPENED} FROM backup_sets"
        f" WHERE backup_sets.tenant_id = :tenant_id{of_it}{older}"
        f" ORDER BY {_HAPPENED} DESC, backup_sets.id DESC LIMIT :most"
    )


@cache
def reference_items(dialect: str) -> str:
    """The number of items in the reference set of a set; no row without one (docs/concepts.md, "What is compared").

    It needs the parameters `tenant_id`, `source`, `completed_at` and `set_id`.
    """
    return (
        f"SELECT {item_columns(dialect, ':tenant_id')[2]} FROM backup_sets"
        f" WHERE backup_sets.tenant_id = :tenant_id AND {candidate_predicate('backup_sets.')}"
        " AND backup_sets.status = 'completed' AND backup_sets.source = :source"
        " AND backup_sets.completed_at <= :completed_at"
        " AND (backup_sets.completed_at < :completed_at OR backup_sets.id < :set_id)"
        " ORDER BY backup_sets.completed_at DESC, backup_sets.id DESC LIMIT 1"
    )


@cache
def one_set(dialect: str) -> str:
    """One set of one tenant with its item columns and when it happened. It needs `tenant_id` and `set_id`."""
    return (
        f"SELECT {_set_columns(dialect)}, {_HAPPENED} FROM backup_sets"
        " WHERE backup_sets.tenant_id = :tenant_id AND backup_sets.id = :set_id"
    )


@cache
def items_of(dialect: str) -> str:
    """The items of one set that are not deleted: first unreadable ones, then degraded ones, then by type and name.

    It needs the parameters `tenant_id` and `set_id`.
    """
    table = "backup_items."
    worst_first = (
        f"CASE WHEN {unreadable_item_predicate(dialect, table)} THEN 0"
        f" WHEN {degraded_predicate(table)} THEN 1 ELSE 2 END"
    )
    return (
        f"SELECT {ITEMS_READ.selected} FROM backup_items"
        " WHERE backup_items.tenant_id = :tenant_id AND backup_items.backup_set_id = :set_id"
        f" AND {no_instant_predicate(f'{table}deleted_at', dialect)}"
        f" ORDER BY {worst_first}, backup_items.policy_type, backup_items.display_name, backup_items.id"
    )


CAPTURED_JSON = (
    "SELECT CAST(backup_items.assignments AS text), coalesce("
    "(SELECT CAST(kept.payload AS text) FROM captured_payloads AS kept"
    " WHERE kept.tenant_id = :tenant_id AND kept.digest = backup_items.payload_digest),"
    " CAST(backup_items.payload AS text)) FROM backup_items"
    " WHERE backup_items.tenant_id = :tenant_id AND backup_items.backup_set_id = :set_id"
    " AND backup_items.id = :item_id"
)
"""The captured JSON of one item, as text: its assignments and its content, by its digest or else its own payload.

It needs the parameters `tenant_id`, `set_id` and `item_id`.
"""


def _set_columns(dialect: str) -> str:
    return f"{BACKUP_SETS.selected}, {', '.join(item_columns(dialect, ':tenant_id'))}"
