"""The databases of the tests of plans, in every state of their statistics, and the reads of a fleet, watched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from health.store.reading.held_connection import FleetRead, HeldConnection
from tests.health.store.reading.stages import Stages, stages
from tests.servers import new_database


@pytest.fixture(scope="session")
def sqlite_staged(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Stages:
    """A SQLite file for each state."""
    folder = tmp_path_factory.mktemp("staged")
    file = Path(shutil.copyfile(sqlite_template, folder / "now.db"))
    return [
        (stage, f"sqlite:///{shutil.copyfile(file, folder / f'{number}.db')}")
        for number, stage in enumerate(stages(f"sqlite:///{file}"))
    ]


@pytest.fixture(scope="session")
def postgres_staged(postgres_server: str, postgres_owner: psycopg.Connection[Any]) -> Iterator[Stages]:
    """A PostgreSQL database for each state."""
    with ExitStack() as databases:

        def made(name: str, template: str) -> str:
            return databases.enter_context(new_database(postgres_owner, postgres_server, name, template))

        yield [
            (stage, made(f"staged_{number}", "staged_now"))
            for number, stage in enumerate(stages(made("staged_now", "empty_fleet")))
        ]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def staged(request: pytest.FixtureRequest) -> Stages:
    """The states on each engine."""
    found: Stages = request.getfixturevalue("sqlite_staged" if request.param == "sqlite" else "postgres_staged")
    return found


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[FleetRead]:
    """Every read of the fleet on a held connection."""
    seen: list[FleetRead] = []
    fleet = HeldConnection.fleet

    def watched(held: HeldConnection, *arguments: Any, **named: Any) -> FleetRead:
        seen.append(fleet(held, *arguments, **named))
        return seen[-1]

    monkeypatch.setattr(HeldConnection, "fleet", watched)
    return seen
