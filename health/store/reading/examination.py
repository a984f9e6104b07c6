"""What the doctor reads in one snapshot, in addition to the verdicts (docs/doctor.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Final

from health.digests import MOST_THAT_MAY_BE_ALIKE
from health.doctor.facts import SourceRuns
from health.posture import TenantBackupHealth
from health.store.opening.statements import Asked, Statements
from health.store.reading import distributed_statements, history_statements
from health.store.reading import examination_statements as statements
from health.store.reading.rows import RowReader, UnreadableRow, as_text

_FEW_TENANTS: Final = 1_000
"""A statement names the ids of up to this many tenants. For more, it asks for the whole fleet."""
_LARGE: Final = ("backup_sets", "backup_items")
"""The tables whose plans need statistics."""


class Examination:
    """Intervals of sets, tenants with equal content, and the planner's statistics, in the snapshot's transaction."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection
        self._dialect = connection.dialect
        self._reader = RowReader(self._dialect)

    def runs(self, begin: datetime, end: datetime, external_ids: Mapping[int, str]) -> tuple[SourceRuns, ...]:
        """The sets of a period, counted by tenant and source; `external_ids` are of the judged tenants."""
        archived: dict[int, tuple[str, datetime]] = {}
        for tenant_id, external_id, at in self._connection.rows(statements.ARCHIVED):
            with suppress(UnreadableRow):  # then it is judged, as unreadable
                archived_at = self._reader.instant(at, "tenants", "archived_at", tenant_id)
                archived[tenant_id] = as_text(external_id), archived_at
        statement = statements.runs(self._dialect)
        if self._connection.distributed:
            statement = distributed_statements.RUNS
        found = []
        for tenant_id, source, sets, *ends in self._connection.rows(statement, {"begin": begin, "end": end}):
            first_at, last_at = (self._reader.instant(at, "backup_sets", "completed_at", tenant_id) for at in ends)
            whose, archived_at_ = archived.get(tenant_id, (external_ids.get(tenant_id), None))
            if whose is not None:
                found.append(SourceRuns(tenant_id, whose, archived_at_, as_text(source), sets, first_at, last_at))
        return tuple(found)

    def first_sets(self) -> dict[int, datetime]:
        """When each tenant's first completed or partial set was completed, also a deleted one."""
        statement = history_statements.first_sets(self._dialect, narrowed=False)
        if self._connection.distributed:
            statement = distributed_statements.first_sets(narrowed=False)
        return {
            tenant_id: self._reader.instant(at, "backup_sets", "completed_at", tenant_id)
            for tenant_id, at in self._connection.rows(statement)
            if at is not None
        }

    def with_disabled_schedules(self) -> frozenset[int]:
        """The ids of tenants that have a disabled schedule."""
        statement = statements.with_disabled_schedules(self._dialect)
        if self._connection.distributed:
            statement = distributed_statements.WITH_DISABLED_SCHEDULES
        return frozenset(row[0] for row in self._connection.rows(statement))

    def alike(self, verdicts: Sequence[TenantBackupHealth]) -> tuple[tuple[str, ...], ...]:
        """External ids of tenants whose bases have exactly the same content, each group once.

        Only bases in which each item has a digest, and with more items than two tenants may have in common by chance.
        """
        items = {
            health.tenant.id: health.quality.items
            for health in verdicts
            if health.quality is not None and health.quality.items > MOST_THAT_MAY_BE_ALIKE
        }
        statement = statements.basis_ends(self._dialect)
        if self._connection.distributed:
            statement = distributed_statements.BASIS_ENDS
        similar: dict[object, list[int]] = defaultdict(list)
        for tenant_id, one, other in self._connection.rows(statement) if len(items) > 1 else ():
            if tenant_id in items and one is not None and other is not None:
                similar[items[tenant_id], one, other].append(tenant_id)
        candidates = [tenant_id for ids in similar.values() if len(ids) > 1 for tenant_id in ids]
        same: dict[int, list[str]] = defaultdict(list)
        contents = self._contents(candidates)
        for health in verdicts:
            if (content := contents.get(health.tenant.id)) is not None:
                same[content].append(health.tenant.external_id)
        return tuple(tuple(sorted(ids)) for ids in same.values() if len(ids) > 1)

    def _contents(self, tenant_ids: Sequence[int]) -> dict[int, int]:
        """One value for the whole content of each of these bases; none for a basis with an item without a digest."""
        if not tenant_ids:
            return {}
        narrowed = len(tenant_ids) <= _FEW_TENANTS
        statement = statements.basis_contents(self._dialect, narrowed)
        if self._connection.distributed:
            statement = distributed_statements.basis_contents(narrowed)
        asked = Asked(statement, {"tenant_ids": list(tenant_ids)} if narrowed else {}, large=True)
        (parts,) = self._connection.run([asked])
        found, in_part = dict.fromkeys(tenant_ids, 0), set()
        for tenant_id, *item in chain.from_iterable(parts):
            if tenant_id in found:
                of_item = sha256(repr(item).encode("utf-8", "backslashreplace")).digest()
                # The rows come in any order, so the items' digests are added up.
                found[tenant_id] += int.from_bytes(of_item)
                if item[-1] is None:
                    in_part.add(tenant_id)
        return {tenant_id: content for tenant_id, content in found.items() if content and tenant_id not in in_part}

    def without_statistics(self) -> tuple[str, ...]:
        """The large tables without statistics for the planner; none on Citus, whose nodes keep their own."""
        if self._dialect == "postgresql":
            if self._connection.distributed:
                return ()
            return tuple(row[0] for row in self._connection.rows(statements.POSTGRESQL_WITHOUT_STATISTICS))
        known: set[str] = set()
        if self._connection.rows(statements.SQLITE_HAS_STATISTICS)[0][0]:
            known = {row[0] for row in self._connection.rows(statements.SQLITE_WITH_STATISTICS)}
        return tuple(table for table in _LARGE if table not in known)
