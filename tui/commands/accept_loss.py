"""`tenantpilot accept-loss`: what a tenant's newest set has lost is meant (docs/concepts.md, "What happens then")."""

from __future__ import annotations

from typing import Any

import click

from health.store.writing.accepting import accept_losses
from health.store.writing.transactions import writing
from tui.commands.import_options import TENANT
from tui.commands.options import place_options
from tui.commands.session import open_session
from tui.words.failures import tell
from tui.words.safe_text import safe_text


@click.command("accept-loss")
@TENANT
@place_options
@click.argument("types", nargs=-1, required=True, metavar="TYPE...", help="What may be gone, by type; '*': any loss.")
@click.pass_context
def accept_loss(ctx: click.Context, /, external_id: str, types: tuple[str, ...], **given: Any) -> None:
    """Accept what the tenant's newest completed or partial set has lost: the next set is held against it.

    If nothing that it lost is left, the set is completed. A set that its own tool called partial stays partial.
    """
    session = open_session(ctx, given)
    with writing(session.writing()) as connection:
        done = accept_losses(connection, external_id, frozenset(types), session.loaded.settings.loss_rule())
    what = f"{safe_text(external_id)}: set {done.set_id} ({safe_text(done.name)})"
    click.echo(
        f"{what} is completed now." if done.left is None else f"{what} is still partial: {safe_text(done.left)}."
    )
    for name in done.accepted_for_nothing:
        tell(f"{name!r} accepted nothing: the set has no loss of a type of that name.")
