"""A screen's question over a long link takes one flight, and the answer never comes from an expectation.

Modules: health.store.reading.foresight, health.resolver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from health.resolver import TenantBackupHealthResolver, UnknownTenant
from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.resolving import resolving
from tests.statements import flights

WHOSE: Final = "contoso"
QUESTIONS: Final[dict[str, Callable[[TenantBackupHealthResolver], Any]]] = {
    "dashboard": lambda held: held.dashboard(WHOSE, NOW),
    "backup sets": lambda held: held.backup_sets(WHOSE, NOW),
    "the basis": lambda held: held.backup_set(WHOSE, None, NOW),
    "another set": lambda held: held.backup_set(WHOSE, 1, NOW),
    "a set that is not there": lambda held: held.backup_set(WHOSE, 99, NOW),
    "captured": lambda held: held.captured(WHOSE, 2, 3, NOW),
    "captured in sets": lambda held: held.captured_in_sets(WHOSE, [(2, 3), None, (1, 99)], NOW),
    "schedules": lambda held: held.schedules(WHOSE, NOW),
    "runs": lambda held: held.runs(WHOSE, 1, NOW),
    "changes": lambda held: held.changes(WHOSE, NOW),
    "changes of two": lambda held: held.changes(WHOSE, NOW, 2, 1),
    "last good": lambda held: held.last_good(WHOSE, NOW),
}


def a_fleet() -> Rows:
    """Two tenants; one has a reference set, something degraded, something gone and a schedule."""
    rows = Rows([TenantRow(1, WHOSE, "Contoso", LONG_AGO), TenantRow(2, "fabrikam", "Fabrikam", LONG_AGO)], [], [], [])
    for number, completed in ((1, NOW - DAY), (2, NOW - HOUR)):
        rows.sets.append(SetRow(number, 1, schedule_id=1, completed_at=completed, created_at=completed))
        rows.items.append(ItemRow(2 * number - 1, 1, number, policy_identifier="kept", payload_digest="sha256:1"))
    rows.items.append(ItemRow(2, 1, 1, policy_identifier="gone", payload_digest="sha256:2"))
    rows.items[1] = rows.items[1]._replace(capture_mode="metadata_only")
    rows.schedules.append(ScheduleRow(1, 1, created_at=LONG_AGO, last_run_at=NOW - HOUR, last_run_status="ok"))
    return rows


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_of_a_known_tenant_is_one_flight(
    postgres_url: str, question: Callable[[TenantBackupHealthResolver], Any]
) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, resolving(postgres_url) as stranger:
        held.refreshed_fleet(NOW)
        with flights() as seen:
            answer = question(held)
        assert len(seen) == 1
        assert answer == question(stranger)


def test_changes_of_content_without_digests_are_one_flight(postgres_url: str) -> None:
    rows = a_fleet()
    rows.items[:] = [
        *(ItemRow(number, 1, 1, policy_identifier=f"{number}", payload='{"v": 1}') for number in (11, 12, 13)),
        *(
            ItemRow(20 + number, 1, 2, policy_identifier=f"{10 + number}", payload=payload)
            for number, payload in ((1, '{"v": 1}'), (2, '{"v": 2}'), (3, '{"v": 1.0}'), (4, '{"v": 1}'))
        ),
    ]
    load(postgres_url, rows)
    with resolving(postgres_url) as held:
        held.refreshed_fleet(NOW)
        with flights() as seen:
            changes = held.changes(WHOSE, NOW).changes
        assert len(seen) == 1
    assert changes is not None
    assert [(each.change, each.item.policy_identifier) for each in changes.items] == [
        ("changed", "12"),
        ("added", "14"),
    ]
    assert (changes.totals.unchanged, changes.totals.not_comparable) == (2, 0)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE backup_sets SET deleted_at = completed_at WHERE id = 2",
        "UPDATE backup_sets SET source = 'another' WHERE id = 2",
        "UPDATE tenants SET id = 3 WHERE id = 2; UPDATE tenants SET external_id = 'old' WHERE id = 1;"
        " UPDATE tenants SET external_id = 'contoso' WHERE id = 3",
        "UPDATE tenants SET archived_at = created_at WHERE id = 1",
        "UPDATE backup_sets SET completed_at = 'infinity' WHERE id = 2",
    ],
)
def test_a_change_meanwhile_is_in_the_answer(
    postgres_url: str, question: Callable[[TenantBackupHealthResolver], Any], change: str
) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, resolving(postgres_url) as stranger, bare(postgres_url) as writer:
        held.refreshed_fleet(NOW)
        for statement in change.split(";"):
            writer.execute(statement)
        assert answered(question, held) == answered(question, stranger)


def answered(question: Callable[[TenantBackupHealthResolver], Any], held: TenantBackupHealthResolver) -> Any:
    try:
        return question(held)
    except UnknownTenant as unknown:
        return str(unknown)


def test_a_tenant_asked_for_by_name_is_known_from_then_on(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held:
        held.dashboard(WHOSE, NOW)
        with flights() as seen:
            held.schedules(WHOSE, NOW)
        assert len(seen) == 1


@pytest.mark.parametrize(
    "question",
    [
        lambda held: held.tenants([WHOSE], NOW),
        lambda held: held.as_of(NOW - HOUR),
        lambda held: held.as_of(NOW - HOUR, [WHOSE]),
    ],
    ids=["tenants", "the fleet of the past", "a tenant of the past"],
)
def test_a_question_of_one_answer_is_one_flight(
    postgres_url: str, question: Callable[[TenantBackupHealthResolver], Any]
) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held:
        question(held)
        with flights() as seen:
            question(held)
        assert len(seen) == 1


def test_the_fleets_flight_says_whether_the_role_could_write(postgres_url: str) -> None:
    load(postgres_url, a_fleet())
    with resolving(postgres_url) as held, flights() as seen:
        held.refreshed_fleet(NOW)
        assert held.role_could_write()
        assert len(seen) == 1
        held.refreshed_fleet(NOW + HOUR / 60)
        assert len(seen) == 2
