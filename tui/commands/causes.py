"""`tenantpilot causes`: why tenants need attention, grouped (docs/documents.md, "Causes")."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from tui.clock import utc_now
from tui.commands.narrowing import Narrowing
from tui.commands.options import format_option, group_option, now_option, place_options, printed_form, tenants_option
from tui.commands.report import verdicts_of
from tui.commands.session import open_session
from tui.words.database_time import DatabaseTime
from tui.words.documents import printable_causes, printed_as


@click.command()
@group_option
@tenants_option
@format_option
@now_option
@place_options
@click.pass_context
def causes(ctx: click.Context, /, form: str | None, tenants: tuple[str, ...], **given: Any) -> None:
    """Print why tenants need attention, grouped by the errors of their newest failing runs, most tenants first.

    Ids, instants and numbers in the errors do not count, so that one event in forty tenants is one cause.
    """
    session = open_session(ctx, given)
    with closing(session.resolver()) as resolver:
        asked_at = utc_now()
        verdicts = verdicts_of(resolver, tenants, session.now)
        session.tell_doubts(DatabaseTime.of(resolver.own_time(), asked_at, utc_now()))
        verdicts = list(Narrowing.of(session, given).narrowed(session, verdicts, resolver))
        answer = resolver.causes(verdicts, session.now)
    click.echo(printed_as(printed_form(form), printable_causes(answer)), nl=False)
