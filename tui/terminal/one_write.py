"""Several writes of Textual as one: over SSH, each of them is a packet (docs/budgets.md, "On the screen")."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.driver import Driver


@contextmanager
def in_one_write(driver: Driver | None) -> Iterator[None]:
    """While the block runs, keep what is written to the terminal, and write it at its end."""
    if driver is None:
        yield
        return
    keeping: Any = driver
    write, parts = driver.write, list[str]()
    keeping.write = parts.append
    try:
        yield
    finally:
        keeping.write = write
        if parts:
            write("".join(parts))
