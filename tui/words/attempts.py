"""A tenant's latest sets as an export names them (docs/screens.md, "Whose it is")."""

from __future__ import annotations

from typing import Any

from health.answers import ListedSet
from health.report import rfc3339


def attempt_named(listed: ListedSet) -> dict[str, Any]:
    """One of a tenant's latest sets, with its whole error: what a dashboard's export has beside the report's fields.

    Of a row that cannot be read, only what is listed, and what is wrong with it.
    """
    said: dict[str, Any] = {
        "id": listed.key.set_id, "name": listed.name, "status": listed.status, "part": listed.part.value
    }  # fmt: skip
    if (attempt := listed.backup_set) is None:
        return said | {"error": None if listed.unreadable is None else str(listed.unreadable)}
    instants = {"started_at": attempt.started_at, "completed_at": attempt.completed_at}
    said |= {name: None if at is None else rfc3339(at) for name, at in instants.items()}
    return said | {"source": attempt.source, "source_ref": attempt.source_ref, "error": attempt.error}
