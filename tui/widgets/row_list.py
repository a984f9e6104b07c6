"""A list that draws only the rows in view: a hundred thousand rows cost as much as one screenful."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.words.names import cut_in_the_middle, name_text

_GAP: Final = 2
_MARK: Final = 2


class Column(NamedTuple):
    """A column: heading, least width in cells, share of the room left over, and the list width it is shown from."""

    heading: str
    width: int
    share: int = 0
    from_width: int = 0


class Cell(NamedTuple):
    """The text of one cell, already safe, and its style: the last part of a component class's name.

    If it does not fit, a name loses its middle and other text its end.
    """

    text: str
    style: str = "text"
    is_name: bool = False


def name_cell(name: object, style: str = "text") -> Cell:
    """A cell with a name or an id from outside."""
    return Cell(name_text(name), style, is_name=True)


class RowList(Widget, can_focus=True):
    """Rows under headings, with a cursor that stays on the same row when the rows are replaced."""

    DEFAULT_CSS = """
    RowList { height: 1fr; min-height: 2; }
    RowList > .row-list--heading { color: $quiet; text-style: bold; }
    RowList > .row-list--cursor { background: $cursor-background; text-style: bold; }
    RowList:blur > .row-list--cursor { background: $cursor-background-blurred; text-style: none; }
    RowList:ansi > .row-list--cursor { text-style: reverse; }
    RowList:ansi:blur > .row-list--cursor { text-style: none; }
    RowList > .row-list--text { color: $foreground; }
    RowList > .row-list--quiet { color: $quiet; }
    RowList > .row-list--unreadable { color: $state-unreadable; text-style: bold; }
    RowList > .row-list--absent { color: $state-absent; text-style: bold; }
    RowList > .row-list--stale { color: $state-stale; text-style: bold; }
    RowList > .row-list--degraded { color: $state-degraded; }
    RowList > .row-list--follow-up { color: $state-follow-up; }
    RowList > .row-list--healthy { color: $state-healthy; }
    RowList > .row-list--unconfirmed { color: $state-unconfirmed; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--heading",
        "row-list--cursor",
        "row-list--text",
        "row-list--quiet",
        "row-list--unreadable",
        "row-list--absent",
        "row-list--stale",
        "row-list--degraded",
        "row-list--follow-up",
        "row-list--healthy",
        "row-list--unconfirmed",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", show=False, id="list.down"),
        Binding("up,k", "move(-1)", "up", show=False, id="list.up"),
        Binding("pagedown,ctrl+d", "page(1)", "page down", show=False, id="list.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "page up", show=False, id="list.page_up"),
        Binding("home,g", "first", "first row", show=False, id="list.first"),
        Binding("end,G", "last", "last row", show=False, id="list.last"),
        Binding("enter", "choose", "open", key_display="⏎", id="list.open"),
    ]

    class Chosen(Message):
        """Enter was pressed on a row."""

        def __init__(self, source: RowList, row: Any) -> None:
            super().__init__()
            self.source = source
            self.row = row

        @property
        def control(self) -> RowList:
            return self.source

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, source: RowList) -> None:
            super().__init__()
            self.source = source

        @property
        def control(self) -> RowList:
            return self.source

    class EndNear(Message):
        """The cursor came near the last row: time to ask for the next page."""

        def __init__(self, source: RowList) -> None:
            super().__init__()
            self.source = source

        @property
        def control(self) -> RowList:
            return self.source

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[Any], Sequence[Cell]],
        key: Callable[[Any], Hashable],
        *,
        empty: str = "",
        opens: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's own name for it
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._cells = cells
        self._key = key
        self._rows: Sequence[Any] = ()
        self._empty = empty
        self._opens = opens
        self._cursor = 0
        self._top = 0

    @property
    def rows(self) -> Sequence[Any]:
        """The rows as they are listed."""
        return self._rows

    @property
    def cursor(self) -> int:
        """The number of the row under the cursor, from 0."""
        return self._cursor

    @property
    def current(self) -> Any | None:
        """The row under the cursor; None in an empty list."""
        return self._rows[self._cursor] if self._rows else None

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Lay the rows out in these columns from now on."""
        self._columns = tuple(columns)
        self.refresh()

    def replace(
        self,
        rows: Sequence[Any],
        *,
        empty: str | None = None,
        narrowed: bool = False,
        place_of: Callable[[Any], int | None] | None = None,
    ) -> None:
        """List these rows; the cursor stays on the row with the same key, else near where it was.

        If the user has narrowed the list, near would be any row: then the cursor goes to the first. `place_of` finds a
        row by its key without looking at each; None if the row is not there.
        """
        current = self.current
        if bool(rows) != bool(self._rows):
            self.refresh_bindings()
        self._rows = rows
        if empty is not None:
            self._empty = empty
        if current is not None:
            place = self._place_of(self._key(current), place_of)
            self._cursor = place if place is not None else 0 if narrowed else self._cursor
        self._cursor = max(0, min(self._cursor, len(rows) - 1))
        self._keep_in_view()
        self.refresh()

    def move_to_key(self, key: Hashable) -> bool:
        """Put the cursor on the row with a key; False if there is none."""
        for place, row in enumerate(self._rows):
            if self._key(row) == key:
                self._move_to(place)
                return True
        return False

    def _place_of(self, key: Hashable, place_of: Callable[[Any], int | None] | None) -> int | None:
        # A refresh seldom moves a row.
        if self._cursor < len(self._rows) and self._key(self._rows[self._cursor]) == key:
            return self._cursor
        if place_of is not None:
            return place_of(key)
        return next((place for place, row in enumerate(self._rows) if self._key(row) == key), None)

    # Drawing

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows) + 1 if self._rows else 2

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            style = self.get_component_rich_style("row-list--heading")
            headings = [Cell(column.heading) for column in self._columns]
            return self._strip("", headings, width, lambda _: style)
        place = self._top + y - 1
        if not self._rows and y == 1:
            return Strip([Segment(set_cell_size(f"  {self._empty}", width), self._style("quiet"))])
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[place]
        if place != self._cursor:
            return self._strip("", self._cells(row), width, self._style)
        under = self.get_component_rich_style("row-list--cursor")
        background = Style(bgcolor=under.bgcolor, bold=under.bold, reverse=under.reverse)
        return self._strip(
            ">" if self.has_focus else "", self._cells(row), width, lambda name: self._style(name) + background
        )

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"row-list--{name}")

    def _strip(self, mark: str, cells: Sequence[Cell], width: int, style: Callable[[str], Style]) -> Strip:
        plain = style("text")
        segments = [Segment(mark.ljust(_MARK), plain)]
        for cell, room in zip(cells, self._widths(width), strict=True):
            if room:
                # The gap has the cell's style: cells that look alike become one segment, a row costs half the bytes.
                text = cut_in_the_middle(cell.text, room) if cell.is_name else cell.text
                segments.append(Segment(fitted(text, room) + " " * _GAP, style(cell.style)))
        return Strip(segments).simplify().adjust_cell_length(width, plain)

    def _widths(self, width: int) -> list[int]:
        """The width of each column in a list of this width; 0 hides a column."""
        shown = [column.width if width >= column.from_width else 0 for column in self._columns]
        left = width - _MARK - sum(each + _GAP for each in shown if each) + _GAP
        if left < 0:
            return _narrowed(shown, -left)
        shares = sum(column.share for column, each in zip(self._columns, shown, strict=True) if each)
        if not shares:
            return shown
        return [
            each + left * column.share // shares if each else 0
            for column, each in zip(self._columns, shown, strict=True)
        ]

    # Moving

    def action_move(self, by: int) -> None:
        self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._move_to(self._cursor + by * self._page)

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._rows) - 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer Enter only on a row that opens something."""
        return action != "choose" or (self._opens and bool(self._rows))

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        if self._rows:
            self.refresh(self._line(self._cursor))

    def action_choose(self) -> None:
        if self._rows:
            self.post_message(self.Chosen(self, self.current))

    def on_resize(self, _event: events.Resize) -> None:
        if self._keep_in_view():
            self.refresh()

    def _move_to(self, place: int) -> None:
        place = max(0, min(place, len(self._rows) - 1))
        if place != self._cursor:
            before, self._cursor = self._cursor, place
            if self._keep_in_view():
                self.refresh()
            else:
                # Redraw two lines only: over a slow link a cursor move may cost no more.
                self.refresh(self._line(before), self._line(place))
            self.post_message(self.Moved(self))
        # Also on the last row, so that the user can ask again for a page that did not arrive.
        if self._rows and place + self._page >= len(self._rows):
            self.post_message(self.EndNear(self))

    def _line(self, place: int) -> Region:
        return Region(0, place - self._top + 1, self.size.width, 1)

    def _keep_in_view(self) -> bool:
        top = min(self._top, self._cursor)
        top = max(top, self._cursor - self._page + 1, 0)
        top = min(top, max(0, len(self._rows) - self._page))
        changed, self._top = top != self._top, top
        return changed


def fitted(text: str, width: int) -> str:
    """The text in exactly `width` cells, with an ellipsis if it was cut."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def _narrowed(widths: list[int], by: int) -> list[int]:
    """The last columns give way, so that the ellipsis of a cut text stays visible."""
    narrower = list(widths)
    for place in reversed(range(len(narrower))):
        if by <= 0:
            break
        if (left := narrower[place] - by) > 0:
            narrower[place], by = left, 0
        elif narrower[place]:
            by -= narrower[place] + _GAP
            narrower[place] = 0
    return narrower
