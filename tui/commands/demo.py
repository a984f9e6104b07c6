"""`tenantpilot demo`: a fleet of invented tenants, and the screens over it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click

from health.collector import collector_paused
from health.demo.fleet import ARCHIVED_TENANTS, DemoTenant, demo_fleet
from health.policy import HealthPolicy
from health.store.opening.urls import DatabaseAddress
from health.store.reading.roster import list_tenants
from health.store.writing.administration import initialise
from health.store.writing.committed import forget_places
from health.store.writing.loading import indexes_afterwards, insert_rows, settle, unchecked
from health.store.writing.tables import backup_items, backup_schedules, backup_sets
from health.store.writing.tables import tenants as tenants_table
from health.store.writing.transactions import statements_of, writing
from tui.commands.options import Invocation, now_option, place_options
from tui.commands.report import verdicts_of, write_parts
from tui.commands.screens import show
from tui.commands.session import Session, session_of
from tui.terminal.presence import why_no_terminal
from tui.words.failures import EXIT_REFUSED, CommandFailed
from tui.words.render import report_as

_TENANTS_AT_ONCE: Final = 200


@click.command()
@click.option(
    "--tenants",
    type=click.IntRange(1, 1_000_000),
    default=200,
    show_default=True,
    metavar="N",
    help="The number of tenants to invent.",
)
@now_option
@place_options
@click.pass_context
def demo(ctx: click.Context, /, tenants: int, **given: Any) -> int:
    """Make a fleet of invented tenants in every possible state, relative to now, and open the screens on it.

    The fleet is in a temporary file, which is deleted afterwards. With --database URL it is written to an empty
    database and kept. Without a terminal, the report is printed instead of the screens.
    """
    invocation = Invocation.in_effect(ctx, given)
    if invocation.use is not None:
        raise click.UsageError("Invented tenants go into a database of their own: name it with --database.", ctx)
    if invocation.database is not None:
        session = session_of(invocation)
        write_demo(session.writing(), session.now, tenants, session.loaded.settings.policy())
        click.echo(f"{tenants:,} invented tenants written to {session.writing().label}.")
        return 0
    with tempfile.TemporaryDirectory(prefix="tenantpilot-demo-") as folder:
        here = replace(invocation, database=f"sqlite:///{Path(folder, 'demo.db')}")
        session = session_of(here)
        write_demo(session.writing(), session.now, tenants, session.loaded.settings.policy())
        forget_places()  # the file is temporary, so its name is of no use
        return _look_around(session, here)


def _look_around(session: Session, invocation: Invocation) -> int:
    if why_no_terminal() is None and sys.stdout.isatty():
        return show(session.context(invocation, visits=False))

    with closing(session.resolver()) as resolver:
        verdicts = verdicts_of(resolver, (), session.now)
    write_parts(report_as("table", verdicts, session.loaded.settings.policy(), session.now))
    return 0


def write_demo(address: DatabaseAddress, now: datetime, tenants: int, policy: HealthPolicy) -> None:
    """Write the demo fleet to a database without tenants, in one transaction. Raises CommandFailed and StoreError."""
    initialise(address)
    with writing(address) as connection:
        if list_tenants(statements_of(connection)):
            raise CommandFailed(
                f"{address.label} has tenants already: the demo fleet is written only to a database without any.",
                EXIT_REFUSED,
            )
        with (
            unchecked(connection),
            indexes_afterwards(connection, backup_sets),
            indexes_afterwards(connection, backup_items),
            collector_paused(),
            _progress(tenants + ARCHIVED_TENANTS) as progress,
        ):
            for batch in _batches(demo_fleet(now, tenants, policy)):
                for table, rows in (
                    (tenants_table, [each.tenant for each in batch]),
                    (backup_schedules, [row for each in batch for row in each.schedules]),
                    (backup_sets, [row for each in batch for row in each.sets]),
                    (backup_items, [row for each in batch for row in each.items]),
                ):
                    insert_rows(connection, table, rows[0]._fields if rows else (), rows)
                progress.update(len(batch))
        settle(connection)


def _batches(fleet: Iterator[DemoTenant]) -> Iterator[list[DemoTenant]]:
    while batch := list(islice(fleet, _TENANTS_AT_ONCE)):
        yield batch


def _progress(tenants: int) -> Any:
    return click.progressbar(length=tenants, label="Inventing tenants", file=sys.stderr, hidden=not sys.stderr.isatty())
