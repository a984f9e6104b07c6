"""The man pages, from the commands themselves: `python -m docs.man_pages FOLDER DATE` writes one a command.

They are made for a release and not kept in the repository: the help of the commands is the one source.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click_man.core import write_man_pages

from tui import __version__
from tui.commands import SUBCOMMANDS, cli


def write(folder: Path, date: str) -> None:
    """Write the pages into a folder, which is made if it is missing; `date` (YYYY-MM-DD) stands at their foot."""
    folder.mkdir(parents=True, exist_ok=True)
    context = click.Context(cli, info_name="tenantpilot")
    for name in SUBCOMMANDS:
        # The writer looks only at commands that a group holds, and ours imports each when it is run.
        command = cli.get_command(context, name)
        assert command is not None, name
        cli.add_command(command, name)
    write_man_pages("tenantpilot", cli, version=__version__, target_dir=str(folder), date=date)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
