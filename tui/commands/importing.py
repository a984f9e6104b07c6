"""From a source through the door into the store, in one transaction: what every command that imports does."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import click

from health.sources.door import Door, Reference

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from health.sources.captured import CapturedFacts, CapturedSet, StoredSet
    from health.sources.declaration import Asked, Found, Source
    from health.store.writing.sets import ImportSummary


def import_sets(connection: Connection, source: Source, asked: Asked, door: Door) -> ImportSummary:
    """Write the sets that a source finds; one that is stored and did not change is passed over.

    They come oldest first, and each is held against what is stored before it. What is stored of a commit that is no run
    is cancelled before that. Raises RefusedInput and StoreConflict.
    """
    from health.sources.captured import RefusedInput
    from health.store.writing.cancelling import cancel_sets
    from health.store.writing.sets import ImportSummary, write_set

    history = source.found(asked)
    cancelled = cancel_sets(connection, asked.external_id, source.name, history.no_sets)
    if history.without is not None and not cancelled:
        raise RefusedInput(history.without)
    stored = _Stored(connection, asked.external_id, source.name)
    summary = ImportSummary(sets_cancelled=cancelled)
    for found in _with_a_bar(history.sets):
        if stored.has(found, asked, door):
            summary = summary.plus(ImportSummary(sets_unchanged=1))
            continue
        captured = found.read(with_payload=asked.with_payload)
        admitted = door.admit(captured, stored.reference_of(captured))
        summary = summary.plus(write_set(connection, admitted, asked.now))
    return summary


def import_facts(connection: Connection, facts: CapturedFacts, now: datetime) -> ImportSummary:
    """Write tenants, schedules and sets of any number of tenants and sources. `now` is in UTC. Raises StoreConflict."""
    from health.store.writing.sets import write_facts

    # The writer's word stands as it is given: these sets are held against nothing.
    door = Door()
    admitted = tuple(door.admit(captured, Reference()) for captured in facts.sets)
    return write_facts(connection, facts._replace(sets=admitted), now)


class _Stored:
    """A tenant's stored sets of one source."""

    def __init__(self, connection: Connection, external_id: str, source: str) -> None:
        self._connection = connection
        self._tenant = external_id
        self._source = source

    def has(self, found: Found, asked: Asked, door: Door) -> bool:
        """Whether a set is stored, and neither its source nor the door could make anything else of it."""
        stored = self._sets.get(found.source_ref)
        if stored is not None and door.judges_again(stored.frame):
            return False
        return found.is_stored(stored, with_payload=asked.with_payload, now=asked.now)

    def reference_of(self, captured: CapturedSet) -> Reference:
        """The reference of a set: the stored set of the same reference, else the last completed set before it."""
        from health.store.writing.earlier_sets import types_of_last_completed_set

        before = captured.completed_at
        if before is None:
            return Reference()
        return Reference(
            types_of_last_completed_set(self._connection, self._tenant, self._source, before, captured.source_ref)
        )

    @cached_property
    def _sets(self) -> dict[str, StoredSet]:
        from health.store.writing.stored_sets import stored_sets

        return stored_sets(self._connection, self._tenant, self._source)


def _with_a_bar(sets: Iterable[Found]) -> Iterator[Found]:
    """The sets, with a bar on standard error where it is a terminal and several are known beforehand."""
    if not isinstance(sets, Sequence) or len(sets) < 2:
        yield from sets
        return
    with click.progressbar(sets, label="Reading runs", file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:
        yield from shown
