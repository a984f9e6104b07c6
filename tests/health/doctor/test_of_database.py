"""Findings about the database, on both sides of each boundary (docs/doctor.md, "The database")."""

from __future__ import annotations

from datetime import timedelta

import pytest

from health.doctor import of_database
from health.doctor.facts import DatabaseFacts, FleetFacts
from health.doctor.finding import Finding, Trouble
from health.facts import ItemTally
from tests.health.making import NOW, POLICY, SKEW, TICK, a_set, judged

LIMIT = timedelta(seconds=90)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_that_differs(sign: int) -> None:
    assert of_database.clock_differs(DatabaseFacts(clock_ahead=sign * SKEW), POLICY) is None
    found = of_database.clock_differs(DatabaseFacts(clock_ahead=sign * (SKEW + timedelta(seconds=1))), POLICY)
    assert found == Finding(Trouble.CLOCK_DIFFERS, (), {"ahead_seconds": sign * 301})


def test_a_standby_behind() -> None:
    assert of_database.standby_behind(DatabaseFacts(behind=LIMIT), LIMIT) is None
    found = of_database.standby_behind(DatabaseFacts(behind=LIMIT + TICK), LIMIT)
    assert found == Finding(Trouble.STANDBY_BEHIND, (), {"behind_seconds": 90})


def test_a_role_that_could_write() -> None:
    assert of_database.role_could_write(DatabaseFacts()) is None
    assert of_database.role_could_write(DatabaseFacts(could_write=True)) == Finding(Trouble.ROLE_COULD_WRITE)


def test_a_file_that_others_can_read() -> None:
    assert of_database.file_open_to_others(DatabaseFacts()) is None
    assert of_database.file_open_to_others(DatabaseFacts(open_to_others=True)) == Finding(Trouble.FILE_OPEN_TO_OTHERS)


@pytest.mark.parametrize(("items", "found"), [(9_999, False), (10_000, True)])
def test_statistics_are_missed_from_some_size_on(items: int, found: bool) -> None:
    fleet = FleetFacts(NOW, POLICY, [judged(a_set(), tally=ItemTally(items, 0, 0, (0,) * 5)), judged(None)])
    database = DatabaseFacts(without_statistics=("backup_items",))
    expected = Finding(Trouble.NO_STATISTICS, ("backup_items",)) if found else None
    assert of_database.no_statistics(database, fleet) == expected
    assert of_database.no_statistics(DatabaseFacts(), fleet) is None
