"""The KPI strip of a tenant's dashboard: posture, latest backup, degraded items, schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from health.freshness import Freshness
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from tui.words.columns import degraded_share, goes_stale, latest_backup, no_schedules
from tui.words.wording import state_of, window_in_words

_WIDE: Final = 80
"""The columns from which there is room for the window, and for when the latest backup goes stale."""


class DashboardKpis(Horizontal):
    """Bound to one verdict; it computes nothing itself. A narrow strip says less, so that nothing in it is cut."""

    DEFAULT_CSS = """
    DashboardKpis { height: 2; padding: 0 1; margin-top: 1; }
    DashboardKpis Static { width: 1fr; height: 2; text-wrap: nowrap; text-overflow: ellipsis; }
    DashboardKpis #kpi-posture { width: 14; }
    DashboardKpis #kpi-latest { width: 31; padding: 0 1 0 0; }
    DashboardKpis #kpi-degraded { width: 16; padding: 0 1 0 0; }
    DashboardKpis.-narrow #kpi-latest { width: 15; }
    DashboardKpis.-narrow #kpi-degraded { width: 10; }
    """

    health: reactive[TenantBackupHealth | None] = reactive(None)
    unconfirmed: reactive[bool] = reactive(False)
    shown_at: reactive[datetime | None] = reactive(None)

    def __init__(self, policy: HealthPolicy) -> None:
        super().__init__()
        self._policy = policy

    def compose(self) -> ComposeResult:
        for name in ("posture", "latest", "degraded", "schedules"):
            yield Static(id=f"kpi-{name}", markup=False)

    def on_mount(self) -> None:
        self._write()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _WIDE, "-narrow")
        self._write()

    def watch_health(self) -> None:
        self._write()

    def watch_unconfirmed(self) -> None:
        self._write()

    def watch_shown_at(self) -> None:
        self._write()

    def _write(self) -> None:
        health, now = self.health, self.shown_at
        if health is None or now is None or not self.children:
            return
        state = state_of(health, facts_too_old=self.unconfirmed)
        narrow, window = self.has_class("-narrow"), window_in_words(self._policy.freshness_window)
        latest = latest_backup(health, now) if narrow else _latest(health, self._policy, now)
        self._kpi("posture", "POSTURE", Content.assemble((state.label, f"bold $state-{state.word}")))
        self._kpi("latest", "LATEST BACKUP" if narrow else f"LATEST BACKUP (window {window})", Content(latest))
        self._kpi("degraded", "DEGRADED" if narrow else "DEGRADED ITEMS", Content(degraded_share(health)))
        self._kpi("schedules", "SCHEDULES", Content(_schedules(health)))

    def _kpi(self, name: str, label: str, value: Content) -> None:
        self.query_one(f"#kpi-{name}", Static).update(Content.assemble((label, "$quiet"), "\n", value), layout=False)


def _latest(health: TenantBackupHealth, policy: HealthPolicy, now: datetime) -> str:
    """The age of the basis, and how long it stays fresh if no backup runs."""
    ahead = f", stale {goes_stale(health, policy, now)}" if health.freshness is Freshness.FRESH else ""
    return f"{latest_backup(health, now)}{ahead}"


def _schedules(health: TenantBackupHealth) -> str:
    if not health.schedules:
        return no_schedules(health)
    enabled = len(health.schedules)
    return f"{len(health.follow_ups)} of {enabled} follow-up" if health.follow_ups else f"{enabled} enabled"
