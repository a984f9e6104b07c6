"""Check by the stored sets of a tenant whether a set is its own (docs/import-folders.md, "The door")."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from health.sources.captured import CapturedSet
from health.sources.declaration import Acceptances
from health.sources.whose import require_same_tenant
from health.store.writing.tables import backup_sets


def require_whose(connection: Connection, tenant_id: int, captured: CapturedSet, accepts: Acceptances) -> None:
    """Raise RefusedInput if the stored sets show that a set is not this tenant's."""
    if captured.source_tenant is None or accepts.other_tenant:
        return
    for known in _source_tenants(connection, tenant_id, captured):
        require_same_tenant(captured, known)


def _source_tenants(connection: Connection, tenant_id: int, captured: CapturedSet) -> list[str | None]:
    """The names of the tenant in this set's stored version, and in the last other set of its source."""
    columns = backup_sets.c
    called = select(columns.source_tenant).where(
        columns.tenant_id == tenant_id, columns.source == captured.source, columns.source_tenant.is_not(None)
    )
    its_own = called.where(columns.source_ref == captured.source_ref)
    others = called.where(
        columns.source_ref.is_distinct_from(captured.source_ref), columns.deleted_at.is_(None)
    ).order_by(func.coalesce(columns.completed_at, columns.created_at).desc(), columns.id.desc())
    return [connection.execute(query.limit(1)).scalar_one_or_none() for query in (its_own, others)]
