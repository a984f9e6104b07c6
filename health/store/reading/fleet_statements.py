"""The statements of a verdict, as text: the fleet's facts, or those of some tenants (docs/reading.md, "One snapshot").

They are text, without SQLAlchemy, because importing that takes longer than a check. Their cost depends on the tenants
and not on the history: the basis is a LIMIT 1 on an index, and every count comes from an index alone. Each text is made
once, because making it costs more than one tenant's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, Literal

from health.quality import ITEM_FAMILIES
from health.store.columns import BACKUP_SCHEDULES, BACKUP_SETS, TENANTS
from health.store.reading.predicates import (
    candidate_predicate,
    degraded_predicate,
    deletion_unknown_candidate_predicate,
    deletion_unknown_predicate,
    family_predicate,
    no_instant_predicate,
    not_disabled_predicate,
    not_recorded_predicate,
    orphans_unknown_predicate,
    present_predicate,
)

Narrowed = Literal["external_ids", "tenant_ids"] | None
"""The parameter that lists the wanted tenants; None: every tenant to judge."""
_ASKED_FOR: Final[Mapping[Narrowed, str]] = {
    "external_ids": " AND tenants.external_id IN :external_ids",
    "tenant_ids": " AND tenants.id IN :tenant_ids",
    None: "",
}


@cache
def judged_tenants(dialect: str, narrowed: Narrowed) -> str:
    """The tenants to judge: the fleet, or those with the given external ids that are not archived."""
    return f"SELECT {TENANTS.selected} FROM tenants WHERE {judged(dialect, narrowed)}"  # noqa: S608 - our own rules


@cache
def basis_sets(dialect: str, narrowed: Narrowed, past: bool = False) -> str:
    """One row for each tenant with a basis: the set's columns, then the item columns.

    With `past` the basis as of the parameter `as_of`, among the sets completed by then.
    """
    if dialect == "sqlite":
        return (
            f"{latest_sets(judged(dialect, narrowed), past=past)}"  # noqa: S608 - our own rules
            f" SELECT {BACKUP_SETS.selected}, {', '.join(item_columns(dialect))} FROM latest JOIN backup_sets"
            " ON backup_sets.tenant_id = latest.tenant_id AND backup_sets.id = latest.set_id"
        )
    # A lateral join has the set's row without a look-up by its id. And most sets have no degraded item, so they are
    # in no family of items. Together this takes a sixth less time.
    unknown_deletion, unknown_orphans, present, degraded, not_recorded, *families = item_columns(dialect)
    counted = (f"CASE WHEN counted.degraded > 0 THEN {family} ELSE 0 END" for family in families)
    columns = ", ".join([unknown_deletion, unknown_orphans, present, "counted.degraded", not_recorded, *counted])
    return (
        f"SELECT {BACKUP_SETS.selected}, {columns} FROM tenants"  # noqa: S608 - our own rules
        f" CROSS JOIN LATERAL ({_latest('*', past)}) AS backup_sets"
        f" CROSS JOIN LATERAL {degraded} AS counted (degraded) WHERE {judged(dialect, narrowed)}"
    )


def latest_sets(whose: str, *, past: bool = False) -> str:
    """The beginning of a statement with `latest`: `tenant_id` and `set_id`, the basis's id or null, of some tenants."""
    # Materialized, because otherwise the LIMIT 1 would be computed more than once for each tenant.
    return (
        f"WITH latest AS MATERIALIZED (SELECT tenants.id AS tenant_id, ({_latest('id', past)}) AS set_id"  # noqa: S608
        f" FROM tenants WHERE {whose})"
    )


def _latest(columns: str, past: bool) -> str:
    """The basis of the current tenant of the surrounding statement."""
    by_then = " AND candidate.completed_at <= :as_of" if past else ""
    return (
        f"SELECT candidate.{columns} FROM backup_sets AS candidate"  # noqa: S608 - our own rules
        f" WHERE candidate.tenant_id = tenants.id AND {candidate_predicate('candidate.')}{by_then}"
        " ORDER BY candidate.completed_at DESC, candidate.id DESC LIMIT 1"
    )


@cache
def enabled_schedules(dialect: str, narrowed: Narrowed) -> str:
    """The enabled schedules of the tenants to judge; of the fleet's by tenant and id, of named ones in no order.

    Schedules whose flag or deletion cannot be read are included: none is left out silently.
    """
    # For an order PostgreSQL would go through all tenants by their ids to find the few that are named.
    in_order = " ORDER BY backup_schedules.tenant_id, backup_schedules.id" if narrowed is None else ""
    return (
        f"SELECT {BACKUP_SCHEDULES.selected}"  # noqa: S608 - our own rules
        " FROM backup_schedules JOIN tenants ON tenants.id = backup_schedules.tenant_id"
        f" WHERE {judged(dialect, narrowed)}"
        f" AND {not_disabled_predicate(dialect, 'backup_schedules.')}"
        f" AND {no_instant_predicate('backup_schedules.deleted_at', dialect)}{in_order}"
    )


@cache
def unreadable_candidates(dialect: str) -> str:
    """Sets that may be a basis but whose place among the others is unknown, with the column and its value.

    Always of all tenants, because for one tenant its whole history would be searched. Two indexes have exactly these
    sets: those with a `completed_at` or a `deleted_at` that cannot be read.
    """
    without_place = f"{candidate_predicate()} AND {no_instant_predicate('completed_at', dialect)}"
    return (
        f"{_lost_sets(dialect, 'completed_at', 'ix_backup_sets_no_instant', without_place)} UNION ALL "
        + _lost_sets(
            dialect, "deleted_at", "ix_backup_sets_deletion_unknown", deletion_unknown_candidate_predicate(dialect)
        )
        + " ORDER BY tenant_id, id"
    )


def _lost_sets(dialect: str, column: str, index: str, predicate: str) -> str:
    # This index is empty as a rule. SQLite has no statistics of an empty index, and would read every set instead.
    named = _named(dialect, index)
    return (
        f"SELECT tenant_id, id, '{column}' AS unreadable, {column}"  # noqa: S608 - our own rules
        f" FROM backup_sets{named} WHERE {predicate}"
    )


def _named(dialect: str, index: str) -> str:
    return f" INDEXED BY {index}" if dialect == "sqlite" else ""


@cache
def item_columns(dialect: str, tenant: str = "backup_sets.tenant_id") -> tuple[str, ...]:
    """The item columns of a row of `backup_sets`, each from its own partial index.

    First the id of an item whose `deleted_at` cannot be read, and of one whose orphaned assignments cannot be counted:
    both are null in a healthy database. Then the counts in the order of `ItemTally`. `tenant` is the items' tenant: if
    it is a constant, a distributed PostgreSQL asks only one node.
    """
    return (
        _first(dialect, "ix_backup_items_deletion_unknown", deletion_unknown_predicate, tenant),
        _first(dialect, "ix_backup_items_orphans_unknown", orphans_unknown_predicate, tenant),
        *_counts(dialect, tenant),
    )


def _counts(dialect: str, tenant: str) -> tuple[str, ...]:
    counts = (
        ("present", present_predicate("item.")),
        ("degraded", f"{present_predicate('item.')} AND {degraded_predicate('item.')}"),
        ("not_recorded", f"{present_predicate('item.')} AND {not_recorded_predicate('item.')}"),
        *(
            (family.name, f"{present_predicate('item.')} AND {family_predicate(family, 'item.')}")
            for family in ITEM_FAMILIES
        ),
    )
    return tuple(
        f"(SELECT count(*){_of_the_set(dialect, f'ix_backup_items_{name}', predicate, tenant)})"
        for name, predicate in counts
    )


def _first(dialect: str, index: str, predicate: Callable[[str, str], str], tenant: str) -> str:
    of_the_set = _of_the_set(dialect, index, predicate(dialect, "item."), tenant)
    first = f"(SELECT item.id{of_the_set} ORDER BY item.id LIMIT 1)"
    if dialect == "postgresql":
        return first
    # We look set by set only if any tenant has one; as a rule none has. In PostgreSQL that
    # would save little, and a statement that names the tenant of every row is what tenants on nodes need.
    anywhere = f"SELECT 1 FROM backup_items AS lost{_named(dialect, index)} WHERE {predicate(dialect, 'lost.')}"  # noqa: S608
    return f"CASE WHEN EXISTS ({anywhere}) THEN {first} END"


def _of_the_set(dialect: str, index: str, predicate: str, tenant: str) -> str:
    # With equal statistics SQLite may choose the index over all degraded items, and then read each of them.
    named = _named(dialect, index)
    return (
        f" FROM backup_items AS item{named} WHERE item.tenant_id = {tenant}"
        f" AND item.backup_set_id = backup_sets.id AND {predicate}"
    )


def judged(dialect: str, narrowed: Narrowed) -> str:
    """Tenants that are not archived. One whose `archived_at` cannot be read is included: none is left out silently."""
    return f"{no_instant_predicate('tenants.archived_at', dialect)}{_ASKED_FOR[narrowed]}"
