"""Losses: what an earlier set of a tenant had and a new one lacks (docs/concepts.md, "Losses").

One comparison for every source. It counts items by their identities and looks at nothing else of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import Final, NamedTuple

from health.policy import LossRule

EVERYTHING: Final = "*"
"""Accepted in place of a type: every type, and all types together."""
FOLDER_NOT_READ: Final = "folder not read: "
"""How the integrity warning of an item begins that stands for a folder that could not be entered."""

Identity = tuple[str, str]
"""An item's type and identifier."""
ItemStates = Mapping[Identity, str | None]
"""The assignments state of each item that counts, by its identity."""

_KEPT_STATES: Final = ("captured", "unassigned")


class Figures(NamedTuple):
    """How many are gone, of how many there were."""

    gone: int
    before: int


class Loss(NamedTuple):
    """What a type has lost: items, assignments, or both. `policy_type` None: all types together."""

    policy_type: str | None
    items: Figures | None = None
    assignments: Figures | None = None


def counts_for_losses(integrity_warning: str | None, *, deleted: bool) -> bool:
    """Whether an item counts in its set: a deleted one does not, nor one in place of a folder that was not entered."""
    return not deleted and not (integrity_warning or "").startswith(FOLDER_NOT_READ)


def losses(
    now: ItemStates, earlier: Iterable[ItemStates], rule: LossRule, accepted: Set[str] = frozenset()
) -> tuple[Loss, ...]:
    """The losses of a set against earlier ones: each type once, all types together last, items before assignments.

    Of `earlier` the reference set comes first: if a type lost something against several, those figures stand.
    `accepted` types have no loss and are left out of all types together.
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
    """What a type, or all of them, had and has: items, identities that are gone, and captured assignments."""

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
    # Items of types that the earlier set did not have count too: all types together are one more type.
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
    """More than four fifths of all identities are gone: another tenant's folder, or a renaming of that size."""
    figures = Figures(counts.identities_gone, counts.before)
    return figures if figures.gone >= rule.items and 5 * figures.gone > 4 * figures.before else None


def _is_loss(figures: Figures, rule: LossRule) -> bool:
    return figures.gone >= rule.items and 100 * figures.gone > rule.share_percent * figures.before
