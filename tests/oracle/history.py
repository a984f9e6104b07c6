"""The oracle of the answers beside the verdict: two sets compared, last good copies, causes and coverage.

Written a second time from docs/documents.md, over rows of the tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.oracle.rows import ItemRow, Rows, SetRow, known


def families_of(item: ItemRow) -> list[str]:
    """The families of an item (docs/concepts.md, "Quality")."""
    found = []
    if item.capture_mode not in ("full", "metadata_only"):
        found.append("unknown_quality")
    if item.capture_mode == "metadata_only":
        found.append("metadata_only")
    if item.assignments_state not in (None, "captured", "unassigned"):
        found.append("assignments_not_captured")
    if item.orphaned_assignments > 0:
        found.append("orphaned_assignments")
    if item.integrity_warning is not None:
        found.append("integrity_warning")
    return found


def items_of(rows: Rows, set_id: int) -> dict[tuple[str, str], ItemRow]:
    """The items of a set that are not deleted, by identity."""
    return {
        (item.policy_type, item.policy_identifier): item
        for item in rows.items
        if item.backup_set_id == set_id and item.deleted_at is None
    }


def content_of(rows: Rows, item: ItemRow) -> str | None:
    """An item's content: the row of its digest, else its payload (docs/facts.md, "captured_payloads")."""
    kept = {(each.tenant_id, each.digest): each.payload for each in rows.contents}
    return kept.get((item.tenant_id, item.payload_digest or ""), item.payload)


def place(each: SetRow) -> tuple[datetime, int]:
    """The order of the basis."""
    return known(each.completed_at), each.id


def candidates(rows: Rows, tenant_id: int, *, deleted: bool = False) -> list[SetRow]:
    """The completed and partial sets of a tenant, oldest first; with the deleted ones if asked for."""
    found = [
        each
        for each in rows.sets
        if each.tenant_id == tenant_id
        and each.status in ("completed", "partial")
        and (deleted or each.deleted_at is None)
    ]
    return sorted(found, key=place)


def basis_of(rows: Rows, tenant_id: int) -> SetRow | None:
    """The basis of a tenant (docs/concepts.md, "The basis")."""
    return next(reversed(candidates(rows, tenant_id)), None)


def reference_of(rows: Rows, each: SetRow) -> SetRow | None:
    """The last completed set of the same source before it (docs/concepts.md, "Losses")."""
    if each.completed_at is None:
        return None
    before = [
        other
        for other in candidates(rows, each.tenant_id)
        if other.status == "completed" and other.source == each.source and place(other) < place(each)
    ]
    return before[-1] if before else None


def _value(text: str | None) -> object:
    """JSON as a value. Equal numbers in different spellings are equal, and `true` is not 1."""
    return None if text is None else _told_apart(json.loads(text))


def _told_apart(value: object) -> object:
    if isinstance(value, dict):
        return {key: _told_apart(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_told_apart(each) for each in value]
    return ("boolean", value) if isinstance(value, bool) else (value,)


def diff(rows: Rows, before: SetRow, after: SetRow) -> dict[str, Any]:
    """`totals` and `items` of the diff (docs/documents.md, "The diff")."""
    one, other = items_of(rows, before.id), items_of(rows, after.id)
    entries: list[tuple[int, str, str, dict[str, Any]]] = []
    totals = dict.fromkeys(("added", "gone", "changed", "unchanged", "not_comparable"), 0)
    for identity in {*one, *other}:
        aspects: list[str] = []
        if identity not in other:
            change = "gone"
        elif identity not in one:
            change = "added"
        else:
            was, now = one[identity], other[identity]
            contents = content_of(rows, was), content_of(rows, now)
            kept = None not in contents
            if was.payload_digest is not None and now.payload_digest is not None:
                kept = True
                if was.payload_digest != now.payload_digest:
                    aspects.append("content")
            elif kept and _value(contents[0]) != _value(contents[1]):
                aspects.append("content")
            if (was.assignments_state, was.orphaned_assignments, _value(was.assignments)) != (
                now.assignments_state,
                now.orphaned_assignments,
                _value(now.assignments),
            ):
                aspects.append("assignments")
            if families_of(was) != families_of(now):
                aspects.append("quality")
            change = "changed" if aspects else "unchanged" if kept else "not_comparable"
        totals[change] += 1
        if change != "unchanged":
            item = other.get(identity) or one[identity]
            entry = {
                "policy_type": identity[0],
                "policy_identifier": identity[1],
                "display_name": item.display_name,
                "change": change,
                "aspects": aspects,
            }
            entries.append((("gone", "changed", "not_comparable", "added").index(change), *identity, entry))
    return {"totals": totals, "items": [entry for *_, entry in sorted(entries, key=lambda each: each[:3])]}


def last_good(rows: Rows, basis: SetRow, searched: int = 120) -> list[dict[str, Any]]:
    """The `items` of the last good copies (docs/documents.md, "Last good copies"), without instants."""
    reference = reference_of(rows, basis)
    now, then = items_of(rows, basis.id), {} if reference is None else items_of(rows, reference.id)
    wanted = {identity: (item, families_of(item)) for identity, item in now.items() if families_of(item)}
    wanted |= {identity: (item, []) for identity, item in then.items() if identity not in now}
    earlier = [each for each in candidates(rows, basis.tenant_id) if place(each) < place(basis)]
    found = []
    for identity in sorted(wanted):
        item, families = wanted[identity]
        copy = None
        for each in reversed(earlier[-searched:]):
            other = items_of(rows, each.id).get(identity)
            if other is not None and not families_of(other):
                copy = {"backup_set": each.id, "name": each.name, "content_kept": content_of(rows, other) is not None}
                break
        found.append(
            {
                "policy_type": identity[0],
                "policy_identifier": identity[1],
                "display_name": item.display_name,
                "families": families,
                "last_good": copy,
            }
        )
    return found


def failing_set(rows: Rows, tenant_id: int) -> SetRow | None:
    """A tenant's newest set with an error, not deleted and not older than its basis (docs/documents.md, "Causes")."""

    def happened(each: SetRow) -> tuple[datetime, int]:
        return known(each.completed_at or each.started_at or each.created_at), each.id

    basis = basis_of(rows, tenant_id)
    found = [
        each
        for each in rows.sets
        if each.tenant_id == tenant_id
        and each.deleted_at is None
        and each.error is not None
        and (basis is None or happened(each) >= happened(basis))
    ]
    return max(found, key=happened, default=None)


def coverage(rows: Rows, tenant_id: int, window: timedelta, begin: datetime, end: datetime) -> dict[str, int]:
    """The seconds of a readable tenant, moment by moment (docs/documents.md, "Coverage")."""
    (tenant,) = (each for each in rows.tenants if each.id == tenant_id)
    sets = candidates(rows, tenant_id, deleted=True)
    tick = timedelta(microseconds=1)
    edges = {begin, end, known(tenant.created_at)}
    for each in sets:
        edges |= {known(each.completed_at), known(each.completed_at) + window + tick}
    inside = sorted(edge for edge in edges if begin <= edge <= end)
    lasted = dict.fromkeys(("protected", "degraded", "uncovered", "unknown"), timedelta(0))
    for at, until in pairwise(inside):
        lasted[_state(rows, sets, known(tenant.created_at), window, at)] += until - at
    seconds = {f"{name}_seconds": int(span.total_seconds()) for name, span in lasted.items()}
    seconds["unknown_seconds"] = int((end - begin).total_seconds()) - sum(list(seconds.values())[:3])
    return seconds


def _state(rows: Rows, sets: Sequence[SetRow], created_at: datetime, window: timedelta, at: datetime) -> str:
    if not sets:
        return "unknown" if at < created_at else "uncovered"
    then = [each for each in sets if known(each.completed_at) <= at]
    if not then:
        return "unknown"
    if at - known(then[-1].completed_at) > window:
        return "uncovered"
    if then[-1].deleted_at is not None:
        return "unknown"
    return "degraded" if set_is_degraded(rows, then[-1]) else "protected"


def set_is_degraded(rows: Rows, each: SetRow) -> bool:
    """Whether a set is in any family (docs/concepts.md, "Quality")."""
    items = items_of(rows, each.id)
    contradictory = (
        (each.status == "completed" and each.error is not None)
        or (each.started_at is not None and known(each.started_at) > known(each.completed_at))
        or known(each.completed_at) > known(each.created_at) + timedelta(hours=6)
    )
    return (
        any(map(families_of, items.values()))
        or each.status == "partial"
        or not items
        or (each.item_count is not None and each.item_count > len(items))
        or contradictory
    )
