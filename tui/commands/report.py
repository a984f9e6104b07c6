"""`tenantpilot report`: every tenant's posture, reasons and evidence (docs/documents.md, "The report")."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from health.forecast import goes_stale_by
from health.instants import shifted
from health.posture import TenantBackupHealth
from health.report import Beside
from tui.clock import utc_now
from tui.commands.narrowing import Narrowing, group_names, known_by_tenant
from tui.commands.options import (
    DurationType,
    as_of_option,
    format_option,
    narrowing_options,
    now_option,
    place_options,
    printed_form,
    require_the_past,
    tenants_option,
)
from tui.commands.session import Session, open_session
from tui.words.database_time import DatabaseTime
from tui.words.durations import format_duration
from tui.words.render import report_as

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver


@click.command()
@format_option
@click.option(
    "--stale-within",
    type=DurationType(),
    metavar="DURATION",
    help="Only tenants that are fresh now and become stale within this time if nothing runs.",
)
@as_of_option
@narrowing_options
@tenants_option
@now_option
@place_options
@click.pass_context
def report(
    ctx: click.Context,
    /,
    form: str | None,
    stale_within: timedelta | None,
    as_of: datetime | None,
    tenants: tuple[str, ...],
    **given: Any,
) -> None:
    """Print every tenant's posture, reasons and evidence, worst first."""
    session, only = open_session(ctx, given), ""
    narrowing = Narrowing.of(session, given | {"stale_within": stale_within}, tenants)
    stale_within, tenants = narrowing.stale_within, narrowing.tenants
    if as_of is not None:
        require_the_past(as_of, session.now, stale_within)
        session = session._replace(now=as_of)
    form = printed_form(form)
    with closing(session.resolver() if as_of is None else session.past_resolver(as_of)) as resolver:
        verdicts: Sequence[TenantBackupHealth]
        if as_of is not None:
            verdicts, known = resolver.as_of(as_of, tenants), {}  # known reasons are about now
        else:
            asked_at = utc_now()
            verdicts = verdicts_of(resolver, tenants, session.now)
            session.tell_doubts(DatabaseTime.of(resolver.own_time(), asked_at, utc_now()))
            known = known_by_tenant(session, resolver, verdicts)
        verdicts = narrowing.narrowed(session, verdicts, resolver, known)
        if stale_within is not None:
            verdicts = _going_stale(session, verdicts, stale_within)
            only = f"only what goes stale within {format_duration(stale_within)} if nothing runs"
        with_causes = form == "markdown" and as_of is None
        causes = resolver.causes(verdicts, session.now).causes if with_causes else ()
    beside = Beside(narrowing.as_given(), known, group_names(session, verdicts), causes, as_of=as_of is not None)
    write_parts(report_as(form, verdicts, session.loaded.settings.policy(), session.now, only, beside))


def write_parts(parts: Iterable[str]) -> None:
    """Print a document part by part. The stream's buffer combines the parts into a few writes."""
    for part in parts:
        sys.stdout.write(part)


def verdicts_of(
    resolver: TenantBackupHealthResolver, tenants: Sequence[str], now: datetime
) -> list[TenantBackupHealth]:
    """The verdicts of the fleet, or of the named tenants, in triage order. Raises UnknownTenant and StoreError."""
    return resolver.tenants(tenants, now) if tenants else resolver.fleet(now)


def _going_stale(
    session: Session, verdicts: Sequence[TenantBackupHealth], within: timedelta
) -> list[TenantBackupHealth]:
    policy, by = session.loaded.settings.policy(), shifted(session.now, within)
    return [health for health in verdicts if goes_stale_by(health, policy, by)]
