"""Import sets from a source into the store. The door checks each set. Every importing command uses this."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

import click
from sqlalchemy import Connection

from health.sources.captured import CapturedSet, RefusedInput, StoredSet
from health.sources.declaration import Asked, Found, Source, folder_reference
from health.sources.door import Door
from health.store.writing.admission import admit
from health.store.writing.cancelling import cancel_sets
from health.store.writing.contents import drop_unwanted_contents
from health.store.writing.same_content import require_own_content
from health.store.writing.sets import ImportSummary, write_set
from health.store.writing.stored_sets import stored_sets

Within = Callable[[], AbstractContextManager[Connection]]
"""Opens a transaction that ends with the context."""
Written = Callable[[Connection, CapturedSet, ImportSummary], None]
"""Called in the transaction that has written a set, with the set as the door admitted it."""


def import_sets(
    within: Within,
    source: Source,
    asked: Asked,
    door: Door,
    *,
    written: Written | None = None,
    one_by_one: bool = False,
    schedule: str | None = None,
) -> ImportSummary:
    """Write the sets that a source finds; one that is stored and did not change is skipped.

    The sets come oldest first, and each is compared with the stored sets before it. The newest set will count for the
    verdict, so it must not be another tenant's: otherwise nothing of the history is written. Before that, stored sets
    of commits that were not runs are cancelled. A set is read outside of any transaction and written `within` one. With
    `one_by_one` each set has its own transaction, and no bar is shown. A new set is a run of `schedule`, if given.
    Raises RefusedInput and StoreConflict.
    """
    history = source.found(asked)
    with within() as connection:
        cancelled = cancel_sets(connection, asked.external_id, source.name, history.no_sets)
        if history.without is not None and not cancelled:
            raise RefusedInput(history.without)
        stored = stored_sets(connection, asked.external_id, source.name)
        dropped = frozenset() if asked.with_payload else _dropped_for(connection, source, asked)
    is_checked = one_by_one and not asked.accepts.same_content
    if is_checked and history.newest is not None and history.newest not in stored:
        _require_own_newest(within, source, asked)
    summary = ImportSummary(sets_cancelled=cancelled)
    for found in history.sets if one_by_one else _with_a_bar(history.sets):
        known = stored.get(found.source_ref)
        if _is_stored(found, known, asked, door):
            summary = summary.plus(ImportSummary(sets_unchanged=1))
            continue
        whose_run = schedule if known is None else known.schedule
        captured = found.read(with_payload=asked.with_payload)._replace(schedule=whose_run)
        with within() as connection:
            if history.newest in (None, found.source_ref) and not asked.accepts.same_content:
                require_own_content(connection, captured)
            admitted = admit(connection, captured, door)
            one = write_set(connection, admitted, asked.now, dropped)
            if written is not None:
                written(connection, admitted, one)
        summary = summary.plus(one)
    return summary


def _require_own_newest(within: Within, source: Source, asked: Asked) -> None:
    """Raise RefusedInput if the newest set is another tenant's, before the older sets are written.

    This lists the source once more, so that its sets need not stay in memory.
    """
    again = source.found(asked)
    for found in again.sets:
        if found.source_ref == again.newest:
            captured = found.read(with_payload=asked.with_payload)
            with within() as connection:
                require_own_content(connection, captured)


def _dropped_for(connection: Connection, source: Source, asked: Asked) -> frozenset[tuple[int, str]]:
    """Remove the stored contents of sets that are now imported without payload. Returns what was removed."""
    references = None if asked.completed_at is None else {folder_reference(asked)}
    return drop_unwanted_contents(connection, asked.external_id, source.name, references)


def _is_stored(found: Found, stored: StoredSet | None, asked: Asked, door: Door) -> bool:
    """Whether a set is stored, and reading it again would give the same result."""
    if stored is not None and door.judges_again(stored.frame):
        return False
    return found.is_stored(stored, with_payload=asked.with_payload, now=asked.now)


def _with_a_bar(sets: Iterable[Found]) -> Iterator[Found]:
    """The sets, with a progress bar on standard error if that is a terminal and there are several sets."""
    if not isinstance(sets, Sequence) or len(sets) < 2:
        yield from sets
        return
    with click.progressbar(sets, label="Reading runs", file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:
        yield from shown
