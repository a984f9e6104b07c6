"""Reasons that somebody has taken note of until an instant: shown beside a verdict, never instead of it.

No verdict, no place and no count is another one because of them (docs/documents.md, "Known").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from health.posture import Reason, TenantBackupHealth


class KnownEntry(NamedTuple):
    """A note: this reason of this tenant (its external id) is known until an instant (UTC), by whom and why."""

    tenant: str
    reason: Reason
    until: datetime
    who: str
    why: str


class KnownState(StrEnum):
    """What an entry is worth against a verdict."""

    LIVE = "live"
    EXPIRED = "expired"
    """The reason still holds and the time is up."""
    REASON_GONE = "reason gone"
    """The reason no longer holds."""
    ANOTHER_REASON = "another reason"
    """The tenant has a reason besides that is in no entry: what was known of it is not all there is."""


class JudgedEntry(NamedTuple):
    """An entry and what it is worth at an instant."""

    entry: KnownEntry
    state: KnownState


class KnownOfTenant(NamedTuple):
    """One tenant's entries against its verdict, in the order of its reasons and then of the file."""

    entries: tuple[JudgedEntry, ...]
    all_known: bool
    """There is a reason, and a live entry for every one. Never of an unreadable tenant."""

    @property
    def live(self) -> tuple[KnownEntry, ...]:
        """The entries that hold now."""
        return self.in_state(KnownState.LIVE)

    def in_state(self, state: KnownState) -> tuple[KnownEntry, ...]:
        """The entries that are worth this."""
        return tuple(each.entry for each in self.entries if each.state is state)


NOTHING_KNOWN: Final = KnownOfTenant((), False)


def known_of(entries: Sequence[KnownEntry], health: TenantBackupHealth, now: datetime) -> KnownOfTenant:
    """What is known of one tenant; `entries` are all of its own. An entry is live until just before its end."""
    if not entries:
        return NOTHING_KNOWN
    order = tuple(Reason)
    noted = {entry.reason for entry in entries}
    judged = tuple(
        JudgedEntry(entry, _state(entry, noted, health, now))
        for entry in sorted(entries, key=lambda each: order.index(each.reason))
    )
    live = {each.entry.reason for each in judged if each.state is KnownState.LIVE}
    return KnownOfTenant(judged, bool(health.reasons) and live.issuperset(health.reasons))


def _state(entry: KnownEntry, noted: set[Reason], health: TenantBackupHealth, now: datetime) -> KnownState:
    if entry.reason not in health.reasons:
        return KnownState.REASON_GONE
    if now >= entry.until:
        return KnownState.EXPIRED
    return KnownState.LIVE if noted.issuperset(health.reasons) else KnownState.ANOTHER_REASON


def entries_by_tenant(entries: Iterable[KnownEntry]) -> Mapping[str, Sequence[KnownEntry]]:
    """Entries by the external id of their tenant, their order kept."""
    found: dict[str, list[KnownEntry]] = {}
    for entry in entries:
        found.setdefault(entry.tenant, []).append(entry)
    return found
