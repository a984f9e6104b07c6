"""Losses: what an earlier set of a tenant had and a new set lacks (docs/concepts.md, "Losses").

All sources use this one comparison. It looks only at the identities of items and at their assignments states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import Final, NamedTuple

from health.policy import LossRule

EVERYTHING: Final = "*"
"""Written in place of a type, this accepts the losses of every type and of all types together."""
FOLDER_NOT_READ: Final = "folder not read: "
"""How the integrity warning begins if the item stands for a folder that we could not read."""

Identity = tuple[str, str]
"""An item's type and identifier."""
ItemStates = Mapping[Identity, str | None]
"""The assignments state of each item that counts, by its identity."""

_KEPT_STATES: Final = ("captured", "unassigned")


class Figures(NamedTuple):
    """How many are gone, and how many there were before."""

    gone: int
    before: int


class Loss(NamedTuple):
    """The items or assignments, or both, that a type has lost. `policy_type` None means all types together."""

    policy_type: str | None
    items: Figures | None = None
    assignments: Figures | None = None


def counts_for_losses(integrity_warning: str | None, *, deleted: bool) -> bool:
    """Whether an item counts in its set. A deleted one does not, nor one that stands for a folder not read."""
    return not deleted and not (integrity_warning or "").startswith(FOLDER_NOT_READ)


def losses(
    now: ItemStates, earlier: Iterable[ItemStates], rule: LossRule, accepted: Set[str] = frozenset()
) -> tuple[Loss, ...]:
    """The losses of a set against earlier ones: each type once, all types together last, items before assignments.

    `earlier` starts with the reference set. If a type lost something against several sets, the first figures count.
    `accepted` types have no loss and do not count in all types together.
    """
    if EVERYTHING in accepted:
        return ()
    found: dict[str | None, Loss] = {}
    for before in earlier:
        for loss in _between(_without(before, accepted), _without(now, accepted), rule):
            first = found.get(loss.policy_type, loss)
            found[loss.policy_type] = first._replace(
                items=first.items or loss.items, assignments=first.assignments or loss.assignments
            )
    return tuple(sorted(found.values(), key=_place))


def _place(loss: Loss) -> tuple[bool, bool, str]:
    return loss.policy_type is None, loss.items is None, loss.policy_type or ""


def _without(states: ItemStates, types: Set[str]) -> ItemStates:
    return {identity: state for identity, state in states.items() if identity[0] not in types} if types else states


class _Counts(NamedTuple):
    """Counts of one type, or of all: items before and now, identities gone, captured assignments and those gone."""

    before: int
    now: int
    identities_gone: int
    captured: int
    captured_gone: int


def _between(before: ItemStates, now: ItemStates, rule: LossRule) -> list[Loss]:
    """The losses between two sets."""
    items_before, items_now = Counter(kind for kind, _ in before), Counter(kind for kind, _ in now)
    identities_gone: Counter[str] = Counter()
    captured: Counter[str] = Counter()
    captured_gone: Counter[str] = Counter()
    for identity, state in before.items():
        kind = identity[0]
        if identity not in now:
            identities_gone[kind] += 1
        elif state == "captured":
            captured[kind] += 1
            captured_gone[kind] += now[identity] not in _KEPT_STATES
    found = []
    for kind in items_before:
        counts = _Counts(
            items_before[kind], items_now[kind], identities_gone[kind], captured[kind], captured_gone[kind]
        )
        of_the_type = Figures(counts.before, counts.before) if not counts.now else _items_lost(counts, rule)
        found.append(Loss(kind, of_the_type, _assignments_lost(counts, rule)))
    # All types together are one more type, in which items of types new in this set count too.
    together = _Counts(len(before), len(now), identities_gone.total(), captured.total(), captured_gone.total())
    of_all = _items_lost(together, rule) or _identities_lost(together, rule)
    found.append(Loss(None, of_all, _assignments_lost(together, rule)))
    return [loss for loss in found if loss.items or loss.assignments]


def _items_lost(counts: _Counts, rule: LossRule) -> Figures | None:
    figures = Figures(counts.before - counts.now, counts.before)
    return figures if _is_loss(figures, rule) else None


def _assignments_lost(counts: _Counts, rule: LossRule) -> Figures | None:
    figures = Figures(counts.captured_gone, counts.captured)
    return figures if _is_loss(figures, rule) else None


def _identities_lost(counts: _Counts, rule: LossRule) -> Figures | None:
    """A loss if more than four fifths of all identities are gone: another tenant's folder, or as large a renaming."""
    figures = Figures(counts.identities_gone, counts.before)
    return figures if figures.gone >= rule.items and 5 * figures.gone > 4 * figures.before else None


def _is_loss(figures: Figures, rule: LossRule) -> bool:
    return figures.gone >= rule.items and 100 * figures.gone > rule.share_percent * figures.before
