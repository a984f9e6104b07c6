"""Facts out of one snapshot, in a number of statements that depends on neither tenants nor history (`design.md` 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from health.facts import BackupSchedule, Tenant, TenantFacts, UnreadableEvidence
from health.store import statements
from health.store.rows import SET_WIDTH, RowReader, UnreadableRow, as_text, by_tenant, tally, unreadable


def read_facts(connection: Connection, external_ids: Sequence[str] | None = None) -> list[TenantFacts]:
    """The facts of every tenant to judge, or of those named that exist and are not archived; in no order."""
    dialect = connection.dialect.name
    tenants = connection.execute(statements.judged_tenants(dialect, external_ids)).fetchall()
    sets = connection.execute(statements.basis_sets(dialect, external_ids)).fetchall()
    schedules = connection.execute(statements.enabled_schedules(dialect, external_ids)).fetchall()
    lost = connection.execute(statements.unreadable_candidates(dialect, external_ids)).fetchall()
    assembly = _Assembly(RowReader(dialect), sets, schedules, lost)
    return [assembly.facts(row) for row in tenants]


class _Assembly:
    """Puts the rows of the statements together, tenant by tenant."""

    def __init__(self, reader: RowReader, sets: Sequence[Any], schedules: Sequence[Any], lost: Sequence[Any]) -> None:
        self._reader = reader
        self._sets = {row[1]: row for row in sets}
        self._schedules = by_tenant(schedules, 1)
        self._lost = by_tenant(lost, 0)

    def facts(self, row: Any) -> TenantFacts:
        """One tenant's facts; a value that cannot be read becomes the evidence instead of an error."""
        tenant_id = row[0]
        try:
            tenant = self._reader.tenant(row)
        except UnreadableRow as problem:
            return _without_verdict(Tenant(tenant_id, as_text(row[1]), as_text(row[2]), None), problem.evidence)
        if lost := self._lost.get(tenant_id):
            _, set_id, value = lost[0]
            return _without_verdict(tenant, unreadable("backup_sets", "completed_at", set_id, value))
        basis = counts = None
        try:
            if (found := self._sets.get(tenant_id)) is not None:
                basis = self._reader.backup_set(found)
                counts = tally(found[SET_WIDTH:])
            schedules = self._read_schedules(tenant_id)
        except UnreadableRow as problem:
            return _without_verdict(tenant, problem.evidence)
        return TenantFacts(tenant, basis, counts, schedules)

    def _read_schedules(self, tenant_id: int) -> tuple[BackupSchedule, ...]:
        rows = self._schedules.get(tenant_id)
        return tuple(map(self._reader.schedule, rows)) if rows else ()


def _without_verdict(tenant: Tenant, evidence: UnreadableEvidence) -> TenantFacts:
    return TenantFacts(tenant, None, None, (), evidence)
