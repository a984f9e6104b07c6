"""A long list is made by a thread: only the last one asked for is shown (docs/budgets.md, "On the screen")."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tui import listing as module
from tui.listing import Listings


class Made:
    """Listings whose threads run when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: list[Callable[[], object]] = []
        self.shown: list[str] = []
        self.made: list[str] = []
        monkeypatch.setattr(module, "in_a_thread", lambda _name, work: self.threads.append(work))
        self.listings: Listings[str] = Listings(self.shown.append, lambda function, *given: function(*given))

    def listing(self, name: str) -> Callable[[], str]:
        def listing() -> str:
            self.made.append(name)
            return name

        return listing

    def ask(self, name: str) -> None:
        self.listings.in_a_thread(self.listing(name))

    def run_the_thread(self) -> None:
        self.threads.pop(0)()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(monkeypatch)


def test_a_list_is_shown_when_its_thread_has_made_it(made: Made) -> None:
    made.ask("a")
    assert made.shown == []
    made.run_the_thread()
    assert (made.shown, made.threads) == (["a"], [])


def test_only_the_last_one_asked_for_is_made(made: Made) -> None:
    for name in ("a", "ab", "abc"):
        made.ask(name)
    assert len(made.threads) == 1
    made.run_the_thread()
    assert made.shown == []
    made.run_the_thread()
    assert (made.made, made.shown, made.threads) == (["a", "abc"], ["abc"], [])


def test_a_list_shown_at_once_stays(made: Made) -> None:
    made.ask("a")
    made.listings.at_once(made.listing("b"))
    made.run_the_thread()
    assert (made.shown, made.threads) == (["b"], [])


def test_the_last_one_can_be_had_now(made: Made) -> None:
    made.ask("a")
    made.ask("ab")
    made.listings.finish()
    assert made.shown == ["ab"]
    made.listings.finish()
    made.run_the_thread()
    assert (made.shown, made.threads) == (["ab"], [])


def test_a_later_list_is_shown(made: Made) -> None:
    made.ask("a")
    made.listings.finish()
    made.ask("b")
    made.run_the_thread()
    made.run_the_thread()
    assert (made.shown, made.threads) == (["a", "b"], [])
