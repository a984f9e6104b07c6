"""Every key that works on the screen below, with its id for a key map (docs/screens.md, "Help")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.widgets.filter_input import FilterInput
from tui.widgets.key_hints import KeyUse
from tui.widgets.row_list import Cell, Column, RowList
from tui.window_size import FollowsWindow
from tui.words.wording import STATE_MEANINGS

_LOW: Final = 20
"""Lines below which there is no room for what the glyphs mean."""
_HEAD: Final = 2
"""The lines of the title and the search."""


class HelpScreen(FollowsWindow, ModalScreen[KeyUse]):
    """The bindings as a list, made from the bindings themselves so that it cannot be wrong. Returns the one chosen."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background; }
    HelpScreen > Vertical { width: 100%; max-width: 100; height: 100%; }
    HelpScreen .title { height: 1; padding: 0 1; background: $panel; text-style: bold; }
    HelpScreen Horizontal { height: 1; padding: 0 1; }
    HelpScreen #filter-label { width: 2; color: $quiet; }
    HelpScreen RowList { background: $background; }
    HelpScreen #states { height: auto; padding: 0 1 0 2; margin-top: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    HelpScreen.-low #states { display: none; }
    """

    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-low"), (_LOW, "-high")]  # noqa: RUF012 - as Textual has it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,question_mark,q", "dismiss", "close", key_display="esc", id="help.close"),
        Binding("slash", "search", "search", key_display="/", id="help.search"),
    ]

    def __init__(self, uses: Sequence[KeyUse]) -> None:
        super().__init__()
        self._listed = uses

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content("Help: the keys that work here"), classes="title", markup=False)
            with Horizontal():
                yield Static("/", id="filter-label", markup=False)
                yield FilterInput("search; enter runs the action, esc closes")
            columns = [Column("KEYS", 18), Column("WHAT IT DOES", 30, share=1), Column("ID", 24, from_width=90)]
            yield RowList(columns, _cells, lambda use: use.binding.id, empty="nothing here does that", id="help")
            yield Static(_meanings(), id="states", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """Keep what the glyphs mean right below the keys: a tall window has no hole between."""
        room = event.size.height - (_HEAD if event.size.height < _LOW else _HEAD + 1 + len(STATE_MEANINGS))
        self.query_one("#help", RowList).styles.height = max(2, min(len(self._listed) + 1, room))

    def on_mount(self) -> None:
        self._list("")
        self.query_one("#help", RowList).focus()

    def _list(self, words: str) -> None:
        wanted = words.casefold().split()
        uses = [use for use in self._listed if all(word in _searched(use) for word in wanted)]
        self.query_one("#help", RowList).replace(uses)

    @on(Input.Changed)
    def _search_typed(self, message: Input.Changed) -> None:
        self._list(message.value)

    def action_search(self) -> None:
        self.query_one(FilterInput).focus()

    @on(RowList.Chosen)
    def _choose(self, message: RowList.Chosen) -> None:
        message.stop()
        self.dismiss(message.row)

    def dismiss(self, result: KeyUse | None = None) -> AwaitComplete:
        """Close only if this screen is on top: the second of two keys in one packet would close the screen below."""
        return super().dismiss(result) if self.is_active and self.is_mounted else AwaitComplete()


def _searched(use: KeyUse) -> str:
    return " ".join((*use.keys, use.words, use.binding.description, use.binding.id or "")).casefold()


def _cells(use: KeyUse) -> Sequence[Cell]:
    return Cell("  ".join(use.keys), "follow-up"), Cell(use.words), Cell(use.binding.id or "", "quiet")


def _meanings() -> Content:
    """A line a state: its glyph and word in its colour, and when it is shown."""
    lines = (
        Content.assemble((f"{state.label:15}", f"bold $state-{state.word}"), meaning)
        for state, meaning in STATE_MEANINGS.items()
    )
    return Content("\n").join(lines)
