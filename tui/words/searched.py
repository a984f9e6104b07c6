"""The words that find a tenant: typed on the first screen, or after `--filter` (docs/screens.md, "Tenants")."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from tui.words.wording import (
    REASON_WORDS,
    State,
    condition_in_words,
    families_in_words,
    state_of,
    why,
)

GROUP: Final = "group:"
"""The prefix of a group's name, so that no tenant's name can look like a group."""

STATES: Final = {state.word: state for state in State if state is not State.UNCONFIRMED}
"""The states that tenants are listed by, by the words of `--posture`."""

_HEALTHY: Final = State.HEALTHY.word
_CONFIRMED: Final = f"\0{_HEALTHY}"
"""What `healthy` finds: confirmed tenants, and none that is only called so. No name begins a word with NUL."""


_OF_REASONS: Final = {reason: f"{words} {reason}" for reason, words in REASON_WORDS.items()}


class WordFilter(NamedTuple):
    """What the user typed: every wanted word must be there, and no unwanted one (typed with a `-` in front)."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> WordFilter:
        """Parse words with blanks between them; capitals do not matter. A `-` alone is a wanted word."""
        words = typed.casefold().split()
        unwanted = tuple(_meant(word[1:]) for word in words if word.startswith("-") and word != "-")
        return cls(tuple(_meant(word) for word in words if not word.startswith("-") or word == "-"), unwanted)

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)

    def passes(self, searched: str) -> bool:
        """Whether to list a tenant; `searched` is what `searched_words` returned for it."""
        return all(word in searched for word in self.wanted) and not any(word in searched for word in self.unwanted)


def _meant(word: str) -> str:
    return _CONFIRMED if word == _HEALTHY else word


def searched_words(
    health: TenantBackupHealth, policy: HealthPolicy, now: datetime, group: str | None = None, beside: str = ""
) -> str:
    """All words of a tenant, in small letters: its names, its group, its state, and all that its WHY can show.

    `beside` is what is not of the verdict: the tenant's cause and its known entries.

    Each as people read it and as the report spells it: `overdue by 3h`, `schedule_follow_up`.
    """
    names = f"{health.tenant.name} {health.tenant.external_id} {beside}"
    if group is not None:
        names += f" {GROUP}{group}"
    if health.confirmed:  # a fast path: this is most of a fleet
        return f"{names} {_CONFIRMED}".casefold()
    words = [names, state_of(health).word, health.freshness or "", why(health, policy, now)]
    words += [_OF_REASONS[reason] for reason in health.reasons]
    if health.quality is not None and health.quality.degraded:
        words += [families_in_words(health.quality), *(name for name, count in health.quality.families if count)]
    for each in health.follow_ups:
        words += [each.schedule.name, *each.conditions]
        words += [condition_in_words(each, condition, policy, now, with_limit=False) for condition in each.conditions]
    return " ".join(words).casefold()
