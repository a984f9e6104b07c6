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

_CONFIRMED: Final = State.HEALTHY.word


class WordFilter(NamedTuple):
    """What the user typed: every wanted word must be there, and no unwanted one (typed with a `-` in front)."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> WordFilter:
        """Parse words with blanks between them; capitals do not matter. A `-` alone is a wanted word."""
        words = typed.casefold().split()
        unwanted = tuple(word[1:] for word in words if word.startswith("-") and word != "-")
        return cls(tuple(word for word in words if not word.startswith("-") or word == "-"), unwanted)

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)

    def passes(self, searched: str) -> bool:
        """Whether to list a tenant; `searched` is what `searched_words` returned for it."""
        return all(word in searched for word in self.wanted) and not any(word in searched for word in self.unwanted)


def searched_words(
    health: TenantBackupHealth, policy: HealthPolicy, now: datetime, group: str | None = None, cause: str = ""
) -> str:
    """All words of a tenant, in small letters: its names, its group, its state, and all that its WHY can show.

    The words `healthy` and `follow-up` both find a healthy tenant with a follow-up. An unreadable one has no posture.
    """
    names = f"{health.tenant.name} {health.tenant.external_id} {cause}"
    if group is not None:
        names += f" {GROUP}{group}"
    if health.confirmed:  # a fast path: this is most of a fleet
        return f"{names} {_CONFIRMED}".casefold()
    words = [names, state_of(health).word, health.posture or "", why(health, policy, now)]
    words += [REASON_WORDS[reason] for reason in health.reasons]
    if health.quality is not None and health.quality.degraded:
        words.append(families_in_words(health.quality))
    for each in health.follow_ups:
        words.append(each.schedule.name)
        words += [condition_in_words(each, condition, policy, now, with_limit=False) for condition in each.conditions]
    return " ".join(words).casefold()
