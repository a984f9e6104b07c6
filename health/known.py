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
    ENDED = "ended"
    """The reason no longer holds."""


class KnownOfTenant(NamedTuple):
    """One tenant's entries against its verdict, in the order of its reasons and then of the file."""

    live: tuple[KnownEntry, ...]
    expired: tuple[KnownEntry, ...]
    ended: tuple[KnownEntry, ...]
    all_known: bool
    """There is a reason, and a live entry for every one: another reason, or an unreadable tenant, is never known."""


NOTHING_KNOWN: Final = KnownOfTenant((), (), (), False)


def state_of_entry(entry: KnownEntry, health: TenantBackupHealth, now: datetime) -> KnownState:
    """An entry of this tenant at an instant: it is live until just before its end, as long as its reason holds."""
    if entry.reason not in health.reasons:
        return KnownState.ENDED
    return KnownState.LIVE if now < entry.until else KnownState.EXPIRED


def known_of(entries: Sequence[KnownEntry], health: TenantBackupHealth, now: datetime) -> KnownOfTenant:
    """What is known of one tenant; `entries` are all of its own."""
    if not entries:
        return NOTHING_KNOWN
    found: dict[KnownState, list[KnownEntry]] = {state: [] for state in KnownState}
    order = tuple(Reason)
    for entry in sorted(entries, key=lambda each: order.index(each.reason)):
        found[state_of_entry(entry, health, now)].append(entry)
    noted = {entry.reason for entry in found[KnownState.LIVE]}
    return KnownOfTenant(
        tuple(found[KnownState.LIVE]),
        tuple(found[KnownState.EXPIRED]),
        tuple(found[KnownState.ENDED]),
        bool(health.reasons) and noted.issuperset(health.reasons),
    )


def entries_by_tenant(entries: Iterable[KnownEntry]) -> Mapping[str, Sequence[KnownEntry]]:
    """Entries by the external id of their tenant, their order kept."""
    found: dict[str, list[KnownEntry]] = {}
    for entry in entries:
        found.setdefault(entry.tenant, []).append(entry)
    return found
