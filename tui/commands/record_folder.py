"""What `record` notes of a command that writes a folder (docs/record.md)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from health.instants import shifted
from health.policy import HealthPolicy
from health.sources.captured import CapturedSet, RefusedInput
from health.sources.declaration import Acceptances, Asked, Source
from health.sources.door import Door
from health.sources.run_files import FilesThatStood, RunOfFolder
from health.sources.storable import storable_text
from health.store.writing.admission import admit
from health.store.writing.recording import RecordedRun, RunGivenUp, note_outcome
from health.store.writing.roster import have_tenant
from health.store.writing.same_content import require_own_content
from tui.clock import utc_now
from tui.commands.import_outcome import how_to_accept, leave_cron_nothing_to_mail, with_room_for_more
from tui.commands.notebook import Notebook, as_sentence, said
from tui.commands.running import Ended, HeldSignals
from tui.words.failures import EXIT_NOT_RECORDED, tell
from tui.words.fault_log import note_fault
from tui.words.wording import counted


class Backup(NamedTuple):
    """The options about the backup that the command writes, and the files that existed before it ran."""

    source: Source
    path: Path
    accepted: frozenset[str]
    accepts: Acceptances
    with_payload: bool
    stood_before: FilesThatStood


class FolderOfRun(NamedTuple):
    """How and when (UTC) a command ended that writes a folder."""

    run: RecordedRun
    backup: Backup
    ended: Ended
    ended_at: datetime

    @property
    def zone(self) -> str:
        """The time zone of local times in the backup."""
        return self.run.timezone or "UTC"

    def note(self, notebook: Notebook, signals: HeldSignals) -> int:
        """Read the command's backup and note it, with the schedule's next slot. Returns the exit code."""
        door = self._door(notebook)
        try:
            captured = self._captured(notebook)
            noted = notebook.write_patiently(
                signals, lambda connection, policy: self._note(connection, captured, door, policy, utc_now())
            )
        except Exception as trouble:  # the exit code is the command's, or says that nothing was noted
            remedy = "" if isinstance(trouble, RunGivenUp) else self._how_to_bring_it_in(notebook)
            tell(f"The outcome of this run could not be noted: {said(trouble)}{remedy}")
            return self.ended.exit_code or EXIT_NOT_RECORDED
        sentences = list(_to_say(noted, captured, self.run, notebook.policy(), door))
        for sentence in sentences:
            tell(sentence)
        if not sentences:
            leave_cron_nothing_to_mail()
        return self.ended.exit_code

    def _door(self, notebook: Notebook) -> Door:
        return Door(self.backup.accepted, notebook.loss_rule(), self.backup.accepts)

    def _note(
        self, connection: Connection, captured: CapturedSet, door: Door, policy: HealthPolicy, now: datetime
    ) -> CapturedSet:
        """Note the set as the door admits it, and return it. Raises RunGivenUp and StoreConflict."""
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
        if self.ended.failure is not None:
            return ""
        captured = self._captured(notebook)
        if captured.status == "failed":
            return f" The command succeeded, and there is nothing to bring in: {as_sentence(captured.error)}"
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
        yield f"This run is noted as {noted.status}: {as_sentence(why)}"
    if missing := _not_written(captured):
        yield f"{missing:,} of {captured.item_count:,} files were not written by this run: they count as missing items."
    if captured.completed_at is not None and captured.completed_at - run.started_at > policy.longest_run:
        yield "This run took longer than longest_run, so its set counts as contradictory: see [backup_health]."
