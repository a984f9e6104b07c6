"""Changes, last good copies, causes and coverage of a database, against the oracle, on both engines.

Modules: health.questions, health.store.reading.history.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from health.answers import ChangesAnswer
from health.causes import folded
from health.documents import causes_document, coverage_document, diff_document, last_good_document
from health.posture import TenantBackupHealth
from health.resolver import TenantBackupHealthResolver, UnknownTenant
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, TICK, WINDOW
from tests.oracle import history as oracle
from tests.oracle.loading import clear, load
from tests.oracle.rows import ContentRow, ItemRow, Rows, ScheduleRow, SetRow, TenantRow, known
from tests.resolving import resolving

CONTOSO = TenantRow(1, "contoso.example", "Contoso", LONG_AGO)
# No shrinking: each example needs a database, and shrinking takes hundreds of examples.
EXAMPLES = settings(
    max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate), suppress_health_check=list(HealthCheck)
)

ages = st.one_of(
    st.timedeltas(0 * DAY, 4 * DAY), st.integers(0, 4).map(lambda days: days * WINDOW), st.just(WINDOW + TICK)
)
contents = st.sampled_from([None, "{}", '{"a": 1}', '{"a": true}', '{"a":1.0}', '{"b": [1, 2]}'])
item_rows = st.builds(
    lambda **columns: ItemRow(**columns),  # all columns not named here stay as they are
    policy_type=st.sampled_from(["Filters", "Roles"]),
    policy_identifier=st.sampled_from(["a", "b", "ä"]),
    display_name=st.sampled_from(["One", "Two"]),
    capture_mode=st.sampled_from(["full", "full", "full", "metadata_only", None]),
    assignments_state=st.sampled_from(["captured", "captured", "failed", None]),
    orphaned_assignments=st.sampled_from([0, 0, 1]),
    integrity_warning=st.sampled_from([None, None, ""]),
    deleted_at=st.sampled_from([None, None, None, NOW]),
    assignments=st.sampled_from([None, "[]", '[{"id": 1}]']),
    payload_digest=st.sampled_from([None, None, "", "sha256:1", "sha256:2", "sha256:pruned"]),
    payload=contents,
)
set_rows = st.builds(
    lambda age, started, created, status, **columns: SetRow(
        completed_at=NOW - age if status in ("completed", "partial") or started is None else None,
        started_at=None if started is None else NOW - age - started,
        created_at=NOW - age + created,
        status=status,
        **columns,
    ),
    ages,
    st.sampled_from([None, HOUR, -HOUR]),
    st.sampled_from([0 * HOUR, HOUR, -7 * HOUR]),
    st.sampled_from(["completed", "completed", "completed", "partial", "failed", "running"]),
    name=st.sampled_from(["nightly", "weekly"]),
    source=st.sampled_from(["intunecd", "intunecd", "facts"]),
    item_count=st.sampled_from([None, None, 2]),
    error=st.sampled_from([None, None, None, "", "403 Forbidden of policy 17"]),
    deleted_at=st.sampled_from([None, None, None, NOW]),
)
histories = st.lists(
    st.tuples(
        set_rows, st.lists(item_rows, max_size=5, unique_by=lambda item: (item.policy_type, item.policy_identifier))
    ),
    max_size=7,
)


def rows_of(*histories: Any) -> Rows:
    """Tenants with their sets; ids are not in the order of time."""
    rows, kept = Rows([], [], [], []), list[ContentRow]()
    for number, history in enumerate(histories, 1):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        for backup_set, items in history:
            set_id = len(rows.sets) + 1
            rows.sets.append(backup_set._replace(id=set_id, tenant_id=number))
            for item in items:
                rows.items.append(item._replace(id=len(rows.items) + 1, tenant_id=number, backup_set_id=set_id))
        kept.append(ContentRow(number, "sha256:1", '{"a": 1}'))
        kept.append(ContentRow(number, "sha256:2", f'{{"of": {number}}}'))
    return rows._replace(contents=kept)


@pytest.fixture
def resolver(database_url: str) -> Any:
    with resolving(database_url) as resolver:
        yield resolver


def loaded(url: str, rows: Rows) -> None:
    clear(url)
    load(url, rows)


def in_words(answer: ChangesAnswer) -> dict[str, Any] | None:
    if answer.before is None or answer.after is None or answer.changes is None:
        return None
    document = json.loads(json.dumps(diff_document(answer.health, answer.before, answer.after, answer.changes)))
    return {"totals": document["totals"], "items": document["items"]}


@EXAMPLES
@given(history=histories, other=histories, data=st.data())
def test_changes(
    database_url: str, resolver: TenantBackupHealthResolver, history: Any, other: Any, data: st.DataObject
) -> None:
    rows = rows_of(history, other)
    loaded(database_url, rows)
    basis = oracle.basis_of(rows, 1)
    reference = None if basis is None else oracle.reference_of(rows, basis)
    answer = resolver.changes("tenant-1", NOW)
    assert (answer.after and answer.after.backup_set.id) == (basis and basis.id)
    assert (answer.before and answer.before.backup_set.id) == (reference and reference.id)
    expected = None if basis is None or reference is None else oracle.diff(rows, reference, basis)
    assert in_words(answer) == expected
    if expected is not None and answer.before is not None and reference is not None:
        assert answer.before.items == len(oracle.items_of(rows, reference.id))
    # Any two sets, but never those of another tenant.
    if rows.sets:
        one, two = (data.draw(st.sampled_from(rows.sets)) for _ in range(2))
        named = resolver.changes("tenant-1", NOW, one.id, two.id)
        mine = one.tenant_id == two.tenant_id == 1
        assert in_words(named) == (oracle.diff(rows, one, two) if mine else None)
        if basis is not None and one.tenant_id == 1:
            assert in_words(resolver.changes("tenant-1", NOW, one.id)) == oracle.diff(rows, one, basis)


@EXAMPLES
@given(history=histories, other=histories)
def test_last_good_copies(database_url: str, resolver: TenantBackupHealthResolver, history: Any, other: Any) -> None:
    rows = rows_of(history, other)
    loaded(database_url, rows)
    basis = oracle.basis_of(rows, 1)
    document = json.loads(json.dumps(last_good_document(resolver.last_good("tenant-1", NOW))))
    assert document["basis"] == (basis and basis.id)
    completed_at = {each.id: each.completed_at for each in rows.sets}
    for item in document["items"]:
        if (copy := item["last_good"]) is not None:
            assert datetime.fromisoformat(copy.pop("completed_at")) == completed_at[copy["backup_set"]]
    assert document["items"] == ([] if basis is None else oracle.last_good(rows, basis))


@pytest.mark.parametrize(("between", "found"), [(118, True), (119, True), (120, False)])
def test_a_copy_is_looked_for_in_120_sets(
    database_url: str, resolver: TenantBackupHealthResolver, between: int, found: bool
) -> None:
    """Of sets completed at one instant, those with the lower ids are older."""
    good = (SetRow(completed_at=NOW - 2 * DAY, created_at=NOW), [ItemRow()])
    bad = [ItemRow(capture_mode="metadata_only")]
    later = [(SetRow(completed_at=NOW - 2 * DAY, created_at=NOW), bad) for _ in range(between)]
    # Neither a failed set nor a deleted one is one of them.
    others = [
        (SetRow(completed_at=NOW - DAY, created_at=NOW, status="failed"), bad),
        (SetRow(completed_at=NOW - DAY, created_at=NOW, deleted_at=NOW), bad),
    ]
    rows = rows_of([good, *later, *others, (SetRow(completed_at=NOW, created_at=NOW), bad)])
    loaded(database_url, rows)
    (sought,) = resolver.last_good("tenant-1", NOW).items
    assert (sought.last_good is not None) is found
    basis = oracle.basis_of(rows, 1)
    assert basis is not None
    assert (oracle.last_good(rows, basis)[0]["last_good"] is not None) is found


@EXAMPLES
@given(fleet=st.lists(histories, min_size=1, max_size=6), few=st.sampled_from([(1000, 1000), (0, 1000), (0, 0)]))
def test_causes(database_url: str, resolver: TenantBackupHealthResolver, fleet: Any, few: tuple[int, int]) -> None:
    """Each tenant by its id; only those whose basis is not fresh; and none."""
    rows = rows_of(*fleet)
    loaded(database_url, rows)
    verdicts = resolver.fleet(NOW)
    expected = expected_causes(rows, verdicts)
    with patch("health.questions._FEW", few[0]), patch("health.store.reading.history._FEW_TENANTS", few[1]):
        document = json.loads(json.dumps(causes_document(resolver.causes(verdicts, NOW))))
    assert {each["cause"]: each["tenants"] for each in document["causes"]} == {
        cause: len(tenants) for cause, tenants in expected.items()
    }
    for each in document["causes"]:
        tenants = expected[each["cause"]]
        assert [(one["tenant"], one["backup_set"]) for one in each["examples"]] == [
            (external_id, None if failing is None else failing.id) for external_id, failing in tenants[:3]
        ]
        instants = [
            known(failing.completed_at or failing.started_at or failing.created_at)
            for _, failing in tenants
            if failing is not None
        ]
        first_at = None if each["first_at"] is None else datetime.fromisoformat(each["first_at"])
        assert first_at == min(instants, default=None)
    assert document["totals"]["tenants"] == sum(map(len, expected.values()))


def expected_causes(rows: Rows, verdicts: list[TenantBackupHealth]) -> dict[str, list[tuple[str, SetRow | None]]]:
    """The tenants of each cause in triage order; folding has a second implementation of its own."""
    found: dict[str, list[tuple[str, SetRow | None]]] = {}
    for health in verdicts:
        if health.reasons:
            failing = oracle.failing_set(rows, health.tenant.id)
            cause = ", ".join(health.reasons) if failing is None else folded(failing.error or "")
            found.setdefault(cause, []).append((health.tenant.external_id, failing))
    return found


@EXAMPLES
@given(
    fleet=st.lists(histories, min_size=1, max_size=4),
    period=st.tuples(ages, ages).map(lambda pair: (NOW - max(pair), NOW - min(pair))),
)
def test_coverage(
    database_url: str, resolver: TenantBackupHealthResolver, fleet: Any, period: tuple[datetime, datetime]
) -> None:
    rows = rows_of(*fleet)
    loaded(database_url, rows)
    verdicts = resolver.fleet(NOW)
    document = json.loads(json.dumps(coverage_document(resolver.coverage(*period, NOW))))
    assert [each["tenant"] for each in document["tenants"]] == [health.tenant.external_id for health in verdicts]
    for each, health in zip(document["tenants"], verdicts, strict=True):
        found = {name: value for name, value in each.items() if name.endswith("_seconds")}
        assert found == oracle.coverage(rows, health.tenant.id, WINDOW, *period)
    # One tenant alone has the same.
    (one,) = resolver.coverage(*period, NOW, ("tenant-1",)).tenants
    (other,) = (each for each in resolver.coverage(*period, NOW).tenants if each.health.tenant.id == 1)
    assert one.time == other.time


# Missing tenants


def test_an_archived_tenant_is_unknown(database_url: str, resolver: TenantBackupHealthResolver) -> None:
    rows = rows_of([(SetRow(completed_at=NOW, created_at=NOW, error="x"), [ItemRow()])])
    rows.tenants[0] = rows.tenants[0]._replace(archived_at=NOW)
    loaded(database_url, rows)
    for ask in (resolver.changes, resolver.last_good):
        with pytest.raises(UnknownTenant):
            ask("tenant-1", NOW)
    with pytest.raises(UnknownTenant):
        resolver.coverage(NOW - DAY, NOW, NOW, ("tenant-1",))
    assert resolver.coverage(NOW - DAY, NOW, NOW).tenants == ()
    assert resolver.causes(resolver.fleet(NOW), NOW).causes == ()
    # But a tenant with this name exists.
    assert resolver.missing_tenants(["tenant-1", "tenant-2"]) == {"tenant-2"}
    assert resolver.missing_tenants([]) == set()


def test_nothing_is_compared_with_an_unreadable_set(database_url: str, resolver: TenantBackupHealthResolver) -> None:
    """The `deleted_at` of an item of the older set is not an instant; then that of one of the tenant's candidates."""
    sets = [(SetRow(completed_at=NOW - age, created_at=NOW), [ItemRow()]) for age in (DAY, HOUR)]
    rows = rows_of(sets)
    rows.items[0] = rows.items[0]._replace(deleted_at="infinity")
    clear(database_url)
    load(database_url, rows, unchecked=True)
    answer = resolver.changes("tenant-1", NOW)
    assert answer.changes is None
    assert answer.unreadable is not None
    assert answer.unreadable[:3] == ("backup_items", "deleted_at", 1)
    rows.sets[0] = rows.sets[0]._replace(completed_at="infinity")
    clear(database_url)
    load(database_url, rows, unchecked=True)
    answer = resolver.changes("tenant-1", NOW)
    assert (answer.changes, answer.after) == (None, None)
    assert answer.health.unreadable is not None
    answer = resolver.changes("tenant-1", NOW, 1, 2)
    assert answer.unreadable is not None
    assert answer.unreadable[:3] == ("backup_sets", "completed_at", 1)
    found = resolver.causes(resolver.fleet(NOW), NOW).causes
    assert [(each.cause, len(each.tenants)) for each in found] == [("unreadable", 1)]
    (covered,) = resolver.coverage(NOW - DAY, NOW, NOW).tenants
    assert covered.time == (0, 0, 0, DAY / timedelta(seconds=1))


def test_a_fleet_of_more_tenants_than_a_statement_names(
    database_url: str, resolver: TenantBackupHealthResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("health.store.reading.history._FEW_TENANTS", 1)
    failed: list[Any] = [
        (SetRow(created_at=NOW - HOUR, status="failed", error=f"error {number}"), []) for number in (1, 2)
    ]
    loaded(database_url, rows_of(failed, failed[:1], [(SetRow(completed_at=NOW, created_at=NOW), [ItemRow()])]))
    (cause,) = resolver.causes(resolver.fleet(NOW), NOW).causes
    assert [(each.health.tenant.id, each.backup_set and each.backup_set.id) for each in cause.tenants] == [
        (1, 2),
        (2, 3),
    ]


# As of an instant, and the runs of a schedule


@EXAMPLES
@given(fleet=st.lists(histories, min_size=1, max_size=4), age=ages)
def test_as_of(database_url: str, resolver: TenantBackupHealthResolver, fleet: Any, age: timedelta) -> None:
    """The same verdict as from only the sets completed by then, judged then."""
    rows, then = rows_of(*fleet), NOW - age
    by_then = [each for each in rows.sets if each.completed_at is None or known(each.completed_at) <= then]
    ids = {each.id for each in by_then}
    loaded(database_url, rows)
    found = resolver.as_of(then)
    items = [item for item in rows.items if item.backup_set_id in ids]
    loaded(database_url, rows._replace(sets=by_then, items=items))
    expected = resolver.fleet(then)
    assert [health._replace(of_the_past=False) for health in found] == expected
    assert not any(health.confirmed for health in found)


def test_as_of_leaves_out_tenants_recorded_later(database_url: str, resolver: TenantBackupHealthResolver) -> None:
    one = (SetRow(completed_at=NOW - 2 * DAY, created_at=NOW), [ItemRow()])
    rows = rows_of([one], [])
    recorded = NOW - HOUR
    rows.tenants[:] = [each._replace(created_at=recorded) for each in rows.tenants]
    loaded(database_url, rows)
    assert [health.tenant.id for health in resolver.as_of(recorded - TICK)] == [1]
    assert [health.tenant.id for health in resolver.as_of(recorded)] == [2, 1]
    assert [health.tenant.id for health in resolver.as_of(recorded, ("tenant-1",))] == [1]
    with pytest.raises(UnknownTenant):
        resolver.as_of(recorded, ("nobody",))


def test_the_runs_of_a_schedule_newest_first(database_url: str, resolver: TenantBackupHealthResolver) -> None:
    sets = [(SetRow(completed_at=NOW - age * HOUR, created_at=NOW), [ItemRow()]) for age in range(6)]
    rows = rows_of(sets)
    rows.schedules.extend([ScheduleRow(7, 1, created_at=NOW), ScheduleRow(8, 1, created_at=NOW, deleted_at=NOW)])
    rows.sets[:] = [each._replace(schedule_id=7 if each.id % 2 else None) for each in rows.sets]
    rows.sets[0] = rows.sets[0]._replace(status="failed", error="whole error", completed_at=None, started_at=NOW)
    loaded(database_url, rows)
    found = resolver.runs("tenant-1", 7, NOW, limit=2)
    assert found.schedule is not None
    assert found.schedule.schedule is not None
    assert found.schedule.schedule.id == 7
    assert [run.key.set_id for run in found.runs] == [1, 3]
    assert found.runs[0].backup_set is not None
    assert found.runs[0].backup_set.error == "whole error"
    assert found.more
    older = resolver.runs("tenant-1", 7, NOW, found.runs[-1].key, limit=2)
    assert ([run.key.set_id for run in older.runs], older.more) == ([5], False)
    # The same for a deleted schedule and one that never existed.
    for schedule_id in (8, 9):
        assert resolver.runs("tenant-1", schedule_id, NOW)[1:4] == (None, (), False)
