"""`tenantpilot completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

SHELLS: Final = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), help="The shell to complete in.")
@click.pass_context
def completion(ctx: click.Context, /, shell: str) -> None:
    """Print a script that completes commands and options: eval "$(tenantpilot completion bash)".

    For zsh likewise, behind compinit; for fish: tenantpilot completion fish | source. The line belongs into the shell's
    start-up file.
    """
    program = ctx.find_root().command
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(program, {}, "tenantpilot", "_TENANTPILOT_COMPLETE").source())
