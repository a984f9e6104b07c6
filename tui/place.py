"""A place of the screens, as the command line, `[views.NAME]` and the key `Y` write it.

It imports little on purpose: the command line reads these words for its help (docs/screens.md, "Places").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tui.words.durations import format_duration

POSTURES: Final = ("unreadable", "absent", "stale", "degraded", "follow-up", "healthy")
"""The states that the list of tenants can be narrowed to, worst first."""
_BETWEEN: Final = ","
ANY_FAMILY: Final = "any"
FAMILIES: Final = (
    ANY_FAMILY,
    "unknown_quality",
    "metadata_only",
    "assignments_not_captured",
    "orphaned_assignments",
    "integrity_warning",
)
"""What a list of items can be narrowed to: items in any family, or in the family of this name."""


def postures_in(text: str) -> tuple[str, ...]:
    """The postures in a text, commas between them: each once, worst first. Any other text comes last."""
    words = {word.strip(): None for word in text.split(_BETWEEN)}
    return (*(posture for posture in POSTURES if posture in words), *(word for word in words if word not in POSTURES))


def postures_together(words: Iterable[str]) -> str | None:
    """Several postures as one text, each once, worst first; None without any."""
    return _BETWEEN.join(postures_in(_BETWEEN.join(words))) if (words := tuple(words)) else None


class Order(Enum):
    """How the fleet is sorted. The key `s` lists the orders as they stand here."""

    TRIAGE = "triage"
    NAME = "name"
    AGE = "age"
    GOES_STALE = "goes stale"

    @property
    def option(self) -> str:
        """Its word for `--sort`."""
        return self.value.replace(" ", "-")


ORDERS: Final = {order.option: order for order in Order}
"""The orders by their words for `--sort`."""


class ImpossiblePlace(ValueError):
    """The options name no possible place. The message is one sentence that says why."""


class ItemIdentity(NamedTuple):
    """The name of an item: `TYPE/IDENTIFIER`. In the type, `/` is written `%2F` and `%` is written `%25`."""

    policy_type: str
    policy_identifier: str

    @classmethod
    def of(cls, text: str) -> ItemIdentity:
        """Read it from text. Raises ValueError if the text has no `/`."""
        policy_type, slash, identifier = text.partition("/")
        if not slash:
            raise ValueError(f"{text!r} has no /: write TYPE/IDENTIFIER, as the item's screen shows them")
        return cls(policy_type.replace("%2F", "/").replace("%25", "%"), identifier)

    def __str__(self) -> str:
        return f"{self.policy_type.replace('%', '%25').replace('/', '%2F')}/{self.policy_identifier}"


class Opening(NamedTuple):
    """How the command line opens a screen of a tenant.

    `behind` are the tenant's screens on the way to it, in order. `sets` is how many sets the command line may name.
    """

    behind: tuple[str, ...] = ()
    sets: int = 0
    item: bool = False
    schedule: bool = False


OPENINGS: Final[Mapping[str, Opening]] = MappingProxyType(
    {
        "dashboard": Opening(),
        "backup_sets": Opening(("dashboard",), sets=1),
        "backup_set": Opening(("dashboard", "backup_sets"), sets=1),
        "schedules": Opening(("dashboard",)),
        "changes": Opening(("dashboard",), sets=2),
        "runs": Opening(("dashboard", "schedules"), sets=1, schedule=True),
        "captured_item": Opening(("dashboard", "backup_sets", "backup_set"), sets=1, item=True),
        "last_good_copy": Opening(("dashboard", "backup_sets", "backup_set"), sets=1, item=True),
        "item_changes": Opening(("dashboard", "changes"), sets=2, item=True),
    }
)
"""The screens of a tenant that `--screen` may name."""
_LISTS_OF_ITEMS: Final = ("backup_set", "changes")
"""Screens where an item may be named, for the cursor to be on it."""
CAUSES: Final = "causes"
START_SCREENS: Final = (*OPENINGS, CAUSES)


class Place(NamedTuple):
    """Where the screens open. The fields are the options of the same names; None or empty if not given."""

    tenant: str | None = None
    screen: str | None = None
    group: str | None = None
    filter: str | None = None
    """The words of the filter. They belong to the screen that opens, or else to the fleet under it."""
    posture: str | None = None
    """One of `POSTURES`, or several with commas between them."""
    sort: str | None = None
    stale_within: timedelta | None = None
    changed: bool = False
    cause: str | None = None
    set: tuple[int, ...] = ()
    """Ids of backup sets. To compare two sets, the older one comes first."""
    item: ItemIdentity | None = None
    family: str | None = None
    schedule: int | None = None
    meaningful: bool = False
    """On the two contents of an item: without the fields that change without meaning."""

    @property
    def postures(self) -> tuple[str, ...]:
        """The states that narrow the fleet, worst first; empty for all."""
        return () if self.posture is None else postures_in(self.posture)

    def over(self, other: Place) -> Place:
        """This place. Options that it does not give come from the other one."""
        said: dict[str, Any] = {name: mine for name, mine in self._asdict().items() if mine is not False and mine != ()}
        return other._replace(**{name: mine for name, mine in said.items() if mine is not None})

    def named_screen(self) -> str | None:
        """The screen that opens over the fleet: as given, or as the other options imply. None means the fleet."""
        if self.screen is not None or self.tenant is None:
            return self.screen
        if self.item is not None:
            return "captured_item"
        if self.schedule is not None:
            return "runs"
        return "backup_set" if self.set or self.family is not None else "dashboard"

    def checked(self) -> Place:
        """The same place. Raises ImpossiblePlace if the options do not go together."""
        for sentence in self._problems():
            raise ImpossiblePlace(sentence)
        return self

    def _problems(self) -> Iterator[str]:
        screen = self.named_screen()
        of_tenant = {"screen": None if screen == CAUSES else screen, "set": self.set, "item": self.item,
                     "schedule": self.schedule, "family": self.family, "meaningful": self.meaningful}  # fmt: skip
        if self.tenant is None:
            yield from (
                f"--{name} needs --tenant: it applies to one tenant." for name, said in of_tenant.items() if said
            )
        if screen == CAUSES and self.tenant is not None:
            yield "--screen causes shows the fleet: leave --tenant out."
        if screen is None or screen not in OPENINGS:
            return
        opening = OPENINGS[screen]
        if len(self.set) > opening.sets:
            yield (
                "--set is given twice: only --screen changes and item_changes compare two sets."
                if opening.sets
                else f"--set does not go with --screen {screen}: leave one of them out."
            )
        if opening.item != (self.item is not None) and screen not in _LISTS_OF_ITEMS:
            yield (
                f"--screen {screen} needs --item TYPE/IDENTIFIER."
                if opening.item
                else f"--item does not go with --screen {screen}: leave one of them out."
            )
        if opening.schedule != (self.schedule is not None) and screen != "schedules":
            yield (
                f"--screen {screen} needs --schedule ID."
                if opening.schedule
                else f"--schedule does not go with --screen {screen}: leave one of them out."
            )
        if self.family is not None and "backup_set" not in (screen, *opening.behind):
            yield f"--family does not go with --screen {screen}: leave one of them out."
        if self.meaningful and screen != "item_changes":
            yield f"--meaningful does not go with --screen {screen}: only item_changes compares two contents."

    def narrowed_by(self) -> dict[str, str]:
        """What narrows the fleet, in the words of the documents."""
        words = {name: getattr(self, name) for name in ("group", "filter", "posture", "cause")}
        words["stale_within"] = None if self.stale_within is None else format_duration(self.stale_within)
        words["changed"] = "since the last visit" if self.changed else None
        return {name: value for name, value in words.items() if value is not None}

    def options(self) -> list[str]:
        """The options that give this place, each once."""
        return [word for word in dict.fromkeys(self.arguments()) if word[2:].replace("-", "_") in self._fields]

    def arguments(self) -> list[str]:
        """The arguments of the command line that opens this place."""
        words = {name: value for name, value in self._asdict().items() if isinstance(value, str | ItemIdentity)}
        if self.stale_within is not None:
            words["stale_within"] = format_duration(self.stale_within)
        if self.schedule is not None:
            words["schedule"] = str(self.schedule)
        found = [word for name, value in words.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        found += [word for each in self.set for word in ("--set", str(each))]
        return [*found, *(f"--{name}" for name in ("changed", "meaningful") if getattr(self, name))]


FLEET: Final = Place()
"""The first screen: every tenant, in triage order."""
