"""The one place of the command line that asks the clock (`design.md` 4)."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the clock of the command line
