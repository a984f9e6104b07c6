"""Write losses into a set's error as clauses, and read them again (docs/concepts.md, "Losses").

`Settings Catalog: 59 of 60 items gone; Applications: assignments of 12 of 12 items gone`, after the set's own error.
Earlier versions only named the gone types ("no files now of types ..."). That clause is still read, and repeated for
the types that are still missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from typing import Final, NamedTuple

from health.losses import EVERYTHING, Figures, Loss

ALL_TYPES: Final = "all types"
"""The name for all types together."""

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
    """A set's error in two parts: the set's own error and the losses. It is false without losses.

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
        """The named types, without `all types`."""
        return self.missing | {loss.policy_type for loss in self.losses if loss.policy_type is not None}

    def without(self, accepted: Set[str]) -> LossClauses:
        """The remaining clauses when these types are accepted."""
        if EVERYTHING in accepted:
            return LossClauses(self.own)
        left = tuple(loss for loss in self.losses if loss.policy_type not in accepted)
        return self._replace(missing=self.missing - accepted, losses=left)


def clauses_in(error: str | None) -> LossClauses:
    """The losses in a set's error: its last clauses, as many as are about losses."""
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
    """The losses in a set's error after its source's `own` error; false if the error does not begin with that."""
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
    """A type's name; in quotes if it would look like two clauses or like `all types`."""
    if name and _BETWEEN not in name and not name.startswith('"') and name != ALL_TYPES:
        return name
    return _quoted(name).replace(";", "\\u003b")


def _shown_in_list(name: str) -> str:
    """A type's name in the list of an earlier version's clause, where commas separate the names."""
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
        # Another program wrote it. With its quotes it is not the name of any type, so it stays missing.
        return shown
