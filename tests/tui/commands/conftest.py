"""What the tests of the commands stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.commands.console import Console
from tests.tui.commands.recorder import Recorder


@pytest.fixture
def recorder(tmp_path: Path, sqlite_url: str) -> Recorder:
    """A machine that records into a fresh SQLite file."""
    return Recorder(tmp_path, sqlite_url)


@pytest.fixture
def any_recorder(tmp_path: Path, database_url: str) -> Recorder:
    """The same, once on each engine."""
    return Recorder(tmp_path, database_url)


@pytest.fixture
def console(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Console:
    """Commands on a fresh SQLite file, in this process."""
    return Console(sqlite_url, capsys)


@pytest.fixture
def any_console(database_url: str, capsys: pytest.CaptureFixture[str]) -> Console:
    """The same, once on each engine."""
    return Console(database_url, capsys)
