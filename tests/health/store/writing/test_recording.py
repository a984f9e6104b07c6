"""Runs noted as they happen, at instants that the test chooses: who is refused, who takes over, how runs end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from health.policy import HealthPolicy
from health.sources.captured import CapturedItem, CapturedSchedule, CapturedTenant
from health.store.opening.errors import StoreConflict
from health.store.opening.urls import parse_database_url
from health.store.writing.loading import unchecked
from health.store.writing.recording import (
    NO_WORD,
    OnThisMachine,
    RecordedRun,
    RunUnderWay,
    note_outcome,
    note_start,
    require_no_other_run,
    start_in,
)
from health.store.writing.sets import write_schedule, write_tenant
from health.store.writing.transactions import transaction, writing
from tests.health.store.bare import Bare, bare
from tests.subject import fleet_report

AT: Final = datetime(2026, 11, 23, 2, 30, 0, 123456, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)
POLICY: Final = HealthPolicy()
NOBODY: Final = OnThisMachine()
ITEMS: Final = (CapturedItem("Filters", "one.json", "one", capture_mode="full"),)


class Book:
    """A database in which runs are noted."""

    def __init__(self, url: str, database: Bare) -> None:
        self.address = parse_database_url(url)
        self.url = url
        self.database = database
        with writing(self.address) as connection:
            for name in ("contoso", "fabrikam"):
                write_tenant(connection, CapturedTenant(name, name), AT - timedelta(days=9))

    def start(self, at: datetime = AT, *, here: OnThisMachine = NOBODY, **more: Any) -> RecordedRun:
        """Note the start of a run of contoso's nightly schedule. If it is refused, nothing is stored."""
        run = RecordedRun(
            **{"external_id": "contoso", "schedule": "nightly", "source": "intunecd"} | more, started_at=at
        )
        with writing(self.address) as connection:
            note_start(connection, run, POLICY, here)
        return run

    def end(self, run: RecordedRun, status: str = "completed", *, after: timedelta = timedelta(minutes=5)) -> None:
        """Note its outcome, this long after its start."""
        ended = run.started_at + after
        captured = run.as_set(status)._replace(items=ITEMS, item_count=1, completed_at=ended)
        with writing(self.address) as connection:
            note_outcome(connection, run, run.wrote(captured), POLICY, ended)

    def schedules(self, **values: Any) -> None:
        """Add contoso's nightly schedule as another program leaves it, also with invalid instants."""
        created = values.pop("created_at", AT - timedelta(days=9))
        with writing(self.address) as connection:
            write_schedule(connection, CapturedSchedule("contoso", "nightly", created_at=created), AT)
        with transaction(self.address) as connection, unchecked(connection):
            for name, value in values.items():
                connection.exec_driver_sql(f"UPDATE backup_schedules SET {name} = '{value}'")

    def column(self, name: str, table: str = "backup_schedules") -> list[Any]:
        """A column's values as text, in the order of the ids."""
        return [row[0] for row in self.database.execute(f"SELECT CAST({name} AS text) FROM {table} ORDER BY id")]


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    """Two tenants without a schedule, on each engine."""
    with bare(database_url) as database:
        yield Book(database_url, database)


def test_the_running_set_becomes_the_completed_one_in_place(book: Book) -> None:
    run = book.start(cron="30 2 * * *", timezone="Europe/Berlin")
    running = book.database.rows("backup_sets")
    assert book.column("status", "backup_sets") == ["running"]
    assert book.column("last_run_status") == ["running"]
    book.end(run)
    completed = book.database.rows("backup_sets")
    assert book.column("status", "backup_sets") == book.column("last_run_status") == ["completed"]
    same = ("id", "tenant_id", "schedule_id", "name", "source", "source_ref")
    assert completed[0][: len(same)] == running[0][: len(same)]
    assert book.column("created_at", "backup_sets") == book.column("started_at", "backup_sets")
    assert book.column("is_enabled") in (["1"], ["true"])
    assert [text[:19] for text in book.column("next_run_at")] == ["2026-11-24 01:30:00"]


def test_a_slot_that_passes_while_a_run_lasts_is_not_the_next_one(book: Book) -> None:
    run = book.start(cron="0 * * * *")
    book.end(run, after=timedelta(hours=2))
    assert [text[:19] for text in book.column("next_run_at")] == ["2026-11-23 05:00:00"]


def test_a_run_that_starts_just_before_its_slot_has_served_it(book: Book) -> None:
    run = book.start(AT, cron="31 2 * * *")
    book.end(run, after=timedelta(seconds=1))
    assert [text[:19] for text in book.column("next_run_at")] == ["2026-11-24 02:31:00"]


def test_a_schedule_that_cannot_be_planned_is_recorded(book: Book) -> None:
    book.schedules(cron="whenever")
    book.end(book.start())
    assert book.column("next_run_at") == [None]
    assert book.column("last_run_status") == ["completed"]


def test_columns_without_an_option_stay(book: Book) -> None:
    book.end(book.start(cron="0 1 * * *", timezone="Asia/Tokyo"))
    book.end(book.start(AT + timedelta(days=1)))
    assert (book.column("cron"), book.column("timezone")) == (["0 1 * * *"], ["Asia/Tokyo"])
    book.end(book.start(AT + timedelta(days=2), cron="0 3 * * *"))
    assert (book.column("cron"), book.column("timezone")) == (["0 3 * * *"], ["Asia/Tokyo"])


def test_a_run_counts_as_under_way_for_the_longest_plausible_run(book: Book) -> None:
    book.start()
    before = book.database.everything()
    with pytest.raises(RunUnderWay, match="since 2026-11-23 02:30:00 UTC"):
        book.start(AT + POLICY.longest_run)
    assert book.database.everything() == before
    book.start(AT + POLICY.longest_run + TICK)
    assert book.column("status", "backup_sets") == ["failed", "running"]
    assert book.column("error", "backup_sets") == [NO_WORD, None]


@pytest.mark.parametrize(
    ("since", "refused"), [(POLICY.clock_skew, True), (POLICY.clock_skew + TICK, False)], ids=["within", "beyond"]
)
def test_a_start_in_the_future_blocks_no_longer_than_the_skew(book: Book, since: timedelta, refused: bool) -> None:
    book.start(AT + since)
    if refused:
        with pytest.raises(RunUnderWay):
            book.start(AT)
    else:
        book.start(AT)
        assert book.column("last_run_at")[0].startswith("2026-11-23 02:30:00.123456")


def test_another_programs_status_counts_as_in_the_verdict(book: Book) -> None:
    created_at = AT - POLICY.longest_run
    book.schedules(last_run_status="RUNNING", created_at=created_at)
    with pytest.raises(RunUnderWay):
        book.start(AT)
    book.start(AT + TICK)


def test_an_invalid_instant_blocks_no_run(book: Book) -> None:
    book.schedules(last_run_status="running", last_run_at="infinity")
    book.end(book.start())
    assert book.column("last_run_status") == ["completed"]


def test_a_run_that_this_machine_knows_is_over_is_taken_over(book: Book) -> None:
    first = book.start()
    later = AT + timedelta(minutes=1)
    with pytest.raises(RunUnderWay):
        book.start(later, here=OnThisMachine(over="nightly 2026-11-22T02:30:00Z"))
    book.start(later, here=OnThisMachine(over=first.reference))
    assert book.column("status", "backup_sets") == ["failed", "running"]


def test_this_machines_lock_counts_if_the_database_has_no_note(book: Book) -> None:
    alive = OnThisMachine(alive_since=AT)
    with pytest.raises(RunUnderWay):
        book.start(AT + POLICY.longest_run, here=alive)
    book.start(AT + POLICY.longest_run + TICK, here=alive)
    # The database says that a later run is running, which this machine does not know.
    old = OnThisMachine(alive_since=AT - timedelta(days=1))
    with pytest.raises(RunUnderWay):
        book.start(AT + POLICY.longest_run + timedelta(minutes=1), here=old)


def test_without_a_database_only_this_machine_is_asked() -> None:
    run = RecordedRun("contoso", "nightly", "intunecd", AT)
    require_no_other_run(run, None, NOBODY, POLICY)
    with pytest.raises(RunUnderWay):
        require_no_other_run(run, None, OnThisMachine(alive_since=AT - POLICY.longest_run), POLICY)
    require_no_other_run(run, None, OnThisMachine(alive_since=AT - POLICY.longest_run - TICK), POLICY)


def test_a_run_given_up_for_dead_comes_too_late(book: Book) -> None:
    slow = book.start()
    book.start(AT + timedelta(hours=7))
    before = book.database.everything()
    with pytest.raises(StoreConflict, match="given up for dead"):
        book.end(slow, after=timedelta(hours=8))
    assert book.database.everything() == before


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_outcome_that_was_noted_already_is_not_late(book: Book, status: str) -> None:
    run = book.start(cron="30 2 * * *")
    book.end(run, status)
    before = book.database.everything()
    book.end(run, status)
    assert book.database.everything() == before


def test_an_outcome_without_its_start_is_noted_whole(book: Book) -> None:
    book.end(RecordedRun("contoso", "nightly", "intunecd", AT, cron="30 2 * * *"))
    assert book.column("status", "backup_sets") == book.column("last_run_status") == ["completed"]
    assert book.column("created_at", "backup_sets") == book.column("completed_at", "backup_sets")


def test_an_outcome_without_start_leaves_a_later_schedule_alone(book: Book) -> None:
    later = book.start(AT + timedelta(minutes=1))
    book.end(RecordedRun("contoso", "nightly", "intunecd", AT))
    assert book.column("last_run_status") == ["running"]
    book.end(later)
    assert book.column("status", "backup_sets") == ["completed", "completed"]
    assert book.column("last_run_at")[0].startswith("2026-11-23 02:31:00")


def test_tenants_never_mix(book: Book) -> None:
    first = book.start()
    other = book.start(AT + timedelta(seconds=1), external_id="fabrikam")
    assert book.column("status", "backup_sets") == ["running", "running"]
    book.end(other)
    assert book.column("status", "backup_sets") == ["running", "completed"]
    book.end(first, "failed")
    assert book.column("last_run_status") == ["failed", "completed"]


def test_a_tenant_is_added_only_under_a_name(book: Book) -> None:
    with pytest.raises(StoreConflict, match="no tenant 'adatum'"):
        book.start(external_id="adatum")
    assert book.column("external_id", "tenants") == ["contoso", "fabrikam"]
    book.start(external_id="adatum", new_tenant="A. Datum")
    assert book.column("name", "tenants") == ["contoso", "fabrikam", "A. Datum"]


@pytest.mark.parametrize(("more", "families"), [(timedelta(0), {}), (TICK, {"contradictory_run": 1})])
def test_a_run_may_take_as_long_as_the_longest_plausible_one(
    book: Book, more: timedelta, families: dict[str, int]
) -> None:
    run = book.start()
    took = POLICY.longest_run + more
    book.end(run, after=took)
    contoso = next(each for each in fleet_report(book.url, AT + took, {})["tenants"] if each["tenant"] == "contoso")
    assert contoso["basis"]["families"] == families


def test_a_reference_names_the_start_of_its_run() -> None:
    run = RecordedRun("contoso", "two words", "intunecd", AT)
    assert run.reference == "two words 2026-11-23T02:30:00.123456Z"
    assert start_in(run.reference) == AT
    assert [start_in(text) for text in ("", "nightly", "nightly 2026-11-23T02:30:00", "\0")] == [None] * 4
