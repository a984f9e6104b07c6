"""Cancel stored sets of commits that are not runs. They stay stored, but cannot be a basis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from health.store.writing.tables import backup_sets, tenants

_NO_RUN: Final = "no run: "


def cancel_sets(connection: Connection, external_id: str, source: str, no_runs: Mapping[str, str]) -> int:
    """Set the status `cancelled`, with an error that says what they are, for a source's sets that are not runs.

    `no_runs` has what each is, by source reference. Returns the number of newly cancelled sets. It uses the caller's
    transaction (docs/import-folders.md, "A repository's history").
    """
    if not no_runs:
        return 0
    columns = (backup_sets.c.tenant_id, backup_sets.c.id, backup_sets.c.source_ref, backup_sets.c.status)
    stored = connection.execute(
        select(*columns, backup_sets.c.error)
        .join(tenants, tenants.c.id == backup_sets.c.tenant_id)
        .where(tenants.c.external_id == external_id, backup_sets.c.source == source)
    )
    changes, cancelled = [], 0
    for row in stored:
        error = f"{_NO_RUN}{no_runs[row.source_ref]}" if row.source_ref in no_runs else None
        if error is not None and (row.status, row.error) != ("cancelled", error):
            changes.append({"of_tenant": row.tenant_id, "of_set": row.id, "error": error})
            cancelled += row.status != "cancelled"
    if changes:
        the_set = (backup_sets.c.tenant_id == bindparam("of_tenant"), backup_sets.c.id == bindparam("of_set"))
        connection.execute(
            update(backup_sets).where(*the_set).values(status="cancelled", error=bindparam("error")), changes
        )
    return cancelled
