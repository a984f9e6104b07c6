"""The KPI strip of a tenant's dashboard: posture, latest backup, degraded items, schedules."""

from __future__ import annotations

from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from health.freshness import Freshness
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from tui.words.columns import degraded_share, goes_stale, latest_backup
from tui.words.wording import state_of, window_in_words


class DashboardKpis(Horizontal):
    """Bound to one verdict; it computes nothing itself."""

    DEFAULT_CSS = """
    DashboardKpis { height: 2; padding: 0 1; margin-top: 1; }
    DashboardKpis Static { width: 17fr; height: 2; text-wrap: nowrap; text-overflow: ellipsis; }
    DashboardKpis #kpi-posture { width: 14; }
    /* Below 80 columns all three are cut a little, and none is lost. */
    DashboardKpis #kpi-latest { width: 31fr; max-width: 31; padding: 0 1 0 0; }
    DashboardKpis #kpi-degraded { width: 16fr; max-width: 16; padding: 0 1 0 0; }
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
        window = window_in_words(self._policy.freshness_window)
        self._kpi("posture", "POSTURE", Content.assemble((state.label, f"bold $state-{state.word}")))
        self._kpi("latest", f"LATEST BACKUP (window {window})", Content(_latest(health, self._policy, now)))
        self._kpi("degraded", "DEGRADED ITEMS", Content(degraded_share(health)))
        self._kpi("schedules", "SCHEDULES", Content(_schedules(health)))

    def _kpi(self, name: str, label: str, value: Content) -> None:
        self.query_one(f"#kpi-{name}", Static).update(Content.assemble((label, "$quiet"), "\n", value), layout=False)


def _latest(health: TenantBackupHealth, policy: HealthPolicy, now: datetime) -> str:
    """The age of the basis, and how long it stays fresh if no backup runs."""
    ahead = f", stale {goes_stale(health, policy, now)}" if health.freshness is Freshness.FRESH else ""
    return f"{latest_backup(health, now)}{ahead}"


def _schedules(health: TenantBackupHealth) -> str:
    if health.unreadable is not None:
        return "-"
    if health.of_the_past:
        return "not known"
    if not health.schedules:
        return "none enabled"
    enabled = len(health.schedules)
    return f"{len(health.follow_ups)} of {enabled} follow-up" if health.follow_ups else f"{enabled} enabled"
