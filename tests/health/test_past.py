"""Every answer as of an instant is the answer as if nothing had happened since.

Modules: health.past, health.store.reading.past_snapshot.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.past import PastResolver
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.resolver import TenantBackupHealthResolver, UnknownTenant
from health.store.opening.urls import parse_database_url
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, TICK
from tests.health.test_questions import EXAMPLES, ages, histories, loaded, rows_of
from tests.oracle.rows import ItemRow, ScheduleRow, SetRow, known
from tests.resolving import resolving


def past(url: str, instant: datetime) -> PastResolver:
    return PastResolver(parse_database_url(url), HealthPolicy(), instant)


def happened(backup_set: SetRow) -> datetime:
    instant = known(backup_set.completed_at or backup_set.started_at or backup_set.created_at)
    assert isinstance(instant, datetime)
    return instant


def of_now(answer: Any) -> Any:
    """The same answer, its verdicts not marked as of the past."""
    if isinstance(answer, TenantBackupHealth):
        return answer._replace(of_the_past=False)
    if isinstance(answer, tuple):
        found = [of_now(each) for each in answer]
        return type(answer)(*found) if hasattr(answer, "_fields") else tuple(found)
    return answer


def everything(resolver: TenantBackupHealthResolver, tenants: int, now: datetime) -> list[Any]:
    """The questions of all screens, for every tenant."""
    fleet = resolver.refreshed_fleet(now)
    found: list[Any] = [fleet, resolver.causes(fleet.verdicts, now)]
    for name in (f"tenant-{number}" for number in range(1, tenants + 1)):
        found += [
            resolver.dashboard(name, now),
            resolver.backup_sets(name, now, limit=2),
            resolver.backup_set(name, None, now),
            resolver.schedules(name, now),
            resolver.changes(name, now),
            resolver.last_good(name, now),
        ]
        listed = resolver.backup_sets(name, now, limit=2).sets
        if listed:
            found.append(resolver.backup_sets(name, now, listed[-1].key, 2))
    return found


@EXAMPLES
@given(fleet=st.lists(histories, min_size=1, max_size=3), age=ages)
def test_later_sets_change_no_answer(database_url: str, fleet: Any, age: timedelta) -> None:
    rows, then = rows_of(*fleet), NOW - age
    rows.schedules.append(ScheduleRow(1, 1, created_at=LONG_AGO, cron="0 * * * *"))
    sets = [each for each in rows.sets if happened(each) <= then]
    ids = {each.id for each in sets}
    items = [each for each in rows.items if each.backup_set_id in ids]
    loaded(database_url, rows)
    resolver = past(database_url, then)
    found = everything(resolver, len(fleet), then)
    resolver.close()
    loaded(database_url, rows._replace(sets=sets, items=items, schedules=[]))
    with resolving(database_url) as alone:
        for answer, expected in zip(found, everything(alone, len(fleet), then), strict=True):
            assert of_now(answer) == expected
    assert not any(health.confirmed for health in found[0].verdicts)


def test_both_sides_of_an_instant(database_url: str) -> None:
    """A set completed at exactly that instant counts; one completed a tick later does not. Nor does a later error."""
    sets = [
        (SetRow(completed_at=NOW - DAY, created_at=NOW), [ItemRow()]),
        (SetRow(completed_at=NOW - HOUR, created_at=NOW), [ItemRow()]),
        (SetRow(status="failed", error="401", started_at=NOW - HOUR / 2, created_at=NOW), []),
    ]
    loaded(database_url, rows_of(sets))
    for then, basis, listed in (
        (NOW - HOUR - TICK, 1, [1]),
        (NOW - HOUR, 2, [2, 1]),
        (NOW - HOUR / 2 - TICK, 2, [2, 1]),
        (NOW - HOUR / 2, 2, [3, 2, 1]),
    ):
        resolver = past(database_url, then)
        answer = resolver.backup_sets("tenant-1", then)
        assert answer.health.basis is not None
        assert answer.health.basis.id == basis
        assert [each.key.set_id for each in answer.sets] == listed
        resolver.close()


def test_the_same_fleet_and_an_archived_tenant(database_url: str) -> None:
    rows = rows_of([(SetRow(completed_at=NOW - DAY, created_at=NOW), [ItemRow()])], [])
    rows.tenants[1] = rows.tenants[1]._replace(archived_at=NOW)
    loaded(database_url, rows)
    resolver = past(database_url, NOW - HOUR)
    answer = resolver.refreshed_fleet(NOW)
    assert [health.of_the_past for health in answer.verdicts] == [True]
    assert resolver.refreshed_fleet(NOW) is answer
    assert resolver.tenants(["tenant-1"], NOW) == list(answer.verdicts)
    with pytest.raises(UnknownTenant):
        resolver.dashboard("tenant-2", NOW)
    resolver.close()
