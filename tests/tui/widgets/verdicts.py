"""Every kind of verdict, as the widgets of a tenant get them."""

from __future__ import annotations

import itertools

from health.facts import UnreadableEvidence
from health.posture import TenantBackupHealth, judge
from tests.health.making import (
    DAY,
    NOW,
    POLICY,
    a_schedule,
    a_set,
    a_tally,
    an_item,
    facts_of,
    judged,
)

LATE = a_schedule(last_run_at=NOW - 3 * DAY, last_run_status="failed", next_run_at=NOW - DAY)
BASES = (None, a_set(), a_set(NOW - 3 * DAY))
DEGRADED = a_tally(an_item(1, capture_mode="metadata_only"), an_item(2))


def every_verdict() -> list[TenantBackupHealth]:
    """All ten combinations of posture and reasons, and one that cannot be read."""
    found: dict[tuple[object, ...], TenantBackupHealth] = {}
    for basis, tally, schedules in itertools.product(BASES, (None, DEGRADED), ((), (LATE,))):
        health = judged(basis, *schedules, tally=tally)
        found.setdefault((health.posture, health.reasons), health)
    assert len(found) == 10
    evidence = UnreadableEvidence("backup_sets", "completed_at", 7, "completed_at of row 7 is not an instant")
    return [*found.values(), judge(facts_of(None)._replace(unreadable=evidence), POLICY, NOW)]


VERDICTS = every_verdict()
