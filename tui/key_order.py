"""Keys in their order: the next one waits until the one before it is done (docs/screens.md, "Everywhere").

Over SSH several keys come in one packet. Textual hands all of them to what has the focus now, before the first of them
could move the focus or open a screen: what was typed into a filter ran as commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump

Typed: TypeAlias = events.Key | events.Paste

AT_ONCE: Final = frozenset({"ctrl+c", "ctrl+q"})
"""Keys that wait for nothing: a screen that hangs can be left."""
_ROUNDS: Final = 2
"""A key climbs from the focus to the app, which acts; what that posts (a row was chosen) climbs once more."""


class KeysInOrder:
    """Holds back keys and pastes that come while an earlier one is under way."""

    def __init__(self, app: App[None], hand_on: Callable[[Typed], Awaitable[None]]) -> None:
        """`hand_on` gives an event to what has the focus; it runs among the app's own messages."""
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[Typed] = deque()
        self._following: asyncio.Task[None] | None = None

    @property
    def are_under_way(self) -> bool:
        """Whether a key that has come has not yet done all it does."""
        return self._following is not None

    async def take(self, event: Typed) -> None:
        """Hand the event on: now, or in its turn."""
        if self._following is not None:
            self._waiting.append(event)
            return
        depth = len(self._app.screen_stack)
        await self._hand_on(event)
        self._following = asyncio.create_task(self._follow(event, depth))

    async def _follow(self, event: Typed, depth: int) -> None:
        """Hand on what waits behind an event; `depth` is how many screens there were before it."""
        await self._come_to_rest()
        while self._waiting:
            before, event = event, self._waiting.popleft()
            # Enter pressed twice opens one screen: the second was meant for the row, not for what opened over it.
            if len(self._app.screen_stack) > depth and _same_key(before, event):
                continue
            depth = len(self._app.screen_stack)
            self._app.call_later(self._hand_on, event)
            await _caught_up(self._app)
            await self._come_to_rest()
        self._following = None

    async def _come_to_rest(self) -> None:
        """Wait until the event has climbed to the app, and what it set off is done."""
        app, quiet = self._app, 0
        while quiet < _ROUNDS and app.is_running and app.screen_stack:
            screen, focused = app.screen, app.screen.focused
            for node in (focused or screen).ancestors_with_self:
                await _caught_up(node)
            still = bool(app.screen_stack) and app.screen is screen and screen.focused is focused
            quiet = quiet + 1 if still else 0


def _same_key(one: Typed, other: Typed) -> bool:
    return isinstance(one, events.Key) and isinstance(other, events.Key) and one.key == other.key


async def _caught_up(node: MessagePump) -> None:
    """Wait until a node has handled every message that it has now, or is gone."""
    reached = asyncio.Event()
    if node._task is None or not node.call_later(reached.set):
        return
    waiting = asyncio.ensure_future(reached.wait())
    await asyncio.wait({waiting, node._task}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
