"""The forms that a setting's value can have: a check and its description in words for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr

from tui.own_commands import PLACEHOLDERS
from tui.place import FAMILIES, ORDERS, POSTURES, START_SCREENS, postures_in
from tui.words.durations import format_duration, parse_duration
from tui.words.nearest import nearest

UNNAMED: Final = "default"
"""The name of the database in `[database]` when there are named ones too."""

_DATABASE_URL: Final = re.compile(r"[a-z][a-z0-9]*(\+[a-z0-9_]+)?://.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Form:
    """What a value must be: in words, for the error and `docs/settings.md`, and as a check."""

    words: str
    holds: Callable[[Any], object]

    def __call__(self, value: Any) -> Any:
        """The value unchanged. Raises ValueError if it does not have this form."""
        if not self.holds(value):
            raise ValueError(f"must be {self.words}")
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words, and what they are words for."""

    what: str
    words: tuple[str, ...]

    def __call__(self, value: str) -> str:
        """The value, if it is one of the words. Raises ValueError, which names the nearest."""
        if value not in self.words:
            raise ValueError(f"there is no {self.what} {value[:40]!r}; the nearest is {nearest(value, self.words)!r}")
        return value


def within(least: str, most: str) -> AfterValidator:
    """A duration from `least` to `most`, both included."""
    shortest, longest = parse_duration(least), parse_duration(most)
    return AfterValidator(Form(f"from {least} to {most}", lambda duration: shortest <= duration <= longest))


_REFRESH: Final = Form(
    "0, which turns it off, or from 1s to 24h",
    lambda duration: not duration or timedelta(seconds=1) <= duration <= timedelta(days=1),
)
_URL: Final = Form(
    "a URL such as postgresql://user@host/database or sqlite:////path/to/fleet.db",
    lambda url: _DATABASE_URL.fullmatch(url.get_secret_value()),
)
_THEME: Final = Form(
    "the name of a theme: small letters, digits, - and _", lambda name: re.fullmatch(r"[a-z0-9_-]{1,64}", name)
)


_KEYS: Final = Form(
    'keys in quotes, several with commas between them, such as "o" or "ctrl+o,f5"',
    lambda keys: all(key.strip() for key in keys.replace(",,", ",comma").split(",")),
)
_DATABASE_NAME: Final = Form(
    "at most 32 small letters and digits, a letter first, single _ between them, and not default",
    # A double _ separates the parts of an environment variable's name.
    lambda name: len(name) <= 32 and name != UNNAMED and re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name),
)
_GROUP_NAME: Final = Form(
    "at most 32 small letters and digits, a letter first, single _ between them",
    lambda name: len(name) <= 32 and re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name),
)
_SOURCE_NAME: Final = Form(
    "at most 64 small letters and digits, single _ or - between them",
    lambda name: len(name) <= 64 and re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", name),
)
_VIEW_NAME: Final = Form(
    "at most 32 small letters and digits, a letter first, single _ or - between them",
    lambda name: len(name) <= 32 and re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", name),
)
_KEY: Final = Form('a key in quotes, such as "f6" or "ctrl+o"', lambda key: key.strip())
_ARGUMENTS: Final = Form(
    'a program and its arguments in brackets, such as ["open-graph", "--", "{tenant}"]',
    lambda argv: argv and argv[0].strip() and not any("\0" in each for each in argv),
)
_ITEM: Final = Form("an item in quotes, TYPE/IDENTIFIER", lambda item: "/" in item)
_TENANTS: Final = Form(
    'external ids in quotes and brackets, such as ["contoso.example", "*.bank.example"]; * stands for any characters',
    lambda tenants: tenants and all(tenants),
)
_OWNER: Final = Form("text that is not empty", lambda owner: owner.strip())
_PERCENTAGE: Final = Form('from "1%" to "100%", a whole number', lambda share: 1 <= share <= 100)
_COUNT: Final = Form("a whole number from 1 to 1000000", lambda count: 1 <= count <= 1_000_000)


def leaves(sections: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every value in nested tables by its dotted name: `ui.theme`."""
    for name, value in sections.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{rest}", leaf) for rest, leaf in leaves(value))
        else:
            yield name, value


def _by_dotted_names(entries: object) -> object:
    # Without quotes TOML reads `tenants.sort = "o"` as a table in a table. Both spellings mean the same.
    return dict(leaves(entries)) if isinstance(entries, dict) else entries


def _duration(value: object) -> timedelta:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, timedelta) and not value.microseconds:
        return value
    if type(value) is int and value == 0:
        return timedelta(0)
    raise ValueError('must be a duration in quotes, such as "24h" or "1h30m"')


def _percentage(value: object) -> int:
    written = re.fullmatch(r"([0-9]{1,3})%", value) if isinstance(value, str) else None
    if written is None:
        raise ValueError('must be a share in quotes, such as "50%"')
    return int(written[1])


def _count(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    raise ValueError(f"must be {_COUNT.words}")


def _postures(value: str) -> str:
    words = postures_in(value)
    for word in words:
        OneOf("posture", POSTURES)(word)
    return ",".join(words)


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
RefreshInterval = Annotated[Duration, AfterValidator(_REFRESH)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_URL)]
ThemeName = Annotated[str, AfterValidator(_THEME)]
DatabaseName = Annotated[str, AfterValidator(_DATABASE_NAME)]
GroupName = Annotated[str, AfterValidator(_GROUP_NAME)]
SourceName = Annotated[str, AfterValidator(_SOURCE_NAME)]
TenantPatterns = Annotated[tuple[str, ...], AfterValidator(_TENANTS)]
Owner = Annotated[str, AfterValidator(_OWNER)]
KeysById = Annotated[dict[str, Annotated[str, AfterValidator(_KEYS)]], BeforeValidator(_by_dotted_names)]
ViewName = Annotated[str, AfterValidator(_VIEW_NAME)]
ScreenName = Annotated[str, AfterValidator(OneOf("screen", START_SCREENS))]
PostureNames = Annotated[str, AfterValidator(_postures)]
OrderName = Annotated[str, AfterValidator(OneOf("order", tuple(ORDERS)))]
FamilyName = Annotated[str, AfterValidator(OneOf("family", FAMILIES))]
ItemName = Annotated[str, AfterValidator(_ITEM)]
KeyName = Annotated[str, AfterValidator(_KEY)]
Arguments = Annotated[tuple[str, ...], AfterValidator(_ARGUMENTS)]
CommandSubject = Annotated[str, AfterValidator(OneOf("subject", tuple(PLACEHOLDERS)))]
BackupSetIds = tuple[int, ...]
Percentage = Annotated[
    int,
    BeforeValidator(_percentage),
    AfterValidator(_PERCENTAGE),
    PlainSerializer(lambda share: f"{share}%", return_type=str, when_used="json"),
]
Count = Annotated[int, BeforeValidator(_count), AfterValidator(_COUNT)]
