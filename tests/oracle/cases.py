"""From shapes (rows without ids) to cases (one tenant with its rows), and from cases to the rows of one fleet.

Every case is a separate tenant, so that a whole state space is one read of the fleet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from tests.oracle.rows import (
    DEFAULT_POLICY,
    Instant,
    ItemRow,
    Rows,
    ScheduleRow,
    SetRow,
    TenantRow,
    grace_of,
    longest_run_of,
    skew_of,
    window_of,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WINDOW = window_of(DEFAULT_POLICY)
GRACE = grace_of(DEFAULT_POLICY)
SKEW = skew_of(DEFAULT_POLICY)
LONGEST = longest_run_of(DEFAULT_POLICY)
TICK = timedelta(microseconds=1)
FIRST_INSTANT = datetime(1, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

CLEAN = ItemRow()

NAMES = [
    "Contoso",
    "contoso",
    "STRASSE",
    "straße",
    "Ångström",
    "zebra",
    "Zebra",
    " padded",
    "ı dotless",
    "Ω \u202eevil\n[/]",
]
"""Tenant names that tie, nearly tie, and differ only by `casefold` (docs/documents.md, "Triage order")."""


class SetShape(NamedTuple):
    """A backup set and its items, without ids."""

    row: SetRow
    items: tuple[ItemRow, ...] = (CLEAN,)


class Blueprint(NamedTuple):
    """The rows of one tenant, without ids."""

    sets: tuple[SetShape, ...] = ()
    schedules: tuple[ScheduleRow, ...] = ()
    archived_at: Instant = None
    created_at: Instant = LONG_AGO


class Case(NamedTuple):
    """One tenant and its rows."""

    tenant: TenantRow
    sets: tuple[SetRow, ...]
    items: tuple[ItemRow, ...]
    schedules: tuple[ScheduleRow, ...]


def set_shape(completed_at: Instant, *items: ItemRow, **columns: Any) -> SetShape:
    """A set that is recorded at the moment it completes, with these items; other columns as given."""
    values: dict[str, Any] = {"completed_at": completed_at, "created_at": completed_at}
    return SetShape(SetRow()._replace(**(values | columns)), items)


def numbered(blueprints: Iterable[Blueprint], *, ids_repeat: bool = False) -> Iterator[Case]:
    """The blueprints as tenants `case-000001` and so on, with ids.

    With `ids_repeat` the ids of sets, items and schedules start again in every tenant, as the primary keys of
    PostgreSQL allow (docs/facts.md, "The facts"), so that a join without the tenant mixes tenants.
    """
    set_ids, item_ids, schedule_ids = count(1), count(1), count(1)
    for tenant_id, blueprint in enumerate(blueprints, 1):
        if ids_repeat:
            set_ids, item_ids, schedule_ids = count(1), count(1), count(1)
        tenant = TenantRow(
            id=tenant_id,
            external_id=f"case-{tenant_id:06d}",
            name=NAMES[tenant_id % len(NAMES)],
            created_at=blueprint.created_at,
            archived_at=blueprint.archived_at,
        )
        schedules = tuple(
            shape._replace(id=number, tenant_id=tenant_id, name=f"schedule {number}")
            for number, shape in zip(schedule_ids, blueprint.schedules, strict=False)
        )
        sets: list[SetRow] = []
        items: list[ItemRow] = []
        for shape in blueprint.sets:
            set_id = next(set_ids)
            sets.append(
                shape.row._replace(
                    id=set_id,
                    tenant_id=tenant_id,
                    schedule_id=schedules[0].id if schedules and set_id % 2 else None,
                    name=f"set {set_id}",
                    source=("intunecd", "oracle")[set_id % 2],
                    source_ref=None if set_id % 3 else f"ref-{set_id}",
                )
            )
            for place, item in enumerate(shape.items):
                identity: dict[str, Any] = {"id": next(item_ids), "tenant_id": tenant_id, "backup_set_id": set_id}
                items.append(item._replace(**identity, policy_identifier=f"policy-{place}"))
        yield Case(tenant, tuple(sets), tuple(items), schedules)


def fleet(cases: Iterable[Case]) -> Rows:
    """The rows of all cases together."""
    rows = Rows([], [], [], [])
    for case in cases:
        rows.tenants.append(case.tenant)
        rows.sets.extend(case.sets)
        rows.items.extend(case.items)
        rows.schedules.extend(case.schedules)
    return rows
