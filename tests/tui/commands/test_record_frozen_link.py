"""The link to PostgreSQL freezes while a run is noted: the backup is made, and its record is whole in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from health.store.writing import transactions
from health.store.writing.recording import note_outcome
from tests.link import Link, link_to
from tests.tui.commands.recorder import TWO_FILES, Recorder
from tui.commands import notebook, run
from tui.commands.running import Ended, HeldSignals

pytestmark = pytest.mark.alone

SHORT = 0.6


@pytest.fixture
def link(postgres_url: str) -> Iterator[Link]:
    with link_to(postgres_url) as found:
        yield found


@pytest.fixture
def machine(postgres_url: str, link: Link, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A machine that records over the link in this process. It waits only a moment for an answer."""
    recorder = Recorder(tmp_path, postgres_url)
    for name, value in (recorder.env | {"TENANTPILOT_DATABASE__URL": link.url}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebook, "NOTE_SECONDS", SHORT)
    return recorder


def behind_the_command(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Make something happen when the command has ended."""
    run_command = HeldSignals.run

    def run_and_then(signals: HeldSignals, command: tuple[str, ...]) -> Ended:
        ended = run_command(signals, command)
        happens()
        return ended

    monkeypatch.setattr(HeldSignals, "run", run_and_then)


def recorded_whole(machine: Recorder) -> bool:
    return (
        [row["status"] for row in machine.sets] == ["completed"]
        and machine.schedule["last_run_status"] == "completed"
        and bool(machine.verdict()["confirmed"])
    )


def test_a_note_takes_no_longer_than_a_backup_can_wait() -> None:
    assert notebook.NOTE_SECONDS <= 60


@pytest.mark.parametrize("statement", ["alembic_version", "INSERT INTO backup_sets", "COMMIT"])
def test_while_the_start_is_noted(
    statement: str,
    machine: Recorder,
    link: Link,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    link.freeze_behind(statement)
    behind_the_command(monkeypatch, link.thaw)
    assert run(machine.words("sh", "-c", f"{TWO_FILES}; echo made")) == 0
    out, err = capfd.readouterr()
    assert out == "made\n"
    assert "The start of this run cannot be noted: " in err
    assert f"no answer within {SHORT} seconds. The command runs anyway." in err
    assert recorded_whole(machine)


def thawed_by_the_next_try(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thaw the link during the pause before the second try to note an outcome."""

    def thaw(_signals: HeldSignals, _seconds: float) -> bool:
        assert link.frozen.is_set()
        link.thaw()
        return True

    monkeypatch.setattr(HeldSignals, "pause", thaw)


@pytest.mark.parametrize("statement", ["COMMIT", "COPY backup_items", "UPDATE backup_schedules"])
def test_while_the_outcome_is_noted(
    statement: str,
    machine: Recorder,
    link: Link,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    behind_the_command(monkeypatch, lambda: link.freeze_behind(statement))
    thawed_by_the_next_try(link, monkeypatch)
    assert run(machine.words("sh", "-c", TWO_FILES)) == 0
    assert capfd.readouterr().err == ""
    assert recorded_whole(machine)


def test_an_outcome_that_was_noted_and_never_confirmed(
    machine: Recorder, link: Link, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tries = 0

    def note_over_a_link_that_freezes(*arguments: Any) -> None:
        nonlocal tries
        tries += 1
        note_outcome(*arguments)
        if tries == 1:
            link.freeze_behind("COMMIT")

    monkeypatch.setattr("tui.commands.record_folder.note_outcome", note_over_a_link_that_freezes)
    thawed_by_the_next_try(link, monkeypatch)
    assert run(machine.words("sh", "-c", TWO_FILES)) == 0
    assert tries == 2
    assert capfd.readouterr().err == ""
    assert recorded_whole(machine)


def test_a_lock_that_is_held_keeps_no_backup_from_being_made(
    machine: Recorder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # The server gives up soon, and the writer much later: a busy machine takes a while to open the connection.
    monkeypatch.setattr(transactions, "_OF_THAT_FOR_A_LOCK", 0.02)
    monkeypatch.setattr(notebook, "NOTE_SECONDS", 30)
    with psycopg.connect(machine.url) as holder:
        holder.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        behind_the_command(monkeypatch, holder.rollback)
        assert run(machine.words("sh", "-c", TWO_FILES)) == 0
    assert "is locked by a program that writes to it" in capfd.readouterr().err
    assert recorded_whole(machine)
