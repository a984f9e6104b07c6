"""The reader thread: the newest question wins, nothing waits for it, and an interruption hits the right question."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from health.resolver import TenantBackupHealthResolver, UnknownTenant
from health.store.opening.errors import DatabaseMissing, StoreUnreachable
from tui.reader import FactsReader, Request

PATIENCE = 10.0


class Resolver:
    """Counts its calls. `interrupt` lasts until the test lets it end."""

    def __init__(self) -> None:
        self.interrupting = threading.Event()
        self.interrupt_may_end = threading.Event()
        self.interrupt_may_end.set()
        self.ready = threading.Event()
        self.closed = threading.Event()

    def interrupt(self) -> None:
        self.interrupting.set()
        assert self.interrupt_may_end.wait(PATIENCE)

    def connect(self) -> None:
        self.ready.set()

    def close(self) -> None:
        self.closed.set()


class Asked:
    """One question of a test: whether it has begun, whether it may end, and its result."""

    def __init__(
        self, owner: object = "owner", answer: Any = None, *, free: bool = True, refresh: bool = False
    ) -> None:
        self.begun, self.may_end, self.told = threading.Event(), threading.Event(), threading.Event()
        self.outcome: list[tuple[str, Any]] = []
        self._answer = answer
        if free:
            self.may_end.set()
        gives_way = (lambda: self.outcome.append(("gave way", None))) if refresh else None
        self.request = Request(owner, self._question, self._tell("answered"), self._tell("failed"), gives_way)

    def _question(self, resolver: TenantBackupHealthResolver) -> Any:
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def _tell(self, how: str) -> Callable[[Any], None]:
        def tell(value: Any) -> None:
            self.outcome.append((how, value))
            self.told.set()

        return tell


@pytest.fixture
def resolver() -> Resolver:
    return Resolver()


@pytest.fixture
def reader(resolver: Resolver) -> Iterator[FactsReader]:
    found = FactsReader(lambda: cast("TenantBackupHealthResolver", resolver))
    found.start()
    yield found
    found.stop()


def ask(reader: FactsReader, *questions: Asked) -> None:
    for each in questions:
        reader.ask(each.request)


def test_questions_of_different_owners_are_all_answered_in_turn(reader: FactsReader) -> None:
    questions = [Asked(owner, owner) for owner in ("a", "b", "c")]
    ask(reader, *questions)
    for each in questions:
        assert each.told.wait(PATIENCE)
    assert [each.outcome for each in questions] == [[("answered", "a")], [("answered", "b")], [("answered", "c")]]


def test_of_one_owners_questions_only_the_newest_is_answered(reader: FactsReader, resolver: Resolver) -> None:
    running, waiting, newest = Asked(answer=1, free=False), Asked(answer=2), Asked(answer=3)
    ask(reader, running)
    assert running.begun.wait(PATIENCE)
    ask(reader, waiting, newest)
    assert resolver.interrupting.wait(PATIENCE)
    running.may_end.set()
    assert newest.told.wait(PATIENCE)
    assert newest.outcome == [("answered", 3)]
    assert not running.told.is_set()
    assert not waiting.begun.is_set()


def test_a_question_given_up_is_neither_answered_nor_failed(reader: FactsReader) -> None:
    running, next_one = Asked("a", StoreUnreachable("interrupted"), free=False), Asked("b", 1)
    ask(reader, running)
    assert running.begun.wait(PATIENCE)
    reader.give_up("a")
    running.may_end.set()
    ask(reader, next_one)
    assert next_one.told.wait(PATIENCE)
    assert running.outcome == []


def test_giving_up_without_a_question_interrupts_nothing(reader: FactsReader, resolver: Resolver) -> None:
    running = Asked("a", 1, free=False)
    ask(reader, running)
    assert running.begun.wait(PATIENCE)
    reader.give_up("b")
    running.may_end.set()
    assert running.told.wait(PATIENCE)
    assert running.outcome == [("answered", 1)]
    assert not resolver.interrupting.is_set()


def test_an_interruption_never_hits_the_next_question(reader: FactsReader, resolver: Resolver) -> None:
    resolver.interrupt_may_end.clear()
    old, new = Asked("a", 1, free=False), Asked("b", 2)
    ask(reader, old)
    assert old.begun.wait(PATIENCE)
    reader.give_up("a")
    assert resolver.interrupting.wait(PATIENCE)
    ask(reader, new)
    old.may_end.set()
    # The old question has ended by itself. Until the interruption has ended, no question runs that it could hit.
    assert not new.begun.wait(0.2)
    resolver.interrupt_may_end.set()
    assert new.told.wait(PATIENCE)
    assert new.outcome == [("answered", 2)]


def test_a_failure_is_its_sentence_and_the_next_one_is_answered(reader: FactsReader) -> None:
    for error, sentence in (
        (StoreUnreachable("fleet.db is locked."), "fleet.db is locked."),
        (UnknownTenant("x"), "There is no tenant 'x' in the fleet: see 'tenantpilot tenant list'."),
    ):
        failing, fine = Asked("a", error), Asked("b", 1)
        ask(reader, failing, fine)
        assert fine.told.wait(PATIENCE)
        assert failing.outcome == [("failed", sentence)]
        assert fine.outcome == [("answered", 1)]


def test_a_database_that_could_not_be_opened_is_tried_again(resolver: Resolver) -> None:
    outcomes: list[Any] = [DatabaseMissing("There is no database."), resolver]

    def open_resolver() -> TenantBackupHealthResolver:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return cast("TenantBackupHealthResolver", outcome)

    reader = FactsReader(open_resolver)
    reader.start()
    first, second = Asked("a", 1), Asked("b", 2)
    ask(reader, first, second)
    assert second.told.wait(PATIENCE)
    reader.stop()
    assert first.outcome == [("failed", "There is no database.")]
    assert second.outcome == [("answered", 2)]


def test_stopping_waits_for_nothing_and_gives_the_connection_back(reader: FactsReader, resolver: Resolver) -> None:
    resolver.interrupt_may_end.clear()
    running, waiting = Asked("a", 1, free=False), Asked("b", 2)
    ask(reader, running, waiting)
    assert running.begun.wait(PATIENCE)
    reader.stop()
    assert resolver.interrupting.wait(PATIENCE)
    assert not running.may_end.is_set()
    resolver.interrupt_may_end.set()
    running.may_end.set()
    assert resolver.closed.wait(PATIENCE)
    assert running.outcome == waiting.outcome == []
    assert not waiting.begun.is_set()


def test_stopping_before_the_start_or_twice_does_nothing(resolver: Resolver) -> None:
    reader = FactsReader(lambda: cast("TenantBackupHealthResolver", resolver))
    reader.stop()
    reader.stop()
    assert not resolver.interrupting.is_set()


def test_it_connects_after_an_answer_and_not_after_a_failure(reader: FactsReader, resolver: Resolver) -> None:
    answered = Asked()
    ask(reader, answered)
    assert resolver.ready.wait(PATIENCE)
    assert answered.told.is_set()
    # Over a silent link this would wait once more, before the questions that are asked meanwhile.
    other = Resolver()
    second = FactsReader(lambda: cast("TenantBackupHealthResolver", other))
    second.start()
    failed, behind = Asked(answer=StoreUnreachable("no answer")), Asked("other", "there")
    ask(second, failed)
    assert failed.told.wait(PATIENCE)
    ask(second, behind)
    assert behind.told.wait(PATIENCE)
    second.stop()
    assert other.closed.wait(PATIENCE)
    assert not other.ready.is_set()


# A question that a person waits for goes first


def test_a_refresh_in_the_background_gives_way(reader: FactsReader, resolver: Resolver) -> None:
    refresh, opened = Asked("list", 1, free=False, refresh=True), Asked("dashboard", 2)
    ask(reader, refresh)
    assert refresh.begun.wait(PATIENCE)
    ask(reader, opened)
    assert resolver.interrupting.wait(PATIENCE)
    refresh.may_end.set()
    assert opened.told.wait(PATIENCE)
    assert refresh.outcome == [("gave way", None)]


def test_no_refresh_and_no_key_interrupts_a_persons_question(reader: FactsReader, resolver: Resolver) -> None:
    opened = Asked("dashboard", 1, free=False)
    refresh, another = Asked("list", 2, refresh=True), Asked("sets", 3)
    ask(reader, opened)
    assert opened.begun.wait(PATIENCE)
    ask(reader, refresh, another)
    opened.may_end.set()
    assert refresh.told.wait(PATIENCE)
    assert not resolver.interrupting.is_set()
    assert opened.outcome == [("answered", 1)]
    # It was asked later, but did not wait for the refresh.
    assert another.outcome == [("answered", 3)]
    assert refresh.outcome == [("answered", 2)]
