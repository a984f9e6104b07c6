"""Slots of cron expressions: those of cronsim in local time, shared from a calendar that invents none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from health import slots
from health.slots import CannotPlan, SlotCalendar, slots_of
from tests.health.making import FIRST_INSTANT, HOUR, LAST_INSTANT, NOW, TICK

BERLIN, LORD_HOWE, CHATHAM, HAVANA = "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Chatham", "America/Havana"
NO_SLOT = "^its cron expression has no slot to come$"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first_after(cron: str, zone: str, instant: datetime) -> datetime:
    return SlotCalendar(cron, ZoneInfo(zone)).first_after(instant)


@pytest.mark.parametrize(
    ("instant", "slot"),
    [
        ("2026-11-23 01:59:59.999999", "2026-11-23 02:00"),
        ("2026-11-23 02:00:00.000000", "2026-11-24 02:00"),
        ("2026-11-23 02:00:00.000001", "2026-11-24 02:00"),
    ],
)
def test_a_slot_lies_strictly_after_the_instant(instant: str, slot: str) -> None:
    assert first_after("0 2 * * *", "UTC", utc(instant)) == utc(slot)


@pytest.mark.parametrize(
    ("cron", "zone", "instant", "slot"),
    [
        # 2026-03-29 02:00 becomes 03:00: a job of a fixed time runs right after the gap, as Debian's cron does.
        ("30 2 * * *", BERLIN, "2026-03-29 00:00", "2026-03-29 01:00"),
        ("30 2 * * *", BERLIN, "2026-03-29 01:00", "2026-03-30 00:30"),
        # 2026-10-25 03:00 becomes 02:00: it runs at the first 02:30 and not at the second.
        ("30 2 * * *", BERLIN, "2026-10-24 23:00", "2026-10-25 00:30"),
        ("30 2 * * *", BERLIN, "2026-10-25 00:30", "2026-10-26 01:30"),
        # A job of every half an hour runs every half an hour of real time.
        ("*/30 * * * *", BERLIN, "2026-10-25 00:30", "2026-10-25 01:00"),
        ("*/30 * * * *", BERLIN, "2026-10-25 01:00", "2026-10-25 01:30"),
        ("*/30 * * * *", BERLIN, "2026-03-29 00:30", "2026-03-29 01:00"),
        # Lord Howe moves by half an hour: on 2026-04-05 02:00 (+11:00) becomes 01:30 (+10:30).
        ("45 1 * * *", LORD_HOWE, "2026-04-04 14:00", "2026-04-04 14:45"),
        ("45 1 * * *", LORD_HOWE, "2026-04-04 14:45", "2026-04-05 15:15"),
        # And on 2026-10-04 02:00 (+10:30) becomes 02:30 (+11:00).
        ("15 2 * * *", LORD_HOWE, "2026-10-03 15:00", "2026-10-03 15:30"),
        ("15 2 * * *", LORD_HOWE, "2026-10-03 15:30", "2026-10-04 15:15"),
    ],
)
def test_changes_of_clocks(cron: str, zone: str, instant: str, slot: str) -> None:
    found = first_after(cron, zone, utc(instant))
    assert found == utc(slot)
    assert found.tzinfo is UTC


# The calendar's slots equal the library's


def plain(cron: str, zone: str, instant: datetime) -> datetime:
    """The definition: slots of cronsim in local time, converted to UTC, without those not after the instant."""
    for slot in CronSim(cron, instant.astimezone(ZoneInfo(zone))):
        if slot.astimezone(UTC) > instant:
            return slot.astimezone(UTC)
    raise AssertionError("no slot")


CHANGES = {
    BERLIN: ["2026-03-29 01:00", "2026-10-25 01:00"],
    LORD_HOWE: ["2026-04-04 15:00", "2026-10-03 15:30"],
    "America/New_York": ["2026-03-08 07:00", "2026-11-01 06:00"],
    # Here winter time is the exception, and there clocks change twice more around Ramadan.
    "Europe/Dublin": ["2026-03-29 01:00", "2026-10-25 01:00"],
    "Africa/Casablanca": ["2026-02-15 02:00", "2026-03-22 02:00"],
    "Antarctica/Troll": ["2026-03-29 01:00", "2026-10-25 01:00"],
    # At a quarter to the hour, and at midnight.
    CHATHAM: ["2026-04-04 14:00", "2026-09-26 14:00"],
    HAVANA: ["2026-03-08 05:00", "2026-11-01 05:00"],
    # A day that this zone skipped: 2011-12-30.
    "Pacific/Apia": ["2011-12-30 10:00", "2011-09-24 14:00"],
    "Asia/Kathmandu": ["2026-06-01 00:00"],
    "UTC": ["2026-06-01 00:00"],
}
CRONS = [
    "0 2 * * *",
    "30 2 * * *",
    "45 1 * * *",
    "15 2 * * *",
    "0 0 * * *",
    "*/30 * * * *",
    "*/7 * * * *",
    "0 */2 * * *",
    "15,45 1-3 * * *",
    "10 * * * *",
    "* 2 * * *",
    "30 2 * * SUN",
    "0 3 L * *",
    "5 1 29 2 *",
    "* 0 1 * *",
    "* 3 4 10 *",
]


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, str, list[datetime]]:
    """A cron, a zone and instants around one of its clock changes, in any order and with repetitions."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = utc(draw(st.sampled_from(CHANGES[zone])))
    minutes = st.integers(-30 * 60, 30 * 60).map(lambda minute: timedelta(minutes=minute))
    near = st.sampled_from([timedelta(0), TICK, -TICK, timedelta(seconds=-1), timedelta(seconds=29)])
    instants = st.builds(lambda minute, tick: change + minute + tick, minutes, near)
    return draw(st.sampled_from(CRONS)), zone, draw(st.lists(instants, min_size=2, max_size=12))


@given(questions())
def test_a_calendar_asked_in_any_order_answers_as_the_library_does(question: tuple[str, str, list[datetime]]) -> None:
    cron, zone, instants = question
    calendar = SlotCalendar(cron, ZoneInfo(zone))
    for instant in instants:
        assert calendar.first_after(instant) == plain(cron, zone, instant), instant


@pytest.mark.parametrize("zone", [BERLIN, LORD_HOWE, CHATHAM, HAVANA, "Antarctica/Troll"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "45 1 * * *", "*/30 * * * *", "0 */2 * * *", "* 2 * * *", "* 0 1 * *"])
def test_every_quarter_of_an_hour_around_both_changes(cron: str, zone: str) -> None:
    quarters = [
        utc(change) + timedelta(minutes=15 * step) - tick
        for change in CHANGES[zone]
        for step in range(-4 * 7, 4 * 7)
        for tick in (TICK, timedelta(0))
    ]
    # Forwards, so that what is remembered early is asked for later instants; and backwards, so that it begins late and
    # is asked for earlier ones.
    for order in (quarters, quarters[::-1]):
        calendar = SlotCalendar(cron, ZoneInfo(zone))
        for instant in order:
            assert calendar.first_after(instant) == plain(cron, zone, instant), instant


@pytest.mark.parametrize(
    ("cron", "earlier"),
    [
        ("0 */2 * * *", "2026-04-04 13:15"),
        # The hour from which it is remembered ends as the clocks change.
        ("0 */2 * * *", "2026-04-04 14:00"),
        # The clocks change there and back, so both ends have one offset.
        ("*/60 2 5 4 *", "2025-06-01 00:00"),
    ],
)
def test_the_calendar_hides_no_slot_after_a_change_of_clocks(cron: str, earlier: str) -> None:
    """2026-04-05 02:00 comes to Lord Howe at +11:00, becomes 01:30, and comes again half an hour later at +10:30."""
    calendar = SlotCalendar(cron, ZoneInfo(LORD_HOWE))
    calendar.first_after(utc(earlier))
    assert calendar.first_after(utc("2026-04-04 15:29:59.999999")) == utc("2026-04-04 15:30")


# A remembered slot is not computed again


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The local times from which the library was asked for slots."""
    asked: list[datetime] = []

    def noted(cron: str, local: datetime) -> CronSim:
        asked.append(local)
        return CronSim(cron, local)

    monkeypatch.setattr(slots, "CronSim", noted)
    return asked


@pytest.mark.parametrize(
    ("cron", "zone", "instant", "begin", "end"),
    [
        # From the full hour, or from the last slot since then, until the next slot.
        ("0 2 * * *", "UTC", "2026-11-23 03:30:29.500000", "2026-11-23 03:00", "2026-11-24 02:00"),
        ("0,15 2 * * *", "UTC", "2026-11-23 02:20", "2026-11-23 02:15", "2026-11-24 02:00"),
        ("0 2 * * *", "UTC", "0002-01-01 00:30", "0002-01-01 00:00", "0002-01-01 02:00"),
        # Not longer than the time in which clocks do not change there and back.
        ("0 2 * * SUN", "UTC", "2026-11-23 03:30", "2026-11-23 03:00", "2026-11-28 03:00"),
        # Only for an hour if the clocks change before the slot, as at 2026-10-25 01:00.
        ("0 4 * * *", BERLIN, "2026-10-24 12:10", "2026-10-24 12:00", "2026-10-24 13:10"),
        ("0 4 * * *", BERLIN, "2026-10-24 23:59:58.500000", "2026-10-24 23:00", "2026-10-25 00:59:58.500000"),
    ],
)
def test_a_stretch_without_a_slot_is_computed_once(
    cron: str, zone: str, instant: str, begin: str, end: str, computed: list[datetime]
) -> None:
    calendar = SlotCalendar(cron, ZoneInfo(zone))
    slot = calendar.first_after(utc(instant))
    assert [calendar.first_after(asked) for asked in (utc(begin), utc(end) - TICK)] == [slot, slot]
    assert len(computed) == 1
    calendar.first_after(utc(begin) - TICK)
    calendar.first_after(utc(end))
    assert len(computed) == 3


# The library is asked from the next second on, and from the full hour before.
@pytest.mark.parametrize("instant", ["2026-10-24 23:59:59.500000", "2026-10-25 01:30"])
def test_next_to_a_change_of_clocks_nothing_is_remembered(instant: str, computed: list[datetime]) -> None:
    calendar = SlotCalendar("0 4 * * *", ZoneInfo(BERLIN))
    assert calendar.first_after(utc(instant)) == calendar.first_after(utc(instant)) == utc("2026-10-25 03:00")
    assert len(computed) == 2


def test_a_calendar_remembers_512_stretches_and_then_starts_afresh(computed: list[datetime]) -> None:
    calendar = SlotCalendar("0 * * * *", ZoneInfo("UTC"))
    hours = [NOW + step * HOUR for step in range(512)]
    for hour in (*hours, *hours):
        assert calendar.first_after(hour) == hour + HOUR
    assert len(computed) == 512
    for hour in (NOW - HOUR, NOW):
        assert calendar.first_after(hour) == hour + HOUR
    assert len(computed) == 514


def test_a_cron_without_a_slot_is_computed_once(computed: list[datetime]) -> None:
    # The second Monday of a month is never its 1st or 31st day.
    calendar = SlotCalendar("0 0 */30 * MON#2", ZoneInfo("UTC"))
    for instant in (NOW, NOW, LAST_INSTANT):
        with pytest.raises(CannotPlan, match=NO_SLOT):
            calendar.first_after(instant)
    assert len(computed) == 1
    with pytest.raises(CannotPlan, match=NO_SLOT):
        calendar.first_after(NOW - TICK)
    assert len(computed) == 2


def test_schedules_of_one_cron_and_zone_share_a_calendar() -> None:
    shared = slots_of("0 2 * * *", BERLIN)
    assert shared is slots_of("0 2 * * *", BERLIN)
    assert shared is not None
    assert shared.first_after(NOW) == utc("2026-11-24 01:00")
    assert slots_of("0 2 * * *", BERLIN) is not slots_of("0 2 * * *", LORD_HOWE)


def test_without_a_cron_the_zone_is_still_checked() -> None:
    assert slots_of(None, BERLIN) is None
    with pytest.raises(CannotPlan, match="time zone is not an IANA name"):
        slots_of(None, "Europe/Atlantis")


@pytest.mark.parametrize(
    ("cron", "zone", "problem"),
    [
        ("0 2 * * *", "nowhere", "its time zone is not an IANA name"),
        ("0 2 * *", "UTC", "its cron expression does not have five fields"),
        ("0 2 * * * *", "UTC", "its cron expression does not have five fields"),
        ("0 2 * * FUN", "UTC", "its cron expression is not valid"),
        ("0 2 30 2 *", "UTC", "its cron expression is not valid"),
    ],
)
def test_a_plan_that_fails_is_explained_every_time(cron: str, zone: str, problem: str) -> None:
    for _ in range(2):
        with pytest.raises(CannotPlan) as refused:
            slots_of(cron, zone)
        assert str(refused.value) == problem


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_after_the_last_instant_of_the_calendar_there_is_no_slot(zone: str) -> None:
    for instant in (LAST_INSTANT, LAST_INSTANT - timedelta(hours=30)):
        with pytest.raises(CannotPlan, match=NO_SLOT):
            first_after("0 0 1 1 *", zone, instant)


def test_at_the_calendars_first_instant_a_begun_day_has_a_slot() -> None:
    # Berlin's local mean time is 53 minutes and 28 seconds ahead.
    assert first_after("0 2 * * *", BERLIN, FIRST_INSTANT) == utc("0001-01-01 01:06:32")


def test_no_slot_at_one_end_of_the_calendar_spoils_no_other_instant() -> None:
    calendar = SlotCalendar("0 2 * * *", ZoneInfo("America/New_York"))
    for end in (FIRST_INSTANT, LAST_INSTANT, LAST_INSTANT - timedelta(hours=3)):
        with pytest.raises(CannotPlan, match=NO_SLOT):
            calendar.first_after(end)
        assert calendar.first_after(NOW) == utc("2026-11-24 07:00")


def test_no_zone_changes_there_and_back_within_five_days() -> None:
    """The calendar relies on this, for the years in which backups are made."""
    first, last = utc("2015-01-01 00:00"), utc("2037-12-31 00:00")
    for name in sorted(CHANGES):
        zone, changes, before, instant = ZoneInfo(name), [first], first.astimezone(ZoneInfo(name)).utcoffset(), first
        while instant < last:
            instant += timedelta(hours=12)
            offset = instant.astimezone(zone).utcoffset()
            if offset != before:
                changes.append(instant)
                before = offset
        assert all(later - earlier > timedelta(days=5) for earlier, later in pairwise(changes)), name
