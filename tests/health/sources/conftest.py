"""What the tests of several sources stand on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.health.sources.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty repository, which nothing of this machine has a part in.

    GIT_DIR least of all: where the tests run from a git hook, it names the repository that they are the tests of.
    """
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Repository(tmp_path / "repository")
