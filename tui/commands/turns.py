"""Many runs in one minute write to one database: each waits for its turn instead of giving up (docs/record.md)."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from health.store.opening.urls import DatabaseAddress

Found = TypeVar("Found")

TURN_SECONDS: Final = 60.0
"""How long a run waits for its turn: a backup that waits for its record is not made."""
_PAUSE: Final = 0.2
"""Seconds between attempts."""


def in_turn(address: DatabaseAddress, write: Callable[[], Found]) -> Found:
    """Write, and again while others have their turn: a SQLite file locked, or every connection of a server taken.

    `write` is one transaction that keeps nothing where it raises. Raises what it raises, and the last StoreBusy or
    StoreLocked once TURN_SECONDS are over. A lock in PostgreSQL is no queue: the server has waited for it already.
    """
    from health.store.opening.errors import StoreBusy, StoreLocked

    turn_of_others = (StoreBusy,) if address.file is None else (StoreBusy, StoreLocked)
    until = monotonic() + TURN_SECONDS
    while True:
        try:
            return write()
        except turn_of_others:
            if monotonic() >= until:
                raise
        sleep(_PAUSE)
