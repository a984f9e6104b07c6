"""`tenantpilot completion`: a script with which a shell completes commands and options."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

SHELLS: Final = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), help="Your shell.")
@click.pass_context
def completion(ctx: click.Context, /, shell: str) -> None:
    """Print a script that completes commands and options: eval "$(tenantpilot completion bash)".

    Write that line into the start-up file of your shell. For zsh, write it after compinit. For fish it is:
    tenantpilot completion fish | source.
    """
    program = ctx.find_root().command
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(program, {}, "tenantpilot", "_TENANTPILOT_COMPLETE").source())
