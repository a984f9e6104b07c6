"""The strip of the last 30 days shows the coverage in words and cells, and looks like history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from health.coverage import Coverage, CoverageState, Span
from tests.health.making import DAY, HOUR, NOW
from tests.tui.widgets.hosting import hosted, lines, words
from tui.widgets.coverage_strip import CoverageStrip
from tui.words.wording import State

PROTECTED, DEGRADED, NOT_COVERED = CoverageState
BEGIN = NOW - 30 * DAY


def coverage(*lasted: tuple[CoverageState | None, timedelta], **columns: Any) -> Coverage:
    """States one after the other until now: all cells but the first two are protected."""
    at = NOW - sum((each for _, each in lasted), timedelta(0))
    spans = []
    for state, each in lasted:
        spans.append(Span(state, at, at + each))
        at += each
    cells = (NOT_COVERED, DEGRADED, *(28 * [PROTECTED]))
    return Coverage(BEGIN, NOW, tuple(spans), cells, 0, False)._replace(**columns)


MOSTLY_PROTECTED = coverage((NOT_COVERED, 14 * HOUR), (DEGRADED, 14 * HOUR), (PROTECTED, 30 * DAY - 28 * HOUR))


async def test_it_has_one_cell_for_each_day_and_the_shares_in_words() -> None:
    strip = CoverageStrip()
    async with hosted(strip) as pilot:
        assert not strip.display
        strip.coverage = MOSTLY_PROTECTED
        await pilot.pause(0)
        said = [line.strip() for line in lines(pilot) if line.strip()]
        assert said == [
            "Last 30 days  ▆▃" + 28 * "▁",
            "▁ protected 96 % of the time, ▃ degraded 2 %, ▆ uncovered 2 % (14h)",
        ]
        strip.coverage = None
        await pilot.pause(0)
        assert not strip.display
        assert words(pilot) == ""


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"spans": (Span(None, BEGIN, NOW - 5 * DAY), Span(PROTECTED, NOW - 5 * DAY, NOW))},
            "· unknown 25d: before the first backup set, or no longer kept",
        ),
        ({"unreadable_sets": 1}, "Counted as uncovered because it cannot be read: 1 backup set"),
        ({"dated_ahead": True}, "A backup set dated in the future is not counted"),
    ],
)
async def test_it_says_what_it_leaves_out(columns: dict[str, Any], said: str) -> None:
    strip = CoverageStrip()
    async with hosted(strip) as pilot:
        strip.coverage = MOSTLY_PROTECTED
        await pilot.pause(0)
        assert said not in words(pilot)
        strip.coverage = MOSTLY_PROTECTED._replace(**columns)
        await pilot.pause(0)
        assert said in words(pilot)
        assert words(pilot).count("·") == int("spans" in columns)


async def test_facts_too_old_are_not_called_the_last_days() -> None:
    strip = CoverageStrip()
    async with hosted(strip) as pilot:
        strip.coverage = MOSTLY_PROTECTED
        strip.unconfirmed = True
        await pilot.pause(0)
        assert "30 days to 2026-11-23 09:00 UTC" in words(pilot)
        assert "Last" not in words(pilot)
        strip.unconfirmed = False
        await pilot.pause(0)
        assert "Last 30 days" in words(pilot)


async def test_it_does_not_look_like_a_posture() -> None:
    strip = CoverageStrip()
    async with hosted(strip) as pilot:
        strip.coverage = coverage((PROTECTED, 30 * DAY))
        await pilot.pause(0)
        assert "protected 100 % of the time, ▃ degraded 0 %, ▆ uncovered 0 %" in words(pilot)
        assert not [state for state in State if state.glyph in words(pilot)]
        assert "healthy" not in words(pilot)
        # Quiet, except the degraded and uncovered cells.
        strip.coverage = MOSTLY_PROTECTED
        await pilot.pause(0)
        strips = pilot.app.screen._compositor.render_strips()
        drawn = [segment for row in strips for segment in row if segment.text.strip()]
        colours = {segment.style and segment.style.color and segment.style.color.name for segment in drawn}
        assert colours == {"#8a8a8a", "#ffaf5f", "#ffd75f"}


async def test_a_refresh_without_a_visible_change_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    strip = CoverageStrip()
    async with hosted(strip) as pilot:
        strip.coverage = MOSTLY_PROTECTED
        await pilot.pause(0)
        drawn: list[object] = []
        monkeypatch.setattr(strip, "update", drawn.append)
        strip.coverage = MOSTLY_PROTECTED._replace(begin=BEGIN + HOUR, end=NOW + HOUR)
        await pilot.pause(0)
        assert drawn == []
        strip.coverage = MOSTLY_PROTECTED._replace(dated_ahead=True)
        await pilot.pause(0)
        assert len(drawn) == 1
