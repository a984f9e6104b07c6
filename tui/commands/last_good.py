"""`tenantpilot last-good`: the last whole copy of each item that the latest backup lacks or has degraded.

(docs/documents.md, "Last good copies")
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from tui.commands.options import ExternalIdType, format_option, now_option, place_options, printed_form
from tui.commands.session import open_session
from tui.words.documents import printable_last_good, printed_as
from tui.words.failures import EXIT_UNREADABLE, CommandFailed


@click.command()
@click.option("--tenant", type=ExternalIdType(), required=True, metavar="EXTERNAL_ID", help="The tenant.")
@format_option
@now_option
@place_options
@click.pass_context
def last_good(ctx: click.Context, /, tenant: str, form: str | None, **given: Any) -> None:
    """Print the newest whole copy of every item that the latest backup lacks or has degraded.

    It searches the tenant's newest 120 sets before the latest backup, of any source. An earlier copy says nothing about
    now. Exit 0, even without a backup basis; 3 if the tenant cannot be read.
    """
    session = open_session(ctx, given)
    with closing(session.resolver()) as resolver:
        answer = resolver.last_good(tenant, session.now)
    if (lost := answer.health.unreadable) is not None:
        raise CommandFailed(f"Tenant {tenant!r} cannot be read: {lost.message}; correct that row.", EXIT_UNREADABLE)
    click.echo(printed_as(printed_form(form), printable_last_good(answer)), nl=False)
