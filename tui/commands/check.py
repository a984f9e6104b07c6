"""`tenantpilot check`: one line and an exit code, as monitoring plug-ins have it (`design.md` 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from tui.commands.options import DurationType, now_option, place_options, tenants_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from health.posture import TenantBackupHealth


@click.command()
@click.option(
    "--min-tenants", type=click.IntRange(min=0), default=0, metavar="N", help="Fewer judged tenants than this: exit 3."
)
@click.option(
    "--ignore-newer-than", type=DurationType(), metavar="DURATION", help="Leave out tenants created more recently."
)
@tenants_option
@now_option
@place_options
@click.pass_context
def check(
    ctx: click.Context,
    /,
    min_tenants: int,
    ignore_newer_than: timedelta | None,
    tenants: tuple[str, ...],
    **given: Any,
) -> int:
    """Print one line with counts, names and performance data; exit as monitoring plug-ins do.

    Exit 2: a tenant has no backup basis. 3: something cannot be read, or there are too few tenants. 1: anything stale,
    degraded or in need of follow-up. 0: every tenant is confirmed. A usage error is 3 as well; its reason is the line.
    """
    from health.report import FleetTotals, check_status
    from tui.commands.report import judged
    from tui.commands.session import open_session
    from tui.render import check_line

    session = open_session(ctx, given)
    verdicts = judged(session, tenants)
    kept = _old_enough(verdicts, ignore_newer_than, session.now)
    totals = FleetTotals.of(kept)
    status = check_status(totals, min_tenants)
    click.echo(check_line(status, totals, kept, left_out=len(verdicts) - len(kept), min_tenants=min_tenants))
    return int(status)


def _old_enough(
    verdicts: Sequence[TenantBackupHealth], newest: timedelta | None, now: datetime
) -> Sequence[TenantBackupHealth]:
    """Tenants created at least that long ago; one whose creation cannot be read is never left out."""
    if newest is None:
        return verdicts
    return [
        health for health in verdicts if health.tenant.created_at is None or not now - health.tenant.created_at < newest
    ]
