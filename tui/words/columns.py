"""The columns of a list of tenants and the counts above it, on the screens and in a report."""

from __future__ import annotations

from datetime import datetime

from health.freshness import Freshness, goes_stale_at
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.report import FleetTotals
from tui.words.durations import format_span
from tui.words.wording import State, ago


def states_counted(totals: FleetTotals) -> tuple[tuple[State, int], ...]:
    """The number of tenants in each shown state, worst first. The numbers add up to all tenants."""
    # A healthy tenant without a follow-up is unconfirmed only in a report as of an instant in the past.
    unconfirmed = max(totals.healthy - totals.confirmed - totals.schedule_follow_up, 0)
    return (
        (State.UNREADABLE, totals.unreadable),
        (State.ABSENT, totals.absent),
        (State.STALE, totals.stale),
        (State.DEGRADED, totals.degraded),
        (State.FOLLOW_UP, totals.healthy - totals.confirmed - unconfirmed),
        *(((State.UNCONFIRMED, unconfirmed),) if unconfirmed else ()),
        (State.HEALTHY, totals.confirmed),
    )


def latest_backup(health: TenantBackupHealth, now: datetime) -> str:
    """How long ago the basis was completed; `never` without one, `-` if it cannot be read."""
    if health.unreadable is not None:
        return "-"
    if health.basis is None or health.basis.completed_at is None:
        return "never"
    return in_the_past_or_future(health.basis.completed_at, now)


def in_the_past_or_future(instant: datetime, now: datetime) -> str:
    """`3d 4h ago`, or `in 2h` for an instant in the future."""
    return f"in {format_span(instant - now)}" if instant > now else ago(now - instant)


def no_schedules(health: TenantBackupHealth) -> str:
    """What stands where a verdict has no enabled schedules: `-` if it is unreadable, because it may have some."""
    if health.unreadable is not None:
        return "-"
    return "not known" if health.of_the_past else "none enabled"


def goes_stale(health: TenantBackupHealth, policy: HealthPolicy, now: datetime) -> str:
    """When the basis goes stale if nothing runs: `in 19h`, or `3d ago`; `-` if its age cannot be trusted."""
    basis = health.basis
    if basis is None or basis.completed_at is None or health.freshness is Freshness.IN_THE_FUTURE:
        return "-"
    at = goes_stale_at(basis.completed_at, policy)
    return ago(now - at) if now > at else f"in {format_span(at - now)}"


def degraded_share(health: TenantBackupHealth) -> str:
    """Degraded items of all items in the basis; `-` if there is no basis."""
    quality = health.quality
    return "-" if quality is None else f"{quality.degraded_items}/{quality.items}"
