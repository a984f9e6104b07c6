"""Commands run in this process on one database, and fleets by the states of their tenants."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tui.commands import run

AT = ("--now", "2026-11-23T09:00:00Z")
"""The instant at which the tenants of the fleets below are in the states that they are named after."""


class Outcome(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str
    of_check: bool = False
    """Whether it was a `check`. If there is no verdict, a check says why on standard output too."""
    written_to: str = ""
    """The databases that it said it has written to, in a line of its own that is not in `err`."""

    @property
    def document(self) -> Any:
        """What was printed, as JSON."""
        return json.loads(self.out)

    def refusal(self) -> str:
        """The one sentence on standard error of a failed command. It printed nothing else, except a check its line."""
        assert self.code != 0
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("tenantpilot: ")
        assert "Traceback" not in self.err
        assert "fault in TenantPilot" not in self.err
        sentence = self.err.removeprefix("tenantpilot: ").removesuffix("\n")
        assert self.out == (f"TENANTPILOT UNKNOWN - {sentence.replace('|', '¦')}\n" if self.of_check else "")
        return sentence


def without_the_place(err: str) -> tuple[str, str]:
    """Standard error without a last line that names the databases written to; and the names of these databases."""
    before, place, said = err.rpartition("tenantpilot: The database is ")
    return (before, said.removesuffix(".\n")) if place else (err, "")


class Console:
    """Runs commands on one database."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self._capsys = capsys

    def run(self, *words: str) -> Outcome:
        """Run a command line on the database."""
        return self.bare(*words, "--database", self.url)

    def bare(self, *words: str) -> Outcome:
        """Run a command line as it is."""
        self._capsys.readouterr()
        code = run(list(words))
        out, said = self._capsys.readouterr()
        err, written_to = without_the_place(said)
        return Outcome(code, out, err, "check" in words, written_to)

    def load(self, rows: Rows) -> None:
        """Write rows, also ones that the checks of the schema would refuse."""
        load(self.url, rows, unchecked=True)


def a_fleet(*states: str, created_at: object = LONG_AGO) -> Rows:
    """A tenant for each of the states named: absent, stale, degraded, follow_up, confirmed, unreadable."""
    rows = Rows([], [], [], [])
    for number, state in enumerate(states, start=1):
        add_tenant(rows, number, state, created_at=created_at)
    return rows


def add_tenant(rows: Rows, number: int, state: str, **columns: Any) -> None:
    """Add one tenant that is in this state at NOW and named after it."""
    tenant = TenantRow(number, f"{state}-{number}", f"{state.title()} {number}", LONG_AGO)
    if state == "unreadable":
        tenant = tenant._replace(created_at="infinity")
    rows.tenants.append(tenant._replace(**({} if state == "unreadable" else columns)))
    if state == "absent":
        return
    completed_at = NOW - (3 * DAY if state == "stale" else HOUR)
    rows.sets.append(SetRow(number, number, completed_at=completed_at, created_at=completed_at))
    rows.items.append(ItemRow(number, number, number, capture_mode="metadata_only" if state == "degraded" else "full"))
    if state == "follow_up":
        failed = ScheduleRow(number, number, created_at=NOW - timedelta(minutes=1), last_run_status="failed")
        rows.schedules.append(failed)
