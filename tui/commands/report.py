"""`tenantpilot report`: every tenant's posture, reasons and evidence (`design.md` 7)."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from tui.commands.options import now_option, place_options, tenants_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from health.posture import TenantBackupHealth
    from tui.commands.session import Session

FORMATS = ("table", "json", "csv", "markdown")


@click.command()
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to print it; a table on a terminal, else JSON.")
@tenants_option
@now_option
@place_options
@click.pass_context
def report(ctx: click.Context, /, form: str | None, tenants: tuple[str, ...], **given: Any) -> None:
    """Print every tenant's posture, reasons and evidence, worst first."""
    from tui.commands.session import open_session

    session = open_session(ctx, given)
    verdicts = judged(session, tenants)
    click.echo(rendered(session, verdicts, form or ("table" if sys.stdout.isatty() else "json")), nl=False)


def judged(session: Session, tenants: Sequence[str]) -> list[TenantBackupHealth]:
    """The fleet's verdicts, or those of the tenants named, in triage order. Raises UnknownTenant and StoreError."""
    resolver = session.resolver()
    try:
        return resolver.tenants(tenants, session.now) if tenants else resolver.fleet(session.now)
    finally:
        resolver.close()


def rendered(session: Session, verdicts: Sequence[TenantBackupHealth], form: str) -> str:
    """The report as text in one of FORMATS, with its last newline."""
    policy = session.loaded.settings.policy()
    if form == "json":
        from health.report import report_document

        return json.dumps(report_document(verdicts, policy, session.now), indent=1) + "\n"
    from tui import render

    if form == "csv":
        return render.csv_report(verdicts)
    if form == "markdown":
        return render.markdown_report(verdicts, policy, session.now)
    return render.table_report(verdicts, policy, session.now)
