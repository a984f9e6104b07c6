"""`tenantpilot config`: every effective setting, where it came from, and every path in use."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from health.store.opening.errors import BadDatabaseUrl
from health.store.opening.urls import without_passwords
from tui.commands.examples import EXAMPLES
from tui.commands.listing import echo_table
from tui.commands.options import Invocation, place_options
from tui.commands.session import open_session
from tui.commands.sync_entries import found_sources, require_sources, wrong_sources
from tui.keymap import checked_keymap
from tui.settings import UNNAMED, LoadedSettings, Settings, default_database_path
from tui.settings.checking import Checked
from tui.settings.forms import leaves
from tui.settings.names import is_secret, variable_name
from tui.settings.schema import settings_schema
from tui.settings.secrets import passwords_in_file
from tui.terminal.themes import require_theme
from tui.words.failures import EXIT_DONE, EXIT_USAGE, SettingsError
from tui.words.fault_log import log_path
from tui.words.safe_text import safe_text
from tui.words.wording import counted


@click.command()
@click.option(
    "--check", is_flag=True, help="Check everything, sources and known entries too; print each error with its line."
)
@click.option("--schema", is_flag=True, help="Print a JSON Schema, with which an editor completes the file.")
@click.option("--example", type=click.Choice(tuple(EXAMPLES)), help="Print example settings.")
@place_options
@click.pass_context
def config(ctx: click.Context, /, check: bool, schema: bool, example: str | None, **given: Any) -> int:
    """Print every effective setting with its origin, secrets masked, and every path in use.

    With --check it exits with 2 if anything is wrong.
    """
    if check + schema + (example is not None) > 1:
        raise click.UsageError("Give only one of --check, --schema and --example.")
    if schema:
        click.echo(json.dumps(settings_schema(), indent=1, ensure_ascii=False))
    elif example is not None:
        click.echo(EXAMPLES[example], nl=False)
    elif check:
        return _check(Invocation.in_effect(ctx, given))
    else:
        _print_all(ctx, given)
    return EXIT_DONE


def _check(invocation: Invocation) -> int:
    """Print every problem of the settings on its own line, or that nothing is wrong. Returns the exit code."""
    checked = Checked(invocation.config, os.environ, Path.cwd())
    checked.hear(_wrong)
    for problem in checked.problems:
        click.echo(f"{safe_text(checked.path or 'settings')}: {safe_text(problem, limit=2000)}")
    if checked.problems:
        return EXIT_USAGE
    loaded = checked.loaded
    assert loaded is not None
    known = loaded.known_file()
    counts = f"{counted(len(loaded.settings.sources), 'source')}, {len(known.lines) if known else 0:,} known"
    click.echo(f"{safe_text(checked.path or 'no settings file')}: nothing is wrong ({counts}).")
    return EXIT_DONE


def _wrong(loaded: LoadedSettings) -> Iterator[tuple[str, str]]:
    """What the screens, `sync` and others would refuse: pairs of a key and a sentence."""
    for look in (lambda: _refuse_what_the_screens_would(loaded.settings), loaded.known_file):
        try:
            look()
        except SettingsError as refused:
            yield str(refused).partition(" ")[0], str(refused)
    for key in passwords_in_file(loaded):
        yield key, f"{key}: holds a password: move it into ~/.pgpass or {variable_name(key)}"
    wrong = list(wrong_sources(loaded))
    yield from ((each.key, f"{each.key}: {each.why}") for each in wrong)
    if not wrong:
        sources = found_sources(loaded)
        yield from ((f"sources.{name}.path", f"sources.{name}.path: {why}") for name, why in sources.empty.items())
        for entry in sources.entries:
            if entry.refusal is not None:
                yield f"sources.{entry.source}", f"sources.{entry.source}: {entry.tenant}: {entry.refusal}"


def _print_all(ctx: click.Context, given: dict[str, Any]) -> None:
    session = open_session(ctx, given)
    loaded = session.loaded
    _refuse_what_the_screens_would(loaded.settings)
    require_sources(loaded)
    here = {"ui.theme": session.theme(), "ui.plain": session.plain()}
    rows = []
    for (key, value), origin in _with_origins(loaded):
        chosen = here.get(key)
        rows.append((key, _shown(chosen.value), chosen.why) if chosen and chosen.why else (key, _shown(value), origin))
    echo_table(("SETTING", "VALUE", "FROM"), rows)
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
    """Raise SettingsError for unknown keys and themes. Only the screens know these; importing them is slow."""
    checked_keymap(settings.keys)
    require_theme(settings.ui.theme)


def _with_origins(loaded: LoadedSettings) -> Iterator[tuple[tuple[str, object], str]]:
    real = dict(leaves(loaded.settings.model_dump()))
    for key, shown in leaves(loaded.settings.model_dump(mode="json")):
        yield (key, _url(key, real[key], loaded.settings) if is_secret(key) else shown), loaded.sources[key]


def _url(key: str, secret: SecretStr | None, settings: Settings) -> str | None:
    """A database's URL as written, without its password; if none was written, the one in effect."""
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
    """The value in the settings file's form."""
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else value
