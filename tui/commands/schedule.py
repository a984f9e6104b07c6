"""`tenantpilot schedule`: manage the schedules that should produce backup sets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from health.forecast import cannot_stay_fresh, longest_pause
from health.slots import CannotPlan, slots_of
from health.sources.captured import CapturedSchedule
from health.store.opening.reading import reading_once
from health.store.reading.roster import list_schedules
from health.store.writing.roster import add_schedule, disable_schedule, enable_schedule
from health.store.writing.transactions import statements_of, writing
from tui.commands.import_options import TENANT
from tui.commands.listing import echo_table, whole_seconds
from tui.commands.names import NameType
from tui.commands.options import place_options
from tui.commands.session import Session, open_session
from tui.words.safe_text import safe_text
from tui.words.wording import pause_in_words

NAME = click.argument("name", type=NameType(), help="The schedule.")


@click.group()
def schedule() -> None:
    """Add, enable, disable and list backup schedules."""


@schedule.command("add")
@NAME
@TENANT
@click.option("--cron", metavar="EXPRESSION", help="When it runs, in five fields: '30 2 * * *'.")
@click.option("--timezone", default="UTC", show_default=True, metavar="NAME", help="The IANA time zone of the cron.")
@place_options
@click.pass_context
def add(ctx: click.Context, /, name: str, external_id: str, cron: str | None, timezone: str, **given: Any) -> None:
    """Add an enabled schedule to a tenant."""
    session = open_session(ctx, given)
    require_slots(ctx, cron, timezone, session.now)
    with writing(session.writing()) as connection:
        add_schedule(connection, CapturedSchedule(external_id, name, cron=cron, timezone=timezone), session.now)
        plans = [(row[3], row[4]) for row in list_schedules(statements_of(connection), external_id) if row[2]]
    click.echo(f"Added the schedule {safe_text(name)} to the tenant {safe_text(external_id)}.")
    _warn_of_pauses(plans, session)


def _warn_of_pauses(plans: list[tuple[str | None, str]], session: Session) -> None:
    """Warn at once if a tenant's plans cannot keep a backup fresh. Otherwise it would become stale every day."""
    policy, pause = session.loaded.settings.policy(), longest_pause(plans, session.now)
    if pause is not None and cannot_stay_fresh(pause, policy):
        click.echo(pause_in_words(pause, policy), err=True)


def require_slots(ctx: click.Context, cron: str | None, timezone: str, now: datetime) -> None:
    """Raise UsageError for a cron or a time zone by which no run can be planned after `now`."""
    try:
        slots = slots_of(cron, timezone)
        if slots is not None:
            slots.first_after(now)
    except CannotPlan as problem:
        raise click.UsageError(f"The schedule cannot be planned: {problem}.", ctx) from None


@schedule.command("enable")
@NAME
@TENANT
@place_options
@click.pass_context
def enable(ctx: click.Context, /, name: str, external_id: str, **given: Any) -> None:
    """Enable a schedule. Missing runs count from now on."""
    session = open_session(ctx, given)
    with writing(session.writing()) as connection:
        enable_schedule(connection, external_id, name, session.now)
    click.echo(f"Enabled the schedule {safe_text(name)} of the tenant {safe_text(external_id)}.")


@schedule.command("disable")
@NAME
@TENANT
@place_options
@click.pass_context
def disable(ctx: click.Context, /, name: str, external_id: str, **given: Any) -> None:
    """Disable a schedule. It is not judged any more."""
    with writing(open_session(ctx, given).writing()) as connection:
        disable_schedule(connection, external_id, name)
    click.echo(f"Disabled the schedule {safe_text(name)} of the tenant {safe_text(external_id)}.")


@schedule.command("list")
@click.option(
    "--tenant",
    "external_id",
    type=NameType(),
    metavar="EXTERNAL_ID",
    help="Only this tenant's, by its external id.",
)
@place_options
@click.pass_context
def list_(ctx: click.Context, /, external_id: str | None, **given: Any) -> None:
    """List the schedules that are not deleted."""
    with reading_once(open_session(ctx, given).reading()) as statements:
        rows = list_schedules(statements, external_id)
    echo_table(
        ("TENANT", "SCHEDULE", "ENABLED", "CRON", "TIMEZONE", "LAST RUN", "STATUS"),
        [(*row[:5], whole_seconds(row[5]), row[6]) for row in rows],
    )
