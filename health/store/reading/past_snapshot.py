"""One snapshot as of an instant of the past: the facts of that time that are kept (docs/screens.md, "As of")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from health.answers import ListedSet, SetKey
from health.facts import BackupSchedule, TenantFacts, UnreadableEvidence
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.store.opening.statements import Statements, sqlite_text
from health.store.reading.history import History
from health.store.reading.snapshot import Snapshot

_LAST_ID: Final = 2**63 - 1


class PastSnapshot(Snapshot):
    """The facts that were completed by an instant. The schedules and deletions of that time are not kept."""

    def __init__(self, connection: Statements, instant: datetime) -> None:
        super().__init__(connection)
        self._instant = instant

    @classmethod
    def of(cls, snapshot: Snapshot, instant: datetime) -> PastSnapshot:
        """The same snapshot, asked as of an instant."""
        return cls(snapshot._connection, instant)

    @property
    def history(self) -> History:
        return History(self._connection, self._instant)

    def facts(
        self, external_ids: Sequence[str] | None = None, as_of: datetime | None = None, *, last: bool = False
    ) -> list[TenantFacts]:
        return super().facts(external_ids, as_of or self._instant, last=last)

    def sets(
        self,
        health: TenantBackupHealth,
        policy: HealthPolicy,
        limit: int,
        before: SetKey | None = None,
        schedule_id: int | None = None,
    ) -> tuple[ListedSet, ...]:
        """The sets that had happened by then: the page begins below the last possible key of that instant."""
        return super().sets(health, policy, limit, before or self._beginning(), schedule_id)

    def _beginning(self) -> SetKey:
        postgresql = self._dialect == "postgresql"
        return SetKey(self._instant.isoformat() if postgresql else sqlite_text(self._instant), _LAST_ID)

    def schedules(self, tenant_id: int) -> tuple[tuple[BackupSchedule | None, UnreadableEvidence | None], ...]:
        """None, because schedules are only kept as they are now."""
        return ()
