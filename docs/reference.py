"""The reference pages `settings.md` and `commands.md`, from the settings' model and from the commands themselves.

`python3 make.py docs` writes them; a test fails where a page says something else.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, get_args

import click
from pydantic import AfterValidator, BaseModel, SecretStr
from pydantic.fields import FieldInfo
from textual.keys import key_to_character

from tui.commands import cli
from tui.keymap import named_bindings
from tui.settings import CONFIG_VARIABLE, FILE_NAME, Settings
from tui.settings.forms import Form
from tui.settings.model import CommandSettings, ViewSettings
from tui.settings.names import is_section, variable_name
from tui.settings.sources import SourceSettings
from tui.words.failures import EXIT_MEANINGS

FOLDER: Final = Path(__file__).parent
WRITTEN: Final = "<!-- Written by docs/reference.py: `python3 make.py docs`. -->"
_KINDS: Final[dict[type, str]] = {
    timedelta: "a duration",
    bool: "`true` or `false`",
    str: "text",
    SecretStr: "text",
    Path: "a path in quotes",
}
_WIDTH: Final = 100


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    return {"settings.md": settings_page(), "commands.md": commands_page()}


# Settings


def settings_page() -> str:
    """Every setting: its form, its default, its environment variable and what it is for."""
    sections = "\n\n".join(_section(name, field) for name, field in Settings.model_fields.items())
    return f"""{WRITTEN}

# Settings

The command line overrules the environment, that overrules the file, and that the defaults. The file is the one that
`--config` names, else `{CONFIG_VARIABLE}`, else `{FILE_NAME}` in the working directory, else the one in your
configuration directory. [{FILE_NAME}](../{FILE_NAME}) has every setting at its default, explained at length.
`tenantpilot config` prints every value in effect, where it came from, and every path in use. `--database URL` is
`database.url` and `database.write_url` at once.

A duration is days, hours, minutes and seconds, the biggest first: `2d`, `24h`, `1h30m`, `90s`; in the file it stands in
quotes. An unknown name in the file or in the environment is an error that names the nearest known one, even if its
value is empty. A known variable that is empty counts as unset. A settings file is refused if it is not a regular file,
if every user can write to it, or if it belongs to neither you nor root.

{sections}
"""


def _section(name: str, field: FieldInfo) -> str:
    heading = f"## `[{name}]`\n\n{field.description}"
    if is_section(field.annotation):
        return f"{heading}\n\n{_settings_of(name, field.annotation)}"
    if name == "databases":
        return f"{heading} {_OF_DATABASES}"
    if name == "sources":
        return f"{heading} {_OF_SOURCES}\n\n{_keys_of(SourceSettings)}"
    if name == "views":
        return f"{heading} {_OF_VIEWS}\n\n{_keys_of(ViewSettings)}"
    if name == "commands":
        return f"{heading} {_OF_COMMANDS}\n\n{_keys_of(CommandSettings)}"
    if name == "groups":
        return f"{heading} {_OF_GROUPS}"
    rows = ((f"`{each}`", _keys_in_words(named.keys), named.description) for each, named in named_bindings().items())
    return f"{heading} {_OF_KEYS}\n\n" + "\n".join(_table(("id", "keys", "what it does"), rows))


_OF_DATABASES: Final = """Each is a section, `[databases.eu]` say, with
the settings of `[database]`; its `url` must be there. `--use eu` uses it, and `d` on the screens changes to another.
In the environment `TENANTPILOT_DATABASES__EU__URL` overrules what the file says of that name. A name is small letters,
digits and `_`. `[database]` itself is called `default`. Without `--use` it is used, or the first of
the others where it has no URL."""

_OF_GROUPS: Final = """Each is a section, `[groups.gold]` say, with
`tenants`, a list of external ids in which `*` stands for any characters, and an `owner`, which may be left out. A group
has no policy of its own: every tenant is judged by the same four durations. `group:gold` on the screens and
`--group gold` show its tenants alone, and reports count by it. A tenant in two groups is an error that names both."""

_OF_VIEWS: Final = """Each is a section, `[views.morning]` say, with the
options that [say a place](screens.md#places); what stands on the command line beside `--view morning` wins. `check` and
`report` take the views that only narrow the fleet."""

_OF_COMMANDS: Final = """Each is a section, `[commands.graph]` say: see [own
commands](screens.md#own-commands). A file in the working directory, or one that only `TENANTPILOT_CONFIG` names, has
none: they are taken from your own configuration directory or from a file named with `--config`."""

_OF_SOURCES: Final = """Each is a section, `[sources.contoso]` say. Every other key is an option of its kind, as
`import` has it: `author` for `import intunecd --author`; `sync` and `config` check those. No `--accept-...`
option of `import` can stand here. [From one tenant to three hundred](sync.md) has the rest."""


def _keys_of(section: type[BaseModel]) -> str:
    rows = (
        (f"`{key}`", "no" if each.is_required() else "yes", each.description)
        for key, each in section.model_fields.items()
    )
    return "\n".join(_table(("setting", "may be left out", "what it is for"), rows))


_OF_KEYS: Final = """An id may stand in quotes or not
(`"tenants.sort" = "x"`), and several keys have commas between them. A key is a character or a name such as `f5`,
`ctrl+o` or `pagedown`. An unknown id or key is an error that names the nearest one. A key with two meanings on one
screen is an error too."""


def _keys_in_words(keys: tuple[str, ...]) -> str:
    characters = ((key, key_to_character(key)) for key in keys)
    return ", ".join(f"`{each if each and each.isprintable() and each != ' ' else key}`" for key, each in characters)


def _settings_of(name: str, model: type[BaseModel]) -> str:
    defaults = model().model_dump(mode="json")
    rows = (
        (f"`{key}`", _form(each), _default(defaults[key]), f"`{variable_name(f'{name}.{key}')}`", each.description)
        for key, each in model.model_fields.items()
    )
    return "\n".join(_table(("setting", "form", "default", "environment", "what it is for"), rows))


def _default(value: object) -> str:
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _form(field: FieldInfo) -> str:
    """What a value must be, in words: of each form that is laid upon it, or else its type's."""
    forms = [form.words for form in _forms(field.annotation, field.metadata)]
    kinds = [_KINDS[kind] for kind in (field.annotation, *get_args(field.annotation)) if kind in _KINDS]
    return ": ".join((*kinds[:1], *forms)) if field.annotation is timedelta else (*forms, *kinds)[0]


def _forms(annotation: Any, metadata: Iterable[Any]) -> Iterator[Form]:
    for each in metadata:
        if isinstance(each, AfterValidator) and isinstance(each.func, Form):
            yield each.func
    for argument in get_args(annotation):
        yield from _forms(argument, getattr(argument, "__metadata__", ()))


# Commands


def commands_page() -> str:
    """Every command: its usage, what it does, its arguments and options; and the exit codes."""
    root = click.Context(cli, info_name="tenantpilot", terminal_width=_WIDTH)
    commands = "\n\n".join(_command(context) for context in walk(root))
    codes = "\n".join(_table(("exit code", "meaning"), ((f"`{code}`", words) for code, words in EXIT_MEANINGS.items())))
    return f"""{WRITTEN}

# Commands

Each command's `--help` says the same. `--database`, `--config` and `--now` may stand before or after the
command; the one after it wins.

## Exit codes

{codes}

Killed by a signal it is 128 and the signal's number: 129 hung up, 143 terminated. `check` has codes of its own, as
monitoring plug-ins do, and so has `record`; `diff` and `doctor` end with 1 if they found something. Each says so below.

{commands}
"""


def walk(context: click.Context) -> Iterator[click.Context]:
    """A command and all below it, each with its context."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from walk(click.Context(command, context, name, terminal_width=_WIDTH))


def _command(context: click.Context) -> str:
    command = context.command
    parts = [f"## `{context.command_path}`", f"```\n{_usage(context)}\n```", *_paragraphs(command.help or "")]
    options = [
        record
        for parameter in command.get_params(context)
        if "--help" not in parameter.opts and (record := parameter.get_help_record(context)) is not None
    ]
    if options:
        parts.append("\n".join(_table(("argument or option", ""), ((f"`{name}`", words) for name, words in options))))
    if isinstance(command, click.Group):
        names = command.list_commands(context)
        parts.append("Commands: " + ", ".join(f"[`{name}`](#{_anchor(context, name)})" for name in names) + ".")
    return "\n\n".join(parts)


def _usage(context: click.Context) -> str:
    lines = context.get_usage().removeprefix("Usage: ").splitlines()
    return " ".join(line.strip() for line in lines)


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text).split("\n\n")]


def _anchor(context: click.Context, name: str) -> str:
    return f"{context.command_path} {name}".replace(" ", "-")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str | None, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield f"| {' | '.join((cell or '').replace('|', '&#124;') for cell in row)} |"


def main() -> int:
    """Write the pages; gives back an exit code."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
