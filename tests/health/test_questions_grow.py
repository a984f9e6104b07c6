"""A question takes the same number of statements for two sets or a hundred, and for a hundred tenants.

Modules: health.questions, health.store.reading.history, health.past.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from health.past import PastResolver
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, POLICY
from tests.health.test_questions import loaded, rows_of
from tests.oracle.rows import ItemRow, ScheduleRow, SetRow
from tests.resolving import resolving
from tests.statements import statements

ONE: Final = "tenant-1"
Ask = Callable[[TenantBackupHealthResolver], object]
QUESTIONS: Final[dict[str, Ask]] = {
    "changes": lambda resolver: resolver.changes(ONE, NOW),
    "last_good": lambda resolver: resolver.last_good(ONE, NOW),
    "causes": lambda resolver: resolver.causes(resolver.fleet(NOW), NOW),
    "coverage": lambda resolver: resolver.coverage(NOW - 2 * DAY, NOW, NOW),
    "runs": lambda resolver: resolver.runs(ONE, 1, NOW),
    "backup_set": lambda resolver: resolver.backup_set(ONE, None, NOW),
    "dashboard": lambda resolver: resolver.dashboard(ONE, NOW),
}


def fleet(url: str, tenants: int, history: int) -> None:
    """Every tenant has a degraded basis that was whole before, and a failed run after it."""
    sets: list[Any] = [
        (
            SetRow(completed_at=NOW - DAY - age * HOUR, created_at=NOW, schedule_id=None),
            [ItemRow(payload="{}", capture_mode="full" if age else "metadata_only")],
        )
        for age in range(history)
    ]
    sets.append((SetRow(status="failed", error="401", started_at=NOW - HOUR, created_at=NOW), []))
    rows = rows_of(*[sets] * tenants)
    rows.schedules.append(ScheduleRow(1, 1, created_at=LONG_AGO))
    loaded(url, rows)


@pytest.mark.parametrize("past", [False, True], ids=["now", "as of"])
@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_statements_do_not_grow(database_url: str, ask: Ask, past: bool) -> None:
    sent: list[list[str]] = []
    for tenants, history in ((1, 2), (1, 40), (12, 2)):
        fleet(database_url, tenants, history)
        with resolving(database_url) as now:
            resolver = PastResolver(parse_database_url(database_url), POLICY, NOW) if past else now
            ask(resolver)
            with statements() as seen:
                ask(resolver)
            resolver.close()
        sent.append(seen)
    assert len(sent[0]) == len(sent[1]) == len(sent[2])
    assert sent[0] == sent[1]
