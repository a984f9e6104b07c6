"""Waiting for another thread, process or server: until a condition holds, within a bound that suits any machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

DEADLINE: Final = 30.0
"""The seconds to wait at most."""


def until(holds: Callable[[], object], what: str) -> None:
    """Wait for a condition; fail at a deadline."""
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE:.0f} s: {what}")
        time.sleep(0.02)
