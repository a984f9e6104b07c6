"""Reasons that a colleague has noted as known until an instant. Shown beside a verdict, never instead of it.

They change no verdict, no place in the order and no count (docs/documents.md, "Known").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from health.posture import Reason, TenantBackupHealth


class KnownEntry(NamedTuple):
    """A note: this reason of this tenant (an external id) is known until an instant (UTC); who knows it, and why."""

    tenant: str
    reason: Reason
    until: datetime
    who: str
    why: str


class KnownState(StrEnum):
    """Whether an entry still holds for a verdict, and if not, why."""

    LIVE = "live"
    EXPIRED = "expired"
    """The reason still holds, but the entry's time is up."""
    REASON_GONE = "reason gone"
    """The reason no longer holds."""
    ANOTHER_REASON = "another reason"
    """The tenant has another reason that no entry notes: the entries no longer cover all its reasons."""


class JudgedEntry(NamedTuple):
    """An entry and its state at an instant."""

    entry: KnownEntry
    state: KnownState


class KnownOfTenant(NamedTuple):
    """One tenant's entries with their states, in the order of the reasons, then of the file."""

    entries: tuple[JudgedEntry, ...]
    all_known: bool
    """The tenant has at least one reason, and a live entry for each. Never true for an unreadable tenant."""

    @property
    def live(self) -> tuple[KnownEntry, ...]:
        """The entries that hold now."""
        return self.in_state(KnownState.LIVE)

    def in_state(self, state: KnownState) -> tuple[KnownEntry, ...]:
        """The entries in this state."""
        return tuple(each.entry for each in self.entries if each.state is state)


NOTHING_KNOWN: Final = KnownOfTenant((), False)


def known_of(entries: Sequence[KnownEntry], health: TenantBackupHealth, now: datetime) -> KnownOfTenant:
    """The known entries of one tenant: pass all of them as `entries`. An entry is live until just before its end."""
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
    """Entries by the external id of their tenant, in their original order."""
    found: dict[str, list[KnownEntry]] = {}
    for entry in entries:
        found.setdefault(entry.tenant, []).append(entry)
    return found
