"""The entries of the command palette: every action that works here, and every tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Final, cast

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input

from tui.fleet_view import found_by
from tui.pilot import Pilot
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen
from tui.terminal.themes import THEMES
from tui.widgets.key_hints import is_movement, key_uses
from tui.window_size import FollowsWindow
from tui.words.names import name_text
from tui.words.searched import WordFilter

_MOST_TENANTS: Final = 50
_BEGINS, _HAS, _SCATTERED = 4.0, 2.0, 1.0
"""Scores: a hit that begins with the typed words comes before one that has them, and that before scattered letters."""
_NOT_HERE: Final = ("app.palette", "app.colon", "app.quit_always")
"""Actions that the palette leaves out: those already open, and those that it has under another key."""


class QuietPalette(FollowsWindow, CommandPalette):
    """The command palette without blinking, spinning and pictures, which would flood a slow link."""

    DEFAULT_CSS = """
    QuietPalette LoadingIndicator { display: none !important; }
    QuietPalette SearchIcon { display: none; }
    QuietPalette CommandInput, QuietPalette CommandInput:focus { border: none; height: 1; padding: 0 1; }
    QuietPalette #--input { border: hkey $quiet; }
    QuietPalette CommandList { border-top: none; border-bottom: hkey $quiet; scrollbar-size: 0 0; }
    """

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close only if this screen is on top: the second of two keys in one packet would close the screen below."""
        return super().dismiss(result) if self.is_active and self.is_mounted else AwaitComplete()

    def _refresh_command_list(self, *arguments: Any) -> None:
        # A search may still report a hit after the palette was closed.
        if self.is_active:
            super()._refresh_command_list(*arguments)

    def _action_command_list(self, action: str) -> None:
        # Textual raises KeyError for a page key before it has laid out the hits.
        with suppress(KeyError):
            super()._action_command_list(action)


class ActionProvider(Provider):
    """The actions of the screen below, found by the words of their key hints."""

    def _actions(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        # The actions of the key hints come first; cursor movement, which is quicker by key, comes last.
        app = cast(Pilot, self.app)
        idle = {*_NOT_HERE, *app.idle_actions()}
        uses = [use for use in key_uses(self.screen, plain=app.context.plain) if use.binding.id not in idle]
        for use in sorted(uses, key=lambda use: (is_movement(use), not use.binding.show)):
            run = partial(self.app.run_action, use.binding.action, use.node)
            yield use.words, "  ".join(use.keys), run
        for theme in THEMES:
            yield f"theme {theme.name}", "", partial(setattr, self.app, "theme", theme.name)

    async def discover(self) -> Hits:
        for words, keys, run in self._actions():
            yield DiscoveryHit(_one_line(words, keys), run, text=words)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, keys, run in self._actions():
            if (closeness := matcher.match(words)) > 0:
                score = _SCATTERED if query.casefold() not in words.casefold() else _HAS
                yield Hit(score - 1 / (1 + closeness), _one_line(matcher.highlight(words), keys), run, text=words)


class TenantProvider(Provider):
    """The tenants of the fleet as last read, found by name and external id."""

    async def search(self, query: str) -> Hits:
        app = cast(Pilot, self.app)
        fleet = next((each for each in app.screen_stack if isinstance(each, TenantsScreen)), None)
        view = None if fleet is None else fleet.answer
        if view is None:
            return
        wanted, found = WordFilter.of(query), 0
        words = found_by(view, app.context.policy, app.context.groups)
        for health in view.answer.verdicts:
            searched = words[health.tenant.id].words
            if found < _MOST_TENANTS and wanted.passes(searched):
                found += 1
                tenant = health.tenant
                shown = name_text(tenant.name)
                begins = any(each.casefold().startswith(query.casefold()) for each in (tenant.name, tenant.external_id))
                yield Hit(
                    (_BEGINS if begins else _SCATTERED) - found / 1000,
                    _one_line(shown, name_text(tenant.external_id)),
                    partial(self._open, tenant.external_id, tenant.name),
                    text=shown,
                )

    def _open(self, external_id: str, name: str) -> None:
        app = cast(Pilot, self.app)
        while len(app.screen_stack) > 1 and isinstance(app.screen, FactsScreen):
            app.pop_screen()
        app.open_screen("dashboard", external_id, name)


def _one_line(words: str | Content, more: str) -> Content:
    """An offer, and in a quieter colour its details. Content is never read as markup."""
    return Content.assemble(words, ("  " + more, "dim not bold")) if more else Content.assemble(words)


PROVIDERS: Final = (ActionProvider, TenantProvider)
