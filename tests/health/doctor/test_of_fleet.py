"""Findings about tenants, their sources and the content of their backups (docs/doctor.md, "The fleet")."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from health.doctor import of_fleet
from health.doctor.facts import FleetFacts, SourceRuns
from health.doctor.finding import Finding, Trouble
from tests.health.making import DAY, HOUR, NOW, POLICY, TICK, WINDOW, a_set, a_tenant, judged

CONTOSO = "contoso.example"


def runs_of(last_at: datetime, source: str = "restic", sets: int = 3, **columns: Any) -> SourceRuns:
    return SourceRuns(1, CONTOSO, None, source, sets, last_at - 2 * HOUR, last_at)._replace(**columns)


def a_fleet(*runs: SourceRuns, **facts: Any) -> FleetFacts:
    """Contoso, fresh, backed up with intunecd."""
    return FleetFacts(NOW, POLICY, [judged(a_set())], runs)._replace(**facts)


def test_an_empty_fleet() -> None:
    assert of_fleet.no_tenant(a_fleet(verdicts=())) == Finding(Trouble.NO_TENANT)
    assert of_fleet.no_tenant(a_fleet()) is None


def test_an_archived_tenant_that_is_still_backed_up() -> None:
    assert of_fleet.archived_backed_up(a_fleet(runs_of(NOW, archived_at=NOW))) is None
    found = of_fleet.archived_backed_up(a_fleet(runs_of(NOW, archived_at=NOW - TICK)))
    assert found == Finding(Trouble.ARCHIVED_BACKED_UP, (CONTOSO,))
    assert of_fleet.archived_backed_up(a_fleet(runs_of(NOW))) is None


def test_equal_content() -> None:
    assert of_fleet.equal_content(a_fleet()) is None
    groups = (("a", "b"), ("c", "d", "e"))
    assert of_fleet.equal_content(a_fleet(alike=groups)) == Finding(Trouble.EQUAL_CONTENT, tuple("abcde"), {}, groups)


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        (runs_of(NOW - WINDOW - TICK), True),
        (runs_of(NOW - WINDOW), False),
        (runs_of(NOW - WINDOW - TICK, sets=2), False),
        (runs_of(NOW - WINDOW - TICK, source="intunecd"), False),
        (runs_of(NOW - WINDOW - TICK, tenant_id=2), False),
    ],
    ids=("silent", "within the window", "no habit", "the basis's own", "not judged"),
)
def test_a_source_that_another_hides(runs: SourceRuns, found: bool) -> None:
    assert of_fleet.silent_source(a_fleet(runs)) == (Finding(Trouble.SILENT_SOURCE, (CONTOSO,)) if found else None)


def test_a_stale_tenant_hides_nothing() -> None:
    stale = judged(a_set(NOW - WINDOW - TICK))
    assert of_fleet.silent_source(a_fleet(runs_of(NOW - 2 * DAY), verdicts=[stale])) is None


@pytest.mark.parametrize(
    ("created_ago", "first_ago", "found"),
    [
        (timedelta(days=30), 30 * DAY - TICK, True),
        (timedelta(days=30), 30 * DAY, False),
        (timedelta(days=30) - TICK, DAY, False),
        (timedelta(days=30), None, False),
    ],
)
def test_history_that_is_shorter_than_the_coverage(
    created_ago: timedelta, first_ago: timedelta | None, found: bool
) -> None:
    verdict = judged(a_set(), tenant=a_tenant(created_at=NOW - created_ago))
    firsts = {} if first_ago is None else {1: NOW - first_ago}
    expected = Finding(Trouble.HISTORY_TOO_SHORT, (CONTOSO,), {"days": 30}) if found else None
    assert of_fleet.history_too_short(a_fleet(verdicts=[verdict], first_sets=firsts)) == expected
