"""Properties of a verdict through the store: changes that must not improve it do not, in any fleet.

Before and after are two tenants of one fleet.

Modules: health.posture, health.store.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from health.policy import HealthPolicy
from health.posture import Posture, TenantBackupHealth
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.oracle.loading import clear, load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow


class Kept(NamedTuple):
    """One set: its age, its status, whether it is deleted, and the capture mode of each item."""

    hours: int
    status: str
    deleted: bool
    modes: tuple[str | None, ...]


History = tuple[Kept, ...]
SETS: Final = st.builds(
    Kept,
    st.integers(-1, 40),
    st.sampled_from(["completed", "completed", "completed", "partial", "failed", "running"]),
    st.sampled_from([False, False, True]),
    st.lists(st.sampled_from(["full", "full", "full", "metadata_only", None]), max_size=3).map(tuple),
)
# No two at one instant, because there the id decides, and some of the properties change ids.
HISTORIES: Final = st.lists(SETS, min_size=1, max_size=5, unique_by=lambda kept: kept.hours).map(tuple)
RANKS: Final = {posture: rank for rank, posture in enumerate(Posture)}

HYPOTHESIS: Final = settings(
    max_examples=40,
    database=None,
    # An example is small already.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def verdicts(
    url: str, *histories: History, ids_reversed: bool = False, policies: tuple[HealthPolicy, ...] = (HealthPolicy(),)
) -> list[TenantBackupHealth]:
    """The verdict on each history, or on one history by each policy."""
    rows = Rows([], [], [], [])
    for tenant, history in enumerate(histories, 1):
        rows.tenants.append(TenantRow(tenant, f"tenant-{tenant}", "Contoso", LONG_AGO))
        for place, kept in enumerate(history):
            number = 100 * tenant + (50 - place if ids_reversed and tenant > 1 else place)
            at = NOW - kept.hours * HOUR
            one = SetRow(number, tenant, name=f"{kept.hours}", status=kept.status, completed_at=at, created_at=at)
            rows.sets.append(one._replace(deleted_at=NOW if kept.deleted else None))
            for item, mode in enumerate(kept.modes):
                identity = ItemRow(10 * number + item, tenant, number, policy_identifier=f"policy-{item}")
                rows.items.append(identity._replace(capture_mode=mode))
    clear(url)
    load(url, rows)
    found = []
    for policy in policies:
        resolver = TenantBackupHealthResolver(parse_database_url(url), policy)
        found += sorted(resolver.fleet(NOW), key=lambda health: health.tenant.id)
        resolver.close()
    return found


def said(health: TenantBackupHealth) -> tuple[object, ...]:
    """A verdict without its ids."""
    basis = None if health.basis is None else health.basis.name
    return health.posture, health.reasons, basis, health.freshness, health.quality


def rank(health: TenantBackupHealth) -> tuple[int, int]:
    assert health.posture is not None
    return RANKS[health.posture], -len(health.reasons)


def place_of_basis(history: History) -> int | None:
    there = [
        place for place, kept in enumerate(history) if kept.status in ("completed", "partial") and not kept.deleted
    ]
    return min(there, key=lambda place: history[place].hours, default=None)


@HYPOTHESIS
@given(history=HISTORIES, older=SETS, by=st.integers(1, 50))
def test_an_older_set_however_good_changes_nothing(sqlite_url: str, history: History, older: Kept, by: int) -> None:
    place = place_of_basis(history)
    assume(place is not None)
    assert place is not None
    more = (*history, older._replace(hours=history[place].hours + by))
    before, after = verdicts(sqlite_url, history, more)
    assert said(after) == said(before)


@HYPOTHESIS
@given(history=HISTORIES, data=st.data(), mode=st.sampled_from(["metadata_only", None]))
def test_a_worse_item_never_improves(sqlite_url: str, history: History, data: st.DataObject, mode: str | None) -> None:
    place = data.draw(st.integers(0, len(history) - 1))
    kept = history[place]
    assume(kept.modes)
    worse = kept._replace(modes=(mode, *kept.modes[1:]))
    before, after = verdicts(sqlite_url, history, (*history[:place], worse, *history[place + 1 :]))
    assert rank(after) <= rank(before)


@HYPOTHESIS
@given(history=HISTORIES)
def test_deleting_the_basis_gives_the_verdict_without_it(sqlite_url: str, history: History) -> None:
    place = place_of_basis(history)
    assume(place is not None)
    assert place is not None
    before, after = history[:place], history[place + 1 :]
    deleted, without = verdicts(sqlite_url, (*before, history[place]._replace(deleted=True), *after), (*before, *after))
    assert said(deleted) == said(without)


@HYPOTHESIS
@given(history=HISTORIES, data=st.data())
def test_the_order_of_rows_and_their_ids_change_nothing(sqlite_url: str, history: History, data: st.DataObject) -> None:
    other = tuple(data.draw(st.permutations(history)))
    one, two = verdicts(sqlite_url, history, other, ids_reversed=True)
    assert said(one) == said(two)


@HYPOTHESIS
@given(history=HISTORIES, hours=st.integers(1, 23))
def test_a_tighter_window_never_improves(sqlite_url: str, history: History, hours: int) -> None:
    tighter = HealthPolicy(freshness_window=timedelta(hours=hours))
    usual, tight = verdicts(sqlite_url, history, policies=(HealthPolicy(), tighter))
    assert rank(tight) <= rank(usual)
