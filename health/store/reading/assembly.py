"""Rows of the statements of a verdict -> the facts of each tenant, read here or by another process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

from health.answers import Progress
from health.facts import BackupSchedule, Tenant, TenantFacts, UnreadableEvidence
from health.store.opening.statements import Asked, Row, Statements
from health.store.reading import distributed_statements, fleet_statements
from health.store.reading.rows import RowReader, UnreadableRow, by_tenant, tally, tenant_as_far_as_known, unreadable

_by_id: Final = itemgetter(0)


class FleetRows(NamedTuple):
    """The rows of the statements of a verdict; the sets, whose statement takes longest, part by part."""

    tenants: Iterable[Row]
    schedules: Iterable[Row]
    unreadable_candidates: Iterable[Row]
    basis_sets: Iterable[Iterable[Row]]


def fleet_rows(
    statements: Statements,
    external_ids: Sequence[str] | None = None,
    beside: Sequence[Asked] = (),
    *,
    last: bool = False,
    as_of: datetime | None = None,
) -> tuple[list[list[Row]], FleetRows]:
    """Run the statements of a verdict in one flight: of the fleet, or of the tenants named.

    Returns the rows of the statements `beside`, and the rows of the facts. With `last` the snapshot ends too. With
    `as_of` the bases are those of that instant, and no schedule is read.
    """
    if statements.distributed:
        return _rows_on_nodes(statements, external_ids, beside, last=last, as_of=as_of)
    narrowed: fleet_statements.Narrowed = None if external_ids is None else "external_ids"
    ids = None if external_ids is None else list(external_ids)
    *found, basis_sets = statements.run(
        [*beside, *_asked_of_one_server(statements.dialect, narrowed, ids, as_of)], last=last
    )
    *others, tenants, schedules, lost = [list(chain.from_iterable(parts)) for parts in found]
    if narrowed:
        schedules.sort(key=_by_id)
    return others, FleetRows(tenants, schedules if as_of is None else [], lost, basis_sets)


def rows_by_id(statements: Statements, tenant_ids: Sequence[int]) -> FleetRows:
    """The same, of the tenants with these ids that are judged. It ends the snapshot."""
    asked = _asked_of_one_server(statements.dialect, "tenant_ids", list(tenant_ids), None)
    *found, basis_sets = statements.run(asked, last=True)
    tenants, schedules, lost = [list(chain.from_iterable(parts)) for parts in found]
    return FleetRows(tenants, sorted(schedules, key=_by_id), lost, basis_sets)


def _asked_of_one_server(
    dialect: str, narrowed: fleet_statements.Narrowed, ids: list[Any] | None, as_of: datetime | None
) -> tuple[Asked, ...]:
    parameters: dict[str, Any] = {} if narrowed is None else {narrowed: ids}
    return (
        Asked(fleet_statements.judged_tenants(dialect, narrowed), parameters),
        Asked(fleet_statements.enabled_schedules(dialect, narrowed), parameters),
        Asked(fleet_statements.unreadable_candidates(dialect)),
        Asked(
            fleet_statements.basis_sets(dialect, narrowed, past=as_of is not None),
            parameters | ({} if as_of is None else {"as_of": as_of}),
            large=narrowed is None,
        ),
    )


def _rows_on_nodes(
    statements: Statements,
    external_ids: Sequence[str] | None,
    beside: Sequence[Asked],
    *,
    last: bool,
    as_of: datetime | None,
) -> tuple[list[list[Row]], FleetRows]:
    """The same from Citus. Its nodes know tenants only by their ids, so the named tenants are looked up first."""
    named, past = external_ids is not None, as_of is not None
    judged = fleet_statements.judged_tenants(statements.dialect, "external_ids" if named else None)
    known = statements.rows(judged, {"external_ids": list(external_ids)}) if external_ids is not None else []
    ids = {"tenant_ids": [row[0] for row in known]} if named else {}
    then = {} if as_of is None else {"as_of": as_of}
    if len(known) == 1:
        basis = Asked(distributed_statements.basis_set(past=past), {"tenant_id": known[0][0], **then})
    else:
        basis = Asked(distributed_statements.basis_sets(named, past=past), {**ids, **then}, large=not named)
    asked = [
        Asked(distributed_statements.enabled_schedules(named), ids),
        Asked(distributed_statements.unreadable_candidates(named), ids),
        basis,
    ]
    # The tenants are the last of the statements beside, unless they are known already.
    *found, basis_sets = statements.run([*beside, *([] if named else [Asked(judged)]), *asked], last=last)
    *others, schedules, lost = [list(chain.from_iterable(parts)) for parts in found]
    tenants = known if named else others.pop()
    return others, FleetRows(tenants, [] if past else schedules, lost, basis_sets)


def facts_in(dialect: str, found: FleetRows, progress: Progress | None = None) -> Iterator[TenantFacts]:
    """The facts of each tenant, as soon as its last row has arrived, in any order; `progress` is kept up to date.

    A value that cannot be read becomes that tenant's evidence instead of an error.
    """
    assembly = _Assembly(RowReader(dialect), found)
    progress = progress or Progress()
    progress.read, progress.of = 0, len(assembly.waiting)
    for part in found.basis_sets:
        for row in part:
            if (tenant := assembly.waiting.pop(row[1], None)) is not None:
                yield assembly.facts(tenant, row)
        progress.read = progress.of - len(assembly.waiting)
    for tenant in assembly.waiting.values():
        yield assembly.facts(tenant, None)


class _Assembly:
    """Collects rows, tenant by tenant."""

    def __init__(self, reader: RowReader, found: FleetRows) -> None:
        self._reader = reader
        self._schedules = by_tenant(found.schedules, 1)
        self._lost = by_tenant(found.unreadable_candidates, 0)
        self.waiting = {row[0]: row for row in found.tenants}
        """Rows of tenants that are not complete yet, by the tenant's id."""

    def facts(self, row: Row, basis_row: Row | None) -> TenantFacts:
        """One tenant's facts, from its row and the row of its basis, if it has one."""
        tenant_id = row[0]
        try:
            tenant = self._reader.tenant(row)
        except UnreadableRow as problem:
            return _without_verdict(tenant_as_far_as_known(row), problem.evidence)
        if lost := self._lost.get(tenant_id):
            _, set_id, column, value = lost[0]
            return _without_verdict(tenant, unreadable("backup_sets", column, set_id, value))
        basis = counts = None
        try:
            if basis_row is not None:
                basis = self._reader.backup_set(basis_row)
                counts = tally(basis_row)
            schedules = self._read_schedules(tenant_id)
        except UnreadableRow as problem:
            return _without_verdict(tenant, problem.evidence)
        return TenantFacts(tenant, basis, counts, schedules)

    def _read_schedules(self, tenant_id: int) -> tuple[BackupSchedule, ...]:
        rows = self._schedules.get(tenant_id)
        return tuple(map(self._reader.schedule, rows)) if rows else ()


def _without_verdict(tenant: Tenant, evidence: UnreadableEvidence) -> TenantFacts:
    return TenantFacts(tenant, None, None, (), evidence)
