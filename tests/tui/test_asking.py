"""The state of a screen's question: when a refresh is due, and how old the facts are (docs/reading.md)."""

from __future__ import annotations

from datetime import timedelta

from tui.asking import Asking
from tui.words.database_time import DatabaseTime

REFRESH = timedelta(seconds=30)


def test_a_question_on_its_way_is_not_asked_again() -> None:
    asking = Asking()
    assert asking.is_due(REFRESH, 0)
    asking.begin(0)
    assert not asking.is_due(REFRESH, 3600)
    asking.answered(0, DatabaseTime())
    assert asking.is_due(REFRESH, 30)


def test_the_wait_doubles_with_each_failure_up_to_a_minute() -> None:
    asking = Asking()
    due_after = []
    for _ in range(5):
        asking.begin(1000)
        asking.failed("no connection")
        due_after.append(next(waited for waited in range(0, 600, 15) if asking.is_due(REFRESH, 1000 + waited)))
    # Each half an interval early, because the timer that asks comes every 30 s and is not exact.
    assert due_after == [0, 45, 45, 45, 45]
    asking.begin(2000)
    asking.answered(2000, DatabaseTime())
    assert not asking.problem
    assert asking.is_due(REFRESH, 2000)


def test_a_longer_refresh_interval_is_never_shortened_by_failures() -> None:
    asking, refresh = Asking(), timedelta(minutes=10)
    for _ in range(3):
        asking.begin(0)
        asking.failed("no connection")
    assert not asking.is_due(refresh, 299)
    assert asking.is_due(refresh, 300)


def test_the_age_counts_from_the_question_and_a_standbys_lag() -> None:
    asking = Asking()
    assert asking.age(5) is None
    asking.begin(10)
    asking.answered(10, DatabaseTime(behind=timedelta(seconds=7)))
    assert asking.age(12) == timedelta(seconds=9)
    assert asking.since_judged(12) == timedelta(seconds=2)


def test_a_failure_keeps_the_facts_and_they_grow_older() -> None:
    asking = Asking()
    asking.begin(10)
    asking.answered(10, DatabaseTime())
    asking.begin(40)
    asking.failed("no connection")
    assert asking.problem == "no connection"
    assert asking.age(41) == timedelta(seconds=31)


LIMIT = timedelta(seconds=90)


def read(asking: Asking, at: int, seconds: int) -> None:
    asking.begin(at)
    asking.answered(at, DatabaseTime(), at + seconds)


def test_facts_are_too_old_past_the_limit() -> None:
    asking = Asking()
    assert not asking.too_old(0, LIMIT, REFRESH)
    read(asking, 0, 1)
    assert not asking.too_old(90, LIMIT, REFRESH)
    assert asking.too_old(91, LIMIT, REFRESH)
    read(asking, 91, 1)
    assert not asking.too_old(92, LIMIT, REFRESH)


def test_a_count_does_not_come_and_go_where_reading_is_slow() -> None:
    """Two reads and the wait between them fit into the limit. If not, the facts stay too old until a read is faster."""
    slow, slow_enough = Asking(), Asking()
    for asking, seconds, stays in ((slow, 31, True), (slow_enough, 30, False)):
        read(asking, 0, 1)
        assert asking.too_old(91, LIMIT, REFRESH)
        read(asking, 91, seconds)
        assert asking.too_old(91 + seconds, LIMIT, REFRESH) is stays
        read(asking, 200, 1)
        assert not asking.too_old(201, LIMIT, REFRESH)
    read(slow, 0, 60)
    assert not slow.too_old(60, LIMIT, REFRESH), "confirmed until it is too old"
    assert slow.too_old(91, LIMIT, timedelta(0))
    read(slow, 91, 60)
    assert not slow.too_old(151, LIMIT, timedelta(0)), "nothing is read again by itself"


def test_the_facts_of_another_screen_are_as_old_and_as_doubtful_here() -> None:
    fleet, dashboard = Asking(), Asking()
    fleet.begin(0)
    fleet.answered(0, DatabaseTime(behind=timedelta(seconds=3)), at=60)
    limit = timedelta(seconds=90)
    assert fleet.too_old(100, limit, REFRESH)
    dashboard.begin(105)
    dashboard.shows_facts_of(fleet)
    assert dashboard.age(110) == fleet.age(110) == timedelta(seconds=113)
    assert dashboard.too_old(110, limit, REFRESH)
    assert dashboard.database_time == fleet.database_time
