"""`tenantpilot diff`: what changed between two backup sets of a tenant (docs/documents.md, "The diff")."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from tui.commands.options import ExternalIdType, format_option, now_option, place_options, printed_form
from tui.commands.session import open_session
from tui.words.change_words import why_nothing_is_compared
from tui.words.documents import printable_diff, printed_as
from tui.words.failures import EXIT_DONE, EXIT_REFUSED, EXIT_UNREADABLE, CommandFailed

EXIT_SAME, EXIT_DIFFERENT = EXIT_DONE, EXIT_REFUSED


@click.command()
@click.option(
    "--tenant", type=ExternalIdType(), required=True, metavar="EXTERNAL_ID", help="The tenant whose sets are compared."
)
@click.argument("before", type=click.IntRange(min=0), required=False, metavar="[FROM]", help="The id of a set.")
@click.argument("after", type=click.IntRange(min=0), required=False, metavar="[TO]", help="The id of another.")
@format_option
@now_option
@place_options
@click.pass_context
def diff(
    ctx: click.Context, /, tenant: str, before: int | None, after: int | None, form: str | None, **given: Any
) -> int:
    """Print what changed between two backup sets of a tenant: items that are gone, changed or added.

    Without FROM and TO, compare the last completed set of the same source with the latest backup. With FROM alone,
    compare that set with the latest backup. Exit 0: all items are unchanged. 1: some are not. 3: there is nothing to
    compare, or it cannot be read.
    """
    session = open_session(ctx, given)
    with closing(session.resolver()) as resolver:
        answer = resolver.changes(tenant, session.now, before, after)
    if answer.before is None or answer.after is None or answer.changes is None:
        raise CommandFailed(why_nothing_is_compared(answer, before, after, "name one with FROM"), EXIT_UNREADABLE)
    printable = printable_diff(answer.health, answer.before, answer.after, answer.changes)
    click.echo(printed_as(printed_form(form), printable), nl=False)
    return EXIT_DIFFERENT if answer.changes.items else EXIT_SAME
