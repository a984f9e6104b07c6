"""The man pages, from the commands themselves: `python -m docs.man_pages FOLDER DATE` writes one a command.

They are made for a release and not kept in the repository: the help of the commands is the one source.
"""

from __future__ import annotations

import re
import sys
from inspect import cleandoc
from pathlib import Path
from typing import Final

import click
from click_man.man import ManPage

from docs.reference import walk
from tui import __version__
from tui.commands import SUBCOMMANDS, cli
from tui.words.failures import EXIT_MEANINGS

_CODES_OF_THEIR_OWN: Final = ("check", "record")
"""Commands whose descriptions say what their exit codes mean."""


def pages(date: str) -> dict[str, str]:
    """The text of each page by its file's name; `date` (YYYY-MM-DD) stands at their foot."""
    root = click.Context(cli, info_name="tenantpilot")
    return {f"{_name(context)}.1": _page(context, date) for context in walk(root)}


def _page(context: click.Context, date: str) -> str:
    command = context.command
    page = ManPage(context.command_path)
    page.short_help = _text(_line(context))
    page.synopsis = " ".join(command.collect_usage_pieces(context))
    page.description = _text(cleandoc(command.help or ""))
    page.options = [
        # A long list of words may be broken between any two.
        (_text(name).replace("|", "|\\:"), _text(words))
        for parameter in command.get_params(context)
        if "--help" not in parameter.opts
        for name, words in filter(None, [parameter.get_help_record(context)])
    ]
    title = f'.TH "{_name(context).upper()}" "1" "{date}" "TenantPilot {__version__}" "TenantPilot"'
    # Left-adjusted: else the blanks of a line with a long word become holes.
    body = str(page).splitlines()[1:]
    return "\n".join((title, ".ad l", *body, *_commands(context), *_exit_codes(context), *_see_also(context), ""))


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _line(context: click.Context) -> str:
    """What a command does, in one line: that of the list of commands, else the first sentence of its help."""
    if context.parent is not None and context.parent.parent is None:
        return SUBCOMMANDS[context.info_name or ""][1].rstrip(".")
    paragraph = " ".join(cleandoc(context.command.help or "").partition("\n\n")[0].split())
    return re.split(r"\.(?: |$)", paragraph)[0]


def _text(words: str) -> str:
    """Words as troff takes them for text: a line that begins with a point or a quotation mark is a request to it."""
    return re.sub(r"^(?=[.'])", r"\\&", words.replace("\\", "\\e"), flags=re.MULTILINE)


def _below(context: click.Context) -> list[click.Context]:
    return [each for each in walk(context) if each.parent is context]


def _commands(context: click.Context) -> list[str]:
    """What there is below a group. The writer's own list is not used: it names pages that do not exist."""
    listed = [line for each in _below(context) for line in (".TP", f".B {each.info_name}", f"{_text(_line(each))}.")]
    return [".SH COMMANDS", *listed] if listed else []


def _exit_codes(context: click.Context) -> list[str]:
    if context.info_name in _CODES_OF_THEIR_OWN:
        return []
    codes = [line for code, words in EXIT_MEANINGS.items() for line in (".TP", str(code), words)]
    return [".SH EXIT STATUS", "Where the description says nothing else:", *codes]


def _see_also(context: click.Context) -> list[str]:
    others = [*filter(None, [context.parent]), *_below(context)]
    return [".SH SEE ALSO", " ,\n".join(f".BR {_name(each)} (1)" for each in others)]


def write(folder: Path, date: str) -> None:
    """Write the pages into a folder, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(date).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
