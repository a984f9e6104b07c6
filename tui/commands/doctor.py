"""`tenantpilot doctor`: what an expert would look for beside the verdicts (docs/doctor.md)."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import Any

import click

from health.doctor.examination import findings_of
from health.doctor.facts import DatabaseFacts
from health.doctor.finding import Trouble
from tui.clock import utc_now
from tui.commands.doctor_settings import open_to_others, settings_facts
from tui.commands.options import format_option, now_option, place_options, printed_form
from tui.commands.session import open_session
from tui.context import confirmation_limit
from tui.words.database_time import DatabaseTime
from tui.words.doctor_page import printed_doctor
from tui.words.failures import EXIT_DONE, EXIT_REFUSED


@click.command()
@click.option(
    "--except",
    "left_out",
    type=click.Choice([trouble.value for trouble in Trouble]),
    multiple=True,
    metavar="FINDING",
    help="Leave this finding out, by its name in the JSON; may be repeated.",
)
@format_option
@now_option
@place_options
@click.pass_context
def doctor(ctx: click.Context, /, left_out: tuple[str, ...], form: str | None, **given: Any) -> int:
    """Print what an expert would look for: how the fleet is watched, each finding with the sentence that mends it.

    It only reads. Exits with 0 if nothing was found, and with 1 if anything was; 3 if the facts cannot be read.
    """
    session = open_session(ctx, given)
    with closing(session.resolver()) as resolver:
        asked_at = utc_now()
        examined = resolver.examined(session.now)
        time = DatabaseTime.of(resolver.own_time(), asked_at, utc_now())
        database = DatabaseFacts(
            time.clock_ahead,
            time.behind,
            resolver.role_could_write(),
            examined.without_statistics,
            open_to_others(session.reading().file),
        )
        settings = settings_facts(session, resolver, examined.fleet)
    limit = confirmation_limit(session.loaded.settings.ui.refresh)
    findings = [
        finding
        for finding in findings_of(examined.fleet, database, settings, limit)
        if finding.trouble.value not in left_out
    ]
    width = shutil.get_terminal_size().columns
    click.echo(printed_doctor(printed_form(form), findings, len(examined.fleet.verdicts), session.now, width), nl=False)
    return EXIT_REFUSED if findings else EXIT_DONE
