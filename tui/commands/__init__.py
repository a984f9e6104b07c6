"""The `tenantpilot` command: the list of its subcommands, and the entry point of every run.

`--help` and `--version` import neither Textual nor SQLAlchemy nor the settings. A subcommand's module is imported when
it runs, and so are the modules that open the screens or explain an error. The exit codes are in `failures.py`; `check`
has its own.
"""

from __future__ import annotations

import gc
import importlib
import os
import pwd
import sys
from collections.abc import Sequence
from contextlib import suppress
from errno import EBADF, EDQUOT, EFBIG, EIO, ENOSPC
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from tui import __version__
from tui.commands.options import Invocation, app_options, place_of, place_options
from tui.words.failures import (
    EXIT_DONE,
    EXIT_INTERRUPTED,
    EXIT_MEANINGS,
    EXIT_REFUSED,
    EXIT_UNREADABLE,
    EXIT_USAGE,
    CommandFailed,
    describe,
    tell,
)

if TYPE_CHECKING:
    from health.store.writing.committed import Committed

# For each subcommand: where its click command is, and its line in the list. The line is here so that the list imports
# nothing.
SUBCOMMANDS: Final[dict[str, tuple[str, str]]] = {
    "report": ("tui.commands.report:report", "Print every tenant's posture, reasons and evidence."),
    "check": ("tui.commands.check:check", "One line and an exit code for a monitoring system."),
    "doctor": ("tui.commands.doctor:doctor", "What an expert would look for, and what mends it."),
    "diff": ("tui.commands.diff:diff", "What changed between two backup sets of a tenant."),
    "last-good": ("tui.commands.last_good:last_good", "The newest whole copy of what is degraded or gone."),
    "causes": ("tui.commands.causes:causes", "Why tenants need attention, grouped by cause."),
    "coverage": ("tui.commands.coverage:coverage", "How long each tenant was covered in a period."),
    "metrics": ("tui.commands.metrics:metrics", "The fleet's verdicts for Prometheus, once or over HTTP."),
    "demo": ("tui.commands.demo:demo", "Look around in a fleet of invented tenants."),
    "import": ("tui.commands.imports:imports", "Import backups that other tools wrote."),
    "init": ("tui.commands.init:init", "Propose settings for the backups that are in a folder."),
    "sync": ("tui.commands.sync:sync", "Import the sources in the settings: all of them, or by name."),
    "accept-loss": ("tui.commands.accept_loss:accept_loss", "Accept what a tenant's newest set has lost."),
    "record": ("tui.commands.record:record", "Run a backup command and record the run and its backup."),
    "tenant": ("tui.commands.tenant:tenant", "Add, rename, archive and list tenants."),
    "schedule": ("tui.commands.schedule:schedule", "Add, enable, disable and list backup schedules."),
    "prune": ("tui.commands.prune:prune", "Remove old backup sets without changing a verdict."),
    "db": ("tui.commands.db:db", "Create, upgrade and inspect the database's tables."),
    "config": ("tui.commands.config:config", "Print every effective setting and where it came from."),
    "completion": ("tui.commands.completion:completion", "Print what bash, zsh or fish needs for completion."),
}


class _ReaderWentAway(Exception):
    """The reader of a pipe is gone, as in `tenantpilot report | head`. This is not a fault."""


class Subcommands(click.Group):
    """A group that imports a subcommand's module only when that subcommand is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, name = SUBCOMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in SUBCOMMANDS:
            if "://" in args[0]:
                # The message does not repeat the URL: it may have a password.
                raise click.UsageError("Write a database's URL after --database.", ctx)
            near = _nearest_command(args[0])
            hint = f" Did you mean {near!r}?" if near else " See 'tenantpilot --help'."
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Click would exit with 1, which means a warning for `check`.
            raise _ReaderWentAway from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in SUBCOMMANDS.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), words) for code, words in EXIT_MEANINGS.items()])


@click.group(cls=Subcommands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="tenantpilot", message="%(prog)s %(version)s")
@place_options
@app_options
@click.pass_context
def cli(ctx: click.Context, /, **given: Any) -> int:
    """Show which tenants have no trustworthy backup to recover from right now, why, and the row that proves it.

    Without a command it opens the screens on the configured database.
    """
    ctx.obj = Invocation.of(given)
    if ctx.invoked_subcommand is None:
        from tui.commands.screens import open_screens

        return open_screens(ctx.obj, place_of(given), given["view"])
    _refuse_what_it_would_ignore(ctx, ctx.invoked_subcommand, given)
    return 0


def _refuse_what_it_would_ignore(ctx: click.Context, name: str, given: dict[str, Any]) -> None:
    """Refuse an option before a command that does not use it. If we ignored it, the user would think it works."""
    others = [f"--{other.replace('_', '-')}" for other in ("view", "as_of") if given[other] is not None]
    for option in (*place_of(given).options(), *others):
        raise click.UsageError(f"{option} here opens a screen: leave {name!r} out, or write {option} after it.")
    command = cli.get_command(ctx, name)
    judges = command is not None and any(parameter.name == "now" for parameter in command.params)
    if given["now"] is not None and not judges:
        raise click.UsageError(f"--now is for commands that judge, and {name!r} does not.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process. The user never sees a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _make_sure_of_a_home()
    # A stream is None if the parent process closed it. An error message may be lost, but a lost answer is a failure.
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
    if isinstance(sys.stdout, TextIOWrapper):
        # If the locale lacks a character, print an escape instead of failing.
        sys.stdout.reconfigure(errors="backslashreplace")
    exit_code = run(words)
    for stream in (sys.stdout, sys.stderr):
        _let_go_of(stream)
    # Without this the interpreter collects garbage over all facts at exit, and the shell waits.
    gc.freeze()
    sys.exit(exit_code)


def _make_sure_of_a_home() -> None:
    """Give a user without a home one in which nothing is, as containers have them: a number without a name.

    Else all that asks for the home fails, although nothing in it is needed.
    """
    if not Path(os.environ.get("HOME", "")).is_absolute():
        try:
            pwd.getpwuid(os.getuid())
        except KeyError:
            os.environ["HOME"] = "/nonexistent"


def _let_go_of(stream: TextIO) -> None:
    """Flush a stream. If that fails, the failure was reported already, and the interpreter must not flush again."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def run(words: list[str]) -> int:
    """Run one command line. Returns the exit code. An error is one sentence on standard error.

    A command that has written names its database there too (docs/operations.md, "Which database a command writes to").
    """
    _written()
    exit_code = _run(words)
    done = _written()
    if done is None:
        return exit_code
    for added, other in done.alike:
        tell(f"The tenants {added!r} and {other!r} look alike, but are two tenants: check that you want both.")
    if done.places:
        tell(f"The database is {' and '.join(done.places)}.")
    return exit_code


def _written() -> Committed | None:
    """What this process has committed since it was last asked. Only a module that is loaded can have written."""
    if "health.store.writing.committed" not in sys.modules:
        return None
    from health.store.writing.committed import take_committed

    return take_committed()


def _run(words: list[str]) -> int:
    try:
        result = cli.main(words, prog_name="tenantpilot", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _failed("Interrupted.", EXIT_INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        # Its own message is the whole help text.
        return _failed(f"Say what to do: {_commands_of(error.ctx)}.", EXIT_USAGE)
    except click.UsageError as error:
        return _failed_as_its_command(words, error.format_message(), EXIT_USAGE)
    except click.ClickException as error:
        return _failed_as_its_command(words, error.format_message(), EXIT_REFUSED)
    except CommandFailed as error:
        return _failed_as_its_command(words, str(error), error.exit_code)
    except (_ReaderWentAway, BrokenPipeError):
        return EXIT_UNREADABLE if _means_check(words) else EXIT_DONE
    except OSError as error:
        return _failed_as_its_command(words, *(_unprinted(error) or describe(error)))
    except Exception as error:
        return _failed_as_its_command(words, *describe(error))
    return result if isinstance(result, int) else 0


def _unprinted(error: OSError) -> tuple[str, int] | None:
    """The sentence and the exit code if the answer cannot be written to standard output; None for any other error.

    An error without a file's name comes from a stream.
    """
    if error.filename is not None or error.errno not in _OF_A_STREAM:
        return None
    why = "it is closed" if error.errno == EBADF else error.strerror
    return f"Standard output does not take the answer ({why}): give the command somewhere to print to.", EXIT_REFUSED


_OF_A_STREAM: Final = frozenset({EBADF, EIO, ENOSPC, EDQUOT, EFBIG})


def _commands_of(ctx: click.Context | None) -> str:
    """The command lines that a group accepts: `'tenantpilot db init', 'tenantpilot db status'`."""
    if ctx is None or not isinstance(ctx.command, click.Group):
        return "see 'tenantpilot --help'"
    return ", ".join(f"'{ctx.command_path} {name}'" for name in ctx.command.list_commands(ctx))


def _failed(sentence: str, exit_code: int) -> int:
    tell(sentence)
    return exit_code


def _failed_as_its_command(words: list[str], sentence: str, exit_code: int) -> int:
    """Report a failure and return the exit code; for `check` that is always 3, because 0, 1 and 2 describe the fleet.

    `check` also prints its line: plug-in runners often show only standard output (docs/documents.md, "The check").
    """
    if not _means_check(words):
        return _failed(sentence, exit_code)
    from tui.words.plugin_line import unknown_line

    with suppress(OSError):
        click.echo(unknown_line(sentence))
    return _failed(sentence, EXIT_UNREADABLE)


def _means_check(words: list[str]) -> bool:
    """Whether a command line runs `check`, or may be a wrong one that should run it.

    We skip the options before the command with their values. For an unknown option we cannot tell whether the next word
    is its value. An option without its value may have taken the command as its value.
    """
    options = [option for option in cli.params if isinstance(option, click.Option)]
    valued = {name for option in options if not option.is_flag for name in option.opts}
    rest, taken_for_a_value = list(words), False
    while rest:
        word = rest.pop(0)
        if word in valued:
            taken_for_a_value |= rest[:1] == ["check"] and word not in _TAKE_A_NAME
            del rest[:1]
        elif word == "--" or not word.startswith("-"):
            command = word if word != "--" else "".join(rest[:1])
            return command == "check" or (command not in SUBCOMMANDS and _nearest_command(command) == "check")
        elif "=" not in word and not any(word in option.opts for option in options):
            if rest[:1] == ["check"]:
                return True
            if rest and not rest[0].startswith("-"):
                del rest[:1]
    return taken_for_a_value


_TAKE_A_NAME: Final = frozenset({"--tenant", "--use", "--view", "--group", "--filter", "--cause"})
"""Options before a command whose value may be the word `check`."""


def _nearest_command(word: str) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(word, SUBCOMMANDS, n=1)), None)
