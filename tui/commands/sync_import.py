"""Import one entry of `sync`. Entries are read in parallel; one writer writes, one transaction a set (docs/sync.md)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple

from sqlalchemy import Connection

from health.instants import shifted
from health.policy import HealthPolicy, LossRule
from health.sources.captured import CapturedSchedule, CapturedSet, RefusedInput
from health.sources.declaration import Asked
from health.sources.door import Door, LostSet
from health.store.opening.errors import StoreConflict
from health.store.opening.urls import DatabaseAddress
from health.store.writing.input_order import write_facts
from health.store.writing.kept_schedules import keep_schedule, note_last_run
from health.store.writing.roster import archived_tenants, disable_schedule, have_tenant
from health.store.writing.sets import ImportSummary
from health.store.writing.transactions import writing
from tui.commands.importing import import_sets
from tui.commands.sync_entries import Entry
from tui.words.durations import NEWEST_FILE


class Outcome(NamedTuple):
    """What became of an entry: refused, and why; or what was written, what its newest set lacks, and every loss."""

    entry: Entry
    summary: ImportSummary = ImportSummary()
    refusal: str | None = None
    doubt: str | None = None
    lost: tuple[LostSet, ...] = ()

    @property
    def word(self) -> str:
        """`refused`, `new` or `unchanged`."""
        if self.refusal is not None:
            return "refused"
        summary = self.summary
        return "new" if summary.sets_created or summary.sets_replaced or summary.sets_cancelled else "unchanged"


class _OnlyTried(Exception):
    """Rolls back a transaction of a dry run."""


class Bringing(NamedTuple):
    """How entries are imported, by any number of threads. With `only_tried` every transaction is rolled back."""

    address: DatabaseAddress
    policy: HealthPolicy
    rule: LossRule
    now: datetime
    only_tried: bool
    with_payload: bool
    writer: Lock
    stopped: Event

    def roster(self, entries: list[Entry]) -> frozenset[str]:
        """Add every missing tenant and schedule. Returns the external ids of the archived tenants."""
        with self._writing() as connection:
            for entry in entries:
                self._have(connection, entry)
            return archived_tenants(connection)

    def one(self, entry: Entry) -> Outcome:
        """Import one entry. A refusal is in the outcome. Raises StoreError if the database cannot be used."""
        if entry.refusal is not None:
            return Outcome(entry, refusal=entry.refusal)
        newest = _Newest(entry)
        door = Door(rule=self.rule)
        within = partial(self._within, entry)
        try:
            if entry.declared.lines is not None:
                summary = self._lines(entry, within, door, newest)
            else:
                asked = self._asked(entry)
                summary = import_sets(
                    within, entry.declared, asked, door, written=newest.note, one_by_one=True, schedule=entry.schedule
                )
        except (RefusedInput, StoreConflict) as refusal:
            # The earlier sets of a history are written.
            return Outcome(entry, refusal=str(refusal), lost=door.with_a_loss)
        except OSError as error:
            return Outcome(entry, refusal=f"{entry.path}: it cannot be read: {error.strerror or error}.")
        return Outcome(entry, summary, doubt=newest.doubt, lost=door.with_a_loss)

    def disable(self, schedules: Iterable[tuple[str, str]]) -> None:
        """Disable schedules, given as pairs of name and tenant. Missing ones are ignored."""
        with self._writing() as connection:
            for name, tenant in schedules:
                with suppress(StoreConflict):
                    disable_schedule(connection, tenant, name)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction. Only one thread has one at a time."""
        with self.writer, suppress(_OnlyTried), writing(self.address) as connection:
            yield connection
            if self.only_tried:
                raise _OnlyTried

    @contextmanager
    def _within(self, entry: Entry) -> Iterator[Connection]:
        """A transaction of an entry. Raises KeyboardInterrupt before it begins if the sync was stopped."""
        if self.stopped.is_set():
            raise KeyboardInterrupt
        with self._writing() as connection:
            if self.only_tried:
                self._have(connection, entry)
            yield connection

    def _have(self, connection: Connection, entry: Entry) -> None:
        have_tenant(connection, entry.tenant, entry.name, self.now)
        if entry.settings.cron is not None:
            zone = entry.settings.timezone or "UTC"
            schedule = CapturedSchedule(entry.tenant, entry.source, cron=entry.settings.cron, timezone=zone)
            keep_schedule(connection, schedule, self.now)

    def _asked(self, entry: Entry) -> Asked:
        """The request to the source. Raises RefusedInput without a file for `newest-file`, and for a future instant."""
        completed_at = entry.settings.completed_at
        if completed_at == NEWEST_FILE:
            require_folder(entry.path)
            completed_at = entry.declared.newest_in(entry.path)
            if completed_at is None:
                raise RefusedInput(f"{entry.path}: it has no backup file.")
        assert not isinstance(completed_at, str)
        if completed_at is not None and completed_at > shifted(self.now, self.policy.clock_skew):
            raise RefusedInput(f"{entry.path}: {completed_at:%F %T} UTC is in the future: correct completed_at.")
        return Asked(
            path=entry.path,
            external_id=entry.tenant,
            now=self.now,
            policy=self.policy,
            completed_at=completed_at,
            options=entry.options,
            with_payload=self.with_payload,
        )

    def _lines(
        self, entry: Entry, within: Callable[[], AbstractContextManager[Connection]], door: Door, newest: _Newest
    ) -> ImportSummary:
        """Import a file of facts in one transaction. Raises RefusedInput if they are not all sets of this tenant."""
        assert entry.declared.lines is not None
        with entry.path.open("rb") as stream:
            facts = entry.declared.lines(stream, str(entry.path), self.with_payload, entry.options)
        if facts.tenants or facts.schedules or any(each.external_id != entry.tenant for each in facts.sets):
            raise RefusedInput(
                f"{entry.path}: it has other facts than sets of {entry.tenant!r}: import it with 'import facts'."
            )
        runs = tuple(each._replace(schedule=each.schedule or entry.schedule) for each in facts.sets)
        with within() as connection:
            summary = write_facts(connection, facts._replace(sets=runs), self.now, door)
            if summary.sets_created or summary.sets_replaced:
                for each in sorted(facts.sets, key=lambda each: each.completed_at or each.started_at or self.now):
                    newest.note(connection, each, ImportSummary(sets_created=1))
        return summary


class _Newest:
    """The newest set that an entry has written: what to report of it, and what to note for its schedule."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._newest: CapturedSet | None = None

    def note(self, connection: Connection, captured: CapturedSet, summary: ImportSummary) -> None:
        """Note a set that was written in this transaction. An unchanged set is not a new run and is ignored."""
        if summary.sets_unchanged:
            return
        self._newest = captured
        started_at = captured.started_at or captured.completed_at
        if self._entry.schedule is not None and started_at is not None:
            note_last_run(connection, self._entry.tenant, self._entry.schedule, started_at, captured.status)

    @property
    def doubt(self) -> str | None:
        """What is wrong with it: `partial: Filters: 2 of 2 items gone`; None if it is whole or there is none."""
        newest = self._newest
        if newest is None or newest.status == "completed":
            return None
        return newest.status if newest.error is None else f"{newest.status}: {newest.error}"


def require_folder(path: Path) -> None:
    """Raise RefusedInput if a path does not exist or cannot be listed."""
    try:
        if not path.is_file():
            os.scandir(path).close()
    except OSError as error:
        raise RefusedInput(f"{path}: it cannot be read: {error.strerror}.") from None
