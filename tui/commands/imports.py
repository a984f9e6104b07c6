"""`tenantpilot import`: other tools' backups into the store, each import in one transaction.

(docs/import-folders.md, "The door")
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.commands.import_options import ACCEPT_MISSING, NEW_TENANT, TENANT, WITHOUT_PAYLOAD
from tui.commands.import_outcome import AcceptedTypes, archived_among, echo_summary, in_words, tell_of
from tui.commands.options import InstantType, TimezoneType, place_options
from tui.words.failures import EXIT_REFUSED, EXIT_USAGE, CommandFailed

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from health.sources.captured import CapturedSet
    from health.sources.tenuvault import Run
    from health.store.writing.sets import ImportSummary
    from tui.commands.session import Session


@click.group("import")
def imports() -> None:
    """Bring in backups that other tools wrote. Importing the same twice changes nothing."""


@imports.command("intunecd")
@click.argument("path", type=click.Path(path_type=Path), help="The folder that the tool writes to.")
@TENANT
@NEW_TENANT
@click.option("--completed-at", type=InstantType(), metavar="INSTANT", help="When the run in the folder was complete.")
@click.option("--git", is_flag=True, help="Import every commit that touches the folder, completed at its commit.")
@ACCEPT_MISSING
@WITHOUT_PAYLOAD
@place_options
@click.pass_context
def intunecd(
    ctx: click.Context,
    /,
    path: Path,
    external_id: str,
    new_name: str | None,
    completed_at: datetime | None,
    git: bool,
    accept_missing: tuple[str, ...],
    without_payload: bool,
    **given: Any,
) -> None:
    """Import what IntuneCD wrote to PATH: a folder at one instant, or the history of a git repository."""
    from health.store.opening.engines import writing
    from health.store.writing.roster import have_tenant
    from tui.commands.session import open_session

    if git and completed_at is not None:
        raise CommandFailed("Say either --completed-at or --git: a commit has an instant of its own.", EXIT_USAGE)
    if not git and completed_at is None:
        raise CommandFailed(
            "A folder has no clock: say when the run was complete with --completed-at INSTANT, or read a git"
            " repository's commits with --git.",
            EXIT_USAGE,
        )
    session = open_session(ctx, given)
    _refuse_the_future(completed_at, session)
    accepted = AcceptedTypes(accept_missing)
    run = _IntuneCDRun(path, external_id, accepted, with_payload=not without_payload)
    with writing(session.writing()) as connection:
        have_tenant(connection, external_id, new_name, session.now)
        if completed_at is None:
            summary = run.import_history(connection, session)
        else:
            summary = run.import_folder(connection, completed_at, session)
        archived = archived_among(connection, (external_id,))
    echo_summary(external_id, summary)
    tell_of(archived, accepted)


class _IntuneCDRun:
    """One import of one IntuneCD backup."""

    def __init__(self, path: Path, external_id: str, accepted: AcceptedTypes, *, with_payload: bool) -> None:
        self._path = path
        self._tenant = external_id
        self._accepted = accepted
        self._with_payload = with_payload

    def import_folder(self, connection: Connection, completed_at: datetime, session: Session) -> ImportSummary:
        """The folder as one set."""
        from health.sources.intunecd import SOURCE, read_folder
        from health.sources.policy_sets import reference_of
        from health.store.writing.earlier_sets import types_of_last_completed_set
        from health.store.writing.sets import write_set

        captured = read_folder(
            self._path,
            external_id=self._tenant,
            completed_at=completed_at,
            expected_types=types_of_last_completed_set(
                connection, self._tenant, SOURCE, before=completed_at, reference=reference_of(completed_at)
            ),
            accept_missing=self._accepted.names,
            accepted=self._accepted.note,
            with_payload=self._with_payload,
            progress=_progress("files"),
        )
        return write_set(connection, captured, session.now)

    def import_history(self, connection: Connection, session: Session) -> ImportSummary:
        """Each commit that touches the folder as a set; commits that are stored completely are passed over.

        One that has its captured JSON, where none is wanted, is read again: a commit is what it was, but for that.
        """
        from health.sources.intunecd import SOURCE
        from health.sources.intunecd_git import read_history
        from health.store.writing.earlier_sets import known_references, types_of_last_completed_set
        from health.store.writing.sets import ImportSummary, write_set

        known = known_references(connection, self._tenant, SOURCE)
        holding = (
            frozenset() if self._with_payload else known_references(connection, self._tenant, SOURCE, holding_json=True)
        )
        history = read_history(
            self._path,
            external_id=self._tenant,
            known=known.__contains__,
            read_again=holding.__contains__,
            expected_types=types_of_last_completed_set(connection, self._tenant, SOURCE),
            accept_missing=self._accepted.names,
            accepted=self._accepted.note,
            with_payload=self._with_payload,
            progress=_progress("files"),
        )
        summary = ImportSummary()
        for captured in history:
            summary = summary.plus(write_set(connection, captured, session.now))
        return summary


@imports.command("tenuvault")
@click.argument("root", type=click.Path(path_type=Path), help="The folder with the runs' folders in it.")
@TENANT
@NEW_TENANT
@click.option(
    "--timezone", "zone", type=TimezoneType(), required=True, metavar="ZONE", help="Where the tool ran: Europe/Berlin."
)
@ACCEPT_MISSING
@WITHOUT_PAYLOAD
@place_options
@click.pass_context
def tenuvault(
    ctx: click.Context,
    /,
    root: Path,
    external_id: str,
    new_name: str | None,
    zone: ZoneInfo,
    accept_missing: tuple[str, ...],
    without_payload: bool,
    **given: Any,
) -> None:
    """Import every run of TenuVault under ROOT, by its folder; one that is stored and did not change is passed over.

    TenuVault writes local times and not where: ZONE is the time zone of the machine that it ran on. A run that has no
    files of a type that the last completed run has is partial: it may have been asked for a part only.
    """
    from health.sources.tenuvault import find_runs
    from health.store.opening.engines import writing
    from health.store.writing.roster import have_tenant
    from tui.commands.session import open_session

    session = open_session(ctx, given)
    runs = find_runs(root, external_id=external_id, zone=zone)
    accepted = AcceptedTypes(accept_missing)
    with writing(session.writing()) as connection:
        have_tenant(connection, external_id, new_name, session.now)
        with _progress_bar(runs, "Reading runs") as shown:
            writer = _TenuVaultRuns(connection, external_id, accepted, not without_payload)
            summary = writer.write(shown, session)
        archived = archived_among(connection, (external_id,))
    echo_summary(external_id, summary)
    tell_of(archived, accepted)


class _TenuVaultRuns:
    """One import of TenuVault's runs, the oldest first: each is held against the last completed one before it."""

    def __init__(self, connection: Connection, external_id: str, accepted: AcceptedTypes, with_payload: bool) -> None:
        from health.sources.tenuvault_record import SOURCE
        from health.store.writing.stored_sets import stored_sets

        self._connection = connection
        self._tenant = external_id
        self._accepted = accepted
        self._with_payload = with_payload
        self._stored = stored_sets(connection, external_id, SOURCE)

    def write(self, runs: Iterable[Run], session: Session) -> ImportSummary:
        """Write every run that is not stored as it is."""
        from health.store.writing.sets import ImportSummary, write_set

        summary = ImportSummary()
        for run in runs:
            captured = self._read_anew(run, session)
            if captured is None:
                summary = summary.plus(ImportSummary(sets_unchanged=1))
            else:
                summary = summary.plus(write_set(self._connection, captured, session.now))
        return summary

    def _read_anew(self, run: Run, session: Session) -> CapturedSet | None:
        """The run's set, or None if it is stored as it is."""
        # One that is stored as whole was so, or was accepted as such, when it was written.
        if self._is_stored(run, session):
            return None
        held = run.held_against(self._expected_of(run), self._accepted.names, self._accepted.note)
        if held != run and self._is_stored(held, session):
            return None
        return held.read(with_payload=self._with_payload)

    def _is_stored(self, run: Run, session: Session) -> bool:
        return run.is_stored(self._stored.get(run.frame.source_ref), with_payload=self._with_payload, now=session.now)

    def _expected_of(self, run: Run) -> frozenset[str]:
        from health.sources.tenuvault_record import SOURCE
        from health.store.writing.earlier_sets import types_of_last_completed_set

        before, reference = run.frame.completed_at, run.frame.source_ref
        if before is None:
            return frozenset()
        return types_of_last_completed_set(self._connection, self._tenant, SOURCE, before, reference)


@imports.command("intunemanagement")
@click.argument("path", type=click.Path(path_type=Path), help="The folder with the types' folders in it.")
@TENANT
@NEW_TENANT
@click.option(
    "--completed-at", type=InstantType(), required=True, metavar="INSTANT", help="When the export was complete."
)
@ACCEPT_MISSING
@WITHOUT_PAYLOAD
@place_options
@click.pass_context
def intunemanagement(
    ctx: click.Context,
    /,
    path: Path,
    external_id: str,
    new_name: str | None,
    completed_at: datetime,
    accept_missing: tuple[str, ...],
    without_payload: bool,
    **given: Any,
) -> None:
    """Import what IntuneManagement exported to PATH, the folder with the types' folders, at one instant."""
    from health.sources.intunemanagement import SOURCE, read_export
    from health.sources.policy_sets import reference_of
    from health.store.opening.engines import writing
    from health.store.writing.earlier_sets import types_of_last_completed_set
    from health.store.writing.roster import have_tenant
    from health.store.writing.sets import write_set
    from tui.commands.session import open_session

    accepted = AcceptedTypes(accept_missing)
    session = open_session(ctx, given)
    _refuse_the_future(completed_at, session)
    with writing(session.writing()) as connection:
        have_tenant(connection, external_id, new_name, session.now)
        captured = read_export(
            path,
            external_id=external_id,
            completed_at=completed_at,
            expected_types=types_of_last_completed_set(
                connection, external_id, SOURCE, before=completed_at, reference=reference_of(completed_at)
            ),
            accept_missing=accepted.names,
            accepted=accepted.note,
            with_payload=not without_payload,
            progress=_progress("files"),
        )
        summary = write_set(connection, captured, session.now)
        archived = archived_among(connection, (external_id,))
    echo_summary(external_id, summary)
    tell_of(archived, accepted)


@imports.command("facts")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), help="One fact a line; '-': standard input.")
@WITHOUT_PAYLOAD
@place_options
@click.pass_context
def facts(ctx: click.Context, /, file: Path, without_payload: bool, **given: Any) -> None:
    """Import facts as JSON lines from FILE, or from standard input where it is '-'."""
    from health.sources.fact_lines import read_fact_lines
    from health.store.opening.engines import writing
    from health.store.writing.sets import write_facts
    from tui.commands.session import open_session

    session = open_session(ctx, given)
    if str(file) == "-":
        captured = read_fact_lines(sys.stdin.buffer, "standard input", with_payload=not without_payload)
    else:
        try:
            with file.open("rb") as stream:
                captured = read_fact_lines(stream, str(file), with_payload=not without_payload)
        except OSError as error:
            raise CommandFailed(f"{file} cannot be read: {error.strerror}.", EXIT_REFUSED) from None
    with writing(session.writing()) as connection:
        summary = write_facts(connection, captured, session.now)
        archived = archived_among(connection, [each.external_id for each in captured.sets])
    from tui.words.wording import counted

    tenants, schedules = len(captured.tenants), len(captured.schedules)
    click.echo(f"{counted(tenants, 'tenant')} and {counted(schedules, 'schedule')} read; {in_words(summary)}.")
    tell_of(archived)


def _refuse_the_future(completed_at: datetime | None, session: Session) -> None:
    """A slip of the hand here would be the tenant's latest set, before every real one, until that day has come."""
    from health.instants import shifted

    if completed_at is not None and completed_at > shifted(session.now, session.loaded.settings.policy().clock_skew):
        instant = completed_at.isoformat().replace("+00:00", "Z")
        raise CommandFailed(f"--completed-at {instant} lies in the future: no run was complete then.", EXIT_USAGE)


def _progress_bar(runs: Sequence[Run], label: str) -> Any:
    return click.progressbar(runs, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())


def _progress(unit: str) -> Any:
    """Progress on standard error, on a terminal only: a number that is written over, never a bar that scrolls."""
    if not sys.stderr.isatty():
        return None

    def show(done: int) -> None:
        if done % 50 == 0:
            click.echo(f"\r{done:,} {unit} ", nl=False, err=True)

    return show
