"""The databases' plans for changes, last good copies, causes, runs and coverage: by indexes, with any history.

Modules: health.store.reading.history, health.store.reading.snapshot.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from health.answers import SetKey
from health.facts import BackupSet
from health.store.opening.statements import Statements
from health.store.reading.snapshot import Snapshot
from tests.health.making import DAY, HOUR, LONG_AGO, POLICY, a_set
from tests.health.store.reading.stages import Stages
from tests.health.store.reading.test_plans import Ask, Explained, explain, health_of_one

WHOLE_FLEET: Final = range(1, 1_002)
"""More tenants than a statement names."""


def a_set_of_tenant_1(number: int) -> BackupSet:
    return a_set(LONG_AGO + number * HOUR, id=100 + number, tenant_id=1)


def ask_changes(connection: Statements) -> None:
    history = Snapshot(connection).history
    history.two_sets(1, None, 103)
    history.two_sets(1, 102, 103)
    history.contents(1, [10200, 10300])


def ask_last_good(connection: Statements) -> None:
    Snapshot(connection).history.last_good_copies(a_set_of_tenant_1(3))


def ask_causes(connection: Statements) -> None:
    Snapshot(connection).history.failing_sets([1, 2])


def ask_causes_of_the_fleet(connection: Statements) -> None:
    Snapshot(connection).history.failing_sets(WHOLE_FLEET)


def ask_runs(connection: Statements) -> None:
    Snapshot(connection).sets(health_of_one(), POLICY, 30, schedule_id=1)


def ask_next_runs(connection: Statements) -> None:
    happened = "2026-01-01 02:00:00.000000" + ("+00" if connection.dialect == "postgresql" else "")
    Snapshot(connection).sets(health_of_one(), POLICY, 30, SetKey(happened, 102), schedule_id=1)


def ask_coverage_of_one(connection: Statements) -> None:
    list(Snapshot(connection).history.pasts(LONG_AGO + HOUR, LONG_AGO + DAY, [1]))


QUESTIONS: Final[list[Ask]] = [
    ask_changes,
    ask_last_good,
    ask_causes,
    ask_causes_of_the_fleet,
    ask_runs,
    ask_next_runs,
    ask_coverage_of_one,
]
# Results whose every row is needed, such as those that a window counts, and tables with at most one row a tenant.
SMALL: Final = r"tenants|newest|wanted|found|horizon|reference|backup_schedules|CONSTANT ROW|\(subquery"
INDEXED: Final[list[tuple[Ask, str]]] = [
    (ask_causes, "ix_backup_sets_failing"),
    (ask_causes_of_the_fleet, "ix_backup_sets_failing"),
    (ask_runs, "ix_backup_sets_runs"),
    (ask_next_runs, "ix_backup_sets_runs"),
]


def gone_through(url: str, plan: list[str]) -> list[str]:
    """Lines of a plan that scan a whole table or index of sets, items or contents."""
    if url.startswith("sqlite"):
        return [line for line in plan if re.match(rf"SCAN (?!{SMALL})", line) and "_unknown" not in line]
    return [
        line
        for line, following in zip(plan, [*plan[1:], ""], strict=True)
        if re.search(r"Scan( Backward)?( using \S+)? on (backup_(sets|items)|captured_payloads)\b", line)
        and not following.lstrip().startswith(("Index Cond", "Recheck Cond"))
    ]


def of_the_sets(explained: list[Explained]) -> list[Explained]:
    return [each for each in explained if "FROM alembic_version" not in each.statement]


@pytest.mark.parametrize("ask", QUESTIONS)
def test_nothing_is_scanned(staged: Stages, ask: Ask) -> None:
    for stage, url in staged:
        for statement, plan in of_the_sets(explain(url, ask)):
            assert gone_through(url, plan) == [], (stage, statement, plan)


@pytest.mark.parametrize(("ask", "index"), INDEXED)
def test_the_newest_come_in_their_order_from_an_index(staged: Stages, ask: Ask, index: str) -> None:
    for stage, url in staged:
        explained = of_the_sets(explain(url, ask))
        (plan,) = [each.plan for each in explained if "LIMIT" in each.statement]
        assert any(index in line for line in plan), (stage, plan)
        assert not any("TEMP B-TREE" in line or "Sort" in line for line in plan), (stage, plan)
