"""Facts in bounded queries -> judge: one tenant or the fleet, within one snapshot (docs/reading.md, "One snapshot")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from health import answers as details
from health import questions
from health.coverage import Coverage, TenantPast, coverage_of, first_needed, period_before
from health.doctor.facts import Examined
from health.facts import TenantFacts
from health.forecast import longest_pause
from health.kept_fleet import KeptFleet
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge, triage_key
from health.schedules import assess
from health.store.opening.errors import NotReadAhead, StoreError
from health.store.reading.blocks import block_of

if TYPE_CHECKING:
    from health.store.opening.urls import DatabaseAddress
    from health.store.reading.ahead import FleetAhead
    from health.store.reading.blocks import Blocks
    from health.store.reading.held_connection import HeldConnection
    from health.store.reading.snapshot import Snapshot

Found = TypeVar("Found")


class UnknownTenant(LookupError):
    """No judged tenant has this external id: the tenant does not exist, or is archived."""


class TenantBackupHealthResolver:
    """Reads and judges. Only one thread may use it at a time. It holds one connection and knows no settings.

    Every method takes the instant to judge at (UTC) and raises StoreError if the facts as a whole cannot be read.
    Methods for one tenant also raise UnknownTenant.
    """

    def __init__(self, address: DatabaseAddress, policy: HealthPolicy, ahead: FleetAhead | None = None) -> None:
        """`ahead` is the fleet as another process reads it. It answers the first question about the fleet."""
        self.address = address
        self.policy = policy
        self.progress = details.Progress()
        self._ahead = ahead
        self._role_could_write: bool | None = None
        self._time_ahead = details.OwnTime()
        self._held: HeldConnection | None = None
        self._kept = KeptFleet(policy)
        self._blocks: Blocks | None = None

    def fleet(self, now: datetime) -> list[TenantBackupHealth]:
        """Every tenant that is not archived, in triage order."""
        return list(self.refreshed_fleet(now).verdicts)

    def refreshed_fleet(self, now: datetime) -> details.FleetAnswer:
        """The fleet. A tenant is judged again only if its facts changed or its verdict's time is up."""
        if self._ahead is not None and (answer := self._answer_ahead(self._ahead, now)) is not None:
            return answer
        # Without an old token to compare, we read the facts at once: the new token comes with them.
        token = None if self._kept.token is None else self._store().change_token()
        if token is None or self._kept.token not in (token, self._store().content):
            return self._read_fleet(now)
        self._kept.token = token
        return self._kept.at(now)

    def _read_fleet(self, now: datetime) -> details.FleetAnswer:
        known, again = self._kept.facts, self._kept.token is not None
        read = self._store().fleet(self._blocks, again=again, known=known, progress=self.progress)
        unchanged: Iterable[TenantFacts] = ()
        if read.changed is not None:
            changed = read.changed
            unchanged = (each for number, each in self._kept.facts.items() if block_of(number) not in changed)
        arrived = self._kept.judged_as_they_come(chain(unchanged, read.facts), now)
        # The token and the blocks are known only when all facts have arrived.
        answer = self._kept.answer(arrived, now, read.token)
        self._blocks = read.blocks
        return answer

    def _answer_ahead(self, ahead: FleetAhead, now: datetime) -> details.FleetAnswer | None:
        """The first answer, from the other process's facts. None if they came incomplete: then we must read them."""
        try:
            arrived = self._kept.judged_as_they_come(ahead.facts(self.progress), now)
            self._role_could_write = ahead.role_could_write
            self._time_ahead = details.OwnTime(ahead.home.clock, ahead.home.behind)
            return self._kept.answer(arrived, now, ahead.token)
        except NotReadAhead:
            return None
        finally:
            self._ahead = None

    def tenants(self, external_ids: Sequence[str], now: datetime) -> list[TenantBackupHealth]:
        """The tenants named, in triage order. Raises UnknownTenant for the first that does not exist."""
        return self._read(lambda snapshot: self._named(snapshot, external_ids, now, last=True))

    def _named(
        self, snapshot: Snapshot, external_ids: Sequence[str], now: datetime, *, last: bool = False
    ) -> list[TenantBackupHealth]:
        wanted = tuple(dict.fromkeys(external_ids))
        facts = snapshot.facts(wanted, last=last)
        _require_all(wanted, facts)
        return self._in_order(facts, now)

    def _in_order(self, facts: Iterable[TenantFacts], now: datetime) -> list[TenantBackupHealth]:
        return sorted((judge(each, self.policy, now) for each in facts), key=triage_key)

    def dashboard(self, external_id: str, now: datetime) -> details.DashboardAnswer:
        """One tenant with its latest attempts and its coverage."""

        def ask(snapshot: Snapshot) -> details.DashboardAnswer:
            health = self._one(snapshot, external_id, now)
            attempts = snapshot.sets(health, self.policy, details.ATTEMPTS_SHOWN)
            had = None if health.basis is None else snapshot.reference_items(health.basis)
            return details.DashboardAnswer(health, attempts, self._coverage(snapshot, health, now), now, had)

        return self._read(ask, external_id)

    def _coverage(self, snapshot: Snapshot, health: TenantBackupHealth, now: datetime) -> Coverage | None:
        if health.unreadable is not None:
            return None  # the order of its sets is unknown
        since = first_needed(period_before(now), self.policy)
        found = dict(snapshot.history.pasts(since, now, (health.tenant.id,)))
        return coverage_of(health, found.get(health.tenant.id, TenantPast((), None)), self.policy, now)

    def backup_sets(
        self, external_id: str, now: datetime, before: details.SetKey | None = None, limit: int = details.SETS_PAGE
    ) -> details.BackupSetsAnswer:
        """One page of a tenant's sets: the newest, or those older than a key."""

        def ask(snapshot: Snapshot) -> details.BackupSetsAnswer:
            health = self._one(snapshot, external_id, now)
            # One more than the page, so that we know whether more follow without counting them all.
            sets = snapshot.sets(health, self.policy, limit + 1, before)
            return details.BackupSetsAnswer(health, sets[:limit], len(sets) > limit, now)

        return self._read(ask, external_id)

    def backup_set(self, external_id: str, set_id: int | None, now: datetime) -> details.BackupSetAnswer:
        """One set with its items. `set_id` None means the current basis."""

        def ask(snapshot: Snapshot) -> details.BackupSetAnswer:
            health = self._one(snapshot, external_id, now)
            wanted = health.basis.id if set_id is None and health.basis is not None else set_id
            if wanted is None:
                return details.BackupSetAnswer(health, None, (), now)
            listed = snapshot.set_of(health, self.policy, wanted)
            items = snapshot.items(health.tenant.id, wanted)
            is_basis = health.basis is not None and wanted == health.basis.id
            copies = questions.last_good(snapshot.history, health, now).items if is_basis else ()
            return details.BackupSetAnswer(health, listed, items, now, copies)

        return self._read(ask, external_id)

    def captured(self, external_id: str, set_id: int, item_id: int, now: datetime) -> details.CapturedJson:
        """The captured JSON of one item of a tenant's set."""

        def ask(snapshot: Snapshot) -> details.CapturedJson:
            health = self._one(snapshot, external_id, now)
            return snapshot.captured(health.tenant.id, set_id, item_id)

        return self._read(ask, external_id)

    def captured_in_sets(
        self, external_id: str, wanted: Sequence[tuple[int, int] | None], now: datetime
    ) -> tuple[details.CapturedInSet, ...]:
        """Some items of a tenant with their captured JSON, from one snapshot. Each has its set's id and its own.

        None stands for an item that a set does not have.
        """

        def ask(snapshot: Snapshot) -> tuple[details.CapturedInSet, ...]:
            tenant_id = self._one(snapshot, external_id, now).tenant.id
            return tuple(questions.captured_in_set(snapshot, tenant_id, each) for each in wanted)

        return self._read(ask, external_id)

    def schedules(self, external_id: str, now: datetime) -> details.SchedulesAnswer:
        """A tenant's schedules, those that need follow-up first."""

        def ask(snapshot: Snapshot) -> details.SchedulesAnswer:
            health = self._one(snapshot, external_id, now)
            judged = self._judged_schedules(snapshot, health, now)
            pause = longest_pause(((each.cron, each.timezone) for each in health.schedules), now)
            return details.SchedulesAnswer(health, tuple(sorted(judged, key=details.follow_up_first)), pause, now)

        return self._read(ask, external_id)

    def _judged_schedules(
        self, snapshot: Snapshot, health: TenantBackupHealth, now: datetime
    ) -> list[details.JudgedSchedule]:
        completed_at = None if health.basis is None else health.basis.completed_at
        return [
            details.JudgedSchedule(
                schedule,
                assess(schedule, completed_at, self.policy, now) if schedule and schedule.is_enabled else None,
                unreadable,
            )
            for schedule, unreadable in snapshot.schedules(health.tenant.id)
        ]

    def runs(
        self,
        external_id: str,
        schedule_id: int,
        now: datetime,
        before: details.SetKey | None = None,
        limit: int = details.SETS_PAGE,
    ) -> details.RunsAnswer:
        """One page of a schedule's runs: the newest, or those older than a key."""

        def ask(snapshot: Snapshot) -> details.RunsAnswer:
            health = self._one(snapshot, external_id, now)
            judged = self._judged_schedules(snapshot, health, now)
            schedule = next((each for each in judged if details.schedule_id_of(each) == schedule_id), None)
            runs = snapshot.sets(health, self.policy, limit + 1, before, schedule_id)
            return details.RunsAnswer(health, schedule, runs[:limit], len(runs) > limit, now)

        return self._read(ask, external_id)

    def as_of(self, instant: datetime, external_ids: Sequence[str] = ()) -> list[TenantBackupHealth]:
        """The verdicts as of an instant of the past, in triage order, from the kept sets that were completed by then.

        The schedules and deletions of that time are not known, so nothing is confirmed. A tenant that was recorded
        later and had no set by then is left out.
        """
        wanted = tuple(dict.fromkeys(external_ids)) or None
        facts = self._read(lambda snapshot: snapshot.facts(wanted, instant, last=True))
        _require_all(external_ids, facts)
        there = (each for each in facts if each.basis is not None or not _recorded_after(each, instant))
        return sorted((judge(each, self.policy, instant) for each in there), key=triage_key)

    def changes(
        self, external_id: str, now: datetime, before: int | None = None, after: int | None = None
    ) -> details.ChangesAnswer:
        """What changed between two sets of a tenant, by their ids; by default from the reference set to the basis."""
        return self._of_one(
            external_id, now, lambda snapshot, health: questions.changes(snapshot.history, health, before, after, now)
        )

    def last_good(self, external_id: str, now: datetime) -> details.LastGoodAnswer:
        """Where each item that the tenant's basis lacks, or has degraded, was last whole."""
        return self._of_one(
            external_id, now, lambda snapshot, health: questions.last_good(snapshot.history, health, now)
        )

    def causes(self, verdicts: Sequence[TenantBackupHealth], now: datetime) -> details.CausesAnswer:
        """Why tenants need attention, from their verdicts in triage order and their newest failed runs' errors."""
        return self._read(lambda snapshot: questions.causes(snapshot.history, verdicts, now))

    def coverage(
        self, begin: datetime, end: datetime, now: datetime, external_ids: Sequence[str] = ()
    ) -> details.CoverageAnswer:
        """How well the fleet, or the tenants named, were covered from one instant until just before another."""

        def ask(snapshot: Snapshot) -> details.CoverageAnswer:
            if external_ids:
                verdicts = self._named(snapshot, external_ids, now)
            else:
                verdicts = self._in_order(snapshot.facts(), now)
            named = bool(external_ids)
            return questions.coverage(snapshot.history, verdicts, self.policy, (begin, end), now, named=named)

        return self._read(ask)

    def examined(self, now: datetime) -> Examined:
        """The doctor's facts from the database (docs/doctor.md)."""

        def ask(snapshot: Snapshot) -> Examined:
            verdicts = self._in_order(snapshot.facts(), now)
            return questions.examined(snapshot.examination, verdicts, self.policy, now)

        return self._read(ask)

    def missing_tenants(self, external_ids: Sequence[str]) -> set[str]:
        """The external ids that no tenant has, archived or not. Without any id, nothing is read."""
        return self._read(lambda snapshot: snapshot.history.missing_tenants(external_ids)) if external_ids else set()

    def own_time(self) -> details.OwnTime:
        """What the database said about its time with the last answer. Sends no query, and never raises."""
        if self._held is None:
            return self._time_ahead
        return details.OwnTime(self._held.home.clock, self._held.home.behind)

    def connected_to(self) -> str | None:
        """The connection's own name for the database; None if it is the same as in the address."""
        label = None if self._held is None else self._held.label
        return None if label == self.address.label else label

    def role_could_write(self) -> bool:
        """Whether the database's role has more than SELECT on the facts. False if that is unknown. Never raises."""
        if self._held is None and self._role_could_write is not None:
            return self._role_could_write
        return self._store().role_could_write()

    def connect(self) -> None:
        """Open the connection unless it is open, so that the next question does not wait. Raises no StoreError."""
        if self._held is None:
            with suppress(StoreError):
                self._store().change_token()

    def interrupt(self) -> None:
        """Cancel the statement that another thread is waiting for, if any. Callable from any thread."""
        ahead, held = self._ahead, self._held
        if ahead is not None:
            ahead.break_off()
        if held is not None:
            held.interrupt()

    def close(self) -> None:
        """Give the connection back."""
        self.interrupt()
        if self._held is not None:
            self._held.close()

    def _of_one(self, external_id: str, now: datetime, ask: Callable[[Snapshot, TenantBackupHealth], Found]) -> Found:
        return self._read(lambda snapshot: ask(snapshot, self._one(snapshot, external_id, now)), external_id)

    def _one(self, snapshot: Snapshot, external_id: str, now: datetime) -> TenantBackupHealth:
        facts = snapshot.facts((external_id,))
        if not facts:
            raise UnknownTenant(external_id)
        self._kept.note_facts_of(external_id, facts[0])
        return judge(facts[0], self.policy, now)

    def _read(self, question: Callable[[Snapshot], Found], external_id: str | None = None) -> Found:
        """Ask a question about the fleet, or about one tenant if `external_id` is given."""
        # A question about one tenant will probably find the same facts as last time.
        known = None if external_id is None else self._kept.facts_of(external_id)
        return self._store().read(question, known)

    def _store(self) -> HeldConnection:
        """The connection. It is imported with its driver by the first question, because that takes time."""
        if self._held is None:
            from health.store.reading.held_connection import HeldConnection

            self._held = HeldConnection(self.address)
        return self._held


def _require_all(external_ids: Sequence[str], facts: Sequence[TenantFacts]) -> None:
    found = {each.tenant.external_id for each in facts}
    for external_id in external_ids:
        if external_id not in found:
            raise UnknownTenant(external_id)


def _recorded_after(facts: TenantFacts, instant: datetime) -> bool:
    created_at = facts.tenant.created_at
    return created_at is not None and created_at > instant
