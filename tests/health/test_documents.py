"""The documents of `diff`, `last-good`, `causes` and `coverage`: exactly the form that other programs read."""

from __future__ import annotations

import json
from datetime import timedelta

from health.answers import CausesAnswer, ComparedSet, CoverageAnswer, LastGoodAnswer
from health.causes import FailingSet, grouped
from health.changes import CapturedItem, LastGoodCopy, SoughtCopy, WantedCopy, compared
from health.covered_time import CoveredTime, TenantCoverage
from health.documents import causes_document, coverage_document, diff_document, last_good_document
from tests.health.failing import cause_of
from tests.health.making import DAY, NOW, a_set, an_item, judged


def test_the_diff() -> None:
    before = [CapturedItem(an_item(number, payload_digest=f"sha256:{number}"), None) for number in (1, 2, 3)]
    after = [
        CapturedItem(an_item(2, display_name="Renamed", payload_digest="sha256:other"), None),
        CapturedItem(an_item(3, payload_digest="sha256:3"), None),
        CapturedItem(an_item(4, payload_digest="sha256:4"), None),
    ]
    basis = a_set(NOW - timedelta(hours=7, microseconds=500_000))
    failed = a_set(None, id=4700, status="failed")
    document = diff_document(judged(basis), ComparedSet(failed, 3), ComparedSet(basis, 3), compared(before, after))
    assert json.loads(json.dumps(document)) == {
        "schema": "tenantpilot.diff/1",
        "tenant": "contoso.example",
        "from": {"id": 4700, "name": "nightly", "source": "intunecd", "completed_at": None, "items": 3},
        "to": {
            "id": 4711,
            "name": "nightly",
            "source": "intunecd",
            "completed_at": "2026-11-23T01:59:59.5Z",
            "items": 3,
        },
        "totals": {"added": 1, "gone": 1, "changed": 1, "unchanged": 1, "not_comparable": 0},
        "items": [
            {
                "policy_type": "configurationPolicy",
                "policy_identifier": "policy-1",
                "display_name": "Policy 1",
                "change": "gone",
                "aspects": [],
            },
            {
                "policy_type": "configurationPolicy",
                "policy_identifier": "policy-2",
                "display_name": "Renamed",
                "change": "changed",
                "aspects": ["content"],
            },
            {
                "policy_type": "configurationPolicy",
                "policy_identifier": "policy-4",
                "display_name": "Policy 4",
                "change": "added",
                "aspects": [],
            },
        ],
    }


def test_the_last_good_copies() -> None:
    items = (
        SoughtCopy(
            WantedCopy("Filters", "a", "A", ("metadata_only",)), LastGoodCopy(4600, "nightly", NOW - 3 * DAY, 77, True)
        ),
        SoughtCopy(WantedCopy("Roles", "b", "B", ()), None),
    )
    document = last_good_document(LastGoodAnswer(judged(a_set()), None, items, NOW))
    assert json.loads(json.dumps(document)) == {
        "schema": "tenantpilot.last_good/1",
        "tenant": "contoso.example",
        "basis": 4711,
        "items": [
            {
                "policy_type": "Filters",
                "policy_identifier": "a",
                "display_name": "A",
                "families": ["metadata_only"],
                "last_good": {
                    "backup_set": 4600,
                    "name": "nightly",
                    "completed_at": "2026-11-20T09:00:00Z",
                    "content_kept": True,
                },
            },
            {
                "policy_type": "Roles",
                "policy_identifier": "b",
                "display_name": "B",
                "families": [],
                "last_good": None,
            },
        ],
    }
    assert last_good_document(LastGoodAnswer(judged(None), None, (), NOW)) == {
        "schema": "tenantpilot.last_good/1",
        "tenant": "contoso.example",
        "basis": None,
        "items": [],
    }


def test_the_causes() -> None:
    failing = FailingSet(4720, "AADSTS7000222: expired 3 days ago", NOW - DAY)
    causes = grouped([cause_of(judged(None), failing), cause_of(judged(None), None)])
    assert json.loads(json.dumps(causes_document(CausesAnswer(causes, NOW)))) == {
        "schema": "tenantpilot.causes/1",
        "totals": {"tenants": 2, "causes": 2},
        "causes": [
            {
                "cause": "AADSTS7000222: expired … days ago",
                "tenants": 1,
                "first_at": "2026-11-22T09:00:00Z",
                "examples": [{"tenant": "contoso.example", "backup_set": 4720}],
            },
            {
                "cause": "no_backup_basis",
                "tenants": 1,
                "first_at": None,
                "examples": [{"tenant": "contoso.example", "backup_set": None}],
            },
        ],
    }


def test_the_coverage() -> None:
    covered = TenantCoverage(judged(None), CoveredTime(1, 2, 3, 86394))
    assert json.loads(json.dumps(coverage_document(CoverageAnswer(NOW - DAY, NOW, (covered,), NOW)))) == {
        "schema": "tenantpilot.coverage/1",
        "from": "2026-11-22T09:00:00Z",
        "to": "2026-11-23T09:00:00Z",
        "tenants": [
            {
                "tenant": "contoso.example",
                "name": "Contoso",
                "protected_seconds": 1,
                "degraded_seconds": 2,
                "uncovered_seconds": 3,
                "unknown_seconds": 86394,
            }
        ],
    }
