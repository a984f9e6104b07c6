"""What needs attention on a dashboard: one line a reason, a full sentence with its figures; Enter goes to the proof."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from health.facts import UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from tui.drillthrough import Subject, destination_of
from tui.words.safe_text import safe_text
from tui.words.wording import reason_sentence, state_of, why


class AttentionItem(Horizontal, can_focus=True):
    """One reason, or the evidence that cannot be read. It takes the focus only if a screen shows more of it.

    A mark shows the focus as well as the colour does; a long sentence wraps under its own beginning.
    """

    DEFAULT_CSS = """
    AttentionItem { height: auto; padding: 0 1 0 0; }
    AttentionItem .mark { width: 2; height: 1; }
    AttentionItem .sentence { width: 1fr; height: auto; }
    AttentionItem.-unreadable .sentence { color: $state-unreadable; }
    AttentionItem:focus { background: $cursor-background; text-style: bold; }
    AttentionItem:ansi:focus .sentence { text-style: reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "show the proof", key_display="⏎", id="attention.open"),
        Binding("down,j", "app.focus_next", "down", show=False, id="attention.down"),
        Binding("up,k", "app.focus_previous", "up", show=False, id="attention.up"),
    ]

    def __init__(self, subject: Subject, sentence: str) -> None:
        super().__init__()
        self.subject = subject
        self.sentence = sentence
        self.can_focus = destination_of(subject) is not None
        self.set_class(isinstance(subject, UnreadableEvidence), "-unreadable")

    def compose(self) -> ComposeResult:
        yield Static(classes="mark", markup=False)
        yield Static(self._content(), classes="sentence", markup=False)

    def say(self, sentence: str) -> None:
        """Show the sentence of this item's reason; draw nothing if it is unchanged."""
        if sentence != self.sentence:
            self.sentence = sentence
            self.query_one(".sentence", Static).update(self._content())

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        if self.is_mounted:
            self.query_one(".mark", Static).update(">" if has_focus else "", layout=False)

    def _content(self) -> Content:
        return Content(safe_text(self.sentence, limit=400))

    def action_choose(self) -> None:
        self.post_message(NeedsAttention.Chosen(self.subject))


class NeedsAttention(Vertical):
    """The reasons of one verdict, in their order; for an unreadable tenant the evidence that cannot be read."""

    DEFAULT_CSS = """
    NeedsAttention { height: auto; }
    """

    class Chosen(Message):
        """Enter was pressed on a reason, or on the evidence that cannot be read."""

        def __init__(self, subject: Subject) -> None:
            super().__init__()
            self.subject = subject

    health: reactive[TenantBackupHealth | None] = reactive(None)
    shown_at: reactive[datetime | None] = reactive(None)

    def __init__(self, policy: HealthPolicy) -> None:
        super().__init__()
        self._policy = policy

    async def watch_health(self, health: TenantBackupHealth | None) -> None:
        if health is None:
            return
        if self._shown_subjects() != _subjects(health):
            await self._compose_anew(health)
        self._write()

    def watch_shown_at(self) -> None:
        self._write()

    def _shown_subjects(self) -> list[Subject]:
        return [item.subject for item in self.query(AttentionItem)]

    async def _compose_anew(self, health: TenantBackupHealth) -> None:
        focused = next((item.subject for item in self.query(AttentionItem) if item.has_focus), None)
        await self.remove_children()
        if not self.is_attached:
            return  # the screen was left meanwhile
        items = [AttentionItem(subject, self._sentence(health, subject)) for subject in _subjects(health)]
        await self.mount(*items)
        for item in items:
            if item.subject == focused:
                item.focus()

    def _write(self) -> None:
        if self.health is None:
            return
        subjects = _subjects(self.health)
        for item in self.query(AttentionItem):
            if item.subject in subjects:
                item.say(self._sentence(self.health, item.subject))

    def _sentence(self, health: TenantBackupHealth, subject: Subject) -> str:
        if isinstance(subject, UnreadableEvidence):
            return f"{state_of(health).label}: {why(health, self._policy, health.holds_until)}"
        return "" if self.shown_at is None else reason_sentence(health, subject, self._policy, self.shown_at)


def _subjects(health: TenantBackupHealth) -> list[Subject]:
    return list(health.reasons) if health.unreadable is None else [health.unreadable]
