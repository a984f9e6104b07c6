"""The healthy check: shown only for a confirmed verdict, with its limit in words.

(docs/screens.md, "Dashboard")
"""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from health.posture import TenantBackupHealth
from tui.widgets.hanging import HangingLine, HangingLines
from tui.words.wording import ASSIGNMENTS_LIMIT, NOT_KNOWN_OF_THEN, State, healthy_limit, state_of


class HealthyCheck(Static):
    """Bound to the same verdict as the attention list, and to whether the facts are too old to confirm anything."""

    DEFAULT_CSS = """
    HealthyCheck { height: auto; padding: 0 1; margin-top: 1; display: none; }
    HealthyCheck.-shown { display: block; }
    """

    health: reactive[TenantBackupHealth | None] = reactive(None)
    unconfirmed: reactive[bool] = reactive(False)
    clocks_differ: reactive[bool] = reactive(False)
    reference_items: reactive[int | None] = reactive(None)
    """How many items the reference set of the basis has."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def watch_health(self) -> None:
        self._write()

    def watch_unconfirmed(self) -> None:
        self._write()

    def watch_clocks_differ(self) -> None:
        self._write()

    def watch_reference_items(self) -> None:
        self._write()

    def _write(self) -> None:
        health = self.health
        shown = health is not None and (health.confirmed or state_of(health) is State.UNCONFIRMED)
        self.set_class(shown, "-shown")
        if not shown or health is None:
            self.update("")
            return
        state = state_of(health, facts_too_old=self.unconfirmed)
        words = healthy_limit(health, self.reference_items)
        if health.of_the_past:
            words = f"Recent and complete at that time. {NOT_KNOWN_OF_THEN.capitalize()}: nothing is confirmed."
        elif state is State.UNCONFIRMED:
            words = "These facts are too old to confirm anything: press r to read them again."
            if self.clocks_differ:
                words = "No age is certain while the database's clock and this machine's differ: correct one of them."
        elif health.quality is not None and health.quality.assignments_not_recorded == health.quality.items:
            words = f"{words} {ASSIGNMENTS_LIMIT}"
        label = Content.assemble((state.label, f"bold $state-{state.word}"), "  ")
        self.update(HangingLines([HangingLine(label, Content(words))]))
