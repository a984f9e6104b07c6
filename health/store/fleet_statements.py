"""The statements of a verdict, as text: the fleet's facts, or those of some tenants (`design.md` 6).

As text and without SQLAlchemy, because the process that reads ahead has no time to import it; where SQLAlchemy is, it
runs the same text. Each costs per tenant, not per history: the basis is a LIMIT 1 on an index, and every count comes
from an index alone. Where `narrowed` is true, a statement has the parameter `external_ids`, a list. Each is made once:
making it would cost more than one tenant's answer.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from health.facts import BackupSchedule, BackupSet
from health.quality import ITEM_FAMILIES
from health.store.predicates import (
    candidate_predicate,
    degraded_predicate,
    family_predicate,
    no_instant_predicate,
    not_recorded_predicate,
    present_predicate,
)

_TENANT_COLUMNS: Final = "tenants.id, tenants.external_id, tenants.name, tenants.created_at, tenants.archived_at"
# The named tuples of the facts have the columns of their tables in their order.
SET_COLUMNS: Final = ", ".join(f"backup_sets.{name}" for name in BackupSet._fields)
_SCHEDULE_COLUMNS: Final = ", ".join(f"backup_schedules.{name}" for name in BackupSchedule._fields)


@cache
def judged_tenants(dialect: str, narrowed: bool = False) -> str:
    """The tenants to judge: the fleet, or those of the external ids given that are not archived."""
    return f"SELECT {_TENANT_COLUMNS} FROM tenants WHERE {_judged(dialect, narrowed)}"  # noqa: S608 - our own rules


@cache
def basis_sets(dialect: str, narrowed: bool = False) -> str:
    """One row a tenant that has a basis: the set's columns, then its counts in the order of `ItemTally`."""
    latest = (
        "SELECT candidate.id FROM backup_sets AS candidate"  # noqa: S608 - our own rules
        f" WHERE candidate.tenant_id = tenants.id AND {candidate_predicate('candidate.')}"
        " ORDER BY candidate.completed_at DESC, candidate.id DESC LIMIT 1"
    )
    # Materialized, or either engine computes the LIMIT 1 more than once a tenant.
    return (
        f"WITH latest AS MATERIALIZED (SELECT tenants.id AS tenant_id, ({latest}) AS set_id"  # noqa: S608
        f" FROM tenants WHERE {_judged(dialect, narrowed)})"
        f" SELECT {SET_COLUMNS}, {', '.join(tally_columns(dialect))}"
        " FROM latest JOIN backup_sets ON backup_sets.tenant_id = latest.tenant_id AND backup_sets.id = latest.set_id"
    )


@cache
def enabled_schedules(dialect: str, narrowed: bool = False) -> str:
    """The enabled schedules of the tenants to judge, by tenant and id."""
    return (
        f"SELECT {_SCHEDULE_COLUMNS}"  # noqa: S608 - our own rules
        " FROM backup_schedules JOIN tenants ON tenants.id = backup_schedules.tenant_id"
        f" WHERE {_judged(dialect, narrowed)}"
        " AND backup_schedules.is_enabled IS TRUE AND backup_schedules.deleted_at IS NULL"
        " ORDER BY backup_schedules.tenant_id, backup_schedules.id"
    )


@cache
def unreadable_candidates(dialect: str) -> str:
    """Sets that may be a basis but whose place among the others nobody can know; an index holds just these.

    Of all tenants, whichever are asked for: those of one would be looked for in its whole history.
    """
    # SQLite keeps no statistics of an index that is empty, as this one should be, and would rather read every set.
    named = " INDEXED BY ix_backup_sets_no_instant" if dialect == "sqlite" else ""
    return (
        f"SELECT tenant_id, id, completed_at FROM backup_sets{named}"  # noqa: S608 - our own rules
        f" WHERE {candidate_predicate()} AND {no_instant_predicate('completed_at', dialect)} ORDER BY tenant_id, id"
    )


@cache
def tally_columns(dialect: str) -> tuple[str, ...]:
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


def _count(dialect: str, index: str, predicate: str) -> str:
    # Of indexes with the same statistics SQLite may take the one over all degraded items, and then reads each of them.
    named = f" INDEXED BY {index}" if dialect == "sqlite" else ""
    return (
        f"(SELECT count(*) FROM backup_items AS item{named} WHERE item.tenant_id = backup_sets.tenant_id"  # noqa: S608
        f" AND item.backup_set_id = backup_sets.id AND {predicate})"
    )


def _judged(dialect: str, narrowed: bool) -> str:
    """Tenants that are not archived, or whose archiving cannot be read: those are never left out in silence."""
    asked_for = " AND tenants.external_id IN :external_ids" if narrowed else ""
    return f"{no_instant_predicate('tenants.archived_at', dialect)}{asked_for}"
