"""The first lines of every screen: the place, the database, the age of the facts, a problem or a note."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.words.names import cut_in_the_middle, name_text, whose_that_fits
from tui.words.safe_text import safe_text


class HeaderLine(Vertical):
    """Bound to a screen's status; the age is a widget of its own, because it alone changes every second."""

    DEFAULT_CSS = """
    HeaderLine { height: auto; background: $panel; }
    HeaderLine Horizontal { height: 1; }
    HeaderLine Horizontal Static { height: 1; }
    HeaderLine .crumbs { width: 1fr; text-style: bold; padding: 0 1; }
    HeaderLine .place { width: auto; color: $quiet; }
    HeaderLine .production { width: auto; padding: 0 1; text-style: bold reverse; color: $state-absent; }
    HeaderLine .age { width: auto; padding: 0 1; text-align: right; }
    HeaderLine .problem { height: auto; max-height: 2; padding: 0 1; color: $state-stale; display: none; }
    HeaderLine .note { height: auto; max-height: 2; padding: 0 1; display: none; }
    HeaderLine Horizontal Static { text-wrap: nowrap; text-overflow: ellipsis; }
    HeaderLine.-failing .problem { display: block; }
    HeaderLine.-noting .note { display: block; }
    HeaderLine.-failing .note { display: none; }
    HeaderLine.-failing .age, HeaderLine.-doubted .age { color: $state-stale; text-style: bold; }
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
        self._words = HeaderWords("", "", "", "")

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(classes="crumbs", markup=False)
            if self._production:
                yield Static(classes="production", markup=False)
            yield Static(classes="place", markup=False)
            yield Static(classes="age", markup=False)
        yield Static(classes="problem", markup=False)
        yield Static(classes="note", markup=False)

    def watch_crumbs(self) -> None:
        self._write()

    def watch_place(self) -> None:
        self._write()

    def watch_age(self) -> None:
        self._write()

    def on_resize(self) -> None:
        self._write()

    def _write(self) -> None:
        """Write only the parts that changed: every second the age, in as many cells as before."""
        if not self._composed or not self.size.width:
            return
        crumbs = [name_text(crumb, 100) for crumb in self.crumbs]
        words = words_that_fit(crumbs, safe_text(self.place), self.age, self.size.width, production=self._production)
        for name, before, each in zip(HeaderWords._fields, self._words, words, strict=True):
            for part in self.query(f".{name}").results(Static) if each != before else ():
                part.display = bool(each)
                part.update(Content(each), layout=cell_len(each) != cell_len(before))
        self._words = words

    def watch_problem(self, problem: str) -> None:
        self.set_class(bool(problem), "-failing")
        self._say(".problem", problem)

    def watch_note(self, note: str) -> None:
        self.set_class(bool(note), "-noting")
        self._say(".note", note)

    def _say(self, part: str, words: str) -> None:
        # A screen that a quick key closes as it opens has no parts any more.
        for each in self.query(part).results(Static) if self._composed else ():
            each.update(Content(safe_text(words)))

    def on_mount(self) -> None:
        # Now show the values that were set before the widgets existed.
        self._composed = True
        self._write()
        self.watch_problem(self.problem)
        self.watch_note(self.note)


_TENANT: Final = 2
"""The tenant's place among the breadcrumbs, after the product and its list of tenants."""
_LEAST: Final = 6
_LEAST_PLACE: Final = 8
_LEAST_HERE: Final = 12
"""The fewest cells of a shortened tenant's or item's name; no screen's name is longer."""
_READ_ONLY: Final = " read-only"
_FACTS: Final = "facts "
_AGE: Final = 15
_BRIEF_AGE: Final = 7
"""The cells of an age with and without the words around it, so that a longer age moves nothing."""
_MARKS: Final = ("PRODUCTION", "PROD")
_AROUND: Final = 2


class HeaderWords(NamedTuple):
    """The parts of the header's line: the way here, the mark of production, the database, the age of the facts."""

    crumbs: str
    production: str
    place: str
    age: str


def words_that_fit(crumbs: list[str], place: str, age: str, width: int, *, production: bool) -> HeaderWords:
    """The header in `width` cells. The tenant, by name and id, is the last thing to be shortened.

    First the way before it is left out, then the database's name is cut and left out, then the words around the age and
    the mark of production are shortened, then the screen's name; the tenant only if it alone does not fit: then
    its name is cut, and its id last.
    """
    mark, short = _MARKS if production else ("", "")
    near = _crumbs(crumbs)[-1]
    long, brief = age.rjust(_AGE), age.removeprefix(_FACTS).rjust(_BRIEF_AGE)
    for marked, aged in ((mark, long), (mark, brief), (short, brief)):
        room = width - sum(cell_len(each) + _AROUND for each in (marked, aged) if each) - _AROUND
        for words in _crumbs(crumbs):
            left = room - cell_len(words) - 1
            if words != near and left >= min(cell_len(place), width // 2):
                return HeaderWords(words, marked, place_that_fits(place, min(left, width // 2)), aged)
        if cell_len(near) <= room:
            left = room - cell_len(near) - 1
            return HeaderWords(near, marked, place_that_fits(place, left) if left >= _LEAST_PLACE else "", aged)
    return HeaderWords(crumbs_that_fit(crumbs, room), short, "", brief)


def place_that_fits(place: str, room: int) -> str:
    """The database in at most `room` cells. What follows its name is there whole or not at all.

    The name is cut first; then that it is read-only is left out, and then the instant of `--now`.
    """
    if cell_len(place) <= room:
        return place
    name, read_only, at = place.partition(_READ_ONLY)
    least = min(_LEAST_PLACE, cell_len(name))
    ends = (end for end in (f"{read_only}{at}", at) if room - cell_len(end) >= least)
    end = next(ends, "")
    return f"{_at_most(room - cell_len(end), name)}{end}"


def _crumbs(crumbs: list[str]) -> list[str]:
    """The way here in words, from the longest form to the shortest with the whole names of tenant and screen."""
    tenant, here = crumbs[_TENANT : _TENANT + 1], crumbs[_TENANT + 1 :][-1:]
    ways = (crumbs, ["…", *crumbs[_TENANT:]], ["…", *tenant, *here], [*tenant, *here]) if tenant else (crumbs,)
    return [" > ".join(way) for way in ways]


def crumbs_that_fit(crumbs: list[str], room: int) -> str:
    """The way here in at most `room` cells: the names of tenant and screen are shortened, but never left out."""
    tenant, here = crumbs[_TENANT : _TENANT + 1], crumbs[_TENANT + 1 :][-1:]
    for words in _crumbs(crumbs):
        if cell_len(words) <= room or not tenant:
            return words
    # First an item's name is shortened, as long as it still helps. Then the screen's name goes, then the tenant's.
    between = cell_len(" > ") * len(here)
    left = room - between - cell_len(tenant[0])
    if here and left >= _LEAST_HERE:
        return " > ".join((tenant[0], _at_most(left, here[0])))
    return whose_that_fits(tenant[0], max(room, _LEAST))


def _at_most(room: int, name: str) -> str:
    return cut_in_the_middle(name, room)
