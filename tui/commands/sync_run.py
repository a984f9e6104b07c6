"""One run of `sync`: the backups of the sources in the settings (docs/sync.md)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event, Lock
from typing import Any, Final, NamedTuple

import click

from tui.commands.import_outcome import tell_of_losses
from tui.commands.session import Session, open_session
from tui.commands.sync_entries import Entry, Sources, an_entry, found_sources
from tui.commands.sync_import import Bringing, Outcome
from tui.commands.sync_notes import Notes, notes_file, read_notes, write_notes
from tui.commands.sync_outcome import Report, echo_report
from tui.terminal.cores import usable_cores
from tui.words.failures import EXIT_DONE, EXIT_INTERRUPTED, EXIT_REFUSED, CommandFailed
from tui.words.nearest import nearest

_INTERRUPTED: Final = "Interrupted: whole sets stay; the next sync goes on from there."


class ToSync(NamedTuple):
    """What a command line asks for. Without `names` all sources, without `jobs` as many readers as cores."""

    names: tuple[str, ...]
    dry_run: bool
    only_failed: bool
    prune_schedules: bool
    jobs: int | None
    form: str
    with_payload: bool

    def of_named(self, entries: list[Entry]) -> list[Entry]:
        """The entries of the sources that were asked for."""
        return [entry for entry in entries if not self.names or entry.source in self.names]


def sync_run(ctx: click.Context, asked: ToSync, given: dict[str, Any]) -> int:
    """Import the backups, report the outcome and note it for the next sync. Returns the exit code.

    `given` are the options of the database.
    """
    session = open_session(ctx, given)
    sources = found_sources(session.loaded)
    _require_sources(session, asked.names)
    address, settings = session.writing(), session.loaded.settings
    notes = read_notes(file := notes_file(address.place))
    before = notes or Notes()
    policy, rule = settings.policy(), settings.loss_rule()
    bringing = Bringing(address, policy, rule, session.now, asked.dry_run, asked.with_payload, Lock(), Event())
    entries = [*sources.entries, *_gone(session, sources, before)]
    archived = bringing.roster(asked.of_named(entries))
    # A tenant whose folder is gone is not reported if it is archived.
    entries = [entry for entry in entries if not (entry.refusal and entry.tenant in archived)]
    chosen = asked.of_named(entries)
    if asked.only_failed and notes is not None:
        chosen = [entry for entry in chosen if (entry.source, entry.tenant) in before.refused]
    try:
        outcomes = list(_with_a_bar(_brought(bringing, chosen, asked.jobs), len(chosen)))
    except KeyboardInterrupt:
        raise CommandFailed(_INTERRUPTED, EXIT_INTERRUPTED) from None
    outcomes.sort(key=lambda outcome: chosen.index(outcome.entry))
    empty = {name: why for name, why in sources.empty.items() if not asked.names or name in asked.names}
    without_source = sorted(pair for pair in before.schedules if pair[0] not in settings.sources)
    if asked.prune_schedules:
        bringing.disable(without_source)
    echo_report(Report(outcomes, empty, without_source, asked.prune_schedules, asked.dry_run), asked.form)
    if not asked.dry_run:
        tell_of_losses((lost for outcome in outcomes for lost in outcome.lost), by_option=False)
        write_notes(file, _notes_after(before, entries, outcomes, without_source if asked.prune_schedules else []))
    return EXIT_REFUSED if empty or any(outcome.refusal for outcome in outcomes) else EXIT_DONE


def _require_sources(session: Session, names: tuple[str, ...]) -> None:
    """Raise UsageError if the settings have no source, or no source with one of the names."""
    known = tuple(session.loaded.settings.sources)
    if not known:
        raise click.UsageError("The settings have no [sources.NAME]: 'tenantpilot init FOLDER' proposes them.")
    for name in names:
        if name not in known:
            raise click.UsageError(f"The settings have no source {name!r}; the nearest is {nearest(name, known)!r}.")


def _gone(session: Session, sources: Sources, before: Notes) -> Iterator[Entry]:
    """Refused entries for the tenants that had a folder for `*` at the last sync and have none now."""
    there = {(entry.source, entry.tenant) for entry in sources.entries}
    for source, tenant in sorted(before.entries - there):
        settings = session.loaded.settings.sources.get(source)
        if settings is not None and "*" in settings.path and source not in sources.empty:
            refusal = (
                f"its folder at the last sync is gone from {settings.path}; restore the folder, or archive the tenant."
            )
            yield an_entry(source, settings, tenant, refusal)


def _brought(bringing: Bringing, entries: list[Entry], jobs: int | None) -> Iterator[Outcome]:
    """Each entry's outcome when it is ready. After a failure or ^C, no other entry begins."""
    with ThreadPoolExecutor(jobs or max(1, round(usable_cores()))) as readers:
        try:
            for future in as_completed([readers.submit(bringing.one, entry) for entry in entries]):
                yield future.result()
        except BaseException:
            bringing.stopped.set()
            readers.shutdown(cancel_futures=True)
            raise


def _with_a_bar(outcomes: Iterator[Outcome], number: int) -> Iterator[Outcome]:
    hidden = number < 2 or not sys.stderr.isatty()
    with click.progressbar(outcomes, number, "Sources", file=sys.stderr, hidden=hidden) as shown:
        yield from shown


def _notes_after(before: Notes, entries: list[Entry], outcomes: list[Outcome], pruned: list[tuple[str, str]]) -> Notes:
    """The notes for the next sync. Entries that were not asked for keep their notes."""
    asked = {(outcome.entry.source, outcome.entry.tenant) for outcome in outcomes}
    refused = {(each.entry.source, each.entry.tenant) for each in outcomes if each.refusal}
    there = {(entry.source, entry.tenant) for entry in entries}
    kept = {(entry.source, entry.tenant) for entry in entries if entry.settings.cron is not None}
    return Notes(
        frozenset(there),
        frozenset(refused | ((before.refused - asked) & there)),
        frozenset((before.schedules | kept) - set(pruned)),
    )
