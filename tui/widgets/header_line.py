"""The first lines of every screen: where I am, which database, how old the facts are, and what is wrong."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.safe_text import safe_text


class HeaderLine(Vertical):
    """Bound to a screen's status; the age is a widget of its own, because it alone changes every second."""

    DEFAULT_CSS = """
    HeaderLine { height: auto; background: $panel; }
    HeaderLine Horizontal { height: 1; }
    HeaderLine Horizontal Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    HeaderLine .crumbs { width: 1fr; text-style: bold; padding: 0 1; }
    HeaderLine .place { width: auto; max-width: 50%; color: $quiet; }
    HeaderLine .age { width: 20; padding: 0 1; text-align: right; }
    HeaderLine .problem { height: auto; max-height: 2; padding: 0 1; color: $state-stale; display: none; }
    HeaderLine.-failing .problem { display: block; }
    HeaderLine.-failing .age { color: $state-stale; text-style: bold; }
    """

    crumbs: reactive[str] = reactive("", layout=False)
    age: reactive[str] = reactive("", layout=False)
    problem: reactive[str] = reactive("", layout=False)

    FIRST_CRUMB: ClassVar[str] = "TenantPilot"

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(classes="crumbs", markup=False)
            yield Static(Content(safe_text(self._place)), classes="place", markup=False)
            yield Static(classes="age", markup=False)
        yield Static(classes="problem", markup=False)

    def watch_crumbs(self, crumbs: str) -> None:
        self._show(".crumbs", crumbs)

    def watch_age(self, age: str) -> None:
        self._show(".age", age)

    def watch_problem(self, problem: str) -> None:
        self.set_class(bool(problem), "-failing")
        if self.is_mounted:
            self.query_one(".problem", Static).update(Content(safe_text(problem)))

    def on_mount(self) -> None:
        self.watch_crumbs(self.crumbs)
        self.watch_age(self.age)
        self.watch_problem(self.problem)

    def _show(self, where: str, words: str) -> None:
        if self.is_mounted:
            self.query_one(where, Static).update(Content(safe_text(words)), layout=False)
