"""The short form of `python -m tests.soak`, for every run of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.run import SoakFailed, soak

STEPS = 50
SEED = 7


def test_the_screens_agree_with_a_report_at_every_step(tmp_path: Path) -> None:
    try:
        soak(tmp_path, SEED, lambda done: done < STEPS)
    except SoakFailed as error:
        pytest.fail(f"python -m tests.soak --seed {SEED} --steps {STEPS}: {error}", pytrace=False)
