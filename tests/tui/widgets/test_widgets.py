"""The small widgets, each alone: bound to what it is given, and showing nothing beside it."""

from __future__ import annotations

import itertools

import pytest
from textual.widgets import Static

from health.facts import UnreadableEvidence
from health.posture import Reason, TenantBackupHealth, judge
from tests.health.making import (
    DAY,
    NOW,
    POLICY,
    a_good_schedule,
    a_schedule,
    a_set,
    a_tally,
    an_item,
    facts_of,
    judged,
)
from tests.tui.widgets.hosting import hosted, lines, words
from tui.widgets.dashboard_kpis import DashboardKpis
from tui.widgets.filter_input import FilterInput
from tui.widgets.header_line import HeaderLine, crumbs_that_fit
from tui.widgets.healthy_check import HealthyCheck
from tui.widgets.needs_attention import AttentionItem, NeedsAttention
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Cell, Column, RowList
from tui.words.line import Line
from tui.words.wording import HEALTHY_LIMIT, State, reason_sentence, state_of

LATE = a_schedule(last_run_at=NOW - 3 * DAY, last_run_status="failed", next_run_at=NOW - DAY)
BASES = (None, a_set(), a_set(NOW - 3 * DAY))
DEGRADED = a_tally(an_item(1, capture_mode="metadata_only"), an_item(2))


def every_verdict() -> list[TenantBackupHealth]:
    """All ten combinations of posture and reasons, and one that cannot be read."""
    found: dict[tuple[object, ...], TenantBackupHealth] = {}
    for basis, tally, schedules in itertools.product(BASES, (None, DEGRADED), ((), (LATE,))):
        health = judged(basis, *schedules, tally=tally)
        found.setdefault((health.posture, health.reasons), health)
    assert len(found) == 10
    evidence = UnreadableEvidence("backup_sets", "completed_at", 7, "backup_sets.completed_at of row 7 is no instant")
    return [*found.values(), judge(facts_of(None)._replace(unreadable=evidence), POLICY, NOW)]


VERDICTS = every_verdict()


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


async def test_the_strip_shows_every_state_and_no_health_from_old_facts() -> None:
    strip = DashboardKpis(POLICY)
    async with hosted(strip) as pilot:
        assert "healthy" not in words(pilot)
        strip.shown_at = NOW
        for health in VERDICTS:
            for too_old in (False, True):
                strip.unconfirmed = too_old
                strip.health = health
                await pilot.pause(0)
                assert state_of(health, facts_too_old=too_old).label in words(pilot)
                assert ("healthy" in words(pilot)) is (health.confirmed and not too_old)


async def test_the_strip_counts_the_schedules_that_need_follow_up() -> None:
    strip = DashboardKpis(POLICY)
    strip.health = judged(a_set(), LATE, a_good_schedule(id=8))
    strip.shown_at = NOW
    async with hosted(strip) as pilot:
        assert "1 of 2" in words(pilot)
        strip.health = judged(a_set(), a_good_schedule(), a_good_schedule(id=8))
        await pilot.pause(0)
        assert "2 enabled" in words(pilot)


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


async def test_a_block_is_marked_iff_it_confirms_and_shows_words_as_words() -> None:
    plain, proof = ProofBlock("Plain", id="plain", confirms=False), ProofBlock("Proof", id="proof", confirms=True)
    async with hosted(plain, proof) as pilot:
        for block in (plain, proof):
            block.show([Line("[/] \x1b[31m [@click=app.quit]x", "stale"), Line("more", "quiet")])
        await pilot.pause(0)
        said = words(pilot)
        assert "> Proof" in said
        assert "> Plain" not in said
        assert said.count("[/] ␛[31m [@click=app.quit]x") == 2


async def test_the_header_keeps_the_nearest_crumbs_and_says_a_problem() -> None:
    header = HeaderLine("fleet@db1 read-only")
    async with hosted(header, size=(60, 10)) as pilot:
        header.crumbs = ("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set")
        header.age = "facts 12s old"
        await pilot.pause()
        first = lines(pilot)[0]
        assert " Contoso > Backup set " in first
        assert "TenantPilot" not in first
        assert "facts 12s old" in first
        await pilot.resize_terminal(160, 10)
        await pilot.pause()
        assert "TenantPilot > Tenants > Contoso > Backup sets > Backup set" in lines(pilot)[0]
        assert "fleet@db1 read-only" in lines(pilot)[0]

        header.problem = "db1 does not answer: [/]\x1b[2J"
        await pilot.pause()
        assert "db1 does not answer: [/]␛[2J" in words(pilot)
        header.problem = ""
        await pilot.pause()
        assert "does not answer" not in words(pilot)


@pytest.mark.parametrize(
    ("crumbs", "room", "shown"),
    [
        (("TenantPilot", "Tenants"), 40, "TenantPilot > Tenants"),
        (("TenantPilot", "Tenants", "Contoso"), 31, "TenantPilot > Tenants > Contoso"),
        (("TenantPilot", "Tenants", "Contoso"), 30, "… > Contoso"),
        (
            ("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set"),
            38,
            "… > Contoso > Backup sets > Backup set",
        ),
        (("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set"), 37, "… > Contoso > Backup set"),
        (("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set"), 23, "Contoso > Backup set"),
        (("TenantPilot", "Tenants", "Lucerne Publishing", "Backup set"), 30, "Lucerne Publishi… > Backup set"),
        (("TenantPilot", "Tenants", "Lucerne Publishing", "Backup sets"), 20, "Lucer… > Backup sets"),
        (
            ("TenantPilot", "Tenants", "Contoso", "Backup set", "AND - App Protection"),
            29,
            "Contoso > AND - App Protecti…",
        ),
        (("TenantPilot", "Tenants", "Lucerne Publishing", "Backup set"), 10, "Lucer… > Backup set"),
    ],
)
def test_the_crumbs_never_leave_out_whose_this_is(crumbs: tuple[str, ...], room: int, shown: str) -> None:
    assert crumbs_that_fit(list(crumbs), room) == shown


async def test_the_filter_gives_the_keys_back_to_the_list() -> None:
    rows = RowList([Column("ROW", 5)], lambda row: [Cell(row)], lambda row: row)
    field = FilterInput("words")
    async with hosted(field, rows, Static("end")) as pilot:
        for key, kept in (("enter", "ab"), ("down", "ab"), ("escape", "")):
            field.focus()
            await pilot.pause(0)
            field.value = ""
            await pilot.press("a", "b", key)
            assert pilot.app.focused is rows, key
            assert field.value == kept, key
        assert field.cursor_blink is False
