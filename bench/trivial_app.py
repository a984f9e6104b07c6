"""The floor of every start: a Textual app that draws one line. Run it as a file: `-m` would run the package too."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class TrivialApp(App[None]):
    """One line."""

    def compose(self) -> ComposeResult:
        yield Static("a trivial app")


if __name__ == "__main__":
    TrivialApp().run(mouse=False)
