"""The one place that asks the clock: everything below is handed the time (docs/concepts.md, "The policy")."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place
