"""The schedules beside the attempts, as the verdict has them. Module: tui.widgets.schedule_lines."""

from __future__ import annotations

import pytest

from health.facts import UnreadableEvidence
from health.posture import TenantBackupHealth, judge
from tests.health.making import HOUR, NOW, POLICY, a_schedule, a_set, facts_of, judged
from tests.tui.widgets.hosting import hosted, lines
from tests.tui.widgets.verdicts import LATE
from tui.widgets.schedule_lines import ScheduleLines

UNREADABLE = judge(facts_of(None)._replace(unreadable=UnreadableEvidence("t", "c", 7, "c is no instant")), POLICY, NOW)


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (judged(a_set()), "none enabled"),
        (judged(a_set())._replace(of_the_past=True), "not known"),
        (UNREADABLE, "-"),
        (UNREADABLE._replace(of_the_past=True), "-"),
    ],
)
async def test_none_is_said_only_where_it_is_known(health: TenantBackupHealth, words: str) -> None:
    schedules = ScheduleLines(POLICY)
    schedules.add_class("-beside")
    async with hosted(schedules, size=(120, 10)) as pilot:
        schedules.shown_at, schedules.health = NOW, health
        await pilot.pause(0)
        assert [line.strip() for line in lines(pilot) if line.strip()] == ["Schedules", words]


async def test_those_to_follow_up_come_first() -> None:
    schedules = ScheduleLines(POLICY)
    schedules.add_class("-beside")
    async with hosted(schedules, size=(120, 10)) as pilot:
        schedules.shown_at = NOW
        schedules.health = judged(
            a_set(),
            a_schedule(id=1, name="hourly", last_run_at=NOW - HOUR, last_run_status="success"),
            LATE._replace(id=2),
        )
        await pilot.pause(0)
        title, first, second, *_ = (line.strip() for line in lines(pilot) if line.strip())
        assert title == "Schedules"
        assert "◷" in first
        assert "overdue" in first
        assert second == "hourly: ran 1h ago"
