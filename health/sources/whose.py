"""Whether a backup belongs to the tenant it is imported for, by the tool's own name for the tenant.

(docs/import-folders.md, "The door")
"""

from __future__ import annotations

from health.sources.captured import CapturedSet, RefusedInput


def require_same_tenant(captured: CapturedSet, known: str | None) -> None:
    """Refuse a set whose tool names another tenant than `known`, which is the name in the tenant's other sets.

    Case does not matter: these are GUIDs and domains. A set without such a name is not refused. Raises RefusedInput.
    """
    said = captured.source_tenant
    if said is None or known is None or said.casefold() == known.casefold():
        return
    raise RefusedInput(
        f"The backup {captured.name!r} is of the tenant {said!r}, and what is stored from {captured.source} for"
        f" {captured.external_id!r} is of {known!r}: import it for its own tenant. If"
        f" {captured.external_id!r} has that name now, say --accept-other-tenant: then it counts as that tenant's."
    )


def tenant_in(value: object) -> str | None:
    """The tool's name for its tenant, from one of the tool's values; None if the value says nothing."""
    return value.strip() or None if isinstance(value, str) else None
