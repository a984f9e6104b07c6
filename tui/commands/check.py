"""`tenantpilot check`: one line and an exit code, like a monitoring plug-in (docs/documents.md, "The check")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click

from health.known import NOTHING_KNOWN, KnownOfTenant
from health.posture import TenantBackupHealth
from health.report import FleetTotals, check_status
from tui.clock import utc_now
from tui.commands.expected import expect_option, expected_in
from tui.commands.narrowing import Narrowing, known_by_tenant
from tui.commands.options import DurationType, narrowing_options, now_option, place_options, tenants_option
from tui.commands.report import verdicts_of
from tui.commands.session import Session, open_session
from tui.words.database_time import DatabaseTime
from tui.words.plugin_line import check_line


@click.command()
@click.option(
    "--min-tenants",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Exit 3 if fewer tenants than this are judged.",
)
@click.option(
    "--ignore-newer-than", type=DurationType(), metavar="DURATION", help="Leave out tenants created more recently."
)
@expect_option("A file with the expected tenants, one external id a line. Exit 3 if one is not in the fleet.")
@click.option(
    "--known", "without_known", is_flag=True, help="Do not count tenants whose reasons are all in the file of [known]."
)
@narrowing_options
@tenants_option
@now_option
@place_options
@click.pass_context
def check(
    ctx: click.Context,
    /,
    min_tenants: int,
    ignore_newer_than: timedelta | None,
    expect: Path | None,
    without_known: bool,
    tenants: tuple[str, ...],
    **given: Any,
) -> int:
    """Print one line with counts, names and performance data; exit as monitoring plug-ins do.

    Exit 2: a tenant has no backup basis. 3: something cannot be read, a tenant is missing, or there are too few.
    1: a tenant is stale, degraded or needs follow-up. 0: every tenant is confirmed. A usage error is 3 too; the line
    says why.

    With --known a tenant does not count towards the exit status if all its reasons are known; the line names it.
    """
    if expect is not None and tenants:
        raise click.UsageError("--expect is about the whole fleet: leave --tenant out.")
    expected = [] if expect is None else expected_in(expect)
    session = open_session(ctx, given)
    narrowing = Narrowing.of(session, given, tenants)
    if narrowing.stale_within is not None:
        raise click.UsageError("--view: it says stale_within, which looks ahead; a check judges only now.")
    judged = _judge(session, narrowing, expected, without_known)
    kept = _without_newer(judged.verdicts, ignore_newer_than, session.loaded.settings.policy().clock_skew, session.now)
    known = judged.noted if without_known else {}
    counting = [health for health in kept if not known.get(health.tenant.external_id, NOTHING_KNOWN).all_known]
    totals, missing, doubts = FleetTotals.of(kept), judged.missing, judged.doubts
    status = check_status(totals, min_tenants, len(missing), FleetTotals.of(counting), doubtful=bool(doubts))
    line = check_line(
        status,
        totals,
        kept,
        session.now,
        known,
        left_out=len(judged.verdicts) - len(kept),
        min_tenants=min_tenants,
        missing=missing,
        doubts=doubts,
        narrowed_by=narrowing.as_given(),
    )
    click.echo(line)
    return int(status)


class _Judged(NamedTuple):
    """The verdicts that the options leave, and what else was found with them in the one read."""

    verdicts: Sequence[TenantBackupHealth]
    noted: Mapping[str, KnownOfTenant]
    """The known reasons by tenant, where an option asks for them."""
    missing: Sequence[str]
    """The expected tenants that the fleet does not have."""
    doubts: Sequence[str]
    """Why nothing is confirmed."""


def _judge(session: Session, narrowing: Narrowing, expected: Sequence[str], without_known: bool) -> _Judged:
    noted: Mapping[str, KnownOfTenant] = {}
    with closing(session.resolver()) as resolver:
        asked_at = utc_now()
        verdicts: Sequence[TenantBackupHealth] = verdicts_of(resolver, narrowing.tenants, session.now)
        doubts = session.doubts_of(DatabaseTime.of(resolver.own_time(), asked_at, utc_now()))
        if without_known or narrowing.words:
            noted = known_by_tenant(session, resolver, verdicts)
        there = {health.tenant.external_id for health in verdicts}
        missing = [each for each in expected if each not in there]
        return _Judged(narrowing.narrowed(session, verdicts, resolver, noted), noted, missing, doubts)


def _without_newer(
    verdicts: Sequence[TenantBackupHealth], newest: timedelta | None, skew: timedelta, now: datetime
) -> Sequence[TenantBackupHealth]:
    """The verdicts without the tenants created less than `newest` before `now`.

    A tenant stays if its creation cannot be read, or is further in the future than clocks may differ. Otherwise it
    could be left out for ever.
    """
    if newest is None:
        return verdicts

    def is_newer(created_at: datetime | None) -> bool:
        return created_at is not None and now - created_at >= -skew and max(now - created_at, timedelta(0)) < newest

    return [health for health in verdicts if not is_newer(health.tenant.created_at)]
