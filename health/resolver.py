"""Facts in bounded queries -> judge: one tenant or the fleet, within one snapshot (`design.md` 5 and 6)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Connection

from health import details
from health.collector import collector_paused
from health.coverage import SETS_COUNTED, Coverage, coverage_of, period_before
from health.facts import TenantFacts
from health.forecast import longest_pause
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge, triage_key
from health.schedules import assess
from health.store import reading
from health.store.connection import HeldConnection, was_broken_off
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
        self._token: object | None = None
        self._facts: dict[int, TenantFacts] = {}
        self._fleet: details.FleetAnswer | None = None

    def fleet(self, now: datetime) -> list[TenantBackupHealth]:
        """Every tenant that is not archived, in triage order."""
        return list(self.refreshed_fleet(now).verdicts)

    def refreshed_fleet(self, now: datetime) -> details.FleetAnswer:
        """The fleet. Judged again are only tenants whose facts are other ones, or whose verdict's time is up."""
        token = self._held.change_token()
        facts = self._facts
        if token is None or token != self._token:
            facts = self._read_again()
        kept = self._still_true(facts, now)
        if self._fleet is not None and len(kept) == len(facts) == len(self._fleet.verdicts):
            verdicts = self._fleet.verdicts
        else:
            known = {health.tenant.id for health in kept}
            with collector_paused():
                judged = [judge(each, self.policy, now) for tenant_id, each in facts.items() if tenant_id not in known]
            verdicts = tuple(_in_triage_order(kept, judged))
        self._token, self._facts, self._fleet = token, facts, details.FleetAnswer(now, verdicts, self._held.clock)
        return self._fleet

    def _read_again(self) -> dict[int, TenantFacts]:
        """Every tenant's facts; the very object known already where they say the same, so that its verdict may stay."""
        with collector_paused():
            facts = {}
            for each in self._read(reading.read_facts):
                known = self._facts.get(each.tenant.id)
                facts[each.tenant.id] = known if known == each else each
            return facts

    def _still_true(self, facts: dict[int, TenantFacts], now: datetime) -> list[TenantBackupHealth]:
        """The verdicts of the last answer whose facts are the same and whose time is not up, in their order."""
        if self._fleet is None or now < self._fleet.now:
            return []
        before = self._facts
        return [
            health
            for health in self._fleet.verdicts
            if now <= health.holds_until and facts.get(health.tenant.id) is before[health.tenant.id]
        ]

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
        """One tenant with its latest attempts and its coverage."""

        def ask(connection: Connection) -> details.DashboardAnswer:
            health = self._one(connection, external_id, now)
            attempts = reading.read_sets(connection, health, self.policy, details.ATTEMPTS_SHOWN)
            return details.DashboardAnswer(health, attempts, self._coverage(connection, health, now), now)

        return self._read(ask)

    def _coverage(self, connection: Connection, health: TenantBackupHealth, now: datetime) -> Coverage | None:
        if health.unreadable is not None:
            return None  # of its sets nobody can know the order
        past = reading.read_past_sets(connection, health.tenant.id, period_before(now), now, SETS_COUNTED)
        return coverage_of(health, past, self.policy, now)

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
            pause = longest_pause(((each.cron, each.timezone) for each in health.schedules), now)
            return details.SchedulesAnswer(health, tuple(sorted(judged, key=_follow_up_first)), pause, now)

        return self._read(ask)

    def role_could_write(self) -> bool:
        """Whether the database's role has more than SELECT on the facts; False where nobody can say. Never raises."""
        return self._held.role_could_write()

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
        """Answer from one snapshot; what a restart or a standby has broken off is asked once more, quietly."""
        try:
            return self._ask(question)
        except StoreError as error:
            if was_broken_off(error) or read_badly_encoded_text(self._held.engine, error.__cause__):
                return self._ask(question)
            raise

    def _ask(self, question: Callable[[Connection], Found]) -> Found:
        with snapshot(self._held.engine, self.address) as connection:
            return question(connection)


def _in_triage_order(
    sorted_already: list[TenantBackupHealth], more: list[TenantBackupHealth]
) -> list[TenantBackupHealth]:
    if len(more) > _FEW:
        return sorted((*sorted_already, *more), key=triage_key)
    for health in more:
        insort(sorted_already, health, key=triage_key)
    return sorted_already


def _follow_up_first(judged: details.JudgedSchedule) -> tuple[int, int]:
    if judged.schedule is None:
        return 0, 0
    if judged.assessment is None:
        return 3, judged.schedule.id
    return (1 if judged.assessment.conditions else 2), judged.schedule.id
