"""`tenantpilot coverage`: how long each tenant was covered in a period (docs/documents.md, "Coverage")."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Any

import click

from health.coverage import period_before
from tui.clock import utc_now
from tui.commands.narrowing import Narrowing
from tui.commands.options import (
    InstantType,
    format_option,
    group_option,
    now_option,
    place_options,
    printed_form,
    tenants_option,
)
from tui.commands.session import open_session
from tui.words.database_time import DatabaseTime
from tui.words.documents import printable_coverage, printed_as


@click.command()
@click.option(
    "--from",
    "begin",
    type=InstantType(),
    metavar="INSTANT",
    help="Start of the period; default: 30 days before its end.",
)
@click.option("--to", "end", type=InstantType(), metavar="INSTANT", help="End of the period; default: now.")
@group_option
@tenants_option
@format_option
@now_option
@place_options
@click.pass_context
def coverage(
    ctx: click.Context,
    /,
    begin: datetime | None,
    end: datetime | None,
    form: str | None,
    tenants: tuple[str, ...],
    **given: Any,
) -> None:
    """Print how long each tenant was protected, degraded or uncovered in a period, in whole seconds.

    Time without any kept evidence is unknown and counts as none of these. Coverage is history, not a posture.
    """
    session = open_session(ctx, given)
    end = end or session.now
    begin = begin or period_before(end)
    if begin > end:
        raise click.UsageError("--from is after --to: name a period that begins before it ends.")
    with closing(session.resolver()) as resolver:
        asked_at = utc_now()
        answer = resolver.coverage(begin, end, session.now, tenants)
        session.tell_doubts(DatabaseTime.of(resolver.own_time(), asked_at, utc_now()))
        judged = [each.health for each in answer.tenants]
        left = {health.tenant.id for health in Narrowing.of(session, given).narrowed(session, judged, resolver)}
    answer = answer._replace(tenants=tuple(each for each in answer.tenants if each.health.tenant.id in left))
    click.echo(printed_as(printed_form(form), printable_coverage(answer)), nl=False)
