"""Stands between the app and the product's resolver: a test sees, holds back or fails its questions."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from health.answers import OwnTime, Progress


class HeldBack:
    """A question that returns only when the test lets it."""

    def __init__(self, *, read_first: bool) -> None:
        self.read_first = read_first
        self.reached = threading.Event()
        self._gate = threading.Event()

    @property
    def let_go_yet(self) -> bool:
        """Whether the test has let it return."""
        return self._gate.is_set()

    def let_go(self) -> None:
        """Let it return."""
        self._gate.set()

    def wait(self) -> None:
        """Wait, in the reader thread."""
        self.reached.set()
        assert self._gate.wait(20)


class WatchedResolver:
    """The real resolver, watched: a test counts the questions, holds one back, or makes them fail."""

    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver
        self._held: dict[str, list[HeldBack]] = {}
        self.asked: list[str] = []
        self.interrupted = 0
        self.broken_off = threading.Event()
        self.failure: Exception | None = None

    def hold_back(self, question: str, *, read_first: bool = False) -> HeldBack:
        """The next question of this name waits. With `read_first` its answer is read before, and grows old."""
        held = HeldBack(read_first=read_first)
        self._held.setdefault(question, []).append(held)
        return held

    def _ask(self, question: str, *arguments: Any, **named: Any) -> Any:
        self.asked.append(question)
        waiting = self._held.get(question)
        held = waiting.pop(0) if waiting else None
        if held is not None and not held.read_first:
            held.wait()
        if self.failure is not None:
            raise self.failure
        answer = getattr(self._resolver, question)(*arguments, **named)
        if held is not None and held.read_first:
            held.wait()
        return answer

    def refreshed_fleet(self, now: datetime) -> Any:
        return self._ask("refreshed_fleet", now)

    @property
    def progress(self) -> Progress:
        progress: Progress = self._resolver.progress
        return progress

    def connected_to(self) -> str | None:
        return None

    def own_time(self) -> OwnTime:
        time: OwnTime = self._resolver.own_time()
        return time

    def role_could_write(self) -> bool:
        return bool(self._resolver.role_could_write())

    def missing_tenants(self, external_ids: Any) -> set[str]:
        return set(self._resolver.missing_tenants(external_ids))

    def connect(self) -> None:
        self._resolver.connect()

    def dashboard(self, *arguments: Any) -> Any:
        return self._ask("dashboard", *arguments)

    def backup_sets(self, *arguments: Any, **named: Any) -> Any:
        return self._ask("backup_sets", *arguments, **named)

    def backup_set(self, *arguments: Any) -> Any:
        return self._ask("backup_set", *arguments)

    def captured(self, *arguments: Any) -> Any:
        return self._ask("captured", *arguments)

    def captured_in_sets(self, *arguments: Any) -> Any:
        return self._ask("captured_in_sets", *arguments)

    def changes(self, *arguments: Any) -> Any:
        return self._ask("changes", *arguments)

    def runs(self, *arguments: Any, **named: Any) -> Any:
        return self._ask("runs", *arguments, **named)

    def causes(self, *arguments: Any) -> Any:
        return self._ask("causes", *arguments)

    def schedules(self, *arguments: Any) -> Any:
        return self._ask("schedules", *arguments)

    def interrupt(self) -> None:
        self.interrupted += 1
        self.broken_off.set()

    def close(self) -> None:
        self._resolver.close()
