"""Quitting while something is being read: the process ends at once and leaves nothing behind.

Modules: tui.commands.screens, tui.reader.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.end_to_end.conftest import OpenScreens
from tests.end_to_end.terminal import Terminal
from tests.link import link_to


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Lock the SQLite file, so that no other process can read it meanwhile."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def leaves_at_once(terminal: Terminal) -> None:
    started = time.monotonic()
    terminal.press("q")
    assert terminal.ends() == 0
    assert time.monotonic() - started < 0.5
    assert terminal.is_restored


@pytest.mark.alone
def test_quitting_does_not_wait_for_the_first_read(demo_file: Path, open_installed: OpenScreens) -> None:
    with locked(demo_file):
        terminal = open_installed(demo_file)
        terminal.sees("reading the facts", "q quit")
        leaves_at_once(terminal)


@pytest.mark.alone
def test_quitting_does_not_wait_for_a_refresh(demo_file: Path, open_installed: OpenScreens) -> None:
    terminal = open_installed(demo_file)
    terminal.sees("40 tenants, sorted")
    with locked(demo_file):
        terminal.press("r")
        terminal.settles()
        leaves_at_once(terminal)


@pytest.mark.alone
def test_quitting_cancels_a_statement_in_postgresql(postgres_url: str, open_installed: OpenScreens) -> None:
    with psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        terminal = open_installed(postgres_url)
        terminal.until(lambda: waiting_statements(postgres_url) == 1, "a statement that waits for the lock")
        terminal.sees("reading the facts", "q quit")
        leaves_at_once(terminal)
        terminal.until(lambda: waiting_statements(postgres_url) == 0, "no statement left behind", deadline=5)


@pytest.mark.alone
def test_quitting_does_not_wait_for_a_frozen_link(postgres_url: str, open_installed: OpenScreens) -> None:
    with link_to(postgres_url) as link:
        link.freeze_behind("FROM tenants")
        terminal = open_installed(link.url)
        terminal.until(link.frozen.is_set, "a statement without an answer")
        terminal.sees("reading the facts", "q quit")
        leaves_at_once(terminal)


def waiting_statements(url: str) -> Any:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tenantpilot' AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(waiting).fetchone()
    assert row is not None
    return row[0]
