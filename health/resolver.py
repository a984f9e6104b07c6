"""Facts in bounded queries -> judge: one tenant or the fleet, within one snapshot (`design.md` 5 and 6)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from health import details
from health.collector import collector_paused
from health.facts import TenantFacts
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge, triage_key
from health.schedules import assess
from health.store import reading
from health.store.connection import HeldConnection
from health.store.engines import read_badly_encoded_text, snapshot
from health.store.errors import StoreError
from health.store.urls import DatabaseAddress

Found = TypeVar("Found")

_FEW: Final = 100
"""Up to how many verdicts are put in their place one by one; sorting the whole fleet costs as much as some hundreds."""


class UnknownTenant(LookupError):
    """No tenant that is judged has this external id: it does not exist, or is archived."""


class TenantBackupHealthResolver:
    """Reads and judges. One thread uses it at a time; it holds one connection and knows no settings.

    Every method takes the instant to judge at (UTC) and raises StoreError where the facts as a whole cannot be read;
    those of one tenant raise UnknownTenant.
    """

    def __init__(self, address: DatabaseAddress, policy: HealthPolicy) -> None:
        self.address = address
        self.policy = policy
        self._held = HeldConnection(address)
        self._fleet_facts: tuple[object, dict[int, TenantFacts]] | None = None
        self._fleet: details.FleetAnswer | None = None

    def fleet(self, now: datetime) -> list[TenantBackupHealth]:
        """Every tenant that is not archived, in triage order."""
        return list(self.refreshed_fleet(now).verdicts)

    def refreshed_fleet(self, now: datetime) -> details.FleetAnswer:
        """The fleet; where the database says that nothing changed, only verdicts whose time is up are judged again."""
        token = self._held.change_token()
        known, previous = self._fleet_facts, self._fleet
        if token is None or known is None or previous is None or known[0] != token or now < previous.now:
            with collector_paused():
                facts = {each.tenant.id: each for each in self._read(reading.read_facts)}
                verdicts = tuple(sorted((judge(each, self.policy, now) for each in facts.values()), key=triage_key))
            self._fleet_facts = (token, facts)
        else:
            verdicts = self._moved_on(previous.verdicts, known[1], now)
        self._fleet = details.FleetAnswer(now, verdicts)
        return self._fleet

    def _moved_on(
        self, verdicts: tuple[TenantBackupHealth, ...], facts: dict[int, TenantFacts], now: datetime
    ) -> tuple[TenantBackupHealth, ...]:
        """The verdicts over the same facts at a later instant: those whose time is up, judged again."""
        over = [health for health in verdicts if health.holds_until < now]
        if not over:
            return verdicts
        judged = [judge(facts[health.tenant.id], self.policy, now) for health in over]
        still = [health for health in verdicts if now <= health.holds_until]
        if len(judged) > _FEW:
            return tuple(sorted((*still, *judged), key=triage_key))
        for health in judged:
            insort(still, health, key=triage_key)
        return tuple(still)

    def tenants(self, external_ids: Sequence[str], now: datetime) -> list[TenantBackupHealth]:
        """The tenants named, in triage order. Raises UnknownTenant for the first that is not there."""
        wanted = tuple(dict.fromkeys(external_ids))
        facts = self._read(lambda connection: reading.read_facts(connection, wanted))
        found = {each.tenant.external_id for each in facts}
        for external_id in wanted:
            if external_id not in found:
                raise UnknownTenant(external_id)
        return sorted((judge(each, self.policy, now) for each in facts), key=triage_key)

    def dashboard(self, external_id: str, now: datetime) -> details.DashboardAnswer:
        """One tenant with its latest attempts."""

        def ask(connection: Connection) -> details.DashboardAnswer:
            health = self._one(connection, external_id, now)
            attempts = reading.read_sets(connection, health, self.policy, details.ATTEMPTS_SHOWN)
            return details.DashboardAnswer(health, attempts, now)

        return self._read(ask)

    def backup_sets(
        self, external_id: str, now: datetime, before: details.SetKey | None = None, limit: int = details.SETS_PAGE
    ) -> details.BackupSetsAnswer:
        """One page of a tenant's sets: the newest, or those older than a key."""

        def ask(connection: Connection) -> details.BackupSetsAnswer:
            health = self._one(connection, external_id, now)
            # One more than the page, to know whether there is another without counting them all.
            sets = reading.read_sets(connection, health, self.policy, limit + 1, before)
            return details.BackupSetsAnswer(health, sets[:limit], len(sets) > limit, now)

        return self._read(ask)

    def backup_set(self, external_id: str, set_id: int | None, now: datetime) -> details.BackupSetAnswer:
        """One set with its items; None asks for the basis of the moment."""

        def ask(connection: Connection) -> details.BackupSetAnswer:
            health = self._one(connection, external_id, now)
            wanted = health.basis.id if set_id is None and health.basis is not None else set_id
            if wanted is None:
                return details.BackupSetAnswer(health, None, (), now)
            listed = reading.read_set(connection, health, self.policy, wanted)
            items = reading.read_items(connection, health.tenant.id, wanted) if listed else ()
            return details.BackupSetAnswer(health, listed, items, now)

        return self._read(ask)

    def captured(self, external_id: str, set_id: int, item_id: int, now: datetime) -> details.CapturedJson:
        """The captured JSON of one item of a tenant's set."""

        def ask(connection: Connection) -> details.CapturedJson:
            health = self._one(connection, external_id, now)
            return reading.read_captured(connection, health.tenant.id, set_id, item_id)

        return self._read(ask)

    def schedules(self, external_id: str, now: datetime) -> details.SchedulesAnswer:
        """A tenant's schedules, those that need follow-up first."""

        def ask(connection: Connection) -> details.SchedulesAnswer:
            health = self._one(connection, external_id, now)
            completed_at = None if health.basis is None else health.basis.completed_at
            judged = tuple(
                details.JudgedSchedule(
                    schedule,
                    assess(schedule, completed_at, self.policy, now) if schedule and schedule.is_enabled else None,
                    unreadable,
                )
                for schedule, unreadable in reading.read_schedules(connection, health.tenant.id)
            )
            return details.SchedulesAnswer(health, tuple(sorted(judged, key=_follow_up_first)), now)

        return self._read(ask)

    def interrupt(self) -> None:
        """Break off the statement that another thread is waiting for, if there is one. Callable from any thread."""
        self._held.interrupt()

    def close(self) -> None:
        """Give the connection back."""
        self._held.close()

    def _one(self, connection: Connection, external_id: str, now: datetime) -> TenantBackupHealth:
        facts = reading.read_facts(connection, (external_id,))
        if not facts:
            raise UnknownTenant(external_id)
        return judge(facts[0], self.policy, now)

    def _read(self, question: Callable[[Connection], Found]) -> Found:
        """Answer from one snapshot; a connection that a restart or a standby ended is replaced once, quietly."""
        try:
            return self._ask(question)
        except StoreError as error:
            cause = error.__cause__
            engine = self._held.engine
            if isinstance(cause, DBAPIError) and (
                cause.connection_invalidated or read_badly_encoded_text(engine, cause)
            ):
                return self._ask(question)
            raise

    def _ask(self, question: Callable[[Connection], Found]) -> Found:
        with snapshot(self._held.engine, self.address) as connection, self._held.interruptible(connection):
            return question(connection)


def _follow_up_first(judged: details.JudgedSchedule) -> tuple[int, int]:
    if judged.schedule is None:
        return 0, 0
    if judged.assessment is None:
        return 3, judged.schedule.id
    return (1 if judged.assessment.conditions else 2), judged.schedule.id
