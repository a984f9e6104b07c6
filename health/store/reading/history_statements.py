"""The statements for what is said of sets in addition to the verdict, as text (docs/documents.md).

The cost of each depends on its answer, not on the length of the history. They only ask whether an item's content
exists, except for the few items that must be compared by value.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from health.changes import SETS_SEARCHED
from health.facts import BASIS_STATUSES
from health.quality import ITEM_FAMILIES
from health.store.columns import BACKUP_SETS, ITEMS_READ
from health.store.reading.fleet_statements import item_columns, judged
from health.store.reading.predicates import (
    candidate_predicate,
    degraded_predicate,
    failing_predicate,
    happened_expression,
    no_instant_predicate,
    orphans_unknown_predicate,
    present_predicate,
)

# ruff: noqa: S608 - made of our own rules; what comes from outside is a parameter

ITEM_WIDTH: Final = len(ITEMS_READ.names)

EXISTING_TENANTS: Final = "SELECT tenants.external_id FROM tenants WHERE tenants.external_id IN :external_ids"
"""The external ids, out of these, that a tenant has, archived or not. It needs the list `external_ids`."""

COMPARED_SET: Final = (
    f"SELECT {BACKUP_SETS.selected} FROM backup_sets"
    " WHERE backup_sets.tenant_id = :tenant_id AND backup_sets.id = :set_id"
)
"""A set with any status. It needs `tenant_id` and `set_id`."""


def _reference(source: str, completed_at: str, set_id: str) -> str:
    return (
        f"FROM backup_sets WHERE backup_sets.tenant_id = :tenant_id AND {candidate_predicate('backup_sets.')}"
        f" AND backup_sets.status = 'completed' AND backup_sets.source = {source}"
        f" AND (backup_sets.completed_at, backup_sets.id) < ({completed_at}, {set_id})"
        " ORDER BY backup_sets.completed_at DESC, backup_sets.id DESC LIMIT 1"
    )


_OF_AFTER: Final = (
    "(SELECT later.{} FROM backup_sets AS later WHERE later.tenant_id = :tenant_id AND later.id = :after_id)"
)
_REFERENCE_OF_AFTER: Final = _reference(_OF_AFTER.format("source"), _OF_AFTER.format("completed_at"), ":after_id")

REFERENCE_OF_AFTER: Final = f"SELECT {BACKUP_SETS.selected} {_REFERENCE_OF_AFTER}"
"""The last completed set of a source before a set, if that was completed. It needs `tenant_id` and `after_id`."""

_REFERENCE: Final = _reference(":source", ":completed_at", ":set_id")
REFERENCE_SET: Final = f"SELECT {BACKUP_SETS.selected} {_REFERENCE}"
"""The same, with the position of that set as parameters: `tenant_id`, `source`, `completed_at` and `set_id`."""


@cache
def items_that_may_differ(dialect: str, of_reference: bool) -> str:
    """The items of two sets, not deleted, without those that are equal in both.

    The set's id, the item's columns, its assignments, and the content of an item without a digest that is in both.
    Only readable items with a digest or content are compared: by digest, else by the content's text, and by assignments
    and the columns of quality. It needs `tenant_id`, `after_id`, and `before_id` unless the other set is the reference
    set.
    """
    of_both = _of_both(of_reference)
    comparable = " AND ".join(
        (
            present_predicate("item."),
            f"NOT ({orphans_unknown_predicate(dialect, 'item.')})",
            *(f"item.{name} IS NOT NULL" for name in (*_IDENTITY, "display_name")),
            "(item.payload_digest IS NOT NULL OR item.payload IS NOT NULL)",
        )
    )
    content = "CASE WHEN item.payload_digest IS NULL THEN CAST(item.payload AS text) END"
    identity = ", ".join(f"item.{name}" for name in _IDENTITY)
    # Nothing has to be compared with an item that only one set has; but a set can be compared with itself.
    in_both = f"count(*) OVER (PARTITION BY {identity}) > 1"
    if not of_reference:
        in_both += " OR CAST(:before_id AS bigint) = :after_id"
    # Each set has an identity once, so a group of one is an item that is in one set only, or differs.
    grouped = (*_IDENTITY, *_SAME)
    columns = ", ".join(f"item.{name}" if name in grouped else f"min(item.{name})" for name in ITEMS_READ.names)
    assignments = "CAST(item.assignments AS text)"
    return (
        f"SELECT min(item.backup_set_id), {columns}, {assignments}, CASE WHEN {in_both} THEN {content} END"
        f" FROM backup_items AS item WHERE {of_both} AND {comparable}"
        f" GROUP BY {', '.join(f'item.{name}' for name in grouped)}, item.assignments, {content} HAVING count(*) = 1"
        f" UNION ALL SELECT item.backup_set_id, {_ITEM_COLUMNS}, {assignments}, NULL FROM backup_items AS item"
        f" WHERE {of_both} AND {no_instant_predicate('item.deleted_at', dialect)} AND NOT ({comparable})"
    )


_ITEM_COLUMNS: Final = ", ".join(f"item.{name}" for name in ITEMS_READ.names)
_IDENTITY: Final = ("policy_type", "policy_identifier")
_SAME: Final = ("payload_digest", *dict.fromkeys(family.column for family in ITEM_FAMILIES))
"""With their assignments, the values in which two unchanged items are equal."""


@cache
def items_present(of_reference: bool) -> str:
    """The number of items in two sets that are not deleted. It needs the same parameters."""
    return (
        f"SELECT item.backup_set_id, count(*) FROM backup_items AS item WHERE {_of_both(of_reference)}"
        f" AND {present_predicate('item.')} GROUP BY item.backup_set_id"
    )


def _of_both(of_reference: bool) -> str:
    before = f"(SELECT backup_sets.id {_REFERENCE_OF_AFTER})" if of_reference else ":before_id"
    return f"item.tenant_id = :tenant_id AND item.backup_set_id IN ({before}, :after_id)"


_KEPT: Final = (
    "(SELECT {} FROM captured_payloads AS kept"
    " WHERE kept.tenant_id = :tenant_id AND kept.digest = {item}.payload_digest)"
)
"""The content of an item's digest."""

CONTENTS: Final = (
    "SELECT content.id, content.payload FROM (SELECT backup_items.id, coalesce("
    f"{_KEPT.format('CAST(kept.payload AS text)', item='backup_items')}, CAST(backup_items.payload AS text)) AS payload"
    " FROM backup_items WHERE backup_items.tenant_id = :tenant_id AND backup_items.id IN :item_ids) AS content"
    " WHERE content.payload IS NOT NULL"
)
"""The content of these items, as text, if it was kept: by its digest, or else the item's own.

It needs `tenant_id` and the list `item_ids`.
"""


@cache
def last_good_copies(dialect: str) -> str:
    """The items that a basis has degraded, or lacks against its reference set, with the newest earlier whole item.

    The set's id and the item's columns. Then, of its last good copy, the set's id, name and completion, the item's id
    and whether its content was kept, and the set's status, source and source_ref. It needs the parameters of
    REFERENCE_SET, with the values of the basis.
    """
    wanted = ", ".join(f"wanted.{name}" for name in ITEMS_READ.names)
    gone = ", ".join(f"item.{name}" if name in _IDENTITY else f"min(item.{name})" for name in ITEMS_READ.names)
    whole = (
        f"{present_predicate('good.')} AND NOT {degraded_predicate('good.')}"
        f" AND NOT ({orphans_unknown_predicate(dialect, 'good.')})"
    )
    before = "(earlier.completed_at, earlier.id) < (:completed_at, :set_id)"
    begin = "''" if dialect == "sqlite" else "'-infinity'::timestamptz"
    horizon = f"(coalesce((SELECT completed_at FROM horizon), {begin}), coalesce((SELECT id FROM horizon), 0))"
    # The loops run as written: each item is looked for set by set, newest first, up to the first whole one.
    newest_whole = (
        "SELECT good.id FROM backup_sets AS earlier CROSS JOIN backup_items AS good"
        f" WHERE earlier.tenant_id = :tenant_id AND {candidate_predicate('earlier.')} AND {before}"
        f" AND (earlier.completed_at, earlier.id) >= {horizon}"
        " AND good.tenant_id = :tenant_id AND good.backup_set_id = earlier.id"
        f" AND good.policy_type = wanted.policy_type AND good.policy_identifier = wanted.policy_identifier AND {whole}"
        " ORDER BY earlier.completed_at DESC, earlier.id DESC LIMIT 1"
    )
    return (
        f"WITH reference AS MATERIALIZED (SELECT backup_sets.id {_REFERENCE}),"
        " horizon AS MATERIALIZED (SELECT earlier.completed_at, earlier.id FROM backup_sets AS earlier"
        f" WHERE earlier.tenant_id = :tenant_id AND {candidate_predicate('earlier.')} AND {before}"
        f" ORDER BY earlier.completed_at DESC, earlier.id DESC LIMIT 1 OFFSET {SETS_SEARCHED - 1}),"
        f" wanted AS MATERIALIZED (SELECT item.backup_set_id, {_ITEM_COLUMNS} FROM backup_items AS item"
        " WHERE item.tenant_id = :tenant_id AND item.backup_set_id = :set_id"
        f" AND {present_predicate('item.')} AND {degraded_predicate('item.')}"
        f" UNION ALL SELECT min(item.backup_set_id), {gone} FROM backup_items AS item"
        " WHERE item.tenant_id = :tenant_id AND item.backup_set_id IN (:set_id, (SELECT id FROM reference))"
        f" AND {present_predicate('item.')} GROUP BY {', '.join(f'item.{name}' for name in _IDENTITY)}"
        " HAVING count(*) = 1 AND min(item.backup_set_id) = (SELECT id FROM reference)),"
        f" found AS MATERIALIZED (SELECT wanted.backup_set_id, {wanted}, ({newest_whole}) AS good_id FROM wanted)"
        f" SELECT found.backup_set_id, {', '.join(f'found.{name}' for name in ITEMS_READ.names)},"
        " good.backup_set_id, good_set.name, good_set.completed_at, good.id,"
        # Not EXISTS: PostgreSQL may answer that by listing every content.
        f" good.payload IS NOT NULL OR {_KEPT.format('kept.digest', item='good')} IS NOT NULL,"
        " good_set.status, good_set.source, good_set.source_ref"
        " FROM found LEFT JOIN backup_items AS good ON good.tenant_id = :tenant_id AND good.id = found.good_id"
        " LEFT JOIN backup_sets AS good_set"
        " ON good_set.tenant_id = :tenant_id AND good_set.id = good.backup_set_id"
    )


@cache
def failing_sets(dialect: str, narrowed: bool) -> str:
    """The newest set of each tenant with an error, not deleted, that is not older than its basis.

    Tenant, set, error and when the set happened. It reads one set of each tenant. It needs `until`; later sets do not
    count. If `narrowed`, it needs the list `tenant_ids` and looks up the bases. Otherwise it needs `since`, the instant
    of the oldest basis, which takes half the time.
    """
    happened = happened_expression("failing.")
    # Without statistics SQLite takes any index with this order.
    named = " INDEXED BY ix_backup_sets_failing" if dialect == "sqlite" else ""
    least = "''" if dialect == "sqlite" else "'-infinity'"
    since = f"coalesce(({_BASIS_COMPLETED}), {least})" if narrowed else ":since"
    sought = (
        f"FROM backup_sets AS failing{named} WHERE failing.tenant_id = tenants.id AND {failing_predicate('failing.')}"
        f" AND {happened} >= {since} AND {happened} <= :until AND NOT {no_instant_predicate(happened, dialect)}"
        f" ORDER BY {happened} DESC, failing.id DESC LIMIT 1"
    )
    asked_for = " AND tenants.id IN :tenant_ids" if narrowed else ""
    whose = f"{judged(dialect, narrowed=None)}{asked_for}"
    if dialect == "postgresql":
        # LATERAL, because a join to the sets may scan all of them.
        return (
            f"SELECT tenants.id, newest.id, newest.error, newest.happened FROM tenants CROSS JOIN LATERAL"
            f" (SELECT failing.id, failing.error, {happened} AS happened {sought}) AS newest WHERE {whose}"
        )
    return (
        f"WITH newest AS MATERIALIZED (SELECT tenants.id AS tenant_id, (SELECT failing.id {sought}) AS set_id"
        f" FROM tenants WHERE {whose})"
        f" SELECT backup_sets.tenant_id, backup_sets.id, backup_sets.error, {happened_expression('backup_sets.')}"
        " FROM newest CROSS JOIN backup_sets"
        " WHERE backup_sets.tenant_id = newest.tenant_id AND backup_sets.id = newest.set_id"
    )


_BASIS_COMPLETED: Final = (
    "SELECT candidate.completed_at FROM backup_sets AS candidate WHERE candidate.tenant_id = tenants.id"
    f" AND {candidate_predicate('candidate.')} AND candidate.completed_at <= :until"
    " ORDER BY candidate.completed_at DESC, candidate.id DESC LIMIT 1"
)
"""When a tenant's basis was completed. It needs `until`."""


@cache
def first_sets(dialect: str, narrowed: bool) -> str:
    """When each tenant's first completed or partial set was completed, also a deleted one; null without a set.

    By tenant. If `narrowed`, it needs the list `tenant_ids`.
    """
    first = (
        "SELECT early.completed_at FROM backup_sets AS early WHERE early.tenant_id = tenants.id"
        f" AND early.status IN {_kept_statuses()} AND NOT {no_instant_predicate('early.completed_at', dialect)}"
        f" ORDER BY {happened_expression('early.')}, early.id LIMIT 1"
    )
    asked_for = " AND tenants.id IN :tenant_ids" if narrowed else ""
    judged_ones = f"{judged(dialect, narrowed=None)}{asked_for}"
    return f"SELECT tenants.id, ({first}) FROM tenants WHERE {judged_ones} ORDER BY tenants.id"


@cache
def sets_of_a_period(dialect: str, narrowed: bool) -> str:
    """The completed and partial sets of every tenant in a period, also deleted ones, by tenant.

    With the unreadable items and two counts: the items present and the degraded ones. Items of deleted sets are not
    counted. It needs `begin` and `end`, and if `narrowed` the list `tenant_ids`.
    """
    happened = happened_expression("backup_sets.")
    counted = ", ".join(
        f"CASE WHEN backup_sets.deleted_at IS NULL THEN {column} END" for column in item_columns(dialect)[:4]
    )
    asked_for = " AND tenants.id IN :tenant_ids AND backup_sets.tenant_id IN :tenant_ids" if narrowed else ""
    return (
        f"SELECT {BACKUP_SETS.selected}, {counted} FROM tenants CROSS JOIN backup_sets"
        f" WHERE {judged(dialect, narrowed=None)}{asked_for} AND backup_sets.tenant_id = tenants.id"
        f" AND {happened} >= :begin AND {happened} < :end AND backup_sets.status IN {_kept_statuses()}"
        " ORDER BY tenants.id"
    )


def _kept_statuses() -> str:
    return "(" + ", ".join(f"'{status}'" for status in BASIS_STATUSES) + ")"
