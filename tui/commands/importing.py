"""From a source through the door into the store, in one transaction: what every command that imports does."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from health.sources.captured import StoredSet
    from health.sources.declaration import Asked, Found, Source
    from health.sources.door import Door
    from health.store.writing.sets import ImportSummary


def import_sets(connection: Connection, source: Source, asked: Asked, door: Door) -> ImportSummary:
    """Write the sets that a source finds; one that is stored and did not change is passed over.

    They come oldest first, and each is held against what is stored before it; the newest one, which is the one that
    will count, may not be another tenant's. What is stored of a commit that is no run is cancelled before that. Raises
    RefusedInput and StoreConflict.
    """
    from health.sources.captured import RefusedInput
    from health.store.writing.admission import admit
    from health.store.writing.cancelling import cancel_sets
    from health.store.writing.same_content import require_own_content
    from health.store.writing.sets import ImportSummary, write_set

    history = source.found(asked)
    cancelled = cancel_sets(connection, asked.external_id, source.name, history.no_sets)
    if history.without is not None and not cancelled:
        raise RefusedInput(history.without)
    stored = _Stored(connection, asked.external_id, source.name)
    dropped = frozenset() if asked.with_payload else _dropped_for(connection, source, asked)
    summary = ImportSummary(sets_cancelled=cancelled)
    for found in _with_a_bar(history.sets):
        if stored.has(found, asked, door):
            summary = summary.plus(ImportSummary(sets_unchanged=1))
            continue
        captured = found.read(with_payload=asked.with_payload)
        if history.newest in (None, found.source_ref) and not asked.accepts.same_content:
            require_own_content(connection, captured)
        admitted = admit(connection, captured, door)
        summary = summary.plus(write_set(connection, admitted, asked.now, dropped))
    return summary


def _dropped_for(connection: Connection, source: Source, asked: Asked) -> frozenset[tuple[int, str]]:
    """Remove what is kept of the sets that are asked for without it; gives back what went."""
    from health.sources.declaration import folder_reference
    from health.store.writing.contents import drop_unwanted_contents

    references = None if asked.completed_at is None else {folder_reference(asked)}
    return drop_unwanted_contents(connection, asked.external_id, source.name, references)


class _Stored:
    """A tenant's stored sets of one source."""

    def __init__(self, connection: Connection, external_id: str, source: str) -> None:
        from health.store.writing.stored_sets import stored_sets

        self._sets: dict[str, StoredSet] = stored_sets(connection, external_id, source)

    def has(self, found: Found, asked: Asked, door: Door) -> bool:
        """Whether a set is stored, and neither its source nor the door could make anything else of it."""
        stored = self._sets.get(found.source_ref)
        if stored is not None and door.judges_again(stored.frame):
            return False
        return found.is_stored(stored, with_payload=asked.with_payload, now=asked.now)


def _with_a_bar(sets: Iterable[Found]) -> Iterator[Found]:
    """The sets, with a bar on standard error where it is a terminal and several are known beforehand."""
    if not isinstance(sets, Sequence) or len(sets) < 2:
        yield from sets
        return
    with click.progressbar(sets, label="Reading runs", file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:
        yield from shown
