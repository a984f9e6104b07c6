"""The fleet between two reads: only changed facts, and verdicts whose time is up, are judged again."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from health.answers import FleetAnswer
from health.collector import collector_paused
from health.facts import TenantFacts
from health.instants import LATEST
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge, triage_key

_FEW: Final = 100
"""Up to this many verdicts are put in place one by one. To sort the whole fleet costs as much as some hundreds."""


class ArrivedFacts(NamedTuple):
    """The result of a read: every tenant's facts by its id, and the verdicts of those whose facts are new."""

    facts: dict[int, TenantFacts]
    judged: list[TenantBackupHealth]


class KeptFleet:
    """The facts and verdicts of the last answer, and the database's token for them (None before the first answer)."""

    def __init__(self, policy: HealthPolicy) -> None:
        self._policy = policy
        self.token: object | None = None
        self.facts: dict[int, TenantFacts] = {}
        self._by_external_id: dict[str, TenantFacts] = {}
        self._fleet: FleetAnswer | None = None
        self._holds_until: datetime | None = None

    def facts_of(self, external_id: str) -> TenantFacts | None:
        """The facts of a tenant as last read; None if there are none."""
        return self._known().get(external_id)

    def note_facts_of(self, external_id: str, facts: TenantFacts) -> None:
        """Note facts of one tenant that were read after the fleet."""
        self._known()[external_id] = facts

    def _known(self) -> dict[str, TenantFacts]:
        if not self._by_external_id:
            self._by_external_id = {each.tenant.external_id: each for each in self.facts.values()}
        return self._by_external_id

    def at(self, now: datetime) -> FleetAnswer:
        """The answer at an instant (UTC), from the same facts."""
        if self._fleet is not None and self._fleet.now <= now <= self._all_hold_until(self._fleet):
            self._fleet = self._fleet._replace(now=now)
            return self._fleet
        return self.answer(ArrivedFacts(self.facts, []), now, self.token)

    def _all_hold_until(self, fleet: FleetAnswer) -> datetime:
        """The last instant at which every verdict holds. Computed once, by the first refresh without a change."""
        if self._holds_until is None:
            self._holds_until = min((health.holds_until for health in fleet.verdicts), default=LATEST)
        return self._holds_until

    def judged_as_they_come(self, arriving: Iterable[TenantFacts], now: datetime) -> ArrivedFacts:
        """Every tenant's facts. New or changed facts are judged; of the others we keep the object that we have."""
        found = ArrivedFacts({}, [])
        with collector_paused():
            for each in arriving:
                known = self.facts.get(each.tenant.id)
                if known == each:
                    found.facts[each.tenant.id] = known
                else:
                    found.facts[each.tenant.id] = each
                    found.judged.append(judge(each, self._policy, now))
        return found

    def answer(self, arrived: ArrivedFacts, now: datetime, token: object | None) -> FleetAnswer:
        """The answer from all facts of the fleet. It is kept with the `token` of these facts."""
        facts, judged = arrived
        kept = self._still_true(facts, now)
        if len(kept) + len(judged) < len(facts):
            settled = {health.tenant.id for health in (*kept, *judged)}
            with collector_paused():
                judged += [judge(each, self._policy, now) for each in facts.values() if each.tenant.id not in settled]
        if self._fleet is not None and not judged and len(kept) == len(self._fleet.verdicts):
            verdicts = self._fleet.verdicts
        else:
            verdicts = tuple(_in_triage_order(kept, judged))
        self.token, self.facts, self._fleet = token, facts, FleetAnswer(now, verdicts)
        self._by_external_id = {}
        self._holds_until = None
        return self._fleet

    def _still_true(self, facts: dict[int, TenantFacts], now: datetime) -> list[TenantBackupHealth]:
        """The verdicts of the last answer, in order, whose facts are unchanged and whose time is not up."""
        if self._fleet is None or now < self._fleet.now:
            return []
        before = self.facts
        return [
            health
            for health in self._fleet.verdicts
            if now <= health.holds_until and facts.get(health.tenant.id) is before[health.tenant.id]
        ]


def _in_triage_order(
    sorted_already: list[TenantBackupHealth], more: list[TenantBackupHealth]
) -> list[TenantBackupHealth]:
    if len(more) > _FEW:
        return sorted((*sorted_already, *more), key=triage_key)
    for health in more:
        insort(sorted_already, health, key=triage_key)
    return sorted_already
