"""The one reader thread: it asks the resolver outside the event loop and can be interrupted. The newest question wins.

It is a daemon thread, so quitting never waits for a database. When a screen asks again, its older question is dropped
if it still waits and interrupted if it runs; a late answer is recognised by its number and dropped.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from tui.words.failures import describe

if TYPE_CHECKING:
    from health.answers import Progress
    from health.resolver import TenantBackupHealthResolver

Answer = TypeVar("Answer")
Question: TypeAlias = Callable[["TenantBackupHealthResolver"], Answer]

_SWITCH_SECONDS: Final = 0.001
_PAINTED_SECONDS: Final = 0.2


class Request(NamedTuple, Generic[Answer]):
    """One question on its way: who asked, and what to call with the answer or with the sentence of a failure.

    Both are called in the reader thread: they post a message and do nothing else.
    """

    owner: object
    question: Question[Answer]
    answered: Callable[[Answer], None]
    failed: Callable[[str], None]
    gives_way: Callable[[], None] | None = None
    """For a refresh in the background: called if it was cancelled for a question that a person waits for."""


class FactsReader:
    """Questions in, answers out. `open_resolver` is called in the thread, because it imports the database's drivers."""

    def __init__(self, open_resolver: Callable[[], TenantBackupHealthResolver]) -> None:
        self._open_resolver = open_resolver
        self._resolver: TenantBackupHealthResolver | None = None
        self._waiting: list[Request[Any]] = []
        self._running: Request[Any] | None = None
        self._wake = threading.Condition()
        self._stopped = False
        self._breaking_off = 0
        self._thread = threading.Thread(target=self._serve, name="facts-reader", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        # A key passes through three threads, and waits at each for the interpreter while this thread computes.
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._thread.start()

    def ask(self, request: Request[Any]) -> None:
        """Ask. An unanswered question of the same owner is cancelled."""
        with self._wake:
            self._give_up(request.owner)
            place = len(self._waiting)
            if request.gives_way is None:
                self._make_way()
                place = next((at for at, each in enumerate(self._waiting) if each.gives_way is not None), place)
            self._waiting.insert(place, request)
            self._wake.notify()

    def give_up(self, owner: object) -> None:
        """Cancel the owner's questions: it needs no more answers."""
        with self._wake:
            self._give_up(owner)

    def progress(self) -> Progress | None:
        """The progress of the fleet's read; None before one begins. Callable from any thread."""
        return None if self._resolver is None else self._resolver.progress

    def stop(self) -> None:
        """Interrupt the running question and answer no more. Returns at once."""
        with self._wake:
            self._stopped = True
            self._waiting.clear()
            self._interrupt()
            self._wake.notify()

    def _make_way(self) -> None:
        """Cancel a refresh in the background. Its screen asks again, after the questions that a person waits for."""
        running = self._running
        if running is not None and running.gives_way is not None:
            self._running = None
            self._interrupt()
            running.gives_way()

    def _give_up(self, owner: object) -> None:
        self._waiting = [request for request in self._waiting if request.owner is not owner]
        if self._running is not None and self._running.owner is owner:
            self._running = None
            self._interrupt()

    def _interrupt(self) -> None:
        """In a thread of its own: interrupting a query on a frozen network can itself take seconds."""
        if self._resolver is not None:
            self._breaking_off += 1
            threading.Thread(
                target=self._break_off, args=(self._resolver,), name="facts-interrupt", daemon=True
            ).start()

    def _break_off(self, resolver: TenantBackupHealthResolver) -> None:
        try:
            resolver.interrupt()
        finally:
            with self._wake:
                self._breaking_off -= 1
                self._wake.notify()

    def _serve(self) -> None:
        first = True
        while (request := self._next()) is not None:
            try:
                if self._resolver is None:
                    self._resolver = self._open_resolver()
                answer = request.question(self._resolver)
            except Exception as error:
                self._deliver(request, request.failed, self._sentence(error))
            else:
                self._deliver(request, request.answered, answer)
                if first:
                    self._prepare_for_more(self._resolver)
            if first:
                first = False
                _collect_only_from_now_on()
        if self._resolver is not None:
            with suppress(Exception):
                self._resolver.close()

    def _prepare_for_more(self, resolver: TenantBackupHealthResolver) -> None:
        """After the first answer, once it had time to be painted: open the connection the next questions need."""
        with self._wake:
            if self._wake.wait_for(lambda: self._stopped or self._waiting, _PAINTED_SECONDS):
                return
        with suppress(Exception):  # the next question reports the same problem
            resolver.connect()

    def _next(self) -> Request[Any] | None:
        with self._wake:
            # Start nothing during an interrupt: it would hit the new question instead of the old one.
            while not self._stopped and (self._breaking_off or not self._waiting):
                self._wake.wait()
            if self._stopped:
                return None
            self._running = self._waiting.pop(0)
            return self._running

    def _deliver(self, request: Request[Any], receive: Callable[[Any], None], value: object) -> None:
        with self._wake:
            wanted = self._running is request and not self._stopped
            if wanted:
                self._running = None
        if wanted:
            receive(value)

    @staticmethod
    def _sentence(error: Exception) -> str:
        return describe(error)[0]


def _collect_only_from_now_on() -> None:
    """Called when the app has started: the existing objects will stay, so no collection needs to scan them again."""
    gc.freeze()
    gc.enable()
