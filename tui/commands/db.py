"""`tenantpilot db`: create, upgrade and inspect the database's tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from health.store.opening.revision import CURRENT, SchemaState
from health.store.writing.administration import initialise, look, take_statistics
from health.store.writing.administration import upgrade as upgrade_store
from tui.commands.options import place_options
from tui.commands.session import open_session
from tui.words.failures import EXIT_UNREADABLE


@click.group()
def db() -> None:
    """Create, upgrade and inspect the database's tables."""


@db.command("init")
@place_options
@click.pass_context
def init(ctx: click.Context, /, **given: Any) -> None:
    """Create the tables in an empty database; for SQLite, the file too."""
    address = open_session(ctx, given).writing()
    created = initialise(address)
    click.echo(f"{address.label}: {'tables created' if created else 'the tables are there already'}.")


@db.command("upgrade")
@place_options
@click.pass_context
def upgrade(ctx: click.Context, /, **given: Any) -> None:
    """Upgrade the tables to this program's version. If that fails, nothing changes."""
    address = open_session(ctx, given).writing()
    found = upgrade_store(address, _progress())
    done = f"already at version {CURRENT}" if found is SchemaState.CURRENT else f"upgraded to version {CURRENT}"
    click.echo(f"{address.label}: {done}.")


def _progress() -> Callable[[int, int], None] | None:
    """A function that shows the progress of a long upgrade on standard error; None if that is not a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, of: int) -> None:
        if of:
            click.echo(f"\r{100 * done // of:3} % ", nl=False, err=True)

    return show


@db.command("analyze")
@place_options
@click.pass_context
def analyze(ctx: click.Context, /, **given: Any) -> None:
    """Collect the database's statistics, by which it chooses its plans; no fact changes."""
    address = open_session(ctx, given).writing()
    take_statistics(address)
    click.echo(f"{address.label}: statistics taken.")


@db.command("status")
@place_options
@click.pass_context
def status(ctx: click.Context, /, **given: Any) -> int:
    """Say which tables were found, and try to read them. Exit 0 if this program can read them, else 3."""
    address = open_session(ctx, given).reading()
    state, schema, misplaced = look(address)
    where = "" if schema is None else f" in the schema {schema}"
    what_to_do = {
        SchemaState.CURRENT: f"the tables are at version {CURRENT}{where}{_placed(misplaced)}",
        SchemaState.ABSENT: "there are no tables yet: run 'tenantpilot db init'",
        SchemaState.OLDER: f"the tables{where} are older than version {CURRENT}: run 'tenantpilot db upgrade'",
        SchemaState.NEWER: f"the tables{where} are newer than version {CURRENT}: install a newer TenantPilot",
        SchemaState.UNKNOWN: f"the tables' version{where} is unknown to this program ({CURRENT}): restore the database",
        SchemaState.FOREIGN: "there are another program's tables: name the right database with --database",
    }
    click.echo(f"{address.label}: {what_to_do[state]}.")
    return 0 if state is SchemaState.CURRENT and not misplaced else EXIT_UNREADABLE


def _placed(misplaced: Sequence[str] | None) -> str:
    """Whether Citus has distributed the tables, as the end of a sentence."""
    if misplaced is None:
        return ""
    if not misplaced:
        return ", distributed by tenant"
    return f", but only in part distributed by tenant ({'; '.join(misplaced)}): see docs/operations.md"
