"""`tenantpilot config`: every effective setting, where it came from, and every path in use."""

from __future__ import annotations

from typing import Any

import click

from tui.commands.options import place_options


@click.command()
@place_options
@click.pass_context
def config(ctx: click.Context, /, **given: Any) -> None:
    """Print every effective setting and where it came from, secrets masked, and every path in use."""
    from tui.commands.listing import echo_table
    from tui.commands.session import open_session
    from tui.process import log_path
    from tui.settings import default_database_path, settings_in_words

    loaded = open_session(ctx, given).loaded
    echo_table(
        ("SETTING", "VALUE", "FROM"),
        [(key, value, loaded.sources[key]) for key, value in settings_in_words(loaded.settings)],
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
