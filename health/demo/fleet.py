"""The demo fleet: believable tenants, relative to an instant, with every possible verdict.

`demo_fleet` makes rows and never touches a store. `situations.py` lists the situations to show, as data.
`histories.py` makes each tenant's history. This file turns both into rows (docs/concepts.md, "The verdict").
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Final, NamedTuple

from health.demo.histories import history_of
from health.demo.items import Capture, captures_of, flawed, rows_of_items
from health.demo.names import demo_name
from health.demo.rhythms import Rhythms
from health.demo.rows import (
    UNREADABLE_INSTANT,
    DemoTenant,
    ItemRow,
    ScheduleRow,
    SetRow,
    TenantRow,
)
from health.demo.schedules import Run, Scene
from health.demo.situations import BLOCK, SITUATIONS, Evidence, Situation, situation_of
from health.facts import BASIS_STATUSES
from health.policy import HealthPolicy
from health.quality import CONTRADICTORY_RUN, EMPTY_SET, INCOMPLETE_RUN, METADATA_ONLY, MISSING_ITEMS
from health.schedules import Condition

__all__ = [
    "ARCHIVED_TENANTS",
    "DEFAULT_TENANTS",
    "SITUATIONS",
    "UNREADABLE_INSTANT",
    "DemoTenant",
    "ItemRow",
    "ScheduleRow",
    "SetRow",
    "TenantRow",
    "demo_fleet",
]

DEFAULT_TENANTS: Final = BLOCK
"""The size of the first block of situations, so that the fleet shows all of them and is mostly healthy."""

_ARCHIVED: Final = (Situation(Evidence.OLD, (), Condition.OVERDUE), Situation(Evidence.OLD, (METADATA_ONLY,)))
ARCHIVED_TENANTS: Final = len(_ARCHIVED)
"""The number of archived tenants beside the judged ones. If they were judged, each would have a reason."""

_ITEMS_IN_EVERY_SET: Final = 400
"""In fleets up to this size every set keeps its items. In larger fleets that would be ten times as many rows."""

_SETS_KEPT: Final = 2
"""Retention never deletes this many of a tenant's newest sets that kept something."""

_RETENTION: Final = timedelta(days=40)
"""More days than a dashboard looks back, so that a gap there means a fault, not retention."""

_HISTORY: Final = timedelta(days=41)
_HISTORY_OF_A_LARGE_FLEET: Final = timedelta(days=10)
"""A large fleet keeps only the newest sets, so a longer history would add only rows that no screen shows."""

_WHOLE_FOR: Final = (4, 6)
"""For a number of days between these two, a tool has captured a tenant's whole configuration."""

_CAPTURED_AT_FIRST: Final = 5
"""How many objects were captured before that: few, because most sets are from that time and all keep their items."""

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_SOURCES: Final = ("intunecd", "intunecd", "intunecd", "tenuvault", "tenuvault", "intunemanagement")


class _Fleet(NamedTuple):
    """What all tenants of one fleet share. The `ids` of sets and items continue from tenant to tenant."""

    now: datetime
    tenants: int
    policy: HealthPolicy
    rhythms: Rhythms
    schedule_ids: Iterator[int]
    set_ids: Iterator[int]
    item_ids: Iterator[int]


def demo_fleet(now: datetime, tenants: int, policy: HealthPolicy) -> Iterator[DemoTenant]:
    """Yield `tenants` tenants to judge, then two archived ones, one at a time and in the order of their ids.

    `now` is an aware instant. The rows are dated relative to it and to the durations of `policy`; the same arguments
    give the same rows on every machine. The states of `SITUATIONS` come first. The other tenants, about 86 in 100 of a
    fleet of 200 or more, are confirmed at `now` and for some hours after it. Exactly one tenant, the sixth, is
    unreadable: its newest set that kept something was completed at `UNREADABLE_INSTANT`, which SQLite accepts only
    while its CHECKs are off. In a fleet of up to 400 tenants the history is longer than a dashboard looks back. In a
    larger fleet only the newest two sets of each tenant are not deleted.
    """
    moment = now.astimezone(UTC).replace(microsecond=0)
    fleet = _Fleet(moment, tenants, policy, Rhythms(moment, policy), count(1), count(1), count(1))
    for index in range(tenants):
        yield _told(fleet, index, situation_of(index))
    for number, situation in enumerate(_ARCHIVED):
        told = _told(fleet, tenants + number, situation)
        archived_at = moment - (number + 1) * 9 * _HOUR
        yield told._replace(tenant=told.tenant._replace(archived_at=archived_at))


def _told(fleet: _Fleet, index: int, situation: Situation) -> DemoTenant:
    """All rows of one tenant in a situation; `index` is its place in the fleet, from 0."""
    # Each tenant has its own random generator. Its seed is text, because that is the same in every process.
    rng = Random(f"tenantpilot demo {fleet.tenants} {index}")  # noqa: S311  a demo keeps no secrets
    name = demo_name(index, fleet.tenants + ARCHIVED_TENANTS)
    created_at = _created_at(fleet, situation, rng)
    tenant = TenantRow(index + 1, name.external_id, name.name, created_at, None)
    scene = Scene(
        fleet.now,
        fleet.policy,
        fleet.rhythms,
        rng,
        tenant.id,
        created_at,
        name.timezone,
        fleet.schedule_ids,
        _HISTORY if fleet.tenants <= _ITEMS_IN_EVERY_SET else _HISTORY_OF_A_LARGE_FLEET,
    )
    history = history_of(scene, situation)
    sets, items = _Telling(fleet, scene, situation, history.runs).rows()
    return DemoTenant(tenant, history.schedules, sets, items)


def _created_at(fleet: _Fleet, situation: Situation, rng: Random) -> datetime:
    """An instant in the last three years: before the history, or some days ago if the tenant has no history yet."""
    if situation.evidence is Evidence.NOTHING:
        return fleet.now - fleet.policy.schedule_grace - timedelta(seconds=rng.randint(48 * 3600, 250 * 3600))
    return fleet.now - fleet.policy.freshness_window - timedelta(seconds=rng.randint(95 * 86400, 1090 * 86400))


class _Telling:
    """One tenant's runs as sets with their items. The basis is the run that the rule selects.

    (docs/concepts.md, "The basis")
    """

    def __init__(self, fleet: _Fleet, scene: Scene, situation: Situation, runs: tuple[Run, ...]) -> None:
        self._fleet = fleet
        self._scene = scene
        self._situation = situation
        self._runs = runs
        self._source = scene.rng.choice(_SOURCES) if situation.records_assignments else "intunecd"
        kept = [n for n, run in enumerate(runs) if run.status in BASIS_STATUSES and run.deleted_at is None]
        self._kept = sorted(kept, key=lambda n: (runs[n].completed_at or scene.now, n))
        size = scene.rng.randint(21, 36) + int(115 * scene.rng.random() ** 2.2)
        *captures, self._spare = captures_of(scene.rng, size, self._source, situation.records_assignments)
        self._captures = tuple(captures)
        latest = max((run.started_at for run in runs if run.completed_at is not None), default=scene.now)
        self._whole_since = latest - scene.span(*(days * _DAY for days in _WHOLE_FOR))

    def rows(self) -> tuple[tuple[SetRow, ...], tuple[ItemRow, ...]]:
        """The sets, oldest start first, and their items."""
        sets: list[SetRow] = []
        items: list[ItemRow] = []
        newest = self._kept[-_SETS_KEPT:]
        flawed_sets = self._kept[-self._scene.rng.choice((1, 1, 2, 4)) :]
        for place, run in enumerate(self._runs):
            row = self._set_row(run, place in newest)
            if run.status in BASIS_STATUSES:
                row, captures = self._captured(row, place, place in flawed_sets)
                if self._keeps_items(row, run, place in newest):
                    items.extend(self._items(row, run, captures, place in newest))
            sets.append(row)
        return tuple(sets), tuple(items)

    def _keeps_items(self, row: SetRow, run: Run, is_newest: bool) -> bool:
        """Whether a set has items. Retention removes them with their set; a set deleted by hand keeps them."""
        if self._fleet.tenants > _ITEMS_IN_EVERY_SET:
            return is_newest
        return row.deleted_at is None or run.deleted_at is not None

    def _set_row(self, run: Run, is_kept: bool) -> SetRow:
        # A set is written when the tool ends. If nothing was kept, it is written when the tool starts.
        written_after = timedelta(seconds=self._scene.rng.randint(1, 20))
        if run.completed_at is None:
            created_at = min(run.started_at + written_after, self._scene.now)
        else:
            created_at = run.completed_at + written_after
        deleted_at = run.deleted_at
        if deleted_at is None and run.completed_at is not None and not is_kept:
            deleted_at = self._expired_at(run.completed_at)
        return SetRow(
            next(self._fleet.set_ids),
            self._scene.tenant_id,
            run.schedule_id,
            run.name,
            self._source,
            self._source_ref(run),
            run.status,
            None,
            run.error,
            run.started_at,
            run.completed_at,
            created_at,
            deleted_at,
        )

    def _source_ref(self, run: Run) -> str:
        if self._source == "intunecd":
            return f"{self._scene.rng.getrandbits(160):040x}"
        return f"{'backup-' if self._source == 'tenuvault' else ''}{run.started_at:%Y-%m-%d-%H%M%S}"

    def _expired_at(self, completed_at: datetime) -> datetime | None:
        """When retention deleted a set. A large fleet keeps only its newest sets."""
        if self._fleet.tenants > _ITEMS_IN_EVERY_SET:
            return min(completed_at + _DAY, self._scene.now)
        expires_at = completed_at + _RETENTION
        return expires_at if expires_at <= self._scene.now else None

    def _captured(self, row: SetRow, place: int, with_flaws: bool) -> tuple[SetRow, tuple[Capture, ...]]:
        """The set with its declared number of items, and the tool's captures at that time. Later sets hold more."""
        back = len(self._runs) - 1 - place
        captures = self._captures[: max(12, len(self._captures) - back // 6)]
        if row.started_at < self._whole_since:
            captures = captures[:_CAPTURED_AT_FIRST]
        if with_flaws:
            captures = flawed(captures, self._situation.families, self._scene.rng)
        if [place] == self._kept[-1:]:
            return self._basis(row, captures)
        return self._declared(row, len(captures)), captures

    def _declared(self, row: SetRow, items: int) -> SetRow:
        """The set with the number of items that it declares. IntuneCD declares no number."""
        return row if self._source == "intunecd" else row._replace(item_count=items)

    def _basis(self, row: SetRow, captures: tuple[Capture, ...]) -> tuple[SetRow, tuple[Capture, ...]]:
        """The basis with the set families of the situation. The item families are in its captures.

        (docs/concepts.md, "Quality")
        """
        rng, families = self._scene.rng, self._situation.families
        if EMPTY_SET in families:
            captures = ()
        row = self._declared(row, len(captures))
        if MISSING_ITEMS in families:
            row = row._replace(item_count=len(captures))
            captures = captures[: -rng.randint(1, len(captures) // 8 + 1)]
        if INCOMPLETE_RUN in families:
            row = row._replace(status="partial", error="CompliancePolicies: 403 Forbidden")
        if CONTRADICTORY_RUN in families:
            row = self._contradictory(row)
        if self._situation.evidence is Evidence.ILLEGIBLE:
            row = row._replace(completed_at=UNREADABLE_INSTANT)
        return row, captures

    def _contradictory(self, row: SetRow) -> SetRow:
        """The set with a contradiction: an error, a start after its end, or an end long after it was created."""
        assert isinstance(row.completed_at, datetime)
        way = self._scene.rng.randrange(3)
        if way == 0:
            return row._replace(error="exit status 1 after the last policy type")
        if way == 1:
            return row._replace(started_at=row.completed_at + 12 * _MINUTE)
        recorded_at = row.completed_at - self._scene.policy.longest_run - 2 * _HOUR
        return row._replace(started_at=recorded_at, created_at=recorded_at)

    def _items(self, row: SetRow, run: Run, captures: tuple[Capture, ...], is_newest: bool) -> list[ItemRow]:
        items = rows_of_items(captures, row.tenant_id, row.id, self._fleet.item_ids, with_json=is_newest)
        if items and self._scene.rng.random() < 0.04:
            items.append(self._deleted_item(items[-1], run.completed_at))
        return items

    def _deleted_item(self, last: ItemRow, at: datetime | None) -> ItemRow:
        """An object that was captured by mistake and then deleted. It never counts, not even in its family."""
        spare = self._spare._replace(capture_mode=None)
        return ItemRow(next(self._fleet.item_ids), last.tenant_id, last.backup_set_id, *spare[:8], None, at, None, None)
