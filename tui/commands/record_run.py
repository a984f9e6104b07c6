"""A run of `record`: the schedule's lock, the noted start, the command, and the noted outcome (docs/record.md)."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import click

from health.sources.declaration import Acceptances, Source
from health.sources.door import Door
from health.store.opening.errors import BadDatabaseUrl, StoreConflict, StoreError
from health.store.writing.recording import (
    OnThisMachine,
    RecordedRun,
    RunUnderWay,
    note_start,
    require_no_other_run,
    start_in,
)
from tui.clock import utc_now
from tui.commands.import_outcome import leave_cron_nothing_to_mail, tell_of_losses
from tui.commands.notebook import Notebook, said
from tui.commands.record_facts import FactsOfRun
from tui.commands.record_folder import Backup, FolderOfRun
from tui.commands.run_lock import RunLock, lock_path
from tui.commands.running import HeldSignals
from tui.commands.schedule import require_slots
from tui.words.failures import (
    EXIT_NOT_RECORDED,
    EXIT_UNDER_WAY,
    CommandFailed,
    SettingsError,
    tell,
)


class ToRecord(NamedTuple):
    """What a command line asks to run and to record."""

    external_id: str
    new_name: str | None
    schedule: str
    source: str
    declared: Source | None
    """The source's declaration; None to note only the outcome."""
    path: Path | None
    cron: str | None
    timezone: str | None
    accepted: frozenset[str]
    other_tenant: bool
    same_content: bool
    with_payload: bool
    command: tuple[str, ...]

    @property
    def accepts(self) -> Acceptances:
        """What is accepted although the backup's own data speaks against it."""
        return Acceptances(other_tenant=self.other_tenant, same_content=self.same_content)


def record_run(ctx: click.Context, asked: ToRecord, given: dict[str, Any]) -> int:
    """Run the command and record the run. Returns the exit code.

    `given` are the options of the database. Raises UsageError and CommandFailed; then the command has not run.
    """
    started_at = utc_now()
    require_slots(ctx, asked.cron, asked.timezone or "UTC", started_at)
    notebook = Notebook(ctx, given)
    reads_folder = asked.declared is not None and asked.declared.lines is None
    run = RecordedRun(
        asked.external_id,
        asked.schedule,
        asked.source,
        started_at,
        asked.cron,
        asked.timezone,
        asked.new_name,
        is_a_set=reads_folder,
    )
    return _run_with_folder(notebook, run, asked) if reads_folder else _run_without_folder(notebook, run, asked)


def _run_with_folder(notebook: Notebook, run: RecordedRun, asked: ToRecord) -> int:
    """Run a command that writes a folder. Returns the exit code."""
    assert asked.declared is not None
    if asked.path is None:
        raise click.UsageError(f"--source {asked.source} reads a folder: name it with --path DIR.")
    stood_before = asked.declared.stood_in(asked.path)
    backup = Backup(asked.declared, asked.path, asked.accepted, asked.accepts, asked.with_payload, stood_before)
    with HeldSignals() as signals, ExitStack() as held:
        _note_start(notebook, run, _on_this_machine(held, notebook, run))
        ended = signals.run(asked.command)
        return FolderOfRun(run, backup, ended, utc_now()).note(notebook, signals)


def _run_without_folder(notebook: Notebook, run: RecordedRun, asked: ToRecord) -> int:
    """Run a command that prints its facts, or whose outcome alone is noted. Returns the exit code."""
    if asked.path is not None:
        raise click.UsageError(f"--path is for folders, and --source {run.source} reads no folder: leave it out.")
    door = Door(asked.accepted, notebook.loss_rule(), asked.accepts)
    with HeldSignals() as signals, ExitStack() as held:
        printed = None if asked.declared is None else held.enter_context(TemporaryFile())
        _note_start(notebook, run, _on_this_machine(held, notebook, run))
        ended = signals.run(asked.command, printed)
        of_run = FactsOfRun(run, asked.command, printed, asked.with_payload, door, ended, utc_now())
        try:
            sentences = notebook.write_patiently(signals, of_run.note)
            for sentence in sentences:
                tell(sentence)
            tell_of_losses(door.with_a_loss, by_option=False)
            if not sentences and not door.with_a_loss:
                leave_cron_nothing_to_mail()
        except Exception as trouble:  # the exit code is the command's, or says that nothing was noted
            remedy = of_run.how_to_bring_it_in(notebook.named)
            tell(f"The outcome of this run could not be noted: {said(trouble)}{remedy}")
            return ended.exit_code or EXIT_NOT_RECORDED
        return ended.exit_code


def _on_this_machine(held: ExitStack, notebook: Notebook, run: RecordedRun) -> OnThisMachine:
    """Take the schedule's lock on this machine until `held` ends. Returns what the lock says about other runs."""
    try:
        database = notebook.address().place
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
            tell(f"The start of this run cannot be noted: {said(trouble)} The command runs anyway.")
    except RunUnderWay as other:
        raise CommandFailed(str(other), EXIT_UNDER_WAY) from None
    if given_up:
        tell("The previous run ended without an outcome; its backup set counts as failed.")
