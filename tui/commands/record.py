"""`tenantpilot record`: run a backup command, usually from a crontab, and record the run as evidence.

A backup is worth more than its record. So the command runs even if the database or the settings are broken, and
`record` reports what it could not note. It does not run the command in three cases: the command line is wrong, the
tenant is unknown, or another run is under way.

If the outcome was noted, the exit code is the command's own, success or not: the database has the rest. If it was not
noted, only the exit code can say so, and a success becomes 74. Other codes: 75 another run is under way, 126 and 127
the command cannot be run. Before the command has run, 1 and 2 mean the same as for other commands.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from health.instants import shifted
from health.sources.listed import SOURCES, source_named
from tui.commands.import_options import (
    ACCEPT_LOSS,
    ACCEPT_OTHER_TENANT,
    ACCEPT_SAME_CONTENT,
    NEW_TENANT,
    TENANT,
    WITHOUT_PAYLOAD,
)
from tui.commands.import_outcome import (
    how_to_accept,
    leave_cron_nothing_to_mail,
    tell_of_losses,
    with_room_for_more,
)
from tui.commands.names import NameType
from tui.commands.notebook import Notebook
from tui.commands.options import place_options
from tui.words.failures import EXIT_NOT_RECORDED, EXIT_UNDER_WAY, CommandFailed, describe, tell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from health.policy import HealthPolicy
    from health.sources.captured import CapturedSet
    from health.sources.declaration import Acceptances, Source
    from health.sources.door import Door
    from health.sources.run_files import FilesThatStood
    from health.store.writing.recording import OnThisMachine, RecordedRun
    from tui.commands.running import Ended, HeldSignals

Found = TypeVar("Found")

NONE: Final = "none"
"""The source of a run whose backup is imported in another way."""


class _Backup(NamedTuple):
    """The options about the backup that the command writes, and the files that existed before it ran."""

    source: Source
    path: Path
    accepted: frozenset[str]
    accepts: Acceptances
    with_payload: bool
    stood_before: FilesThatStood


def recorded_sources() -> list[str]:
    """The names of the sources whose runs can be recorded."""
    return sorted([NONE, *(name for name in SOURCES if source_named(name).is_recorded)])


@click.command(context_settings={"allow_interspersed_args": False})
@TENANT
@NEW_TENANT
@click.option(
    "--schedule",
    type=NameType(),
    required=True,
    metavar="NAME",
    help="The schedule. If it does not exist, it is added.",
)
@click.option(
    "--source",
    type=click.Choice(recorded_sources()),
    required=True,
    help="The tool that COMMAND runs; 'facts': COMMAND prints facts; 'none': note only the outcome.",
)
@click.option("--path", type=click.Path(path_type=Path), metavar="DIR", help="The folder that COMMAND writes to.")
@click.option(
    "--cron", metavar="EXPRESSION", help="When it runs, in five fields: '30 2 * * *'. It is stored with the schedule."
)
@click.option(
    "--timezone",
    metavar="NAME",
    help="The IANA time zone of the cron, of facts without an offset and of TenuVault's local times. TenuVault's times"
    " are UTC without it.",
)
@ACCEPT_LOSS
@ACCEPT_OTHER_TENANT
@ACCEPT_SAME_CONTENT
@WITHOUT_PAYLOAD
@place_options
@click.argument(
    "command",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
    metavar="-- COMMAND ...",
    help="The command to run, without a shell, and its arguments.",
)
@click.pass_context
def record(
    ctx: click.Context,
    /,
    external_id: str,
    new_name: str | None,
    schedule: str,
    source: str,
    path: Path | None,
    cron: str | None,
    timezone: str | None,
    accepted: tuple[str, ...],
    accept_other_tenant: bool,
    accept_same_content: bool,
    without_payload: bool,
    command: tuple[str, ...],
    **given: Any,
) -> int:
    """Run a backup COMMAND, and record its start, its outcome and its backup as a run of a schedule.

    The exit code is the command's own (128+n: killed by signal n). 75: not run, because another run is under way. 74:
    the command succeeded, but that could not be noted. 126, 127: the command cannot be run.
    """
    from health.sources.declaration import Acceptances
    from health.sources.door import Door
    from health.store.writing.recording import RecordedRun
    from tui.clock import utc_now
    from tui.commands.running import HeldSignals
    from tui.commands.schedule import require_slots

    started_at = utc_now()
    require_slots(ctx, cron, timezone or "UTC", started_at)
    accepts = Acceptances(other_tenant=accept_other_tenant, same_content=accept_same_content)
    declared = None if source == NONE or source_named(source).lines is not None else source_named(source)
    run = RecordedRun(
        external_id, schedule, source, started_at, cron, timezone, new_name, is_a_set=declared is not None
    )
    notebook = Notebook(ctx, given)
    if declared is None:
        door = Door(frozenset(accepted), notebook.loss_rule(), accepts)
        return _run_without_folder(notebook, run, path, command, door, with_payload=not without_payload)
    if path is None:
        raise click.UsageError(f"--source {source} reads a folder: name it with --path DIR.")
    backup = _Backup(declared, path, frozenset(accepted), accepts, not without_payload, declared.stood_in(path))
    with HeldSignals() as signals, ExitStack() as held:
        _note_start(notebook, run, _on_this_machine(held, notebook, run))
        ended = signals.run(command)
        return _Outcome(run, backup, ended, utc_now()).note(notebook, signals)


def _run_without_folder(
    notebook: Notebook,
    run: RecordedRun,
    path: Path | None,
    command: tuple[str, ...],
    door: Door,
    *,
    with_payload: bool,
) -> int:
    """Run a command that prints its facts, or of which only the outcome is noted. Returns the exit code."""
    from tempfile import TemporaryFile

    from tui.clock import utc_now
    from tui.commands.record_facts import FactsOfRun
    from tui.commands.running import HeldSignals

    if path is not None:
        raise click.UsageError(f"--path is for folders, and --source {run.source} reads no folder: leave it out.")
    with HeldSignals() as signals, ExitStack() as held:
        printed = None if run.source == NONE else held.enter_context(TemporaryFile())
        _note_start(notebook, run, _on_this_machine(held, notebook, run))
        ended = signals.run(command, printed)
        of_run = FactsOfRun(run, command, printed, with_payload, door, ended, utc_now())
        try:
            sentences = notebook.write_patiently(signals, of_run.note)
            for sentence in sentences:
                tell(sentence)
            tell_of_losses(door.with_a_loss, by_option=False)
            if not sentences and not door.with_a_loss:
                leave_cron_nothing_to_mail()
        except Exception as trouble:  # the exit code is the command's, or says that nothing was noted
            remedy = of_run.how_to_bring_it_in(notebook.named)
            tell(f"The outcome of this run could not be noted: {_said(trouble)}{remedy}")
            return ended.exit_code or EXIT_NOT_RECORDED
        return ended.exit_code


def _on_this_machine(held: ExitStack, notebook: Notebook, run: RecordedRun) -> OnThisMachine:
    """Take the schedule's lock on this machine until `held` ends. Returns what the lock says about other runs."""
    from health.store.opening.errors import StoreError
    from health.store.writing.recording import OnThisMachine, start_in
    from tui.commands.run_lock import RunLock, lock_path
    from tui.words.failures import SettingsError

    try:
        address = notebook.address()
        database = address.place
    except (SettingsError, StoreError):
        database = ""
    try:
        lock = held.enter_context(RunLock(lock_path(database, run.external_id, run.schedule), run.reference))
    except OSError as error:
        tell(f"No lock can be kept on this machine ({error}): only the database knows of other runs of the schedule.")
        return OnThisMachine()
    if lock.held:
        return OnThisMachine(over=lock.other)
    # If the other run has the lock but no noted start, it is starting now.
    return OnThisMachine(alive_since=start_in(lock.other or "") or run.started_at)


def _note_start(notebook: Notebook, run: RecordedRun, here: OnThisMachine) -> None:
    """Note that the run begins. Raises only if the command must not run."""
    from health.store.opening.errors import BadDatabaseUrl, StoreConflict
    from health.store.writing.recording import RunUnderWay, note_start, require_no_other_run
    from tui.words.failures import SettingsError

    given_up = 0
    try:
        try:
            given_up = notebook.write(lambda connection, policy: note_start(connection, run, policy, here))
        except StoreConflict:
            raise
        except Exception as trouble:  # our own fault must never prevent a backup
            if notebook.named_by_hand and isinstance(trouble, SettingsError | BadDatabaseUrl):
                raise
            require_no_other_run(run, None, here, notebook.policy())
            tell(f"The start of this run cannot be noted: {_said(trouble)} The command runs anyway.")
    except RunUnderWay as other:
        raise CommandFailed(str(other), EXIT_UNDER_WAY) from None
    if given_up:
        tell("The previous run ended without an outcome; its backup set counts as failed.")


class _Outcome(NamedTuple):
    """How the command of a run ended, and when (UTC)."""

    run: RecordedRun
    backup: _Backup
    ended: Ended
    ended_at: datetime

    @property
    def zone(self) -> str:
        """The time zone of local times in the backup."""
        return self.run.timezone or "UTC"

    def note(self, notebook: Notebook, signals: HeldSignals) -> int:
        """Read the command's backup and note it, with the schedule's next slot. Returns the exit code."""
        from health.store.writing.recording import RunGivenUp
        from tui.clock import utc_now

        door = self._door(notebook)
        try:
            captured = self._captured(notebook)
            noted = notebook.write_patiently(
                signals, lambda connection, policy: self._note(connection, captured, door, policy, utc_now())
            )
        except Exception as trouble:  # the exit code is the command's, or says that nothing was noted
            remedy = "" if isinstance(trouble, RunGivenUp) else self._how_to_bring_it_in(notebook)
            tell(f"The outcome of this run could not be noted: {_said(trouble)}{remedy}")
            return self.ended.exit_code or EXIT_NOT_RECORDED
        sentences = list(_to_say(noted, captured, self.run, notebook.policy(), door))
        for sentence in sentences:
            tell(sentence)
        if not sentences:
            leave_cron_nothing_to_mail()
        return self.ended.exit_code

    def _door(self, notebook: Notebook) -> Door:
        from health.sources.door import Door

        return Door(self.backup.accepted, notebook.loss_rule(), self.backup.accepts)

    def _note(
        self, connection: Connection, captured: CapturedSet, door: Door, policy: HealthPolicy, now: datetime
    ) -> CapturedSet:
        """Note the set as the door admits it, and return it. Raises RunGivenUp and StoreConflict."""
        from health.sources.captured import RefusedInput
        from health.sources.storable import storable_text
        from health.store.writing.admission import admit
        from health.store.writing.recording import note_outcome
        from health.store.writing.roster import have_tenant
        from health.store.writing.same_content import require_own_content

        # If the start could not be noted, the tenant may still be missing.
        have_tenant(connection, self.run.external_id, self.run.new_tenant, self.run.started_at)
        try:
            if not door.accepts.same_content:
                require_own_content(connection, captured)
            admitted = admit(connection, captured, door)
        except RefusedInput as refusal:
            admitted = self.run.as_set("failed", storable_text(str(refusal)))
        note_outcome(connection, self.run, admitted, policy, now)
        return admitted

    def _captured(self, notebook: Notebook) -> CapturedSet:
        """The run's set from the command's files; `failed` if they are not a backup, or if the command failed."""
        if self.ended.failure is not None:
            return self.run.as_set("failed", self.ended.failure)
        from zoneinfo import ZoneInfo

        from health.sources.captured import RefusedInput
        from health.sources.declaration import Asked
        from health.sources.run_files import RunOfFolder
        from health.sources.storable import storable_text
        from tui.words.fault_log import note_fault

        policy = notebook.policy()
        asked = Asked(
            path=self.backup.path,
            external_id=self.run.external_id,
            now=self.ended_at,
            policy=policy,
            completed_at=self.ended_at,
            options=self.backup.source.options_in(ZoneInfo(self.zone)),
            accepted=self.backup.accepted,
            with_payload=self.backup.with_payload,
            # The folder may be on another machine, and file times may be coarse.
            run=RunOfFolder(shifted(self.run.started_at, -policy.clock_skew), self.backup.stood_before),
        )
        try:
            (found,) = self.backup.source.found(asked).sets
            captured = found.read(with_payload=asked.with_payload)
        except RefusedInput as refusal:
            return self.run.as_set("failed", storable_text(str(refusal)))
        except Exception as fault:  # after any fault, the run must not stay `running`
            return self.run.as_set("failed", note_fault(fault))
        return self.run.wrote(captured)

    def _how_to_bring_it_in(self, notebook: Notebook) -> str:
        """The import command that replaces a lost note; empty if there is nothing to import.

        An import does not check when a file was written, so the user must move files of other runs away first.
        """
        from tui.words.wording import counted

        if self.ended.failure is not None:
            return ""
        captured = self._captured(notebook)
        if captured.status == "failed":
            return f" The command succeeded, and there is nothing to bring in: {_sentence(captured.error)}"
        words = ["tenantpilot", "import", self.backup.source.name, str(self.backup.path), *notebook.named]
        words += ["--tenant", self.run.external_id]
        words += [] if self.run.new_tenant is None else ["--create-tenant", self.run.new_tenant]
        words += [word for name in sorted(self.backup.accepted) for word in ("--accept-loss", name)]
        words += [] if self.backup.with_payload else ["--without-payload"]
        if self.backup.source.runs is not None:
            # Each run under a root has its own instant, so the files of other runs may stay.
            words += ["--timezone", self.zone]
            return f" The command succeeded; bring its backup in with '{shlex.join(words)}'."
        words += ["--completed-at", self.ended_at.isoformat().replace("+00:00", "Z")]
        old = _not_written(captured)
        first = f"move the {counted(old, 'file')} that it did not write to another place, and then " if old else ""
        return f" The command succeeded; {first}bring its backup in with '{shlex.join(words)}'."


def _not_written(captured: CapturedSet) -> int:
    """The number of files in the folder that the run did not write."""
    return max((captured.item_count or 0) - len(captured.items), 0)


def _to_say(
    noted: CapturedSet, captured: CapturedSet, run: RecordedRun, policy: HealthPolicy, door: Door
) -> Iterator[str]:
    """The sentences about an outcome for the reader of cron's mail; empty if all went well.

    `captured` is what was read, and `noted` is what was stored.
    """
    if noted.status != "completed":
        why = noted.error or ""
        for lost in door.with_a_loss:
            why = f"{with_room_for_more(why)}; {how_to_accept(lost)}"
        yield f"This run is noted as {noted.status}: {_sentence(why)}"
    if missing := _not_written(captured):
        yield f"{missing:,} of {captured.item_count:,} files were not written by this run: they count as missing items."
    if captured.completed_at is not None and captured.completed_at - run.started_at > policy.longest_run:
        yield "This run took longer than longest_run, so its set counts as contradictory: see [backup_health]."


def _said(trouble: Exception) -> str:
    return _sentence(describe(trouble)[0])


def _sentence(text: str | None) -> str:
    return f"{(text or '').rstrip('.')}."
