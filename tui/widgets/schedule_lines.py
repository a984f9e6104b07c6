"""The enabled schedules of a tenant beside its attempts, on a wide screen (docs/screens.md, "Dashboard")."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from health.facts import BackupSchedule
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from tui.widgets.hanging import HangingLine, HangingLines
from tui.words.columns import in_the_past_or_future, no_schedules
from tui.words.names import IN_A_SENTENCE, name_text
from tui.words.safe_text import safe_text
from tui.words.wording import conditions_in_words


class ScheduleLines(Static):
    """Bound to one verdict; it computes nothing itself. Those to follow up come first; `s` lists all of them."""

    DEFAULT_CSS = """
    ScheduleLines { width: 1fr; height: 100%; padding: 0 1; margin-top: 1; display: none; }
    ScheduleLines.-beside { display: block; }
    """

    health: reactive[TenantBackupHealth | None] = reactive(None)
    shown_at: reactive[datetime | None] = reactive(None)

    def __init__(self, policy: HealthPolicy) -> None:
        super().__init__(markup=False)
        self._policy = policy

    def watch_health(self) -> None:
        self._write()

    def watch_shown_at(self) -> None:
        self._write()

    def _write(self) -> None:
        health, now = self.health, self.shown_at
        if health is None or now is None:
            return
        judged = {each.schedule.id: conditions_in_words(each, self._policy, now) for each in health.follow_ups}
        listed = sorted(health.schedules, key=lambda schedule: schedule.id not in judged)
        lines = [_line(schedule, judged.get(schedule.id), now) for schedule in listed]
        title = HangingLine(Content(""), Content.assemble(("Schedules", "bold $quiet")))
        body = [HangingLine(Content("  "), each) for each in lines or [Content(no_schedules(health))]]
        self.update(HangingLines([title, *body]), layout=False)


def _line(schedule: BackupSchedule, follow_up: str | None, now: datetime) -> Content:
    name = f"{name_text(schedule.name, IN_A_SENTENCE)}: "
    if follow_up is not None:
        return Content.assemble(name, (f"◷ {safe_text(follow_up)}", "$state-follow-up"))
    ran = "never ran" if schedule.last_run_at is None else f"ran {in_the_past_or_future(schedule.last_run_at, now)}"
    return Content(f"{name}{ran}")
