"""Databases that break under the running screens: the cause in words, the last facts with their age, and recovery.

Modules: tui.screens, tui.reader, health.store.opening.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.end_to_end.conftest import NOW, OpenScreens, environment
from tests.end_to_end.terminal import TENANTPILOT, Terminal
from tests.preloaded import run_preloaded
from tests.servers import Server, own_server

Breaking = Callable[[Path], None]


@pytest.fixture
def every_second(tmp_path: Path) -> Path:
    """Settings with which the screens refresh every second."""
    file = tmp_path / "tenantpilot.toml"
    file.write_text('[ui]\nrefresh = "1s"\n')
    return file


def shows_old_facts(terminal: Terminal, *cause: str) -> None:
    """Wait until the screen shows the cause, the old facts, and their growing age."""
    terminal.sees(*cause, "40 tenants, sorted")
    age = facts_age(terminal)
    terminal.until(lambda: facts_age(terminal) > age, "facts that grow older")
    assert all(each in terminal.words for each in (*cause, "40 tenants, sorted"))


def shows_new_facts(terminal: Terminal, *gone: str) -> None:
    """Wait until the cause is gone and the facts are new."""
    terminal.sees_no(*gone)
    terminal.until(lambda: facts_age(terminal) <= 1, "facts that are new")


def facts_age(terminal: Terminal) -> int:
    # What was received may end in the middle of a frame.
    terminal.until(lambda: re.search(r"facts (\d+)s old", terminal.screen), "the age of the facts")
    return int(re.findall(r"facts (\d+)s old", terminal.screen)[0])


def replaced_by_text(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(b"This is no database. " * 1000)
    other.replace(file)


def overwritten(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"This is no database. " * 1000)


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 3)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def of_a_newer_schema(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'tp9999'")


def of_another_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


BROKEN: Final[dict[str, tuple[Breaking, str]]] = {
    "deleted": (Path.unlink, "There is no database at"),
    "replaced by text": (replaced_by_text, "not a SQLite database"),
    "overwritten": (overwritten, "not a SQLite database"),
    "truncated": (truncated, "damaged"),
    "emptied": (emptied, "has no tables yet"),
    "of a newer schema": (of_a_newer_schema, "newer schema"),
    "of another program": (of_another_program, "another program's tables"),
}


def test_a_sqlite_file_that_breaks_and_comes_back(
    demo_file: Path, demo_template: Path, open_screens: OpenScreens, log_file: Path
) -> None:
    terminal = open_screens(demo_file, size=(120, 30))
    terminal.sees("40 tenants, sorted")
    for name, (breaks, cause) in BROKEN.items():
        breaks(demo_file)
        terminal.press("r")
        try:
            shows_old_facts(terminal, cause)
            shutil.copyfile(demo_template, demo_file.with_name("mended.db")).replace(demo_file)
            terminal.press("r")
            shows_new_facts(terminal, cause)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    terminal.press("q")
    assert terminal.ends() == 0
    assert not log_file.exists(), log_file.read_text()


def test_a_sqlite_file_that_is_locked(demo_file: Path, open_screens: OpenScreens, every_second: Path) -> None:
    terminal = open_screens(demo_file, "--config", str(every_second))
    terminal.sees("40 tenants, sorted")
    with closing(sqlite3.connect(demo_file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        shows_old_facts(terminal, "is locked by a program that writes to it")
        writer.execute("ROLLBACK")
    shows_new_facts(terminal, "is locked")


def test_another_fleet_in_place_of_the_file(demo_file: Path, sqlite_template: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    other = Path(shutil.copyfile(sqlite_template, demo_file.with_name("other.db")))
    with closing(sqlite3.connect(other)) as connection, connection:
        row = ("one", "The only one", "2026-01-01 00:00:00.000000")
        connection.execute("INSERT INTO tenants (external_id, name, created_at) VALUES (?, ?, ?)", row)
    other.replace(demo_file)
    terminal.sees("The only one", "1 absent", "1 tenant", after=["r"])


def test_a_file_that_does_not_exist_yet(tmp_path: Path, demo_template: Path, open_screens: OpenScreens) -> None:
    file = tmp_path / "later.db"
    terminal = open_screens(file)
    terminal.sees("There is no database at", "tenantpilot demo", "no facts")
    beginnings = (
        "For a new one, 'tenantpilot init",
        "Then 'tenantpilot db init'",
        "Then 'tenantpilot sync'",
        "Or look",
    )
    for beginning in beginnings:
        assert any(line.lstrip().startswith(beginning) for line in terminal.lines), terminal.screen
    assert "0 " not in terminal.words
    shutil.copyfile(demo_template, file)
    terminal.sees("40 tenants, sorted", after=["r"])


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL server for one test, which can be killed and started again."""
    with own_server() as found:
        yield found


def test_a_postgresql_server_that_is_killed_and_started_again(
    server: Server, open_screens: OpenScreens, every_second: Path, tmp_path: Path, log_file: Path
) -> None:
    demo = ["demo", "--tenants", "40", "--database", server.url, "--now", NOW]
    run_preloaded(demo, env=environment(tmp_path), cwd=tmp_path).check_returncode()
    terminal = open_screens(server.url, "--config", str(every_second), size=(120, 30))
    terminal.sees("40 tenants, sorted")

    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenantpilot'")
    terminal.until(lambda: facts_age(terminal) >= 1)
    terminal.until(lambda: facts_age(terminal) == 0, "facts by a new connection")
    assert "localhost cannot" not in terminal.words

    server.kill()
    shows_old_facts(terminal, "localhost cannot be read")
    server.start()
    shows_new_facts(terminal, "localhost cannot be read")
    terminal.sees("Latest attempts", after=["enter"])
    terminal.press("q")
    assert terminal.ends() == 0
    assert not log_file.exists(), log_file.read_text()


def test_a_command_whose_connection_is_cut_says_one_sentence(postgres_url: str, env: dict[str, str]) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenantpilot'"
    with psycopg.connect(postgres_url, autocommit=True) as other, psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen(
            [TENANTPILOT, "report", "--database", postgres_url],
            env=env,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as command:
            # It connects again once, quietly; the second time it gives up.
            while command.poll() is None:
                other.execute(cut)
            printed, said = command.communicate()
    assert command.returncode == 3
    assert printed == b""
    assert said.count(b"\n") == 1
    assert b"cannot be read" in said
