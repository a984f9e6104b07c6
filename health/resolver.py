"""Facts in bounded queries -> judge: one tenant or the fleet, within one snapshot (`design.md` 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from health.policy import HealthPolicy
from health.posture import TenantBackupHealth, judge, triage_key
from health.store.engines import read_badly_encoded_text, reading_engine, snapshot
from health.store.errors import StoreError
from health.store.reading import read_facts
from health.store.urls import DatabaseAddress

Found = TypeVar("Found")


class UnknownTenant(LookupError):
    """No tenant that is judged has this external id: it does not exist, or is archived."""


class TenantBackupHealthResolver:
    """Reads and judges. One thread uses it at a time; it holds one connection and knows no settings."""

    def __init__(self, address: DatabaseAddress, policy: HealthPolicy) -> None:
        self.address = address
        self.policy = policy
        self._engine: Engine = reading_engine(address)

    def fleet(self, now: datetime) -> list[TenantBackupHealth]:
        """Every tenant that is not archived, judged at a UTC instant, in triage order. Raises StoreError."""
        return self._judged(None, now)

    def tenants(self, external_ids: Sequence[str], now: datetime) -> list[TenantBackupHealth]:
        """The tenants named, in triage order. Raises UnknownTenant for the first that is not there, and StoreError."""
        verdicts = self._judged(tuple(dict.fromkeys(external_ids)), now)
        found = {health.tenant.external_id for health in verdicts}
        for external_id in external_ids:
            if external_id not in found:
                raise UnknownTenant(external_id)
        return verdicts

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()

    def _judged(self, external_ids: Sequence[str] | None, now: datetime) -> list[TenantBackupHealth]:
        facts = self._read(lambda connection: read_facts(connection, external_ids))
        verdicts = [judge(each, self.policy, now) for each in facts]
        verdicts.sort(key=triage_key)
        return verdicts

    def _read(self, question: Callable[[Connection], Found]) -> Found:
        """Answer from one snapshot; a connection that a restart or a standby ended is replaced once, quietly."""
        try:
            return self._ask(question)
        except StoreError as error:
            cause = error.__cause__
            if isinstance(cause, DBAPIError) and (
                cause.connection_invalidated or read_badly_encoded_text(self._engine, cause)
            ):
                return self._ask(question)
            raise

    def _ask(self, question: Callable[[Connection], Found]) -> Found:
        with snapshot(self._engine, self.address) as connection:
            return question(connection)
