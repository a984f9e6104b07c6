"""Judge answers again that no longer hold, from the facts in them. This needs no reading.

(docs/reading.md, "A verdict ends when it ends")
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, runtime_checkable

from health.answers import FleetAnswer, SchedulesAnswer, follow_up_first
from health.forecast import longest_pause
from health.instants import LATEST
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judged_again, triage_key
from health.schedules import assess


@runtime_checkable
class OfOneTenant(Protocol):
    """An answer to a screen of one tenant: its verdict, and the instant at which it was judged (UTC)."""

    @property
    def health(self) -> TenantBackupHealth: ...
    @property
    def now(self) -> datetime: ...


Answer = TypeVar("Answer", bound=OfOneTenant)


def holds_until(verdicts: Sequence[TenantBackupHealth]) -> datetime:
    """The last instant (UTC) at which all of these verdicts hold, if no fact changes."""
    return min((health.holds_until for health in verdicts), default=LATEST)


def fleet_again(answer: FleetAnswer, policy: HealthPolicy, now: datetime) -> FleetAnswer:
    """The fleet at a later instant, in triage order. Verdicts that still hold are the same objects."""
    verdicts = [each if now <= each.holds_until else judged_again(each, policy, now) for each in answer.verdicts]
    return answer._replace(now=now, verdicts=tuple(sorted(verdicts, key=triage_key)))


def tenant_again(answer: Answer, policy: HealthPolicy, now: datetime) -> Answer:
    """The answer about one tenant, a named tuple, at a later instant."""
    health = judged_again(answer.health, policy, now)
    named: Any = answer
    again: Answer = named._replace(health=health, now=now, **_schedules_again(answer, health, policy, now))
    return again


def _schedules_again(
    answer: OfOneTenant, health: TenantBackupHealth, policy: HealthPolicy, now: datetime
) -> dict[str, Any]:
    if not isinstance(answer, SchedulesAnswer):
        return {}
    completed_at = None if health.basis is None else health.basis.completed_at
    judged = (
        each._replace(assessment=assess(each.schedule, completed_at, policy, now))
        if each.schedule is not None and each.assessment is not None
        else each
        for each in answer.schedules
    )
    pause = longest_pause(((each.cron, each.timezone) for each in health.schedules), now)
    return {"schedules": tuple(sorted(judged, key=follow_up_first)), "longest_pause": pause}
