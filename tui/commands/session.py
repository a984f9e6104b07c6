"""From options to a database and a policy: what every command that touches facts begins with."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tui.commands.clock import utc_now
from tui.commands.failures import EXIT_FAULT, CommandFailed
from tui.commands.options import Invocation
from tui.settings import LoadedSettings, effective_database_url, effective_write_url, load_settings

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver
    from health.store.urls import DatabaseAddress


# Esc is told from an arrow key by what follows it; over a laggy link that may take longer than Textual waits.
_ESCAPE_DELAY_MILLISECONDS = "500"


class Session(NamedTuple):
    """One run's settings, and the instant at which it judges (UTC)."""

    loaded: LoadedSettings
    now: datetime

    def reading(self) -> DatabaseAddress:
        """Where facts are read from. Raises BadDatabaseUrl."""
        from health.store.urls import parse_database_url

        return parse_database_url(effective_database_url(self.loaded.settings))

    def writing(self) -> DatabaseAddress:
        """Where imports and administration write. Raises BadDatabaseUrl."""
        from health.store.urls import parse_database_url

        return parse_database_url(effective_write_url(self.loaded.settings))

    def run_app(self, invocation: Invocation, *, tenant: str | None = None, screen: str | None = None) -> int:
        """Open the screens and stay until they are left; gives back the process's exit code."""
        # Read by Textual when it is imported.
        os.environ.setdefault("ESCDELAY", _ESCAPE_DELAY_MILLISECONDS)
        from tui.app import AppContext, TenantPilotApp
        from tui.process import ended_by_signals

        settings, address = self.loaded.settings, self.reading()
        place = () if invocation.database is None else ("--database", invocation.database)
        context = AppContext(
            open_resolver=self.resolver,
            policy=settings.policy(),
            database=address.label,
            refresh=settings.ui.refresh,
            theme=settings.ui.theme,
            fixed_now=invocation.now,
            tenant=tenant,
            screen=screen,
            command=("tenantpilot", *place),
        )
        app = TenantPilotApp(context)
        with ended_by_signals(app.end):
            app.run(mouse=settings.ui.mouse)
        if app.fault is not None:
            raise CommandFailed(app.fault, app.return_code or EXIT_FAULT)
        return app.return_code or 0

    def resolver(self) -> TenantBackupHealthResolver:
        """A resolver over the facts. Nothing is opened yet."""
        from health.resolver import TenantBackupHealthResolver

        return TenantBackupHealthResolver(self.reading(), self.loaded.settings.policy())


def open_session(ctx_or_invocation: click.Context | Invocation, given: dict[str, Any] | None = None) -> Session:
    """Load the settings that the options of this run ask for. Raises SettingsError."""
    invocation = ctx_or_invocation if isinstance(ctx_or_invocation, Invocation) else _invocation(ctx_or_invocation)
    invocation = invocation.overridden_by(given or {})
    overrides = {}
    if invocation.database is not None:
        overrides["database.url"] = invocation.database
        overrides["database.write_url"] = invocation.database
    loaded = load_settings(config=invocation.config, overrides=overrides, environ=os.environ, cwd=Path.cwd())
    return Session(loaded, invocation.now or utc_now())


def _invocation(ctx: click.Context) -> Invocation:
    found = ctx.find_object(Invocation)
    return found if found is not None else Invocation()
