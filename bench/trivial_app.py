"""The floor of every start: a Textual app that draws one line. `python -m bench.trivial_app` would run the package."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class TrivialApp(App[None]):
    """One line."""

    def compose(self) -> ComposeResult:
        yield Static("a trivial app")


if __name__ == "__main__":
    TrivialApp().run(mouse=False)
