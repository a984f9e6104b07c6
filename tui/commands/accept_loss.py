"""`tenantpilot accept-loss`: accept that the newest set has lost items (docs/concepts.md, "What happens then")."""

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
@click.argument("types", nargs=-1, required=True, metavar="TYPE...", help="The types that may have losses; '*': all.")
@click.pass_context
def accept_loss(ctx: click.Context, /, external_id: str, types: tuple[str, ...], **given: Any) -> None:
    """Accept the losses of the tenant's newest completed or partial set. The next set is then compared with this one.

    If no other loss is left, the set becomes completed. A set that its own tool called partial stays partial.
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
