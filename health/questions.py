"""The questions to one snapshot beside the verdicts: changes, last good copies, causes, coverage, and the doctor's.

The resolver reads the verdict of a tenant or the fleet and passes it in. Nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from health.answers import (
    CapturedInSet,
    CapturedJson,
    CausesAnswer,
    ChangesAnswer,
    ComparedSet,
    CoverageAnswer,
    LastGoodAnswer,
)
from health.causes import causes_of, grouped
from health.changes import compared, with_a_digest_on_one_side
from health.collector import collector_paused
from health.coverage import TenantPast, first_needed, period_before
from health.covered_time import TenantCoverage, covered_time
from health.doctor.facts import Examined, FleetFacts
from health.freshness import Freshness
from health.instants import LATEST, shifted
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth

if TYPE_CHECKING:
    from health.store.reading.examination import Examination
    from health.store.reading.history import History
    from health.store.reading.snapshot import Snapshot

_FEW: Final = 1_000
"""Up to this many tenants, the query names each of them."""


def changes(
    history: History, health: TenantBackupHealth, before_id: int | None, after_id: int | None, now: datetime
) -> ChangesAnswer:
    """What changed between two sets: by default from the reference set to the basis."""
    if after_id is None:
        if health.basis is None:
            return ChangesAnswer(health, None, None, None, now)
        after_id = health.basis.id
    before, after, earlier, later = history.two_sets(health.tenant.id, before_id, after_id)
    if after is None or after.backup_set is None:
        return ChangesAnswer(health, None, None, None, now, after and after.unreadable)
    if before is None or before.backup_set is None:
        return ChangesAnswer(health, None, ComparedSet(after.backup_set, 0), None, now, before and before.unreadable)
    answer = ChangesAnswer(
        health, ComparedSet(before.backup_set, earlier.present), ComparedSet(after.backup_set, later.present), None, now
    )
    items = (*earlier.items, *later.items)
    lost = next((each.item.unreadable for each in items if each.item.unreadable is not None), None)
    if lost is not None:
        return answer._replace(unreadable=lost)
    wanted = with_a_digest_on_one_side(earlier.items, later.items)
    contents = earlier.contents | later.contents | history.contents(health.tenant.id, wanted)
    the_same = later.present - len(later.items)
    return answer._replace(changes=compared(earlier.items, later.items, contents, the_same))


def captured_in_set(snapshot: Snapshot, tenant_id: int, wanted: tuple[int, int] | None) -> CapturedInSet:
    """One item with its captured JSON. `wanted` is the set's id and the item's."""
    if wanted is None:
        return CapturedInSet(None, CapturedJson(None, None))
    set_id, item_id = wanted
    item = next((each for each in snapshot.items(tenant_id, set_id) if each.id == item_id), None)
    captured = snapshot.captured(tenant_id, set_id, item_id)
    return CapturedInSet(item, captured if item is not None else CapturedJson(None, None))


def last_good(history: History, health: TenantBackupHealth, now: datetime) -> LastGoodAnswer:
    """The last good copies of the items that the basis has degraded, or lacks compared with its reference set."""
    if health.basis is None:
        return LastGoodAnswer(health, None, (), now)
    return LastGoodAnswer(health, *history.last_good_copies(health.basis), now)


def causes(history: History, verdicts: Iterable[TenantBackupHealth], now: datetime) -> CausesAnswer:
    """The causes of verdicts in triage order."""
    with collector_paused():
        asked = [health for health in verdicts if health.reasons or health.unreadable is not None]
        failing = history.failing_sets(*_whose_errors_count(asked))
        return CausesAnswer(grouped(causes_of(asked, failing)), now)


def _whose_errors_count(asked: Sequence[TenantBackupHealth]) -> tuple[list[int], datetime | None]:
    """The ids of the tenants to name, and the instant from which on the errors of all others can count.

    Most bases are fresh, which means recent. So in a large fleet one instant is enough for all these tenants.
    """
    named, since = [], LATEST
    many = len(asked) > _FEW
    for health in asked:
        completed_at = None if health.basis is None else health.basis.completed_at
        if many and health.freshness is Freshness.FRESH and completed_at is not None:
            since = min(since, completed_at)
        elif health.unreadable is None:
            named.append(health.tenant.id)
    return named, None if since is LATEST else since


def coverage(
    history: History,
    verdicts: Sequence[TenantBackupHealth],
    policy: HealthPolicy,
    period: tuple[datetime, datetime],
    now: datetime,
    *,
    named: bool,
) -> CoverageAnswer:
    """How well tenants were covered from the first instant of a period until just before the second.

    It reads all tenants, or only those of the verdicts if they were `named`.
    """
    begin, end = period
    by_id = {health.tenant.id: health for health in verdicts}
    found = {}
    for tenant_id, past in history.pasts(first_needed(begin, policy), end, list(by_id) if named else None):
        if (health := by_id.get(tenant_id)) is not None:
            found[tenant_id] = covered_time(health, past, policy, begin, end, now)
    never = TenantPast((), None)
    tenants = (
        TenantCoverage(health, found.get(health.tenant.id) or covered_time(health, never, policy, begin, end, now))
        for health in verdicts
    )
    return CoverageAnswer(begin, end, tuple(tenants), now)


def examined(
    examination: Examination, verdicts: Sequence[TenantBackupHealth], policy: HealthPolicy, now: datetime
) -> Examined:
    """The doctor's facts from the database. `verdicts` are of the whole fleet in triage order."""
    names = {health.tenant.id: health.tenant.external_id for health in verdicts}
    runs = examination.runs(period_before(now), shifted(now, policy.clock_skew), names)
    fleet = FleetFacts(
        now,
        policy,
        verdicts,
        runs,
        examination.first_sets(),
        examination.with_disabled_schedules(),
        examination.alike(verdicts),
    )
    return Examined(fleet, examination.without_statistics())
