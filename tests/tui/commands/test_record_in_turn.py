"""Many runs in one minute on one database: each waits for its turn, silently (docs/record.md)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from health.store.opening import limits
from tests.oracle.loading import sqlite_path
from tests.tui.commands.recorder import TWO_FILES, Recorder, text_of
from tui.commands import run, turns


@contextmanager
def in_this_process(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in recorder.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(recorder.folder)
    yield


def test_a_file_that_others_write_to_is_waited_for(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The turn comes only after SQLite has stopped waiting."""
    monkeypatch.setattr(limits, "LOCK_SECONDS", 0.0)
    other = sqlite3.connect(sqlite_path(recorder.url), isolation_level=None)
    waited: list[float] = []

    def their_turn_ends(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            other.rollback()

    monkeypatch.setattr(turns, "sleep", their_turn_ends)
    other.execute("BEGIN IMMEDIATE")
    with in_this_process(recorder, monkeypatch):
        assert run(recorder.words("sh", "-c", TWO_FILES)) == 0
    assert len(waited) == 3
    assert capfd.readouterr().err == ""
    assert [row["status"] for row in recorder.sets] == ["completed"]
    other.close()


def test_a_file_that_stays_locked_keeps_no_backup_from_being_made(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(limits, "LOCK_SECONDS", 0.0)
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    monkeypatch.setattr("tui.commands.notebook.PAUSES", ())
    other = sqlite3.connect(sqlite_path(recorder.url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with in_this_process(recorder, monkeypatch):
        assert run(recorder.words("sh", "-c", TWO_FILES)) == 74
    assert capfd.readouterr().err.count("is locked by a program that writes to it") == 2
    assert (recorder.folder / "out/Filters/two.json").exists()
    other.close()


def test_a_server_without_a_free_connection_is_waited_for(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    role = f"one_at_a_time_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        for statement in (
            "CREATE ROLE {} LOGIN CONNECTION LIMIT 1",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {}",
        ):
            admin.execute(SQL(statement).format(Identifier(role)))
    recorder = Recorder(tmp_path, with_user(postgres_url, role))
    other = psycopg.connect(recorder.url)
    waited: list[float] = []

    def their_turn_ends(seconds: float) -> None:
        waited.append(seconds)
        other.close()

    monkeypatch.setattr(turns, "sleep", their_turn_ends)
    with in_this_process(recorder, monkeypatch):
        assert run(recorder.words("sh", "-c", TWO_FILES)) == 0
    # A server needs a moment to notice that a client has gone.
    assert waited
    assert capfd.readouterr().err == ""
    assert [row["status"] for row in recorder.sets] == ["completed"]


def test_several_at_once_say_nothing(any_recorder: Recorder) -> None:
    # Each has a folder of its own: one that another run still writes to is refused.
    processes = [
        any_recorder.begin(
            "sh", "-c", TWO_FILES.replace("out/", f"out-{number}/"), schedule=f"nightly {number}", path=f"out-{number}"
        )
        for number in range(6)
    ]
    assert [text_of(process) for process in processes] == [(0, "", "")] * 6
    assert [row["status"] for row in any_recorder.sets] == ["completed"] * 6


def with_user(url: str, role: str) -> str:
    """The URL of the same database, for another role."""
    return urlunsplit(urlsplit(url)._replace(netloc=f"{role}@"))
