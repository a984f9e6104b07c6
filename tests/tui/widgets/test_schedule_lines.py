"""The schedules beside the attempts, as the verdict has them. Module: tui.widgets.schedule_lines."""

from __future__ import annotations

from tests.health.making import HOUR, NOW, POLICY, a_schedule, a_set, judged
from tests.tui.widgets.hosting import hosted, lines
from tests.tui.widgets.verdicts import LATE
from tui.widgets.schedule_lines import ScheduleLines


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
        schedules.health = judged(a_set())
        await pilot.pause(0)
        assert [line.strip() for line in lines(pilot) if line.strip()] == ["Schedules", "none enabled"]
