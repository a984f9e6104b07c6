"""`tenantpilot sync`: import all sources in the settings with one command (docs/sync.md)."""

from __future__ import annotations

from typing import Any

import click

from tui.commands.import_options import WITHOUT_PAYLOAD
from tui.commands.options import place_options


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", help="Only these sources of the settings.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and write nothing.")
@click.option("--only-failed", is_flag=True, help="Only the backups that the last sync on this machine refused.")
@click.option(
    "--prune-schedules", is_flag=True, help="Disable the schedules of sources that are no longer in the settings."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), metavar="N", help="Read N backups at a time; default: the number of cores."
)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print the outcome.")
@WITHOUT_PAYLOAD
@place_options
@click.pass_context
def sync(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    dry_run: bool,
    only_failed: bool,
    prune_schedules: bool,
    jobs: int | None,
    form: str,
    without_payload: bool,
    **given: Any,
) -> int:
    """Import the backups of [sources.NAME] in the settings: all sources, or by name. Unchanged sets are skipped.

    Each set has its own transaction. If one source is refused, the others continue. Afterwards every tenant of a source
    is in the fleet. If its backup was refused, it is absent or becomes stale. Exits with 1 if anything was refused.
    """
    from tui.commands.sync_run import ToSync, sync_run  # `--help` does without all that it needs

    asked = ToSync(names, dry_run, only_failed, prune_schedules, jobs, form, not without_payload)
    return sync_run(ctx, asked, given)
