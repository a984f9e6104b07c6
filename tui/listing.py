"""A long list made by a thread, so that keys are answered meanwhile (docs/budgets.md, "On the screen")."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Listed = TypeVar("Listed")
Listing = Callable[[], Listed]
"""Makes the list."""


class Listings(Generic[Listed]):
    """Shows the list that was asked for last. Of several asked for meanwhile, only the last one is made.

    `show` gets the list. `call_later` calls a function in the thread of the screen. Every method is called there.
    """

    def __init__(self, show: Callable[[Listed], None], call_later: Callable[..., object]) -> None:
        self._show = show
        self._call_later = call_later
        self._wanted: Listing[Listed] | None = None
        self._is_running = False

    def at_once(self, listing: Listing[Listed]) -> None:
        """Make and show a list now, in place of one that a thread is making."""
        self._wanted = None
        self._show(listing())

    def in_a_thread(self, listing: Listing[Listed]) -> None:
        """Make a list in a thread, and show it then."""
        self._wanted = listing
        if not self._is_running:
            self._start(listing)

    def finish(self) -> None:
        """Show the list that was asked for last, if it is not shown yet."""
        if self._wanted is not None:
            self.at_once(self._wanted)

    def _start(self, listing: Listing[Listed]) -> None:
        self._is_running = True
        in_a_thread("listed", lambda: self._call_later(self._made, listing, listing()))

    def _made(self, listing: Listing[Listed], listed: Listed) -> None:
        self._is_running = False
        if listing is self._wanted:
            self._wanted = None
            self._show(listed)
        elif self._wanted is not None:
            self._start(self._wanted)


def in_a_thread(name: str, work: Callable[[], object]) -> None:
    """Do something while keys are answered. Quitting does not wait for it."""
    threading.Thread(target=work, name=name, daemon=True).start()
