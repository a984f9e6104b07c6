"""Tenants never mix: two with equal rows except their ids, asked for each other's sets, items and schedules.

In PostgreSQL their ids are even the same, because a key there begins with the tenant (docs/facts.md, "The facts").

Modules: health.resolver, health.store.reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from health.answers import CapturedInSet, CapturedJson, SetKey
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver, UnknownTenant
from health.store.opening.urls import parse_database_url
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.oracle.loading import clear, load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow

OURS, THEIRS = "ours.example", "theirs.example"


class Shape(NamedTuple):
    """The common shape of both tenants: the items and ages of their sets, and the number of schedules."""

    items: list[int]
    hours_old: list[int]
    statuses: list[str]
    schedules: int


SHAPES: Final = st.integers(1, 4).flatmap(
    lambda sets: st.builds(
        Shape,
        st.lists(st.integers(0, 2), min_size=sets, max_size=sets),
        st.lists(st.integers(0, 2), min_size=sets, max_size=sets),
        st.lists(st.sampled_from(["completed", "partial", "failed"]), min_size=sets, max_size=sets),
        st.integers(0, 2),
    )
)


def rows_of(shape: Shape, tenant_id: int, external_id: str, ids: list[int]) -> Rows:
    """One tenant's rows; `ids` are those of its sets, and those of its items and schedules follow from them."""
    rows = Rows([TenantRow(tenant_id, external_id, "Contoso", LONG_AGO)], [], [], [])
    for number, set_id in enumerate(ids):
        at = NOW - shape.hours_old[number] * HOUR
        status = shape.statuses[number]
        rows.sets.append(SetRow(set_id, tenant_id, name=external_id, status=status, completed_at=at, created_at=at))
        for place in range(shape.items[number]):
            identity = ItemRow(10 * set_id + place, tenant_id, set_id, policy_identifier=f"policy-{place}")
            rows.items.append(identity._replace(display_name=external_id))
    for place in range(shape.schedules):
        rows.schedules.append(ScheduleRow(10 * ids[0] + place, tenant_id, name=external_id, created_at=NOW))
    return rows


def both(ours: Rows, theirs: Rows) -> Rows:
    return Rows(
        ours.tenants + theirs.tenants,
        ours.sets + theirs.sets,
        ours.items + theirs.items,
        ours.schedules + theirs.schedules,
    )


@contextmanager
def resolving(url: str, rows: Rows) -> Iterator[TenantBackupHealthResolver]:
    clear(url)
    load(url, rows)
    resolver = TenantBackupHealthResolver(parse_database_url(url), HealthPolicy())
    try:
        yield resolver
    finally:
        resolver.close()


def answers(resolver: TenantBackupHealthResolver, rows: Rows) -> list[Any]:
    """All questions about our tenant, by its own ids."""
    items = [resolver.captured(OURS, item.backup_set_id, item.id, NOW) for item in rows.items]
    found: list[Any] = [resolver.backup_set(OURS, each.id, NOW) for each in rows.sets]
    pages = [resolver.backup_sets(OURS, NOW), resolver.backup_sets(OURS, NOW, limit=1)]
    after_first = pages[1].sets[0].key
    return [
        *(resolver.tenants([OURS], NOW), resolver.dashboard(OURS, NOW), resolver.schedules(OURS, NOW)),
        *(resolver.backup_set(OURS, None, NOW), resolver.backup_sets(OURS, NOW, before=after_first)),
        *(*pages, *found, *items),
    ]


HYPOTHESIS: Final = settings(
    max_examples=10,
    database=None,
    # An example is small already.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@HYPOTHESIS
@given(shape=SHAPES)
def test_another_tenant_changes_no_answer_and_its_ids_lead_nowhere(database_url: str, shape: Shape) -> None:
    count = len(shape.items)
    ours = rows_of(shape, 1, OURS, list(range(1, count + 1)))
    theirs = rows_of(shape, 2, THEIRS, list(range(count + 1, 2 * count + 1)))
    with resolving(database_url, ours) as alone:
        expected = answers(alone, ours)
    with resolving(database_url, both(ours, theirs)) as resolver:
        assert answers(resolver, ours) == expected
        for each in theirs.sets:
            there = resolver.backup_set(OURS, each.id, NOW)
            assert (there.listed, there.items) == (None, ())
            # Another tenant's page key is only a place in time, from which ours are listed.
            key = SetKey(expected[-1 - len(ours.items)].listed.key.happened_at, each.id)
            assert {listed.name for listed in resolver.backup_sets(OURS, NOW, before=key).sets} <= {OURS}
        for item in theirs.items:
            for set_id in (item.backup_set_id, *(each.id for each in ours.sets)):
                assert resolver.captured(OURS, set_id, item.id, NOW) == CapturedJson(None, None)
                (found,) = resolver.captured_in_sets(OURS, [(set_id, item.id)], NOW)
                assert found == CapturedInSet(None, CapturedJson(None, None))
        for item in ours.items:
            assert resolver.captured(OURS, theirs.sets[0].id, item.id, NOW) == CapturedJson(None, None)


@HYPOTHESIS
@given(shape=SHAPES, other=SHAPES)
def test_ids_that_both_have_are_each_tenants_own(postgres_url: str, shape: Shape, other: Shape) -> None:
    ours = rows_of(shape, 1, OURS, list(range(1, len(shape.items) + 1)))
    # Crossed: their newest set has the id of our oldest.
    theirs = rows_of(other, 2, THEIRS, list(range(len(other.items), 0, -1)))
    with resolving(postgres_url, ours) as alone:
        expected = answers(alone, ours)
    with resolving(postgres_url, both(ours, theirs)) as resolver:
        assert answers(resolver, ours) == expected


def test_a_text_that_is_not_an_external_id_finds_no_tenant(database_url: str) -> None:
    shape = Shape([1], [1], ["completed"], 1)
    rows = both(rows_of(shape, 1, OURS, [1]), rows_of(shape, 2, THEIRS, [2]))
    with resolving(database_url, rows) as resolver:
        for name in ("%", "_urs.example", "OURS.EXAMPLE", "Contoso", "1", "", "ours.example ", "ours*", "'"):
            for ask in (resolver.dashboard, resolver.schedules, resolver.backup_sets):
                with pytest.raises(UnknownTenant):
                    ask(name, NOW)
            with pytest.raises(UnknownTenant):
                resolver.backup_set(name, 1, NOW)
            with pytest.raises(UnknownTenant):
                resolver.captured(name, 1, 10, NOW)
            with pytest.raises(UnknownTenant):
                resolver.tenants([OURS, name], NOW)
