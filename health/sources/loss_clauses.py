"""Losses in a set's error: how they are said, and how they are read again (docs/concepts.md, "Losses").

`Settings Catalog: 59 of 60 items gone; Applications: assignments of 12 of 12 items gone`, after the set's own error.
Earlier versions said only which types were gone ("no files now of types ..."): that clause is read, and repeated for
the types that are still missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from typing import Final, NamedTuple

from health.losses import EVERYTHING, Figures, Loss

ALL_TYPES: Final = "all types"
"""What all types together are called."""

MISSING: Final = "no files now of types that the last completed set has: "
_MISSING_NAME: Final = r'"(?:[^"\\]|\\.)*"|[^",;\s][^",;]*'
_MISSING_SAID: Final = re.compile(rf"(?:^|; ){re.escape(MISSING)}((?:{_MISSING_NAME})(?:, (?:{_MISSING_NAME}))*)\Z")
_EACH_MISSING: Final = re.compile(_MISSING_NAME)
_ITEMS: Final = "[0-9]+ of [0-9]+ items gone"
_LOSS: Final = re.compile(
    rf"(?P<name>.+): (?P<figures>{_ITEMS}(?:, assignments of {_ITEMS})?|assignments of {_ITEMS})", re.DOTALL
)
_EACH_FIGURES: Final = re.compile("(assignments of )?([0-9]+) of ([0-9]+) items gone")
_BETWEEN: Final = "; "


class LossClauses(NamedTuple):
    """What of a set's error is about losses, and what is the set's own. Without losses it is false.

    `missing` are the types of an earlier version's clause.
    """

    own: str | None = None
    missing: frozenset[str] = frozenset()
    losses: tuple[Loss, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.losses)

    @property
    def error(self) -> str | None:
        """The whole error: the set's own, then the losses."""
        missing = MISSING + ", ".join(map(_shown_in_list, sorted(self.missing))) if self.missing else None
        clauses = (missing, *map(_clause, self.losses)) if self else ()
        said = [clause for clause in (self.own, *clauses) if clause is not None]
        return "; ".join(said) if said else None

    @property
    def types(self) -> frozenset[str]:
        """The types that are named, without all types together."""
        return self.missing | {loss.policy_type for loss in self.losses if loss.policy_type is not None}

    def without(self, accepted: Set[str]) -> LossClauses:
        """The clauses that are left when these types are accepted."""
        if EVERYTHING in accepted:
            return LossClauses(self.own)
        left = tuple(loss for loss in self.losses if loss.policy_type not in accepted)
        return self._replace(missing=self.missing - accepted, losses=left)


def clauses_in(error: str | None) -> LossClauses:
    """What a set's error says of losses: its last clauses, as many as are about losses."""
    if error is None:
        return LossClauses()
    rest = error.split(_BETWEEN)
    found: list[Loss] = []
    while rest and (said := _LOSS.fullmatch(rest[-1])):
        found.append(_loss(said))
        del rest[-1]
    own = _BETWEEN.join(rest) if rest else None
    missing: frozenset[str] = frozenset()
    if listed := _MISSING_SAID.search(own or ""):
        missing = frozenset(map(_meant, _EACH_MISSING.findall(listed[1])))
        own = listed.string[: listed.start()] if listed.start() or listed[0].startswith(_BETWEEN) else None
    return LossClauses(own, missing, tuple(reversed(found)))


def clauses_after(own: str | None, error: str | None) -> LossClauses:
    """What a set's error says of losses behind what its source gives as its `own` error; false if it is not of that."""
    if own is None:
        clauses = clauses_in(error)
        return clauses if clauses.own is None else LossClauses(error)
    behind = f"{own}{_BETWEEN}"
    if error is None or not error.startswith(behind):
        return LossClauses(error)
    clauses = clauses_in(error.removeprefix(behind))
    return clauses._replace(own=own) if clauses and clauses.own is None else LossClauses(error)


def _loss(said: re.Match[str]) -> Loss:
    loss = Loss(None if said["name"] == ALL_TYPES else _meant(said["name"]))
    for of_assignments, gone, before in _EACH_FIGURES.findall(said["figures"]):
        figures = Figures(int(gone), int(before))
        loss = loss._replace(assignments=figures) if of_assignments else loss._replace(items=figures)
    return loss


def _clause(loss: Loss) -> str:
    name = ALL_TYPES if loss.policy_type is None else _shown(loss.policy_type)
    items = _figures(loss.items) if loss.items else None
    assignments = f"assignments of {_figures(loss.assignments)}" if loss.assignments else None
    return f"{name}: {', '.join(filter(None, (items, assignments)))}"


def _figures(figures: Figures) -> str:
    return f"{figures.gone} of {figures.before} items gone"


def _shown(name: str) -> str:
    """A type's name; in quotes where it would read as two clauses, or as all types together."""
    if name and _BETWEEN not in name and not name.startswith('"') and name != ALL_TYPES:
        return name
    return _quoted(name).replace(";", "\\u003b")


def _shown_in_list(name: str) -> str:
    """A type's name in the list of an earlier version's clause, where a comma ends it."""
    plain = re.fullmatch(r'[^",;\s](?:[^",;]*[^",;\s])?', name)
    return name if plain else _quoted(name)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _meant(shown: str) -> str:
    if not shown.startswith('"'):
        return shown
    try:
        return str(json.loads(shown))
    except ValueError:
        # Another program wrote it. Taken with its quotes no type has that name, so it stays missing.
        return shown
