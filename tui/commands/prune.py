"""`tenantpilot prune`: remove old backup sets from the database without changing a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click

from health.instants import shifted
from health.store.opening.reading import reading_once
from health.store.writing.pruning import KeepLast, KeepSince, PrunePlan, PruneRequest, plan_pruning
from health.store.writing.pruning import prune as prune_store
from health.store.writing.transactions import writing
from tui.commands.listing import echo_table
from tui.commands.options import now_option, place_options, tenants_option
from tui.commands.session import open_session
from tui.words.failures import EXIT_USAGE, CommandFailed
from tui.words.names import name_text
from tui.words.wording import counted

_NAMES_SHOWN: Final = 3
_MOST: Final = 1_000_000


@click.command()
@click.option("--keep-days", type=click.IntRange(1, _MOST), metavar="N", help="Keep the sets of the last N days.")
@click.option(
    "--keep-last",
    type=click.IntRange(1, _MOST),
    metavar="N",
    help="Keep each tenant's last N backups and all newer sets.",
)
@click.option("--payloads-only", is_flag=True, help="Keep the sets and items; remove only their captured JSON.")
@click.option("--yes", is_flag=True, help="Remove them. Without this option, only print what would be removed.")
@tenants_option
@now_option
@place_options
@click.pass_context
def prune(
    ctx: click.Context,
    /,
    keep_days: int | None,
    keep_last: int | None,
    payloads_only: bool,
    yes: bool,
    tenants: tuple[str, ...],
    **given: Any,
) -> None:
    """Remove old backup sets, failed and deleted ones too. Without --yes, print what would be removed.

    It never removes a tenant's basis, nor the sets with which the next imports are compared, nor anything of a tenant
    whose evidence cannot be read. If any tenant's verdict would change, it removes nothing.
    """
    session = open_session(ctx, given)
    request = PruneRequest(_keep(keep_days, keep_last, session.now), payloads_only, tenants or None)
    address, policy = session.writing(), session.loaded.settings.policy()
    if yes:
        with writing(address) as connection:
            plan = prune_store(connection, request, policy, session.now)
    else:
        with reading_once(address) as statements:
            plan = plan_pruning(statements, request, policy, session.now)
    _echo(plan, payloads_only=payloads_only, done=yes)


def _keep(days: int | None, last: int | None, now: datetime) -> KeepSince | KeepLast:
    if days is not None and last is None:
        return KeepSince(shifted(now, -timedelta(days=days)))
    if last is not None and days is None:
        return KeepLast(last)
    raise CommandFailed("Say what to keep: either --keep-days N or --keep-last N.", EXIT_USAGE)


def _echo(plan: PrunePlan, *, payloads_only: bool, done: bool) -> None:
    rows = plan.by_tenant()
    if rows:
        echo_table(
            ("TENANT", "BACKUP SETS", "ITEMS"), [(name, f"{sets:,}", f"{items:,}") for name, sets, items in rows]
        )
    sets, items = counted(len(plan.sets), "backup set"), counted(sum(each.items for each in plan.sets), "item")
    of_tenants = counted(len(rows), "tenant")
    what = (
        f"the captured JSON of {items} in {sets} of {of_tenants}"
        if payloads_only
        else f"{sets} with {items} of {of_tenants}"
    )
    if plan.left_alone:
        whose = _named(plan.left_alone)
        click.echo(f"Left alone, because their evidence cannot be read: {whose}.")
    if not rows:
        click.echo("Nothing to remove.")
    elif done:
        click.echo(f"Removed {what}; every tenant's verdict is the same as before.")
    else:
        click.echo(f"Would remove {what}; nothing was removed. Add --yes to remove it.")


def _named(external_ids: Sequence[str]) -> str:
    shown = ", ".join(name_text(external_id, 40) for external_id in external_ids[:_NAMES_SHOWN])
    rest = len(external_ids) - _NAMES_SHOWN
    return shown if rest <= 0 else f"{shown} and {rest:,} more"
