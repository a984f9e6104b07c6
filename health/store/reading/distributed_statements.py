"""The statements of many tenants as a distributed PostgreSQL (Citus) can run them (docs/reading.md, "Citus").

There the rows of `tenants` are on every node, and the rows of the other tables on the node of their tenant. Citus
refuses a statement that goes through `tenants` and looks up each one, or looks up every tenant in every shard. So these
begin at the tables of a tenant. The sets and schedules of tenants that are not judged come too; the caller drops them.
They read the whole of an index, so they grow with history; on one machine `fleet_statements.py` does not.
If `narrowed` is true, a statement has the parameter `tenant_ids`, a list.
"""

from __future__ import annotations

from functools import cache

from health.facts import BASIS_STATUSES
from health.store.columns import BACKUP_SCHEDULES, BACKUP_SETS
from health.store.reading.examination_statements import RUN_COLUMNS
from health.store.reading.fleet_statements import item_columns
from health.store.reading.predicates import (
    candidate_predicate,
    deletion_unknown_candidate_predicate,
    happened_expression,
    no_instant_predicate,
    not_disabled_predicate,
    present_predicate,
)

# ruff: noqa: S608 - made of our own rules; what comes from outside is a parameter

_DIALECT = "postgresql"


@cache
def basis_sets(narrowed: bool, *, past: bool = False) -> str:
    """One row for each tenant with a basis, as in `fleet_statements.basis_sets`. With `past` it needs `as_of`."""
    return (
        f"SELECT {BACKUP_SETS.selected}, {', '.join(item_columns(_DIALECT))}"
        " FROM (SELECT DISTINCT ON (candidate.tenant_id) candidate.tenant_id, candidate.id"
        " FROM backup_sets AS candidate"
        f" WHERE {candidate_predicate('candidate.')}{_by_then(past)}{_asked_for('candidate', narrowed)}"
        " ORDER BY candidate.tenant_id, candidate.completed_at DESC, candidate.id DESC) AS latest"
        " JOIN backup_sets ON backup_sets.tenant_id = latest.tenant_id AND backup_sets.id = latest.id"
    )


@cache
def basis_set(*, past: bool = False) -> str:
    """The basis of one tenant, if it has one, from one node. It needs `tenant_id`, and with `past` also `as_of`."""
    return (
        f"SELECT {BACKUP_SETS.selected}, {', '.join(item_columns(_DIALECT, ':tenant_id'))} FROM backup_sets"
        " WHERE backup_sets.tenant_id = :tenant_id AND backup_sets.id = ("
        "SELECT candidate.id FROM backup_sets AS candidate"
        f" WHERE candidate.tenant_id = :tenant_id AND {candidate_predicate('candidate.')}{_by_then(past)}"
        " ORDER BY candidate.completed_at DESC, candidate.id DESC LIMIT 1)"
    )


@cache
def enabled_schedules(narrowed: bool) -> str:
    """The enabled schedules, by tenant and id, and those whose flag cannot be read."""
    return (
        f"SELECT {BACKUP_SCHEDULES.selected} FROM backup_schedules"
        f" WHERE {not_disabled_predicate(_DIALECT, 'backup_schedules.')}"
        f" AND {no_instant_predicate('backup_schedules.deleted_at', _DIALECT)}"
        f"{_asked_for('backup_schedules', narrowed)}"
        " ORDER BY backup_schedules.tenant_id, backup_schedules.id"
    )


@cache
def unreadable_candidates(narrowed: bool) -> str:
    """Sets that may be a basis but whose place among the others is unknown, with the column and its value."""
    no_instant = no_instant_predicate("completed_at", _DIALECT)
    without_place = f"{candidate_predicate()} AND {no_instant}"
    deletion_unknown = deletion_unknown_candidate_predicate(_DIALECT)
    asked_for = _asked_for("backup_sets", narrowed)
    # One statement over both indexes: the coordinator would have to build a union of two.
    return (
        f"SELECT tenant_id, id, CASE WHEN {without_place} THEN 'completed_at' ELSE 'deleted_at' END AS unreadable,"
        f" CASE WHEN {without_place} THEN completed_at ELSE deleted_at END"
        f" FROM backup_sets WHERE (({without_place}) OR ({deletion_unknown})){asked_for} ORDER BY tenant_id, id"
    )


@cache
def failing_sets(narrowed: bool) -> str:
    """The newest set of each tenant with an error, not deleted and not older than its basis.

    Tenant, set, error and when the set happened, as in `history_statements.failing_sets`. It needs `until`.
    """
    happened = happened_expression("failing.")
    # No candidate was completed later, so the set is not older than the basis.
    later = (
        "SELECT 1 FROM backup_sets AS candidate WHERE candidate.tenant_id = failing.tenant_id"
        f" AND {candidate_predicate('candidate.')} AND candidate.completed_at > {happened}"
        " AND candidate.completed_at <= :until"
    )
    return (
        f"SELECT DISTINCT ON (failing.tenant_id) failing.tenant_id, failing.id, failing.error, {happened}"
        " FROM backup_sets AS failing WHERE failing.deleted_at IS NULL AND failing.error IS NOT NULL"
        f" AND NOT {no_instant_predicate(happened, _DIALECT)} AND {happened} <= :until AND NOT EXISTS ({later})"
        f"{_asked_for('failing', narrowed)} ORDER BY failing.tenant_id, {happened} DESC, failing.id DESC"
    )


@cache
def first_sets(narrowed: bool) -> str:
    """When each tenant's first completed or partial set was completed, also a deleted one; no row without a set."""
    kept = ", ".join(f"'{status}'" for status in BASIS_STATUSES)
    return (
        "SELECT early.tenant_id, min(early.completed_at) FROM backup_sets AS early"
        f" WHERE early.status IN ({kept}) AND NOT {no_instant_predicate('early.completed_at', _DIALECT)}"
        f"{_asked_for('early', narrowed)} GROUP BY early.tenant_id ORDER BY early.tenant_id"
    )


RUNS = (
    f"SELECT backup_sets.tenant_id, {RUN_COLUMNS} FROM backup_sets WHERE {candidate_predicate('backup_sets.')}"
    f" AND NOT {no_instant_predicate('backup_sets.completed_at', _DIALECT)}"
    " AND backup_sets.completed_at >= :begin AND backup_sets.completed_at <= :end"
    " GROUP BY backup_sets.tenant_id, backup_sets.source ORDER BY backup_sets.tenant_id, backup_sets.source"
)
"""The sets of a period, counted as in `examination_statements.runs`. It needs `begin` and `end`."""

WITH_DISABLED_SCHEDULES = (
    "SELECT DISTINCT backup_schedules.tenant_id FROM backup_schedules"
    f" WHERE NOT ({not_disabled_predicate(_DIALECT, 'backup_schedules.')}) AND {present_predicate('backup_schedules.')}"
)
"""The tenants that have a disabled schedule, not deleted."""

_BASES = (
    "(SELECT DISTINCT ON (candidate.tenant_id) candidate.tenant_id, candidate.id FROM backup_sets AS candidate"
    f" WHERE {candidate_predicate('candidate.')}{{}} ORDER BY candidate.tenant_id, candidate.completed_at DESC,"
    " candidate.id DESC) AS latest JOIN backup_items AS item"
    " ON item.tenant_id = latest.tenant_id AND item.backup_set_id = latest.id"
    f" WHERE {present_predicate('item.')}"
)

BASIS_ENDS = (
    "SELECT item.tenant_id, min(item.payload_digest), max(item.payload_digest)"
    f" FROM {_BASES.format('')} GROUP BY item.tenant_id"
)
"""Two digests of every basis. Bases with equal content have both in common."""


@cache
def basis_contents(narrowed: bool) -> str:
    """The items of bases, as in `examination_statements.basis_contents`."""
    return (
        "SELECT item.tenant_id, item.policy_type, item.policy_identifier, item.payload_digest"
        f" FROM {_BASES.format(_asked_for('candidate', narrowed))}"
    )


def _by_then(past: bool) -> str:
    return " AND candidate.completed_at <= :as_of" if past else ""


def _asked_for(table: str, narrowed: bool) -> str:
    return f" AND {table}.tenant_id IN :tenant_ids" if narrowed else ""
