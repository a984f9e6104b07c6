"""What `record` notes of a command that prints facts, or whose outcome alone it notes (docs/record.md)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final, NamedTuple

from sqlalchemy import Connection

from health.instants import shifted
from health.policy import HealthPolicy
from health.slots import zone_named
from health.sources.captured import CapturedFacts, RefusedInput
from health.sources.door import Door
from health.sources.listed import source_named
from health.sources.storable import storable_text
from health.store.writing.input_order import write_facts
from health.store.writing.recording import RecordedRun, note_end, plan_run, stored_status
from tui.commands.running import Ended

_OUTPUT: Final = "standard output"
"""The name of the facts' source in error messages."""


class FactsOfRun(NamedTuple):
    """How and when (UTC) a command ended, and what it `printed` (None: note only the outcome)."""

    run: RecordedRun
    command: tuple[str, ...]
    printed: BinaryIO | None
    with_payload: bool
    door: Door
    ended: Ended
    ended_at: datetime

    def note(self, connection: Connection, policy: HealthPolicy) -> list[str]:
        """Write the facts and note the outcome. Returns the sentences for the reader of cron's mail."""
        status, error = ("completed", None) if self.ended.failure is None else ("failed", self.ended.failure)
        plan_run(connection, self.run)
        if self.printed is not None and error is None:
            try:
                facts = self._facts(self.printed)
                with connection.begin_nested():  # if one set is refused, none is written
                    status, error = self._write(connection, facts, policy)
            except RefusedInput as refusal:
                status, error = "failed", storable_text(str(refusal))
        note_end(connection, self.run, status, error, policy, self.ended_at)
        return list(_to_say(status, error))

    def how_to_bring_it_in(self, named: list[str]) -> str:
        """The import command that replaces a lost note, or empty; `named` are the options of the database."""
        if self.ended.failure is not None or self.printed is None:
            return ""
        words = shlex.join(["tenantpilot", "import", "facts", "-", *named])
        return f" The command succeeded: bring its facts in with '{shlex.join(self.command)} | {words}'."

    def _facts(self, printed: BinaryIO) -> CapturedFacts:
        """The facts that the command printed. Raises RefusedInput if they are not all sets of this tenant."""
        read, tenant = source_named("facts").lines, self.run.external_id
        assert read is not None
        printed.seek(0)
        zone = None if self.run.timezone is None else zone_named(self.run.timezone)
        facts = read(printed, _OUTPUT, self.with_payload, {"timezone": zone})
        if facts.tenants or facts.schedules:
            raise RefusedInput(
                f"{_OUTPUT}: a run has only sets and items: import lines of tenants and schedules with 'import facts'."
            )
        for each in facts.sets:
            if each.external_id != tenant:
                raise RefusedInput(f"{_OUTPUT}: a set is of {each.external_id!r}, but this run is only of {tenant!r}.")
        planned = (each._replace(schedule=each.schedule or self.run.schedule) for each in facts.sets)
        return facts._replace(sets=tuple(planned))

    def _write(self, connection: Connection, facts: CapturedFacts, policy: HealthPolicy) -> tuple[str, str | None]:
        """Write the sets. Returns the run's status and error: those of its newest set, or failed without a set."""
        write_facts(connection, facts, self.ended_at, self.door)
        since = shifted(self.run.started_at, -policy.clock_skew)
        ended = [(each.completed_at or each.started_at, each) for each in facts.sets]
        of_run = [(instant, each) for instant, each in ended if instant is not None and instant >= since]
        if not of_run:
            return (
                "failed",
                f"{_OUTPUT}: none of its sets ({len(facts.sets)}) is of this run: each ended before the run began",
            )
        _, newest = max(of_run, key=lambda pair: pair[0])
        return stored_status(connection, newest), None


def _to_say(status: str, error: str | None) -> Iterator[str]:
    if status != "completed":
        yield f"This run is noted as {status}{'' if error is None else ': ' + error.rstrip('.')}."
