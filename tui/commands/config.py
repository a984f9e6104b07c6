"""`tenantpilot config`: every effective setting, where it came from, and every path in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from pydantic import SecretStr

from health.store.opening.errors import BadDatabaseUrl
from health.store.opening.urls import without_passwords
from tui.commands.listing import echo_table
from tui.commands.options import place_options
from tui.commands.session import open_session
from tui.commands.sync_entries import require_sources
from tui.keymap import checked_keymap
from tui.settings import UNNAMED, LoadedSettings, Settings, default_database_path
from tui.settings.forms import leaves
from tui.settings.names import is_secret
from tui.terminal.themes import require_theme
from tui.words.fault_log import log_path


@click.command()
@place_options
@click.pass_context
def config(ctx: click.Context, /, **given: Any) -> None:
    """Print every effective setting and where it came from, secrets masked, and every path in use."""
    loaded = open_session(ctx, given).loaded
    _refuse_what_the_screens_would(loaded.settings)
    require_sources(loaded)
    echo_table(
        ("SETTING", "VALUE", "FROM"),
        [(key, _shown(value), origin) for (key, value), origin in _with_origins(loaded)],
    )
    click.echo()
    echo_table(
        ("PATH", "WHERE"),
        [
            ("settings file", loaded.file or "none found"),
            ("default database", default_database_path()),
            ("log", log_path()),
        ],
    )


def _refuse_what_the_screens_would(settings: Settings) -> None:
    """Raise SettingsError for names that only the screens know; other commands have no time to import those."""
    checked_keymap(settings.keys)
    require_theme(settings.ui.theme)


def _with_origins(loaded: LoadedSettings) -> Iterator[tuple[tuple[str, object], str]]:
    real = dict(leaves(loaded.settings.model_dump()))
    for key, shown in leaves(loaded.settings.model_dump(mode="json")):
        yield (key, _url(key, real[key], loaded.settings) if is_secret(key) else shown), loaded.sources[key]


def _url(key: str, secret: SecretStr | None, settings: Settings) -> str | None:
    """A database's URL as it was written, without its password; where none was, the one in effect."""
    if secret is not None:
        try:
            return without_passwords(secret.get_secret_value())
        except BadDatabaseUrl as error:
            return f"*** ({error})"
    if key.endswith("write_url"):
        return "(as url)"
    unnamed = settings.usable_databases().get(UNNAMED)
    return None if unnamed is None else unnamed.read_from()


def _shown(value: object) -> object:
    """As the settings file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else value
