"""A second implementation of the losses, from the page alone (docs/concepts.md, "Losses").

It imports no code of health. It keeps the sets of one tenant and source, takes in sets like an importer, and says what
each becomes.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

GONE = "gone since it was first imported"

Identity = tuple[str, str]


class Item(NamedTuple):
    """An item as it is given: its assignments state and its warning."""

    state: str | None = None
    warning: str | None = None


class Given(NamedTuple):
    """A set as its source gives it."""

    reference: str
    completed_at: datetime
    items: dict[Identity, Item]
    status: str = "completed"
    error: str | None = None


class Kept(NamedTuple):
    """A stored set, and the last given one for it."""

    number: int
    given: Given
    status: str
    error: str | None
    items: dict[Identity, Item]
    against_itself: bool = False


class Store:
    """The sets of one tenant and source."""

    def __init__(self) -> None:
        self.sets: dict[str, Kept] = {}

    def take(self, sets: list[Given], accepted: set[str] | None = None) -> None:
        """Take in the sets of one input, new or repeated."""
        numbers = {reference: kept.number for reference, kept in self.sets.items()}
        for given in sets:
            numbers.setdefault(given.reference, len(numbers) + 1)
        waiting = {given.reference for given in sets if given.reference in self.sets}
        waiting = {name for name in waiting if self._moves(name, sets)}
        for given in sorted(sets, key=lambda each: (each.completed_at, numbers[each.reference])):
            waiting.discard(given.reference)
            self._take(given, numbers[given.reference], accepted or set(), waiting)

    def _moves(self, reference: str, sets: list[Given]) -> bool:
        (new,) = (given for given in sets if given.reference == reference)
        return new.completed_at != self.sets[reference].given.completed_at

    def _take(self, given: Given, number: int, accepted: set[str], waiting: set[str]) -> None:
        known = self.sets.get(given.reference)
        if known is not None and known.given == given and not accepted:
            return
        if known is not None and known.given == given and known.status == given.status:
            return
        as_given = Kept(number, given, given.status, given.error, given.items)
        if given.status != "completed":
            self.sets[given.reference] = as_given
            return
        itself = known is not None and (known.status == "completed" or known.against_itself)
        if itself:
            assert known is not None
            earlier = [known.items]
        else:
            earlier = self._before(given.completed_at, number, waiting)
        said = clauses(earlier, given.items, accepted)
        if not said:
            self.sets[given.reference] = as_given
            return
        error = "; ".join([given.error, *said] if given.error is not None else said)
        items = kept_items(earlier[0], given.items, accepted) if itself else given.items
        self.sets[given.reference] = Kept(number, given, "partial", error, items, itself and items != given.items)

    def _before(self, at: datetime, number: int, waiting: set[str]) -> list[dict[Identity, Item]]:
        place = (at, number)
        earlier = sorted(
            (kept.given.completed_at, kept.number, kept)
            for name, kept in self.sets.items()
            if name not in waiting and (kept.given.completed_at, kept.number) < place
        )
        ended = [kept for _, _, kept in earlier if kept.status in ("completed", "partial")]
        against = [kept.items for kept in ended if kept.status == "completed"][-1:]
        if ended and ended[-1].status == "partial":
            against.append(ended[-1].items)
        return against


def counted(items: dict[Identity, Item]) -> dict[Identity, Item]:
    return {name: item for name, item in items.items() if not (item.warning or "").startswith("folder not read: ")}


def clauses(earlier: list[dict[Identity, Item]], now: dict[Identity, Item], accepted: set[str]) -> list[str]:
    if "*" in accepted:
        return []
    figures: dict[str, dict[str, str]] = {}
    for before in earlier:
        for name, kind, words in _found(counted(before), counted(now), accepted):
            figures.setdefault(name, {}).setdefault(kind, words)
    order = sorted(figures, key=lambda name: (name == "all types", "items" not in figures[name], name))
    return [
        f"{name}: " + ", ".join(figures[name][kind] for kind in ("items", "assignments") if kind in figures[name])
        for name in order
    ]


def _found(before: dict[Identity, Item], now: dict[Identity, Item], accepted: set[str]) -> list[tuple[str, str, str]]:
    before = {name: item for name, item in before.items() if name[0] not in accepted}
    now = {name: item for name, item in now.items() if name[0] not in accepted}
    found = []
    for name in [*sorted({policy_type for policy_type, _ in before}), "all types"]:
        own = {each for each in before if name in (each[0], "all types")}
        new = {each for each in now if name in (each[0], "all types")}
        less, many = len(own) - len(new), len(own)
        if (not new and name != "all types") or (less >= 3 and 2 * less > many):
            found.append((name, "items", f"{less} of {many} items gone"))
        elif name == "all types" and len(own - new) >= 3 and 5 * len(own - new) > 4 * many:
            found.append((name, "items", f"{len(own - new)} of {many} items gone"))
        captured = [each for each in own & new if before[each].state == "captured"]
        bare = [each for each in captured if now[each].state not in ("captured", "unassigned")]
        if len(bare) >= 3 and 2 * len(bare) > len(captured):
            found.append((name, "assignments", f"assignments of {len(bare)} of {len(captured)} items gone"))
    return found


def kept_items(before: dict[Identity, Item], now: dict[Identity, Item], accepted: set[str]) -> dict[Identity, Item]:
    items = dict(now)
    for name, old in counted(before).items():
        if name[0] in accepted:
            continue
        if name not in now:
            already = re.search(rf"(\A|; ){GONE}\Z", old.warning or "")
            items[name] = old if already else Item(old.state, "; ".join(filter(None, (old.warning, GONE))))
        elif old.state == "captured" and now[name].state not in ("captured", "unassigned"):
            why = f" ({now[name].state})" if now[name].state else ""
            mark = f"assignments {GONE}{why}"
            items[name] = Item("captured", "; ".join(filter(None, (now[name].warning, mark))))
    return items
