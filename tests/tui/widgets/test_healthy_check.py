"""The healthy check: there for a confirmed verdict and for no other."""

from __future__ import annotations

import pytest

from tests.tui.widgets.hosting import hosted, words
from tests.tui.widgets.verdicts import VERDICTS
from tui.widgets.healthy_check import HealthyCheck
from tui.words.wording import HEALTHY_LIMIT, State


@pytest.mark.parametrize("too_old", [False, True])
async def test_the_check_shows_for_a_confirmed_verdict_and_for_no_other(too_old: bool) -> None:
    check = HealthyCheck()
    async with hosted(check) as pilot:
        check.unconfirmed = too_old
        for health in (*VERDICTS, *reversed(VERDICTS)):
            check.health = health
            await pilot.pause(0)
            assert check.display is health.confirmed
            assert (HEALTHY_LIMIT in words(pilot)) is (health.confirmed and not too_old)
            assert (State.UNCONFIRMED.label in words(pilot)) is (health.confirmed and too_old)
        check.health = None
        await pilot.pause(0)
        assert words(pilot) == ""
