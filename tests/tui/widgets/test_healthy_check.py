"""The healthy check: only for a confirmed verdict."""

from __future__ import annotations

import pytest

from tests.tui.widgets.hosting import hosted, words
from tests.tui.widgets.verdicts import VERDICTS
from tui.widgets.healthy_check import HealthyCheck
from tui.words.wording import HEALTHY_LIMIT, State

CONFIRMED = next(health for health in VERDICTS if health.confirmed)


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


@pytest.mark.parametrize(("more", "said"), [(-1, None), (0, None), (1, "1 fewer"), (2000, "2,000 fewer")])
async def test_a_basis_below_its_reference_is_not_called_complete(more: int, said: str | None) -> None:
    assert CONFIRMED.quality is not None
    there = CONFIRMED.quality.items
    check = HealthyCheck()
    async with hosted(check) as pilot:
        check.reference_items = there + more
        check.health = CONFIRMED
        await pilot.pause(0)
        shown = words(pilot)
        assert ("complete" in shown) is (said is None)
        assert "This does not prove that a restore will succeed." in shown
        if said is not None:
            number = f"{there} item{'' if there == 1 else 's'}"
            assert f"Backups are recent; {number}, {said} than the set before. This does" in shown
