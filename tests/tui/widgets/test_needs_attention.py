"""The attention list: one item for each reason, and a focus that stays on its reason."""

from __future__ import annotations

from health.posture import Reason
from tests.health.making import (
    DAY,
    NOW,
    POLICY,
    a_set,
    judged,
)
from tests.tui.widgets.hosting import hosted, lines, words
from tests.tui.widgets.verdicts import DEGRADED, LATE, VERDICTS
from tui.widgets.needs_attention import AttentionItem, NeedsAttention
from tui.words.wording import State, reason_sentence


async def test_the_attention_list_has_one_item_a_reason_in_order() -> None:
    attention = NeedsAttention(POLICY)
    async with hosted(attention) as pilot:
        attention.shown_at = NOW
        for health in (*VERDICTS, *VERDICTS[::-1], *VERDICTS[::3]):
            attention.health = health
            await pilot.pause()
            assert [item.subject for item in attention.query(AttentionItem)] == (
                list(health.reasons) if health.unreadable is None else [health.unreadable]
            )
            said = words(pilot)
            assert [said.count(reason_sentence(health, reason, POLICY, NOW)) for reason in health.reasons] == [1] * len(
                health.reasons
            )
            assert (State.UNREADABLE.label in said) is (health.unreadable is not None)


async def test_the_focus_stays_on_its_reason_when_the_reasons_change() -> None:
    attention = NeedsAttention(POLICY)
    both = judged(a_set(NOW - 3 * DAY), LATE)
    async with hosted(attention) as pilot:
        attention.shown_at = NOW
        attention.health = both
        await pilot.pause()
        attention.query(AttentionItem).last().focus()
        await pilot.pause()
        attention.health = judged(a_set(NOW - 3 * DAY), LATE, tally=DEGRADED)
        await pilot.pause()
        focused = pilot.app.focused
        assert isinstance(focused, AttentionItem)
        assert focused.subject is Reason.SCHEDULE_FOLLOW_UP
        marked = [line for line in lines(pilot) if line.startswith(">")]
        assert len(marked) == 1
        assert "Schedule" in marked[0]
