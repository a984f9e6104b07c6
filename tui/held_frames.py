"""One frame for all that one event changes on a screen (docs/budgets.md, "On the screen").

A screen that opens is drawn in parts: its answer, the lines that are made for it, the focus, the key hints, and what
depends on the size of the others. Each part that is ready is a frame, so the slower the machine, the more frames. Here
they wait until the screen has settled, and the terminal gets one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.screen import Screen

_LONGEST_SECONDS: Final = 1.0
"""A screen that does not settle, because more and more happens on it, is drawn after this time."""


class HeldFrames:
    """Holds back the frames of one screen. Every method is called in the app's thread."""

    def __init__(self, app: App[None], write: Callable[[], None]) -> None:
        """`write` writes what was held back."""
        self._app = app
        self._write = write
        self._screen: Screen[Any] | None = None
        self._frames = 0
        self._hold = 0
        self._settling: asyncio.Task[None] | None = None

    def hold(self, screen: Screen[Any]) -> None:
        """Hold back the frames of a screen from now on, for `_LONGEST_SECONDS` at most."""
        self._screen = screen
        self._hold += 1
        self._app.set_timer(_LONGEST_SECONDS, partial(self._release, self._hold))

    def takes(self, screen: Screen[Any]) -> bool:
        """Whether a frame of a screen is to be held back."""
        if not self._is_held(screen):
            return False
        self._frames += 1
        return True

    def _is_held(self, screen: Screen[Any]) -> bool:
        """Whether it is the held screen, and in front. While the app closes there is no screen any more."""
        return screen is self._screen and self._app.screen_stack[-1:] == [screen]

    def release_when_settled(self, screen: Screen[Any]) -> None:
        """Write the frames of a screen as one, once everything that now goes on in its widgets is drawn."""
        if screen is self._screen:
            if self._settling is not None:
                self._settling.cancel()
            self._settling = asyncio.create_task(self._settle(screen, self._hold))

    async def _settle(self, screen: Screen[Any], hold: int) -> None:
        frames = -1
        while frames != self._frames and self._is_held(screen):
            frames = self._frames
            await _all_caught_up(screen.walk_children(with_self=True))
            await _refreshed(screen)
        self._release(hold)

    def _release(self, hold: int) -> None:
        if self._screen is not None and hold == self._hold:
            self._screen = None
            self._write()


async def _all_caught_up(nodes: Iterable[MessagePump]) -> None:
    """Wait until each node has handled every message that it has now. A node that goes meanwhile never has."""
    done, behind = asyncio.Event(), set(nodes)

    def caught_up(node: MessagePump) -> None:
        behind.discard(node)
        if not behind:
            done.set()

    for node in list(behind):
        if not node.is_running or not node.call_later(caught_up, node):
            caught_up(node)
    await done.wait()


async def _refreshed(screen: Screen[Any]) -> None:
    """Wait until a screen has drawn what there is to draw."""
    done = asyncio.Event()
    screen.call_after_refresh(done.set)
    await done.wait()
