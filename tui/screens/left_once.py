"""What opens over a screen and is left by a key."""

from __future__ import annotations

from typing import Any

from textual.await_complete import AwaitComplete
from textual.screen import Screen


class LeftOnce(Screen[Any]):
    """A second press in the same packet reaches it when it is gone: Textual would then leave the screen below it too."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()
