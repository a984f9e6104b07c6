"""From options to a database and a policy: every command that uses facts begins here.

Functions import the settings, because pydantic is too slow for `--help` and completion. They also import the screens,
which only a user's own keys need.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from health.store.opening.urls import parse_database_url
from tui.clock import utc_now
from tui.commands.options import Invocation, checked, require_the_past
from tui.context import AppContext, Database, confirmation_limit, open_past, open_resolver, visit_file
from tui.known_notes import KnownNotes, read_notes
from tui.own_commands import OwnCommand
from tui.place import FLEET, Place
from tui.terminal.abilities import Chosen, plain_here, theme_here
from tui.words.database_time import DatabaseTime
from tui.words.failures import tell
from tui.words.nearest import nearest

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver
    from health.store.opening.urls import DatabaseAddress
    from tui.settings import DatabaseSettings, LoadedSettings


class Session(NamedTuple):
    """One run's settings, the name of the database it uses, and the instant at which it judges (UTC)."""

    loaded: LoadedSettings
    use: str
    now: datetime

    @property
    def database(self) -> DatabaseSettings:
        """The settings of the database that this run uses."""
        return self.loaded.settings.usable_databases()[self.use]

    def reading(self) -> DatabaseAddress:
        """The database to read facts from. Raises BadDatabaseUrl."""
        return parse_database_url(self.database.read_from())

    def writing(self) -> DatabaseAddress:
        """The database that imports and administration write to. Raises BadDatabaseUrl."""
        return parse_database_url(self.database.write_to())

    def viewed(self, place: Place, view: str | None) -> Place:
        """A place. Options that it does not give come from a view of the settings.

        Raises UsageError for a view or a group that the settings do not have, and if the options do not go together.
        """
        views = self.loaded.settings.views
        if view is not None and view not in views:
            hint = f"the nearest is {nearest(view, tuple(views))!r}" if views else "write it as [views.NAME]"
            raise click.UsageError(f"--view: the settings have no view {view!r}; {hint}.")
        found = place if view is None else place.over(views[view].place())
        groups = self.loaded.settings.tenant_groups().names
        if found.group is not None and found.group not in groups:
            hint = f"the nearest is {nearest(found.group, groups)!r}" if groups else "write it as [groups.NAME]"
            raise click.UsageError(f"--group: the settings have no group {found.group!r}; {hint}.")
        return checked(found)

    def context(
        self, invocation: Invocation, place: Place = FLEET, view: str | None = None, *, visits: bool = True
    ) -> AppContext:
        """The start arguments of the screens. Without `visits` no visit is recorded.

        Raises UsageError as `viewed` does.
        """
        place, as_of = self.viewed(place, view), invocation.as_of
        if as_of is not None:
            require_the_past(as_of, self.now, place.stale_within)
        settings, databases = self.loaded.settings, self._databases(invocation, visits)
        # Absolute, because the command may be pasted in another folder. A file found without --config is left out.
        config = () if invocation.config is None else ("--config", str(invocation.config.absolute()))
        return AppContext(
            database=databases[self.use],
            policy=settings.policy(),
            databases=tuple(databases.values()),
            refresh=settings.ui.refresh,
            theme=str(self.theme().value),
            plain=bool(self.plain().value),
            mouse=settings.ui.mouse,
            keymap=self._keymap(),
            fixed_now=as_of or invocation.now,
            as_of=as_of is not None,
            place=place,
            commands=self._own_commands(),
            command=("tenantpilot", *config),
            groups=settings.tenant_groups(),
            # Known reasons are about now.
            known=KnownNotes() if as_of or not (file := self.loaded.known_path) else read_notes(file),
        )

    def theme(self) -> Chosen:
        """The theme of this terminal, and why it is not the one of the settings."""
        # The shipped file has every setting at its default, so a default in a file was not chosen by the user.
        by_default = not self.loaded.sources["ui.theme"].startswith(("environment", "command line"))
        return theme_here(self.loaded.settings.ui.theme, os.environ, by_default=by_default)

    def plain(self) -> Chosen:
        """Whether the screens are plain on this terminal, and why if the settings do not say so."""
        return plain_here(self.loaded.settings.ui.plain, os.environ)

    def _databases(self, invocation: Invocation, visits: bool) -> dict[str, Database]:
        """Every database that the screens can show, by its name."""
        from tui.settings import UNNAMED

        usable = self.loaded.settings.usable_databases()
        named = len(usable) > 1 or UNNAMED not in usable
        databases = {}
        for name, settings in usable.items():
            each = self._replace(use=name)
            address, policy, as_of = each.reading(), self.loaded.settings.policy(), invocation.as_of
            databases[name] = Database(
                address.label,
                partial(open_past, address, policy, as_of) if as_of else partial(open_resolver, address, policy),
                name if named else "",
                settings.production,
                visit_file(address.place) if visits else None,
                invocation.database if name == UNNAMED else None,
            )
        return databases

    def _keymap(self) -> dict[str, str]:
        if not self.loaded.settings.keys:
            return {}
        from tui.keymap import checked_keymap

        return checked_keymap(self.loaded.settings.keys)

    def _own_commands(self) -> tuple[OwnCommand, ...]:
        settings = self.loaded.settings
        if not settings.commands:
            return ()
        from tui.keymap import checked_commands

        return checked_commands(settings.own_commands(), settings.keys)

    def doubts_of(self, time: DatabaseTime) -> tuple[str, ...]:
        """Why facts that were just read confirm nothing, one clause for each reason."""
        settings = self.loaded.settings
        return time.doubts(settings.policy(), confirmation_limit(settings.ui.refresh))

    def tell_doubts(self, time: DatabaseTime) -> None:
        """Say on standard error why facts that were just read confirm nothing."""
        for doubt in self.doubts_of(time):
            tell(f"Nothing is confirmed: {doubt}.")

    def resolver(self) -> TenantBackupHealthResolver:
        """A resolver over the facts. It opens nothing yet."""
        return open_resolver(self.reading(), self.loaded.settings.policy())

    def past_resolver(self, as_of: datetime) -> TenantBackupHealthResolver:
        """A resolver over the facts as of an instant of the past. Nothing is opened yet."""
        return open_past(self.reading(), self.loaded.settings.policy(), as_of)


def open_session(ctx: click.Context, given: dict[str, Any]) -> Session:
    """The session of a command with the options after it (`given`). Raises what `session_of` raises."""
    return session_of(Invocation.in_effect(ctx, given))


def session_of(invocation: Invocation) -> Session:
    """Load the settings of this run. Raises SettingsError, and UsageError if the database is unknown or named twice."""
    from tui.settings import load_settings

    overrides: dict[str, str] = {}
    if invocation.database is not None:
        if invocation.use is not None:
            raise click.UsageError("--database and --use both name the database: leave one of them out.")
        # This is another database, so the settings of `[database]` must not apply to it.
        overrides |= dict.fromkeys(("database.url", "database.write_url"), invocation.database)
        overrides["database.production"] = "false"
    loaded = load_settings(config=invocation.config, overrides=overrides, environ=os.environ, cwd=Path.cwd())
    return Session(loaded, _chosen(loaded, invocation), invocation.now or utc_now())


def _chosen(loaded: LoadedSettings, invocation: Invocation) -> str:
    """The name of the database to use: the one asked for, else the first."""
    names = tuple(loaded.settings.usable_databases())
    if invocation.use is not None and invocation.use not in names:
        near = nearest(invocation.use, names)
        raise click.UsageError(f"--use: the settings have no database {invocation.use!r}; the nearest is {near!r}.")
    return invocation.use or names[0]
