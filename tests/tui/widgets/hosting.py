"""An app around one widget, with the named colours of the widgets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from tui.terminal.themes import DARK, TERMINALS_OWN, THEMES


class HostApp(App[None]):
    """Shows widgets and keeps the messages that they post."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self._widgets = widgets
        self.messages: list[Message] = []
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(TERMINALS_OWN)

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def on_event_of_interest(self, message: Message) -> None:
        self.messages.append(message)


@asynccontextmanager
async def hosted(*widgets: Widget, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """The widgets in an app under a pilot."""
    app = HostApp(*widgets)
    async with app.run_test(size=size, message_hook=app.on_event_of_interest) as pilot:
        await pilot.pause(0)
        yield pilot


def messages(pilot: Pilot[None], kind: type[Any]) -> list[Any]:
    """The messages of a kind that arrived anywhere, each once."""
    app = pilot.app
    assert isinstance(app, HostApp)
    found = {id(message): message for message in app.messages if isinstance(message, kind)}
    return list(found.values())


def lines(pilot: Pilot[None]) -> list[str]:
    """The lines of the terminal as they are drawn now."""
    strips = pilot.app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


def words(pilot: Pilot[None]) -> str:
    """All that is on the terminal, as one line."""
    return " ".join(" ".join(lines(pilot)).split())
