"""The first lines of every screen: the place, the database, the age of the facts, a problem or a note."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.words.names import cut_in_the_middle, name_text
from tui.words.safe_text import safe_text


class HeaderLine(Vertical):
    """Bound to a screen's status; the age is a widget of its own, because it alone changes every second."""

    DEFAULT_CSS = """
    HeaderLine { height: auto; background: $panel; }
    HeaderLine Horizontal { height: 1; }
    HeaderLine Horizontal Static { height: 1; }
    HeaderLine .crumbs { width: 1fr; text-style: bold; padding: 0 1; }
    HeaderLine .place { width: auto; max-width: 50%; color: $quiet; }
    HeaderLine .production { width: auto; padding: 0 1; margin: 0 1; text-style: bold reverse; color: $state-absent; }
    HeaderLine .age { width: 17; padding: 0 1; text-align: right; }
    HeaderLine .problem { height: auto; max-height: 2; padding: 0 1; color: $state-stale; display: none; }
    HeaderLine .note { height: 1; padding: 0 1; color: $quiet; display: none; }
    HeaderLine Horizontal Static, HeaderLine .note { text-wrap: nowrap; text-overflow: ellipsis; }
    HeaderLine.-failing .problem { display: block; }
    HeaderLine.-noting .note { display: block; }
    HeaderLine.-failing .note { display: none; }
    HeaderLine.-failing .age { color: $state-stale; text-style: bold; }
    """

    crumbs: reactive[tuple[str, ...]] = reactive((), repaint=False)
    age: reactive[str] = reactive("", repaint=False)
    problem: reactive[str] = reactive("", repaint=False)
    place: reactive[str] = reactive("", repaint=False)
    note: reactive[str] = reactive("", repaint=False)
    """What to know about the database; shown only without a problem."""

    def __init__(self, place: str, *, production: bool = False) -> None:
        super().__init__()
        self.set_reactive(HeaderLine.place, place)
        self._production = production
        self._composed = False

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(classes="crumbs", markup=False)
            if self._production:
                yield Static(Content("PRODUCTION"), classes="production", markup=False)
            yield Static(Content(safe_text(self.place)), classes="place", markup=False)
            yield Static(classes="age", markup=False)
        yield Static(classes="problem", markup=False)
        yield Static(classes="note", markup=False)

    def watch_crumbs(self) -> None:
        if self._composed:
            room = self.query_one(".crumbs", Static).size.width - 2
            words = crumbs_that_fit([name_text(crumb, 40) for crumb in self.crumbs], room)
            self.query_one(".crumbs", Static).update(Content(words), layout=False)

    def on_resize(self) -> None:
        # After the layout, because the breadcrumbs may change before that.
        self.call_after_refresh(self.watch_crumbs)

    def watch_place(self, place: str) -> None:
        if self._composed:
            self.query_one(".place", Static).update(Content(safe_text(place)))
            self.call_after_refresh(self.watch_crumbs)

    def watch_age(self, age: str) -> None:
        if self._composed:
            self.query_one(".age", Static).update(Content(age), layout=False)

    def watch_problem(self, problem: str) -> None:
        self.set_class(bool(problem), "-failing")
        if self._composed:
            self.query_one(".problem", Static).update(Content(safe_text(problem)))

    def watch_note(self, note: str) -> None:
        self.set_class(bool(note), "-noting")
        if self._composed:
            self.query_one(".note", Static).update(Content(safe_text(note)))

    def on_mount(self) -> None:
        # Now show the values that were set before the widgets existed.
        self._composed = True
        self.watch_crumbs()
        self.watch_age(self.age)
        self.watch_problem(self.problem)
        self.watch_note(self.note)


_TENANT: Final = 2
"""The tenant's place among the breadcrumbs, after the product and its list of tenants."""
_LEAST: Final = 6
_LEAST_HERE: Final = 12
"""The fewest cells that the names of a tenant and of an item are shortened to; no screen's name is longer."""


def crumbs_that_fit(crumbs: list[str], room: int) -> str:
    """The breadcrumbs in at most `room` cells. The tenant and the shown thing are shortened, but never left out."""
    tenant, here = crumbs[_TENANT : _TENANT + 1], crumbs[_TENANT + 1 :][-1:]
    for shorter in (crumbs, ["…", *crumbs[_TENANT:]], ["…", *tenant, *here], [*tenant, *here]):
        words = " > ".join(shorter)
        if cell_len(words) <= room or not tenant:
            return words
    # An item's name is shortened first, down to a minimum, and then the tenant's.
    between = cell_len(" > ") * len(here)
    here = [_at_most(max(room - between - cell_len(tenant[0]), _LEAST_HERE), each) for each in here]
    left = room - between - sum(map(cell_len, here))
    return " > ".join((_at_most(max(left, _LEAST), tenant[0]), *here))


def _at_most(room: int, name: str) -> str:
    return cut_in_the_middle(name, room)
