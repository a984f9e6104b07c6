"""Options that several commands share. Each may be before or after the command; the one after it wins.

Functions import what parses a value: every run imports this module, even `--help`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from tui.place import (
    FAMILIES,
    ORDERS,
    POSTURES,
    START_SCREENS,
    ImpossiblePlace,
    ItemIdentity,
    Place,
    postures_together,
)
from tui.words.durations import NEWEST_FILE
from tui.words.nearest import nearest

Command = TypeVar("Command", bound=Callable[..., Any])


class InstantType(click.ParamType[Any]):
    """An instant in RFC 3339 with its offset from UTC."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an instant: write it as 2026-11-23T09:00:00Z", param, ctx)
        if instant.tzinfo is None:
            self.fail(
                f"{value!r} has no time zone: end it with the offset of the clock that showed it, as in"
                " 2026-11-23T09:00:00+05:30",
                param,
                ctx,
            )
        try:
            return instant.astimezone(UTC)
        except OverflowError:
            self.fail(f"{value!r} is outside the years 1 to 9999 in UTC", param, ctx)


class InstantOrNewestFileType(InstantType):
    """An instant, or the word for the date of a folder's newest file. The user must say it; it is never assumed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == NEWEST_FILE else super().convert(value, param, ctx)


class DurationType(click.ParamType[Any]):
    """A duration such as 2d, 24h, 1h30m or 90s."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from tui.words.durations import parse_duration

        if not isinstance(value, str):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class TimezoneType(click.ParamType[Any]):
    """A time zone by its IANA name, such as Europe/Berlin."""

    name = "timezone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from health.slots import zone_named

        if not isinstance(value, str):
            return value
        zone = zone_named(value)
        if zone is None:
            self.fail(f"{value!r} is not an IANA time zone: write it as Europe/Berlin or UTC", param, ctx)
        return zone


class PatternType(click.ParamType[Any]):
    """A regular expression. It matches a text if it is found anywhere in it."""

    name = "pattern"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            self.fail(f"{value!r} is not a regular expression: {error}", param, ctx)


class ExternalIdType(click.ParamType[Any]):
    """The external id of an existing tenant. It may have any characters."""

    name = "external id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            # A surrogate, by which Python replaces a byte that is not text. A database cannot look it up.
            self.fail(
                f"character {error.start + 1} is not UTF-8: see 'tenantpilot tenant list' for the ids", param, ctx
            )
        return text


class WordType(click.Choice[str]):
    """One of some words; a wrong one is answered with the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        words = tuple(map(str, self.choices))
        return f"there is no {value!r}; the nearest is {nearest(str(value), words)!r} of {', '.join(words)}"


class WordsType(WordType):
    """One or several of some words, commas between them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        convert = super().convert
        return ",".join(convert(word.strip(), param, ctx) for word in str(value).split(","))


class ItemType(click.ParamType[Any]):
    """An item by its policy type and identifier."""

    name = "item"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ItemIdentity:
        try:
            return value if isinstance(value, ItemIdentity) else ItemIdentity.of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True)
class Invocation:
    """Where this run finds its settings and facts, and the instant at which it judges (None: now).

    `as_of` is an instant in the past to show on the screens, from what was completed by then.
    """

    config: Path | None = None
    database: str | None = None
    use: str | None = None
    now: datetime | None = None
    as_of: datetime | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Invocation:
        """Make it from the options of one level of the command line."""
        return cls(given.get("config"), given.get("database"), given.get("use"), given.get("now"), given.get("as_of"))

    @classmethod
    def in_effect(cls, ctx: click.Context, given: Mapping[str, Any]) -> Invocation:
        """Make it from the options before a command and those after it (`given`), which win."""
        return (ctx.find_object(cls) or cls()).overridden_by(given)

    def overridden_by(self, given: Mapping[str, Any]) -> Invocation:
        """A copy with the options that were given after the command."""
        named = {name: given[name] for name in ("config", "database", "use", "now") if given.get(name) is not None}
        # `--use` after the command also wins over `--database` before it, and the other way round.
        others = {"database": "use", "use": "database"}
        cleared = {others[name]: None for name in named if name in others and others[name] not in named}
        return replace(self, **(cleared | named))


def place_options(command: Command) -> Command:
    """`--database`, `--use` and `--config`."""
    command = click.option(
        "--database", metavar="URL", help="The database: sqlite:///PATH or postgresql://USER@HOST/NAME."
    )(command)
    command = click.option("--use", metavar="NAME", help="The database named NAME in the settings.")(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The settings file, instead of tenantpilot.toml.",
    )(command)


def now_option(command: Command) -> Command:
    """`--now`: judge at another instant."""
    return click.option(
        "--now",
        type=InstantType(),
        metavar="INSTANT",
        help="Judge at this instant instead of now: 2026-11-23T09:00:00Z.",
    )(command)


def tenants_option(command: Command) -> Command:
    """`--tenant`, any number of times."""
    return click.option(
        "--tenant",
        "tenants",
        type=ExternalIdType(),
        multiple=True,
        metavar="EXTERNAL_ID",
        help="Only this tenant; may be repeated.",
    )(command)


FORMATS: Final = ("table", "json", "csv", "markdown")


def format_option(command: Command) -> Command:
    """`--format`."""
    return click.option(
        "--format", "form", type=click.Choice(FORMATS), help="How to print it; a table on a terminal, else JSON."
    )(command)


def printed_form(form: str | None) -> str:
    """The form that the user asked for; otherwise a table on a terminal, else JSON."""
    return form or ("table" if sys.stdout.isatty() else "json")


def group_option(command: Command) -> Command:
    """`--group`: only the tenants of a group of the settings."""
    return click.option(
        "--group", metavar="NAME", help="Only the tenants of this group of the settings: [groups.NAME]."
    )(command)


def narrowing_options(command: Command) -> Command:
    """`--group`, `--filter`, `--posture` and `--view`."""
    command = click.option("--view", metavar="NAME", help="The place kept in the settings under [views.NAME].")(command)
    command = click.option(
        "--posture",
        type=WordsType(POSTURES),
        multiple=True,
        callback=lambda _ctx, _param, said: postures_together(said),
        help="Only tenants in this state, as `p` on the screens. Several with commas, or the option again.",
    )(command)
    command = click.option(
        "--filter", metavar="WORDS", help="Only what has these words, as `/` on the screens; -word leaves out."
    )(command)
    return group_option(command)


_OF_A_TENANT: Final = (
    click.option(
        "--meaningful",
        is_flag=True,
        help="On an item's two contents: without fields that change without meaning, as `v`.",
    ),
    click.option("--family", type=WordType(FAMILIES), help="On the screen of a set: only items in this family."),
    click.option("--schedule", type=int, metavar="ID", help="Open the runs of this schedule of the tenant."),
    click.option("--item", type=ItemType(), metavar="TYPE/IDENTIFIER", help="Open this item of the set."),
    click.option(
        "--set", "set_ids", type=int, multiple=True, metavar="ID", help="Open this set; two: what changed in between."
    ),
    click.option(
        "--screen", type=WordType(START_SCREENS), help="Open this screen of the tenant; Esc goes back as usual."
    ),
    click.option("--tenant", type=ExternalIdType(), metavar="EXTERNAL_ID", help="Open this tenant's dashboard."),
)
_OF_THE_FLEET: Final = (
    click.option("--cause", metavar="TEXT", help="Only tenants with this cause, as `o` on the screens."),
    click.option("--changed", is_flag=True, help="Only tenants that changed since the last visit, as `c`."),
    click.option(
        "--stale-within", type=DurationType(), metavar="DURATION", help="Only what goes stale by then, as `w`."
    ),
    click.option("--sort", type=WordType(tuple(ORDERS)), help="The order of the tenants, as `s`."),
)


def as_of_option(command: Command) -> Command:
    """`--as-of`: the verdicts at an instant of the past."""
    return click.option(
        "--as-of",
        type=InstantType(),
        metavar="INSTANT",
        help="The verdicts at an instant in the past, from the sets completed by then. Nothing is confirmed.",
    )(command)


def require_the_past(as_of: datetime, now: datetime, stale_within: timedelta | None) -> None:
    """Raise UsageError unless an instant lies in the past and the options ask nothing about the time after it."""
    if as_of > now:
        raise click.UsageError(
            "--as-of is in the future: name an instant in the past, or judge at a future one with --now."
        )
    if stale_within is not None:
        raise click.UsageError("--stale-within is about the future: leave out either it or --as-of.")


def app_options(command: Command) -> Command:
    """The screens' start options: a place, and the instant to judge at."""
    for option in (*_OF_THE_FLEET, narrowing_options, *_OF_A_TENANT):
        command = option(command)
    return as_of_option(now_option(command))


def checked(place: Place) -> Place:
    """The same place. Raises UsageError if the options do not go together."""
    try:
        return place.checked()
    except ImpossiblePlace as problem:
        raise click.UsageError(str(problem)) from None


def place_of(given: Mapping[str, Any]) -> Place:
    """The place by the options before a command."""
    said = {name: given[name] for name in Place._fields if name != "set"}
    return Place(set=given["set_ids"], **said)
