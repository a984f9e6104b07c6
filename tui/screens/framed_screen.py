"""The frame of a screen: header, body, key hints, its place among the screens, and the way back."""

from __future__ import annotations

from typing import Final, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.pilot import Pilot
from tui.widgets.filter_input import FilterInput, one_line
from tui.widgets.header_line import HeaderLine
from tui.widgets.key_hints import KeyHints
from tui.window_size import FollowsWindow

SMALLEST: Final = (60, 12)
"""The smallest window, in columns and lines, in which a screen can show what it must."""
_LOW: Final = 20
"""Lines below which the detail under a list is hidden to make room for its rows."""


class FramedScreen(FollowsWindow, Screen[None]):
    """A screen in the frame that all have. Each says its name and its body; its keys are bound by `FactsScreen`."""

    DEFAULT_CSS = """
    FramedScreen { layout: vertical; }
    FramedScreen #too-small { display: none; }
    FramedScreen #body { height: 1fr; overflow: hidden auto; scrollbar-size: 0 0; }
    FramedScreen #body.-waiting, FramedScreen #waiting.-over { display: none; }
    FramedScreen.-too-small > #too-small { display: block; }
    FramedScreen.-too-small > HeaderLine, FramedScreen.-too-small > KeyHints { display: none; }
    FramedScreen.-too-small > #body, FramedScreen.-too-small > #waiting { display: none; }
    FramedScreen.-low CursorDetail { display: none; }
    FramedScreen.-low ProofBlock { margin: 0; }
    FramedScreen .block-title { text-style: bold; padding: 0 1; height: 1; margin-top: 1; color: $quiet; }
    FramedScreen .block-title.-confirms { color: $primary; }
    FramedScreen #waiting { color: $quiet; height: 1fr; padding: 0 1; margin-top: 1; }
    FramedScreen #waiting.-failed { color: $foreground; }
    """

    AUTO_FOCUS = ""

    external_id: str = ""
    """The tenant whose screen this is; empty on the screens of the fleet."""
    tenant_name: str = ""
    """What it is called, if this screen knows."""

    def __init__(self) -> None:
        super().__init__()
        self._focused_before: Widget | None = None

    @property
    def pilot(self) -> Pilot:
        """The app, by its own type."""
        return cast(Pilot, self.app)

    def crumb(self) -> str:
        """This screen's name in the breadcrumbs."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """The widgets between the header and the key hints."""
        raise NotImplementedError

    # The frame

    def compose(self) -> ComposeResult:
        database = self.pilot.context.database
        yield HeaderLine(self.pilot.place_words(), production=database.production)
        yield Static(Content("reading the facts ..."), id="waiting", markup=False)
        with Vertical(id="body", classes="-waiting"):
            yield from self.body()
        yield KeyHints(plain=self.pilot.context.plain, idle=self.pilot.idle_actions())
        yield Static(Content("too small: make this window at least 60 x 12"), id="too-small", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        columns, lines = SMALLEST
        too_small = event.size.width < columns or event.size.height < lines
        if too_small and self.focused is not None:
            self._focused_before = self.focused
        self.set_class(too_small, "-too-small")
        self.set_class(event.size.height < _LOW, "-low")
        if not too_small and self._focused_before is not None:
            # A hidden widget loses the focus, and without a focus no key works once the window is large enough again.
            self.call_after_refresh(self._focused_before.focus)
            self._focused_before = None

    def show_crumbs(self) -> None:
        """Write the breadcrumbs again: the screens behind this one may have new names."""
        # A screen that is still opening has no header yet.
        for header in self.query(HeaderLine):
            header.crumbs = self.way_here()

    def way_here(self) -> tuple[str, ...]:
        """The names of the screens from the first to this one, even while this one is still opening."""
        stack = [each for each in self.app.screen_stack if isinstance(each, FramedScreen)]
        behind = stack[: stack.index(self)] if self in stack else stack
        return ("TenantPilot", *(each.crumb() for each in (*behind, self)))

    def called(self) -> str:
        """The name of the tenant whose screen this is: a screen behind this one has read it."""
        stack = [each for each in self.app.screen_stack if isinstance(each, FramedScreen)]
        named = (each.tenant_name for each in reversed(stack) if each.external_id == self.external_id)
        return next(filter(None, named), self.external_id)

    def whose(self) -> str:
        """The tenant whose screen this is, by name and id; empty on the screens of the fleet."""
        return f"{self.called()} ({self.external_id})" if self.external_id else ""

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No `back` on the first screen, and no `filter` in the filter itself."""
        if action == "filter":
            return not isinstance(self.focused, FilterInput)
        # The palette over the first screen does not lead back from it.
        return action != "back" or self.app.screen_stack[0] is not self

    def action_back(self) -> None:
        """Go one screen back. On the first screen do nothing, because Esc never quits.

        Do nothing either if an earlier key of the same packet has opened something over this screen.
        """
        top = self.app.screen
        if len(self.app.screen_stack) > 1 and isinstance(top, FramedScreen) and top.is_mounted:
            self.app.pop_screen()

    @property
    def focus_chain(self) -> list[Widget]:
        """The widgets that Tab visits. Only its own key enters the filter."""
        return [widget for widget in super().focus_chain if not isinstance(widget, FilterInput)]

    def action_filter(self) -> None:
        self.set_focus(self.query_one(FilterInput))

    @on(events.Paste)
    def _paste_into_filter(self, event: events.Paste) -> None:
        """Put a paste into the filter, if there is one, so that its characters do not run as commands."""
        for field in self.query(FilterInput):
            self.set_focus(field)
            field.insert_text_at_cursor(one_line(event.text))
