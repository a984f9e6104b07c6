"""`tenantpilot report`: every tenant's posture, reasons and evidence (docs/documents.md, "The report")."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import click

from health.forecast import goes_stale_by
from health.instants import shifted
from health.posture import TenantBackupHealth
from tui.commands.options import DurationType, now_option, place_options, tenants_option
from tui.commands.session import Session, open_session
from tui.words.durations import format_duration
from tui.words.render import report_as

FORMATS: Final = ("table", "json", "csv", "markdown")


@click.command()
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to print it; a table on a terminal, else JSON.")
@click.option(
    "--stale-within",
    type=DurationType(),
    metavar="DURATION",
    help="Only tenants that are fresh now and go stale within this time if nothing runs.",
)
@tenants_option
@now_option
@place_options
@click.pass_context
def report(
    ctx: click.Context,
    /,
    form: str | None,
    stale_within: timedelta | None,
    tenants: tuple[str, ...],
    **given: Any,
) -> None:
    """Print every tenant's posture, reasons and evidence, worst first."""
    session = open_session(ctx, given)
    verdicts, only = judged(session, tenants), ""
    if stale_within is not None:
        verdicts = _going_stale(session, verdicts, stale_within)
        only = f"only what goes stale within {format_duration(stale_within)} if nothing runs"
    form = form or ("table" if sys.stdout.isatty() else "json")
    click.echo(report_as(form, verdicts, session.loaded.settings.policy(), session.now, only), nl=False)


def judged(session: Session, tenants: Sequence[str]) -> list[TenantBackupHealth]:
    """The fleet's verdicts, or those of the tenants named, in triage order. Raises UnknownTenant and StoreError."""
    resolver = session.resolver()
    try:
        return resolver.tenants(tenants, session.now) if tenants else resolver.fleet(session.now)
    finally:
        resolver.close()


def _going_stale(
    session: Session, verdicts: Sequence[TenantBackupHealth], within: timedelta
) -> list[TenantBackupHealth]:

    policy, by = session.loaded.settings.policy(), shifted(session.now, within)
    return [health for health in verdicts if goes_stale_by(health, policy, by)]
