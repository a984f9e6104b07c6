"""The installed command over real databases, in an environment that knows nothing of the machine's user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.terminal import TENANTPILOT, Terminal
from tests.preloaded import run_preloaded

NOW: Final = "2026-11-23T09:00:00Z"
NO_SETTINGS: Final = Path(__file__).parent.parent / "tenantpilot-tests.toml"

OpenScreens = Callable[..., Terminal]
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with forty tenants in every state there is, judged at NOW."""
    folder = tmp_path_factory.mktemp("demo")
    file = folder / "fleet.db"
    command = ["demo", "--tenants", "40", "--database", f"sqlite:///{file}", "--now", NOW]
    run_preloaded(command, env=environment(folder), cwd=folder).check_returncode()
    return file


@pytest.fixture(scope="session")
def demo_report(demo_template: Path) -> dict[str, Any]:
    """What `tenantpilot report` says of that file."""
    where = ["--database", f"sqlite:///{demo_template}", "--now", NOW]
    folder = demo_template.parent
    done = run_preloaded(["report", "--format", "json", *where], env=environment(folder), cwd=folder)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture
def demo_file(tmp_path: Path, demo_template: Path) -> Path:
    """The test's own copy of the demo fleet."""
    return Path(shutil.copyfile(demo_template, tmp_path / "fleet.db"))


def environment(home: Path) -> dict[str, str]:
    """What a login has, and nothing else."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TENANTPILOT_CONFIG": str(NO_SETTINGS),
    }


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of the programs that the test starts; change it before."""
    return environment(tmp_path)


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Where the program writes its faults down."""
    return tmp_path / ".local" / "state" / "tenantpilot" / "tenantpilot.log"


@pytest.fixture
def in_terminal(env: Mapping[str, str], tmp_path: Path) -> Iterator[OpenScreens]:
    """Start any command in a terminal of its own: `in_terminal(command, size=(80, 24))`."""
    with ExitStack() as stack:
        yield lambda command, **options: stack.enter_context(Terminal(command, env, cwd=tmp_path, **options))


@pytest.fixture
def open_screens(env: Mapping[str, str], tmp_path: Path) -> Iterator[OpenScreens]:
    """Open the screens on a SQLite file or a URL at NOW: `open_screens(file, "--tenant", "x", size=(80, 24))`.

    They come from a process that has imported them. Where the start or the end matters, it is `open_installed`.
    """
    with ExitStack() as stack:

        def opened(database: Path | str, *arguments: str, **options: Any) -> Terminal:
            command = screens_on(database, *arguments)
            return stack.enter_context(Terminal(command, env, cwd=tmp_path, preloaded=True, **options))

        yield opened


@pytest.fixture
def open_installed(in_terminal: OpenScreens) -> OpenScreens:
    """Open the screens in the same way with the installed command."""
    return lambda database, *arguments, **options: in_terminal(screens_on(database, *arguments), **options)


@pytest.fixture
def run(env: Mapping[str, str], tmp_path: Path) -> Run:
    """Run the command without a terminal and wait for its end."""
    return lambda *arguments: run_preloaded(arguments, env=env, cwd=tmp_path)


def screens_on(database: Path | str, *arguments: str) -> list[str]:
    """The command that opens the screens on a database at NOW."""
    return [TENANTPILOT, "--database", url_of(database), "--now", NOW, *arguments]


def url_of(database: Path | str) -> str:
    """The URL of a SQLite file, or the URL it is already."""
    return f"sqlite:///{database}" if isinstance(database, Path) else database
