"""Many runs may write to one database in the same minute: each waits for its turn (docs/record.md)."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, TypeVar

from health.store.opening.errors import StoreBusy, StoreLocked
from health.store.opening.urls import DatabaseAddress

Found = TypeVar("Found")

TURN_SECONDS: Final = 60.0
"""Seconds that a run waits for its turn. A longer wait would delay the backup itself."""
_PAUSE: Final = 0.2
"""Seconds between attempts."""


def in_turn(address: DatabaseAddress, write: Callable[[], Found]) -> Found:
    """Write, and retry while others write: while a SQLite file is locked, or all of a server's connections are in use.

    `write` is one transaction that writes nothing if it raises. Raises what `write` raises; StoreBusy or StoreLocked
    only after TURN_SECONDS. A lock in PostgreSQL is not retried: the server has already waited for it.
    """
    turn_of_others = (StoreBusy,) if address.file is None else (StoreBusy, StoreLocked)
    until = monotonic() + TURN_SECONDS
    while True:
        try:
            return write()
        except turn_of_others:
            if monotonic() >= until:
                raise
        sleep(_PAUSE)
