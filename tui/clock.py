"""The one place that asks the clock. All code below gets the time as an argument (docs/concepts.md, "The policy")."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current instant in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place
