"""What several tests of the pages need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.machine import Machine


@pytest.fixture
def machine(tmp_path: Path, database_url: str) -> Machine:
    return Machine(tmp_path, database_url)
