"""`tenantpilot config`: every effective setting, where it came from, and every path in use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

import click

from tui.commands.options import place_options

if TYPE_CHECKING:
    from tui.settings import LoadedSettings


@click.command()
@place_options
@click.pass_context
def config(ctx: click.Context, /, **given: Any) -> None:
    """Print every effective setting and where it came from, secrets masked, and every path in use."""
    from tui.commands.listing import echo_table
    from tui.commands.session import open_session
    from tui.process import log_path
    from tui.settings import default_database_path

    loaded = open_session(ctx, given).loaded
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


def _with_origins(loaded: LoadedSettings) -> Iterator[tuple[tuple[str, object], str]]:
    from tui.settings.loading import path_of

    written, real = loaded.settings.model_dump(mode="json"), loaded.settings.model_dump()
    for key, origin in loaded.sources.items():
        shown: Any = reduce(getitem, path_of(key), written)
        secret: Any = reduce(getitem, path_of(key), real)
        is_url = hasattr(secret, "get_secret_value")
        yield (key, _masked(secret.get_secret_value()) if is_url else shown), origin


def _masked(url: str) -> str:
    """A database's URL without its password."""
    from health.store.errors import BadDatabaseUrl
    from health.store.urls import parse_database_url

    try:
        parsed = parse_database_url(url).url
    except BadDatabaseUrl:
        return "*** (cannot be parsed)"
    secrets = {name: "***" for name in ("password", "sslpassword") if name in parsed.query}
    parsed = parsed.update_query_dict(secrets)
    return parsed.render_as_string(hide_password=True)


def _shown(value: object) -> object:
    """As the settings file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else value
