"""The doctor's statements beside the verdicts, as text (docs/doctor.md): a fixed number.

Each goes from tenant to tenant by an index. Citus has other ones, in `distributed_statements.py`.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from health.store.reading.fleet_statements import judged, latest_sets
from health.store.reading.predicates import (
    candidate_predicate,
    no_instant_predicate,
    not_disabled_predicate,
    present_predicate,
)

# ruff: noqa: S608 - made of our own rules; what comes from outside is a parameter

RUN_COLUMNS: Final = "backup_sets.source, count(*), min(backup_sets.completed_at), max(backup_sets.completed_at)"

ARCHIVED: Final = (
    "SELECT tenants.id, tenants.external_id, tenants.archived_at FROM tenants WHERE archived_at IS NOT NULL"
)
"""The archived tenants."""


@cache
def runs(dialect: str) -> str:
    """The completed and partial sets of a period, not deleted: number, first and last, by tenant and source.

    Archived tenants too. It needs `begin` and `end`.
    """
    return (
        f"SELECT backup_sets.tenant_id, {RUN_COLUMNS} FROM tenants CROSS JOIN backup_sets"
        f" WHERE backup_sets.tenant_id = tenants.id AND {candidate_predicate('backup_sets.')}"
        f" AND NOT {no_instant_predicate('backup_sets.completed_at', dialect)}"
        " AND backup_sets.completed_at >= :begin AND backup_sets.completed_at <= :end"
        " GROUP BY backup_sets.tenant_id, backup_sets.source ORDER BY backup_sets.tenant_id, backup_sets.source"
    )


@cache
def with_disabled_schedules(dialect: str) -> str:
    """The tenants that have a disabled schedule, not deleted."""
    return (
        "SELECT DISTINCT backup_schedules.tenant_id FROM tenants CROSS JOIN backup_schedules"
        " WHERE backup_schedules.tenant_id = tenants.id"
        f" AND NOT ({not_disabled_predicate(dialect, 'backup_schedules.')})"
        f" AND {present_predicate('backup_schedules.')}"
    )


@cache
def basis_ends(dialect: str) -> str:
    """The digests of the first and last item of every basis: equal bases have both in common."""
    item = (
        "SELECT item.payload_digest FROM backup_items AS item WHERE item.tenant_id = latest.tenant_id"
        f" AND item.backup_set_id = latest.set_id AND {present_predicate('item.')}"
        " ORDER BY item.policy_type{0}, item.policy_identifier{0} LIMIT 1"
    )
    return (
        f"{latest_sets(judged(dialect, narrowed=None))} SELECT latest.tenant_id,"
        f" ({item.format('')}), ({item.format(' DESC')}) FROM latest WHERE latest.set_id IS NOT NULL"
    )


@cache
def basis_contents(dialect: str, narrowed: bool) -> str:
    """The items of bases, in no order: tenant, type, identifier and digest. If `narrowed`, it needs `tenant_ids`."""
    asked_for = " AND tenants.id IN :tenant_ids" if narrowed else ""
    return (
        f"{latest_sets(judged(dialect, narrowed=None) + asked_for)} SELECT item.tenant_id, item.policy_type,"
        " item.policy_identifier, item.payload_digest FROM latest JOIN backup_items AS item"
        " ON item.tenant_id = latest.tenant_id AND item.backup_set_id = latest.set_id"
        # In no order: for one PostgreSQL would look through all tenants for each item.
        f" WHERE {present_predicate('item.')}"
    )


SQLITE_HAS_STATISTICS: Final = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
SQLITE_WITH_STATISTICS: Final = "SELECT DISTINCT tbl FROM sqlite_stat1"
POSTGRESQL_WITHOUT_STATISTICS: Final = (
    "SELECT relname FROM pg_catalog.pg_class WHERE oid IN (to_regclass('backup_sets'), to_regclass('backup_items'))"
    " AND relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_stats"
    " WHERE schemaname = current_schema() AND tablename = relname) ORDER BY relname DESC"
)
"""Those of the two large tables that are ordinary tables and were never analysed."""
