"""`tenantpilot import`: import other tools' backups, each import in one transaction (docs/import-folders.md).

Each source has a command, and one function serves all of them. The source's declaration says what differs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from health.sources.listed import SOURCES, source_named
from tui.commands.import_options import (
    ACCEPT_LOSS,
    ACCEPT_OLD_FILES,
    ACCEPT_OTHER_TENANT,
    ACCEPT_SAME_CONTENT,
    AS_GIVEN,
    NEW_TENANT,
    TENANT,
    WITHOUT_PAYLOAD,
    option_of,
)
from tui.commands.options import InstantOrNewestFileType, place_options
from tui.words.durations import NEWEST_FILE

if TYPE_CHECKING:
    from health.sources.declaration import Source


class _Sources(click.Group):
    """A group with a subcommand for each source. A source's module is imported when its subcommand is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(SOURCES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command_of(source_named(cmd_name)) if cmd_name in SOURCES else None


@click.group("import", cls=_Sources)
def imports() -> None:
    """Import backups that other tools wrote. Importing the same backup twice changes nothing."""


def _command_of(source: Source) -> click.Command:
    """The subcommand of a source: its own options and those that all sources have."""

    @click.pass_context
    def command(ctx: click.Context, /, **given: Any) -> None:
        from tui.commands.import_run import import_backup, import_lines  # `--help` does without all that it needs

        if source.lines is not None:
            import_lines(ctx, source, given)
        else:
            import_backup(ctx, source, given)

    command.__doc__ = source.help
    for decorate in reversed(_parameters_of(source)):
        command = decorate(command)
    return click.command(source.name)(command)


def _parameters_of(source: Source) -> list[Callable[[Any], Any]]:
    """The parameters of a source's command, in the order of its help."""
    place = click.Path(path_type=Path, allow_dash=source.lines is not None)
    parameters = [click.argument("path", metavar=source.place, type=place, help=source.place_help)]
    if source.lines is None:
        parameters += [TENANT, NEW_TENANT]
    if source.folder is not None:
        parameters.append(
            click.option(
                "--completed-at",
                type=InstantOrNewestFileType(),
                required=source.history is None,
                metavar="INSTANT",
                help=f"{source.completed_help} {NEWEST_FILE}: the date of the newest file.",
            )
        )
        parameters.append(ACCEPT_OLD_FILES)
    if source.history is not None:
        every_run = "Import every run in the history of the repository, up to HEAD."
        parameters.append(click.option("--git", is_flag=True, help=every_run))
    parameters += map(option_of, (*source.options, *source.history_options))
    parameters += [ACCEPT_LOSS, ACCEPT_OTHER_TENANT, ACCEPT_SAME_CONTENT]
    if source.lines is not None:
        parameters.append(AS_GIVEN)
    return [*parameters, WITHOUT_PAYLOAD, place_options]
