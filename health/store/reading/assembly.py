"""Rows of the statements of a verdict -> the facts of each tenant, read here or by another process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

from health.answers import Progress
from health.facts import BackupSchedule, ItemTally, Tenant, TenantFacts, UnreadableEvidence
from health.store.opening.statements import Asked, Row, Statements
from health.store.reading import distributed_statements, fleet_statements
from health.store.reading.rows import RowReader, UnreadableRow, by_tenant, tally, tenant_as_far_as_known, unreadable

_by_id: Final = itemgetter(0)


class FleetRows(NamedTuple):
    """The rows of the statements of a verdict, to be taken once, in the order of these fields.

    The sets, whose statement takes longest, come part by part.
    """

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
    others = [list(chain.from_iterable(parts)) for parts in found[: len(beside)]]
    # Taken later, in this order: each row becomes facts when it comes, and is not kept until all have come.
    tenants, schedules, lost = map(chain.from_iterable, found[len(beside) :])
    if narrowed is None and as_of is None:
        return others, FleetRows(tenants, schedules, lost, basis_sets)
    in_order = list(tenants), sorted(schedules, key=_by_id)
    return others, FleetRows(in_order[0], in_order[1] if as_of is None else [], lost, basis_sets)


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


def facts_in(
    dialect: str, found: FleetRows, progress: Progress | None = None, known: Mapping[int, TenantFacts] | None = None
) -> Iterator[TenantFacts]:
    """The facts of each tenant, as soon as its last row has arrived, in any order; `progress` is kept up to date.

    A value that cannot be read becomes that tenant's evidence instead of an error. `known` are facts of an earlier
    read, by the tenant's id: what is equal is the same object, so that memory never has a large fleet twice.
    """
    assembly = _Assembly(RowReader(dialect), found, progress or Progress(), known or {})
    for part in found.basis_sets:
        for row in part:
            if (tenant := assembly.waiting.pop(row[1], None)) is not None:
                yield assembly.facts(row[1], tenant, row)
        assembly.note_progress()
    for tenant_id, tenant in assembly.waiting.items():
        yield assembly.facts(tenant_id, tenant, None)


class _Assembly:
    """Collects facts, tenant by tenant. Each row becomes facts at once, because these take half of its memory."""

    def __init__(
        self, reader: RowReader, found: FleetRows, progress: Progress, known: Mapping[int, TenantFacts]
    ) -> None:
        self._reader = reader
        self._progress = progress
        self._known = known
        self.waiting = {row[0]: self._tenant(row) for row in found.tenants}
        """Tenants that are not complete yet, by their ids; an unreadable one is complete."""
        progress.read, progress.of = 0, len(self.waiting)
        self._schedules: dict[int, tuple[BackupSchedule, ...] | UnreadableEvidence] = {}
        for row in found.schedules:
            self._add_schedule(row)
        self._lost = by_tenant(found.unreadable_candidates, 0)
        self._tallies: dict[ItemTally, ItemTally] = {}

    def note_progress(self) -> None:
        """Note how many tenants are complete."""
        self._progress.read = self._progress.of - len(self.waiting)

    def facts(self, tenant_id: int, tenant: Tenant | TenantFacts, basis_row: Row | None) -> TenantFacts:
        """One tenant's facts, from what was collected and the row of its basis, if it has one."""
        facts = tenant if isinstance(tenant, TenantFacts) else self._facts(tenant, basis_row)
        known = self._known.get(tenant_id)
        return known if known == facts else facts

    def _facts(self, tenant: Tenant, basis_row: Row | None) -> TenantFacts:
        if lost := self._lost.get(tenant.id):
            _, set_id, column, value = lost[0]
            return _without_verdict(tenant, unreadable("backup_sets", column, set_id, value))
        basis = counts = None
        if basis_row is not None:
            try:
                basis = self._reader.backup_set(basis_row)
                counts = tally(basis_row)
            except UnreadableRow as problem:
                return _without_verdict(tenant, problem.evidence)
            counts = self._tallies.setdefault(counts, counts)
        schedules = self._schedules.pop(tenant.id, ())
        if isinstance(schedules, UnreadableEvidence):
            return _without_verdict(tenant, schedules)
        return TenantFacts(tenant, basis, counts, schedules)

    def _tenant(self, row: Row) -> Tenant | TenantFacts:
        try:
            tenant = self._reader.tenant(row)
        except UnreadableRow as problem:
            return _without_verdict(tenant_as_far_as_known(row), problem.evidence)
        known = self._known.get(row[0])
        return known.tenant if known is not None and known.tenant == tenant else tenant

    def _add_schedule(self, row: Row) -> None:
        """The first schedule that cannot be read is the tenant's evidence."""
        tenant_id = row[1]
        before = self._schedules.get(tenant_id, ())
        if isinstance(before, UnreadableEvidence):
            return
        try:
            schedule = self._reader.schedule(row)
        except UnreadableRow as problem:
            self._schedules[tenant_id] = problem.evidence
            return
        if (known := self._known.get(tenant_id)) is not None:
            schedule = next((each for each in known.schedules if each == schedule), schedule)
        self._schedules[tenant_id] = (*before, schedule)


def _without_verdict(tenant: Tenant, evidence: UnreadableEvidence) -> TenantFacts:
    return TenantFacts(tenant, None, None, (), evidence)
