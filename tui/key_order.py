"""Handle keys in order: each waits until the one before it is done (docs/screens.md, "Everywhere").

Over SSH several keys can come in one packet. Textual passes all of them to the focused widget before the first one can
move the focus or open a screen. So letters for a filter ran as commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakKeyDictionary

from textual import events
from textual._time import get_time

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.screen import Screen

Typed: TypeAlias = events.Key | events.Paste

AT_ONCE: Final = frozenset({"ctrl+c", "ctrl+q"})
"""Keys that never wait, so that the user can leave a screen that hangs."""
_ROUNDS: Final = 2
"""A key climbs from the focus to the app, which acts; what that posts (a row was chosen) climbs once more."""


class KeysInOrder:
    """Holds keys and pastes back while an earlier one is being handled."""

    def __init__(self, app: App[None], hand_on: Callable[[Typed], Awaitable[None]]) -> None:
        """`hand_on` gives an event to the focused widget; it runs in the app's message queue."""
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[Typed] = deque()
        self._following: asyncio.Task[None] | None = None
        self._painted: WeakKeyDictionary[Screen[Any], float] = WeakKeyDictionary()

    def painted(self, screen: Screen[Any]) -> None:
        """Note when a screen was painted first: a key that was pressed later was meant for it."""
        self._painted.setdefault(screen, get_time())

    def _was_seen(self, event: Typed) -> bool:
        """Whether the screen in front was painted before a key was pressed."""
        return event.time > self._painted.get(self._app.screen, inf)

    @property
    def are_under_way(self) -> bool:
        """Whether a key is still being handled."""
        return self._following is not None

    async def take(self, event: Typed) -> None:
        """Pass the event on, now or in its turn."""
        if self._following is not None:
            self._waiting.append(event)
            return
        depth = len(self._app.screen_stack)
        await self._hand_on(event)
        self._following = asyncio.create_task(self._follow(event, depth))

    async def _follow(self, event: Typed, depth: int) -> None:
        """Pass on the events that wait after an event; `depth` is the number of screens before it."""
        await self._come_to_rest()
        while self._waiting:
            before, event = event, self._waiting.popleft()
            # Enter pressed twice opens one screen: the second was meant for the row, not for what opened over it and
            # was not to be seen yet. Any other key goes to the screen that opened: `s` and `p` take the next of the
            # list that they open.
            opened = len(self._app.screen_stack) > depth
            if opened and _is_enter(before) and _is_enter(event) and not self._was_seen(event):
                continue
            depth = len(self._app.screen_stack)
            self._app.call_later(self._hand_on, event)
            await _caught_up(self._app)
            await self._come_to_rest()
        self._following = None

    async def _come_to_rest(self) -> None:
        """Wait until the event has reached the app and all its effects are done."""
        app, quiet = self._app, 0
        while quiet < _ROUNDS and app.is_running and app.screen_stack:
            screen, focused = app.screen, app.screen.focused
            for node in (focused or screen).ancestors_with_self:
                await _caught_up(node)
            still = bool(app.screen_stack) and app.screen is screen and screen.focused is focused
            quiet = quiet + 1 if still else 0


def _is_enter(event: Typed) -> bool:
    return isinstance(event, events.Key) and event.key == "enter"


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
