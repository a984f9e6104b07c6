"""The report, key by key, against values written by hand; and the exit status of `check`.

(docs/documents.md, "The report" and "The check")
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.facts import TenantFacts, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge, triage_key
from health.report import age_seconds, rfc3339
from tests.health.making import (
    FIRST_INSTANT,
    HOUR,
    LAST_INSTANT,
    NOW,
    POLICY,
    TICK,
    a_good_schedule,
    a_schedule,
    a_set,
    a_tally,
    a_tenant,
    an_item,
    judged,
)
from tests.subject import report_document

EVIDENCE = UnreadableEvidence("backup_sets", "completed_at", 12, "backup_sets.completed_at of row 12 is missing")


def parsed(verdicts: list[TenantBackupHealth], now: datetime = NOW, policy: HealthPolicy = POLICY) -> Any:
    """The document as another program reads it."""
    return json.loads(json.dumps(report_document(sorted(verdicts, key=triage_key), policy, now)))


def canonical(value: object) -> str:
    """As JSON text, so that `true` is not 1 and 1 is not 1.0."""
    return json.dumps(value, sort_keys=True)


def entry_of(health: TenantBackupHealth, now: datetime = NOW) -> Any:
    (entry,) = parsed([health], now)["tenants"]
    return entry


def unreadable(**columns: Any) -> TenantBackupHealth:
    return judge(TenantFacts(a_tenant(**columns), None, None, (), EVIDENCE), POLICY, NOW)


def the_stale_contoso_of_the_contract() -> TenantBackupHealth:
    items = [
        *(an_item(number, capture_mode="metadata_only") for number in range(4)),
        *(an_item(number, assignments_state="failed") for number in range(4, 9)),
        *(an_item(number) for number in range(9, 112)),
    ]
    completed_at = datetime(2026, 11, 20, 2, 10, tzinfo=UTC)
    overdue = a_good_schedule(
        id=7,
        cron="0 2 * * *",
        last_run_at=datetime(2026, 11, 20, 2, tzinfo=UTC),
        last_run_status="failed",
        next_run_at=None,
    )
    return judged(a_set(completed_at, id=4711), overdue, a_good_schedule(id=8), tally=a_tally(*items))


def test_the_example_of_the_contract() -> None:
    follow_up = a_schedule(created_at=NOW, last_run_status="failed")
    verdicts = [
        judged(a_set(), tenant=a_tenant(id=2, external_id="tailspin.example", name="Tailspin")),
        judged(a_set(), follow_up, tenant=a_tenant(id=3, external_id="northwind.example", name="Northwind")),
        the_stale_contoso_of_the_contract(),
        judged(None, tenant=a_tenant(id=4, external_id="fabrikam.example", name="Fabrikam")),
        judged(a_set(status="partial"), tenant=a_tenant(id=5, external_id="aw.example", name="Adventure Works")),
    ]
    document = parsed(verdicts)
    assert list(document) == ["schema", "evaluated_at", "policy", "totals", "tenants"]
    assert document["schema"] == "tenantpilot.report/1"
    assert document["evaluated_at"] == "2026-11-23T09:00:00Z"
    assert canonical(document["policy"]) == canonical(
        {
            "freshness_window_seconds": 86400,
            "schedule_grace_seconds": 3600,
            "clock_skew_seconds": 300,
            "longest_run_seconds": 21600,
        }
    )
    assert canonical(document["totals"]) == canonical(
        {
            "tenants": 5,
            "unreadable": 0,
            "absent": 1,
            "stale": 1,
            "degraded": 1,
            "healthy": 2,
            "confirmed": 1,
            "schedule_follow_up": 2,
        }
    )
    order = ["fabrikam.example", "contoso.example", "aw.example", "northwind.example", "tailspin.example"]
    assert [entry["tenant"] for entry in document["tenants"]] == order
    assert canonical(document["tenants"][1]) == canonical(
        {
            "tenant": "contoso.example",
            "name": "Contoso",
            "posture": "stale",
            "confirmed": False,
            "primary_reason": "latest_backup_stale",
            "reasons": ["latest_backup_stale", "latest_backup_degraded", "schedule_follow_up"],
            "basis": {
                "id": 4711,
                "name": "nightly",
                "source": "intunecd",
                "status": "completed",
                "completed_at": "2026-11-20T02:10:00Z",
                "age_seconds": 283800,
                "freshness": "too_old",
                "items": 112,
                "degraded_items": 9,
                "families": {"metadata_only": 4, "assignments_not_captured": 5},
            },
            "schedules": {
                "enabled": 2,
                "follow_up": [{"id": 7, "name": "nightly", "conditions": ["overdue", "last_run_unsuccessful"]}],
            },
            "confirm": [
                {"reason": "latest_backup_stale", "screen": "backup_set", "backup_set": 4711},
                {"reason": "latest_backup_degraded", "screen": "backup_set", "backup_set": 4711},
                {"reason": "schedule_follow_up", "screen": "schedules"},
            ],
        }
    )


def test_an_absent_tenant() -> None:
    assert canonical(entry_of(judged(None))) == canonical(
        {
            "tenant": "contoso.example",
            "name": "Contoso",
            "posture": "absent",
            "confirmed": False,
            "primary_reason": "no_backup_basis",
            "reasons": ["no_backup_basis"],
            "basis": None,
            "schedules": {"enabled": 0, "follow_up": []},
            "confirm": [{"reason": "no_backup_basis", "screen": "backup_sets"}],
        }
    )


def test_a_confirmed_tenant() -> None:
    health = judged(a_set(NOW - HOUR - TICK, status="completed", item_count=1), a_good_schedule())
    assert canonical(entry_of(health)) == canonical(
        {
            "tenant": "contoso.example",
            "name": "Contoso",
            "posture": "healthy",
            "confirmed": True,
            "primary_reason": None,
            "reasons": [],
            "basis": {
                "id": 4711,
                "name": "nightly",
                "source": "intunecd",
                "status": "completed",
                "completed_at": "2026-11-23T07:59:59.999999Z",
                "age_seconds": 3600,
                "freshness": "fresh",
                "items": 1,
                "degraded_items": 0,
                "families": {},
            },
            "schedules": {"enabled": 1, "follow_up": []},
            "confirm": [],
        }
    )


def test_an_unreadable_tenant() -> None:
    assert canonical(entry_of(unreadable())) == canonical(
        {
            "tenant": "contoso.example",
            "name": "Contoso",
            "posture": None,
            "confirmed": False,
            "primary_reason": None,
            "reasons": [],
            "basis": None,
            "schedules": None,
            "confirm": [],
            "error": {
                "table": "backup_sets",
                "column": "completed_at",
                "row": 12,
                "message": "backup_sets.completed_at of row 12 is missing",
            },
        }
    )


def test_a_partial_basis_from_the_future() -> None:
    basis = entry_of(judged(a_set(NOW + timedelta(minutes=5, microseconds=1), status="partial")))["basis"]
    assert canonical(basis) == canonical(
        {
            "id": 4711,
            "name": "nightly",
            "source": "intunecd",
            "status": "partial",
            "completed_at": "2026-11-23T09:05:00.000001Z",
            "age_seconds": -301,
            "freshness": "in_the_future",
            "items": 1,
            "degraded_items": 0,
            "families": {"incomplete_run": 1},
        }
    )


def test_an_empty_fleet() -> None:
    document = parsed([], policy=HealthPolicy(HOUR, HOUR / 2, timedelta(0), timedelta(seconds=1.5)))
    assert document["tenants"] == []
    assert set(document["totals"].values()) == {0}
    assert canonical(document["policy"]) == canonical(
        {
            "freshness_window_seconds": 3600,
            "schedule_grace_seconds": 1800,
            "clock_skew_seconds": 0,
            "longest_run_seconds": 1.5,
        }
    )


def test_names_that_json_has_to_escape_survive() -> None:
    name = 'Ω "quoted" \\ \x1b[2J \u202e \U0001f600 \x00'
    assert entry_of(judged(None, tenant=a_tenant(name=name)))["name"] == name


# Instants and ages


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOW, "2026-11-23T09:00:00Z"),
        (NOW + TICK, "2026-11-23T09:00:00.000001Z"),
        (NOW + timedelta(milliseconds=500), "2026-11-23T09:00:00.5Z"),
        (NOW + timedelta(milliseconds=20), "2026-11-23T09:00:00.02Z"),
        (datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC), "2026-01-01T00:00:10Z"),
        (datetime(2026, 10, 20, 10, 20, 0, 100_000, tzinfo=UTC), "2026-10-20T10:20:00.1Z"),
        (FIRST_INSTANT, "0001-01-01T00:00:00Z"),
        (LAST_INSTANT, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_instants_have_a_fraction_only_where_there_is_one(instant: datetime, text: str) -> None:
    assert rfc3339(instant) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_read_back_as_it_was(instant: datetime) -> None:
    assert datetime.fromisoformat(rfc3339(instant)) == instant


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        (timedelta(0), 0),
        (TICK, 0),
        (timedelta(seconds=1) - TICK, 0),
        (timedelta(seconds=1), 1),
        (-TICK, -1),
        (timedelta(seconds=-1), -1),
        (timedelta(seconds=-1) - TICK, -2),
        (timedelta(days=3, hours=6, minutes=50), 283800),
    ],
)
def test_ages_are_whole_seconds_rounded_down(age: timedelta, seconds: int) -> None:
    assert age_seconds(NOW - age, NOW) == seconds
