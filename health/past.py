"""Every answer as of an instant of the past (docs/screens.md, "As of")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from health.answers import FleetAnswer
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.resolver import TenantBackupHealthResolver

if TYPE_CHECKING:
    from health.store.opening.urls import DatabaseAddress
    from health.store.reading.snapshot import Snapshot

Found = TypeVar("Found")


class PastResolver(TenantBackupHealthResolver):
    """Answers from the sets completed by `instant` (UTC); a question's own instant is ignored. Confirms nothing."""

    def __init__(self, address: DatabaseAddress, policy: HealthPolicy, instant: datetime) -> None:
        super().__init__(address, policy)
        self._instant = instant
        self._fleet: FleetAnswer | None = None

    def refreshed_fleet(self, now: datetime) -> FleetAnswer:
        """The fleet at that instant. It is read each time, because an import may have added sets of that time."""
        verdicts = tuple(self.as_of(self._instant))
        if self._fleet is None or self._fleet.verdicts != verdicts:
            self._fleet = FleetAnswer(self._instant, verdicts)
        return self._fleet

    def tenants(self, external_ids: Sequence[str], now: datetime) -> list[TenantBackupHealth]:
        return self.as_of(self._instant, external_ids)

    def _read(self, question: Callable[[Snapshot], Found], external_id: str | None = None) -> Found:
        from health.store.reading.past_snapshot import PastSnapshot  # imported only when a connection is needed

        return self._store().read(lambda snapshot: question(PastSnapshot.of(snapshot, self._instant)))
