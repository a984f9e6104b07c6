"""The verdict (docs/concepts.md, "The verdict") and the report (docs/documents.md, "The report"), word by word.

Simple on purpose: lists, loops and the sentences of the page in their order. Instants are compared through their
differences, because a sum with an instant near year 9999 overflows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.rows import (
    ItemRow,
    Policy,
    Rows,
    ScheduleRow,
    SetRow,
    TenantRow,
    is_garbage,
    known,
    longest_run_of,
    skew_of,
    window_of,
)
from tests.oracle.schedules import conditions_of

# --- the basis ------------------------------------------------------------------------------------------


def candidates(tenant: TenantRow, sets: Iterable[SetRow]) -> list[SetRow]:
    """The relevant sets: this tenant's, not deleted, completed or partial exactly (docs/concepts.md, "The basis")."""
    return [
        row
        for row in sets
        if row.tenant_id == tenant.id and row.deleted_at is None and row.status in ("completed", "partial")
    ]


def basis_of(relevant: Sequence[SetRow]) -> SetRow | None:
    """The candidate with the greatest `completed_at`, ties by greatest `id` (docs/concepts.md, "The basis")."""
    if not relevant:
        return None
    return max(relevant, key=lambda row: (known(row.completed_at), row.id))


# --- quality --------------------------------------------------------------------------------------------


def item_families(item: ItemRow) -> list[str]:
    """The families of one item (docs/concepts.md, "Quality", first table)."""
    found = []
    if item.capture_mode not in ("full", "metadata_only"):
        found.append("unknown_quality")
    if item.capture_mode == "metadata_only":
        found.append("metadata_only")
    if item.assignments_state is not None and item.assignments_state not in ("captured", "unassigned"):
        found.append("assignments_not_captured")
    if item.orphaned_assignments > 0:
        found.append("orphaned_assignments")
    if item.integrity_warning is not None:
        found.append("integrity_warning")
    return found


def is_contradictory(basis: SetRow, policy: Policy) -> bool:
    """`contradictory_run` (docs/concepts.md, "Quality", second table)."""
    completed_at = known(basis.completed_at)
    if basis.status == "completed" and basis.error is not None:
        return True
    if basis.started_at is not None and known(basis.started_at) > completed_at:
        return True
    return completed_at - known(basis.created_at) > longest_run_of(policy)


def quality_of(basis: SetRow, items: Iterable[ItemRow], policy: Policy) -> tuple[int, int, dict[str, int]]:
    """Items present, degraded items, and the families above zero with their counts (docs/concepts.md, "Quality")."""
    present = [
        item
        for item in items
        if item.tenant_id == basis.tenant_id and item.backup_set_id == basis.id and item.deleted_at is None
    ]
    families: dict[str, int] = {}
    degraded_items = 0
    for item in present:
        for family in item_families(item):
            families[family] = families.get(family, 0) + 1
        if item_families(item):
            degraded_items += 1
    if basis.status == "partial":
        families["incomplete_run"] = 1
    if len(present) == 0:
        families["empty_set"] = 1
    if basis.item_count is not None and basis.item_count > len(present):
        families["missing_items"] = basis.item_count - len(present)
    if is_contradictory(basis, policy):
        families["contradictory_run"] = 1
    return len(present), degraded_items, families


# --- freshness ------------------------------------------------------------------------------------------


def freshness_of(completed_at: datetime, policy: Policy, now: datetime) -> str:
    """Fresh iff `-skew <= age <= window` (docs/concepts.md, "Freshness")."""
    age = now - completed_at
    if age > window_of(policy):
        return "too_old"
    if age < -skew_of(policy):
        return "in_the_future"
    return "fresh"


# --- evidence that cannot be read -----------------------------------------------------------------------

Cell = dict[str, Any]
"""`{"table", "column", "row"}` of the report's `error` (docs/documents.md, "The report")."""


def unreadable_cells(
    tenant: TenantRow, sets: Sequence[SetRow], items: Sequence[ItemRow], schedules: Sequence[ScheduleRow]
) -> list[Cell]:
    """Every cell that makes this tenant unreadable. If there are several, the page leaves open which is named.

    A `deleted_at` that is not an instant does not delete: the verdict needs to know whether the row is there, and
    cannot (docs/concepts.md, "Evidence that cannot be read").
    """
    cells: list[Cell] = []

    def look(table: str, row: TenantRow | SetRow | ItemRow | ScheduleRow, columns: Sequence[str]) -> None:
        for column in columns:
            if is_garbage(getattr(row, column)) or (column == "created_at" and getattr(row, column) is None):
                cells.append({"table": table, "column": column, "row": row.id})

    look("tenants", tenant, ["created_at", "archived_at"])
    relevant = candidates(tenant, sets)
    unordered = [row for row in relevant if not isinstance(row.completed_at, datetime)]
    for row in unordered:
        cells.append({"table": "backup_sets", "column": "completed_at", "row": row.id})
    doubtful = candidates(tenant, [row._replace(deleted_at=None) for row in sets if is_garbage(row.deleted_at)])
    for row in doubtful:
        cells.append({"table": "backup_sets", "column": "deleted_at", "row": row.id})
    if unordered or doubtful:
        # We cannot know which candidate is the basis, so each may be the unreadable row.
        for row in [*relevant, *doubtful]:
            look("backup_sets", row, ["started_at", "created_at"])
    else:
        basis = basis_of(relevant)
        if basis is not None:
            look("backup_sets", basis, ["started_at", "created_at"])
            for item in items:
                if item.tenant_id == tenant.id and item.backup_set_id == basis.id:
                    look("backup_items", item, ["deleted_at"])
    for schedule in schedules:
        is_deleted = isinstance(schedule.deleted_at, datetime)
        if schedule.tenant_id == tenant.id and schedule.is_enabled and not is_deleted:
            columns = ["last_run_at", "next_run_at", "created_at", "enabled_at", "deleted_at"]
            look("backup_schedules", schedule, columns)
    return cells


# --- posture and reasons, the report --------------------------------------------------------------------


def rfc3339(instant: datetime) -> str:
    """RFC 3339 in UTC, with a fraction only if there is one (docs/documents.md, "The report")."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _unreadable_entry(tenant: TenantRow, cell: Cell) -> dict[str, Any]:
    return {
        "tenant": tenant.external_id,
        "name": tenant.name,
        "posture": None,
        "confirmed": False,
        "primary_reason": None,
        "reasons": [],
        "basis": None,
        "schedules": None,
        "confirm": [],
        "error": cell,
    }


def expected_tenant(
    tenant: TenantRow,
    sets: Sequence[SetRow],
    items: Sequence[ItemRow],
    schedules: Sequence[ScheduleRow],
    policy: Policy,
    now: datetime,
) -> dict[str, Any]:
    """The report entry of one tenant that is not archived; `error` without its message.

    (docs/documents.md, "The report")
    """
    cells = unreadable_cells(tenant, sets, items, schedules)
    if cells:
        return _unreadable_entry(tenant, cells[0])

    reasons: list[str] = []
    confirm: list[dict[str, Any]] = []
    basis_entry: dict[str, Any] | None = None
    basis = basis_of(candidates(tenant, sets))
    if basis is None:
        posture = "absent"
        reasons.append("no_backup_basis")
        confirm.append({"reason": "no_backup_basis", "screen": "backup_sets"})
    else:
        completed_at = known(basis.completed_at)
        freshness = freshness_of(completed_at, policy, now)
        present, degraded_items, families = quality_of(basis, items, policy)
        posture = "healthy"
        if families:
            posture = "degraded"
        if freshness != "fresh":
            posture = "stale"
            reasons.append("latest_backup_stale")
            confirm.append({"reason": "latest_backup_stale", "screen": "backup_set", "backup_set": basis.id})
        if families:
            reasons.append("latest_backup_degraded")
            confirm.append({"reason": "latest_backup_degraded", "screen": "backup_set", "backup_set": basis.id})
        basis_entry = {
            "id": basis.id,
            "name": basis.name,
            "source": basis.source,
            "status": basis.status,
            "completed_at": rfc3339(completed_at),
            "age_seconds": (now - completed_at) // timedelta(seconds=1),
            "freshness": freshness,
            "items": present,
            "degraded_items": degraded_items,
            "families": families,
        }

    enabled = [row for row in schedules if row.tenant_id == tenant.id and row.is_enabled and row.deleted_at is None]
    follow_up = []
    for schedule in sorted(enabled, key=lambda row: row.id):
        conditions = conditions_of(schedule, basis, policy, now)
        if conditions:
            follow_up.append({"id": schedule.id, "name": schedule.name, "conditions": conditions})
    if follow_up:
        reasons.append("schedule_follow_up")
        confirm.append({"reason": "schedule_follow_up", "screen": "schedules"})

    return {
        "tenant": tenant.external_id,
        "name": tenant.name,
        "posture": posture,
        "confirmed": posture == "healthy" and not reasons,
        "primary_reason": reasons[0] if reasons else None,
        "reasons": reasons,
        "basis": basis_entry,
        "schedules": {"enabled": len(enabled), "follow_up": follow_up},
        "confirm": confirm,
    }


def _triage_state(entry: Mapping[str, Any]) -> int:
    """The place of an entry's state in triage order (docs/documents.md, "Triage order")."""
    if entry["posture"] == "healthy":
        return 5 if entry["confirmed"] else 4
    return [None, "absent", "stale", "degraded"].index(entry["posture"])


def expected_report(rows: Rows, policy: Policy, now: datetime) -> dict[str, Any]:
    """The report's `totals` and its `tenants` in triage order. Archived ones are left out.

    An `archived_at` that is not an instant does not archive: a cell that cannot be read takes no tenant out of the
    counts (docs/documents.md, "Triage order").
    """
    sets_of: dict[int, list[SetRow]] = {}
    items_of: dict[int, list[ItemRow]] = {}
    schedules_of: dict[int, list[ScheduleRow]] = {}
    for row in rows.sets:
        sets_of.setdefault(row.tenant_id, []).append(row)
    for item in rows.items:
        items_of.setdefault(item.tenant_id, []).append(item)
    for schedule in rows.schedules:
        schedules_of.setdefault(schedule.tenant_id, []).append(schedule)

    placed = []
    for tenant in rows.tenants:
        if isinstance(tenant.archived_at, datetime):
            continue
        sets, items, schedules = (
            sets_of.get(tenant.id, []),
            items_of.get(tenant.id, []),
            schedules_of.get(tenant.id, []),
        )
        entry = expected_tenant(tenant, sets, items, schedules, policy, now)
        oldest = datetime.min.replace(tzinfo=UTC)
        if entry["basis"] is not None:
            basis = basis_of(candidates(tenant, sets))
            assert basis is not None
            oldest = known(basis.completed_at)
        placed.append(((_triage_state(entry), oldest, tenant.name.casefold(), tenant.external_id), entry))
    placed.sort(key=lambda pair: pair[0])
    tenants = [entry for _, entry in placed]

    def count(key: str, value: object) -> int:
        return len([entry for entry in tenants if entry[key] == value])

    totals = {"tenants": len(tenants), "unreadable": count("posture", None)}
    for posture in ("absent", "stale", "degraded", "healthy"):
        totals[posture] = count("posture", posture)
    totals["confirmed"] = count("confirmed", True)
    totals["schedule_follow_up"] = len([entry for entry in tenants if "schedule_follow_up" in entry["reasons"]])
    return {"totals": totals, "tenants": tenants}
