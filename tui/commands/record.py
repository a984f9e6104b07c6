"""`tenantpilot record`: run a backup command, usually from a crontab, and record the run as evidence.

A backup is worth more than its record. So the command runs even if the database or the settings are broken, and
`record` reports what it could not note. It does not run the command in three cases: the command line is wrong, the
tenant is unknown, or another run is under way.

If the outcome was noted, the exit code is the command's own, success or not: the database has the rest. If it was not
noted, only the exit code can say so, and a success becomes 74. Other codes: 75 another run is under way, 126 and 127
the command cannot be run. Before the command has run, 1 and 2 mean the same as for other commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from health.sources.listed import SOURCES, source_named
from tui.commands.import_options import (
    ACCEPT_LOSS,
    ACCEPT_OTHER_TENANT,
    ACCEPT_SAME_CONTENT,
    NEW_TENANT,
    TENANT,
    WITHOUT_PAYLOAD,
)
from tui.commands.names import NameType
from tui.commands.options import place_options

NONE: Final = "none"
"""The source of a run whose backup is imported in another way."""


def recorded_sources() -> list[str]:
    """The names of the sources whose runs can be recorded."""
    return sorted([NONE, *(name for name in SOURCES if source_named(name).is_recorded)])


@click.command(context_settings={"allow_interspersed_args": False})
@TENANT
@NEW_TENANT
@click.option(
    "--schedule",
    type=NameType(),
    required=True,
    metavar="NAME",
    help="The schedule. If it does not exist, it is added.",
)
@click.option(
    "--source",
    type=click.Choice(recorded_sources()),
    required=True,
    help="The tool that COMMAND runs; 'facts': COMMAND prints facts; 'none': note only the outcome.",
)
@click.option("--path", type=click.Path(path_type=Path), metavar="DIR", help="The folder that COMMAND writes to.")
@click.option(
    "--cron", metavar="EXPRESSION", help="When it runs, in five fields: '30 2 * * *'. It is stored with the schedule."
)
@click.option(
    "--timezone",
    metavar="NAME",
    help="The IANA time zone of the cron, of facts without an offset and of TenuVault's local times. TenuVault's times"
    " are UTC without it.",
)
@ACCEPT_LOSS
@ACCEPT_OTHER_TENANT
@ACCEPT_SAME_CONTENT
@WITHOUT_PAYLOAD
@place_options
@click.argument(
    "command",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
    metavar="-- COMMAND ...",
    help="The command to run, without a shell, and its arguments.",
)
@click.pass_context
def record(
    ctx: click.Context,
    /,
    external_id: str,
    new_name: str | None,
    schedule: str,
    source: str,
    path: Path | None,
    cron: str | None,
    timezone: str | None,
    accepted: tuple[str, ...],
    accept_other_tenant: bool,
    accept_same_content: bool,
    without_payload: bool,
    command: tuple[str, ...],
    **given: Any,
) -> int:
    """Run a backup COMMAND, and record its start, its outcome and its backup as a run of a schedule.

    The exit code is the command's own (128+n: killed by signal n). 75: not run, because another run is under way. 74:
    the command succeeded, but that could not be noted. 126, 127: the command cannot be run.
    """
    # One import for all that a run needs: `--help` does without it. And nothing is imported after the command has run,
    # because that may be hours later, when this program may have been upgraded.
    from tui.commands.record_run import ToRecord, record_run

    asked = ToRecord(
        external_id=external_id,
        new_name=new_name,
        schedule=schedule,
        source=source,
        declared=None if source == NONE else source_named(source),
        path=path,
        cron=cron,
        timezone=timezone,
        accepted=frozenset(accepted),
        other_tenant=accept_other_tenant,
        same_content=accept_same_content,
        with_payload=not without_payload,
        command=command,
    )
    return record_run(ctx, asked, given)
