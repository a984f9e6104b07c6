"""A screen is as large as its window, also after sizes that follow each other quickly."""

from __future__ import annotations

from textual import events
from textual.message_pump import MessagePump


class FollowsWindow(MessagePump):
    """For every screen: it never stays at a size that its window had before (docs/screens.md, "Everywhere").

    Textual tells a screen its size twice: when the window has a new one, and again at the end of the layout for it. A
    later size replaces one that still waits. So the window's next size, come during a layout, is replaced by the end
    of that layout: then the screen stays at the size before, for as long as the window keeps its own.
    """

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self.app.size:
            self.post_message(events.Resize(self.app.size, self.app.size))
