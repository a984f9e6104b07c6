"""What the command palette finds: every action that works here, and every tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.fleet_view import FleetView, found_by
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen
from tui.terminal.themes import THEMES
from tui.widgets.key_hints import key_uses
from tui.words.safe_text import safe_text

if TYPE_CHECKING:
    from tui.app import TenantPilotApp

_MOST_TENANTS: Final = 50


class ActionProvider(Provider):
    """The actions of the screen below, by the words of their key hints."""

    def _actions(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        # What the key hints show comes first: moving a cursor is what keys are for.
        for use in sorted(key_uses(self.screen), key=lambda use: not use.binding.show):
            run = partial(self.app.run_action, use.binding.action, use.node)
            yield use.binding.description, f"key {'  '.join(use.keys)}", run
        for theme in THEMES:
            yield f"theme {theme.name}", "colours", partial(setattr, self.app, "theme", theme.name)

    async def discover(self) -> Hits:
        for words, help_words, run in self._actions():
            yield DiscoveryHit(words, run, help=help_words)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, help_words, run in self._actions():
            if (score := matcher.match(words)) > 0:
                yield Hit(score, matcher.highlight(words), run, text=words, help=help_words)


class TenantProvider(Provider):
    """The tenants of the fleet as it was read last, by name and external id."""

    async def search(self, query: str) -> Hits:
        app = cast("TenantPilotApp", self.app)
        fleet = next((each for each in app.screen_stack if isinstance(each, TenantsScreen)), None)
        view: FleetView | None = None if fleet is None else fleet.answer
        if view is None:
            return
        wanted, found = query.casefold().split(), 0
        words = found_by(view)
        for health in view.answer.verdicts:
            searched = words[health.tenant.id][1]
            if found < _MOST_TENANTS and all(word in searched for word in wanted):
                found += 1
                tenant = health.tenant
                shown = safe_text(tenant.name)
                yield Hit(
                    1 - found / 1000,
                    Content(shown),
                    partial(self._open, tenant.external_id, tenant.name),
                    text=shown,
                    # As Content it is taken as it is; Textual reads a plain string as markup.
                    help=cast("str", Content(safe_text(tenant.external_id))),
                )

    def _open(self, external_id: str, name: str) -> None:
        app = cast("TenantPilotApp", self.app)
        while len(app.screen_stack) > 1 and isinstance(app.screen, FactsScreen):
            app.pop_screen()
        app.open_screen("dashboard", external_id, name)


PROVIDERS: Final = (ActionProvider, TenantProvider)
